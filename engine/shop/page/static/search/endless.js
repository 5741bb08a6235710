// The list goes on as one scrolls, by the pages of the server; each product once.

import { announce, localize, waitForServer } from "../page.js";

const AHEAD = "900px"; // how far below the window the next products are asked for
let asked = null; // the sign that is being replaced

const observer = new IntersectionObserver(
  (entries) => entries.some((entry) => entry.isIntersecting) && !focused() && more(),
  { rootMargin: AHEAD },
);

const sign = () => document.querySelector("#found .next[data-more]");

/** Whether the link has the focus: then the list waits for its key, so that Enter isn't
 * pressed on a product that came in its place. */
const focused = () => sign()?.contains(document.activeElement);

/** Look out for the end of the list as it is now. */
export function watch() {
  observer.disconnect();
  const next = sign();
  if (next) observer.observe(next);
}

/** Show the next products; whether there were any. */
export async function more() {
  const next = sign();
  if (!next || asked === next) return false;
  asked = next;
  try {
    const reply = await fetch(next.dataset.more, { headers: { "HX-Request": "true" } });
    const text = await reply.text();
    if (!next.isConnected) return false; // another query meanwhile
    if (!reply.ok) {
      next.removeAttribute("data-more"); // its link asks again, and shows what is wrong
      return false;
    }
    place(next, text);
    watch();
    return true;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    waitForServer(() => more());
    return false;
  } finally {
    if (asked === next) asked = null;
  }
}

function place(next, text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  for (const card of template.content.querySelectorAll(".card")) {
    if (document.getElementById(card.id)) card.remove(); // rows that moved while one scrolled
  }
  const list = next.parentElement;
  const first = template.content.querySelector(".card a.to");
  const count = template.content.querySelectorAll(".card").length;
  const hadFocus = next.contains(document.activeElement);
  next.replaceWith(template.content);
  localize(list);
  if (hadFocus) (first ?? list.querySelector(".end"))?.focus();
  announce(`${count} more products, ${list.querySelectorAll(".card").length} are shown`);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#found .next[data-more] a") && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    more();
  }
});

document.addEventListener("focusout", (event) => {
  if (event.target.closest("#found .next[data-more]")) setTimeout(watch); // the focus is elsewhere by then
});
