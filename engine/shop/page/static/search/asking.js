// Asks the server for a query and shows what it answers: only the answer to the latest question, in the
// place of what was there. The address bar, and the way back, hold every question.

import { waitForServer } from "../page.js";
import { more, watch } from "./endless.js";
import { place } from "./placing.js";

const form = document.getElementById("search");
const words = document.getElementById("q");
const problem = document.getElementById("problem");
const loading = document.getElementById("loading");
const MARK = { htmx: true }; // with which htmx leaves a state of the history as it is
const SLOW = 200; // milliseconds until it is said that one waits

let latest = 0;
let isAsking = false;
let unanswered = null; // asks again what the server was gone for
let controller = null;
let shownAddress = location.pathname + location.search;
history.scrollRestoration = "manual";

/** The address of what the form holds; what says nothing is left out. */
export function addressOfForm() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    const isUsual = name === "by" && value === "meaning";
    if (typeof value === "string" && value.trim() && !isUsual) query.append(name, value);
  }
  return query.size ? `/?${query}` : "/";
}

/** Keep, for whoever comes back to this address, how far the list was read. */
export function remember() {
  const shown = document.querySelectorAll("#found > .cards > .card").length;
  history.replaceState({ ...history.state, ...MARK, y: scrollY, shown }, "");
}

/** Read on as far as it was read before. */
export async function restore(state) {
  if (!state?.y) return;
  const count = () => document.querySelectorAll("#found > .cards > .card").length;
  const asked = latest;
  while (asked === latest && count() < (state.shown ?? 0) && (await more())) {
    // the next page
  }
  if (asked === latest) scrollTo({ top: state.y, behavior: "instant" });
}

/** Say what went wrong, where one looks. */
export function complain(content) {
  problem.replaceChildren(content);
  problem.scrollIntoView({ block: "nearest" });
}

/**
 * Ask for an address and show the answer, unless another was asked for meanwhile.
 * @param {"push" | "replace" | "none"} how the address is kept
 * @param {{ body?: FormData, state?: object, isStep?: boolean }} options what is sent; how far the list was
 *   read; whether the address only leads to the one to keep
 */
export async function ask(address, how, { body, state, isStep = Boolean(body) } = {}) {
  const own = ++latest;
  isAsking = true;
  controller?.abort();
  controller = new AbortController();
  if (!isStep) keep(address, how);
  const slow = setTimeout(() => busy(true), SLOW);
  try {
    const reply = await fetch(address, {
      method: body ? "POST" : "GET", body, signal: controller.signal, headers: { "HX-Request": "true" },
    });
    const text = await reply.text();
    if (own !== latest) return;
    unanswered = null;
    const elsewhere = reply.headers.get("HX-Redirect");
    if (elsewhere) location.assign(elsewhere);
    else if (reply.ok) await show(text, reply, isStep ? how : "none", state);
    else complain(problemOf(text, reply));
  } catch (error) {
    if (own !== latest || error.name === "AbortError") return;
    if (!(error instanceof TypeError)) throw error;
    unanswered = () => ask(address, isStep ? how : "none", { body, state, isStep });
    waitForServer(() => unanswered?.());
  } finally {
    clearTimeout(slow);
    if (own === latest) {
      isAsking = false;
      busy(false);
    }
  }
}

function keep(address, how) {
  if (how === "push" && address !== location.pathname + location.search) {
    remember();
    history.pushState(MARK, "", address);
  } else if (how !== "none") {
    history.replaceState(MARK, "", address);
  }
}

async function show(text, reply, how, state) {
  const canonical = reply.headers.get("Content-Location") ?? addressOfForm();
  if (how === "none") history.replaceState(history.state, "", canonical);
  else keep(canonical, how);
  shownAddress = location.pathname + location.search;
  await place(text);
  problem.replaceChildren();
  watch();
  if (state) await restore(state);
  else toTop();
}

/** A new list is read from its first product. */
function toTop() {
  const top = document.querySelector(".layout").getBoundingClientRect().top + scrollY;
  const bar = document.querySelector(".top").offsetHeight + 8;
  if (scrollY > top - bar) scrollTo({ top: Math.max(0, top - bar), behavior: "instant" });
}

function busy(is) {
  document.getElementById("found").setAttribute("aria-busy", String(is));
  loading.hidden = !is;
}

function problemOf(text, reply) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const notice = page.querySelector(".notice");
  if (notice) {
    notice.removeAttribute("role");
    const heading = notice.querySelector("h1");
    if (heading) {
      const lesser = document.createElement("h2");
      lesser.textContent = heading.textContent;
      heading.replaceWith(lesser);
    }
    return notice;
  }
  return noticeOf(messageOf(text) ?? `The server answered ${reply.status}.`);
}

function messageOf(text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return null;
  }
}

/** A notice with a text. */
export function noticeOf(text) {
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.textContent = text;
  return notice;
}

// The way back is ours here: one question, and the place in its list.
document.addEventListener("htmx:before:history:restore", (event) => {
  if (location.pathname === "/") event.preventDefault();
});

addEventListener("popstate", () => {
  const address = location.pathname + location.search;
  // What was asked meanwhile is given up, also where what is shown is what one goes back to.
  if ((address === shownAddress && !isAsking) || location.pathname !== "/") return;
  words.value = new URLSearchParams(location.search).get("q") ?? "";
  ask(address, "none", { state: history.state ?? { y: 0 } });
});
