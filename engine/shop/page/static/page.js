// What every view has: numbers as the browser's language writes them, what screen readers are told,
// keys, photos that can't be shown, and what happens while the server is gone. A view's own script is
// a module of its own.

const decimals = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
// Any currency says where a sign stands; the sign itself is the catalogue's.
const prices = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD" });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A price as the browser's language has it, with the catalogue's sign. */
function priced(amount, sign) {
  if (!sign) return decimals.format(amount);
  const part = ({ type, value }) => (type === "currency" ? sign : value);
  return prices.formatToParts(amount).map(part).join("");
}

const numbers = new Map(); // digits behind the point -> a format

/** A number as the browser's language has it, with all its digits: the text may have more than a number. */
function numbered(text) {
  const digits = Math.min(/^-?\d+\.(\d+)$/.exec(text)?.[1].length ?? 0, 20);
  if (!numbers.has(digits)) {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: 20 };
    numbers.set(digits, new Intl.NumberFormat(undefined, options));
  }
  return numbers.get(digits).format(text);
}

/** A date, or a date and a time, as the browser's language has it; null for none that it knows. */
function dated(text) {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return null;
  return (/^[+-]?\d{4,6}-\d\d-\d\d$/.test(text) ? days : moments).format(moment);
}

/** Write the prices, numbers and times below an element as the browser's language has them. */
export function localize(root = document) {
  for (const each of root.querySelectorAll("data.price:not([data-done])")) {
    each.textContent = priced(Number(each.value), each.dataset.currency);
    each.dataset.done = "";
  }
  for (const each of root.querySelectorAll("data.number:not([data-done])")) {
    each.textContent = numbered(each.value);
    each.dataset.done = "";
  }
  for (const each of root.querySelectorAll("time[datetime]:not([data-done])")) {
    each.title = each.dateTime;
    each.textContent = dated(each.dateTime) ?? each.dateTime;
    each.dataset.done = "";
  }
}

let announced = "";

/** Tell screen readers, such as how much was found; what was said last is not said again. */
export function announce(text) {
  if (text === announced) return;
  announced = text;
  document.getElementById("said").textContent = text;
}

const again = new Map(); // what is waited for -> what is done when the server is back

/** Say what went wrong, until something goes right; nothing for what did. */
export function complain(text = "") {
  const failed = document.getElementById("failed"); // a step back in history brings another one
  failed.textContent = text;
  failed.hidden = !text;
}

/** Say that the server is gone, ask for it until it is back, then do what failed again: once for each `what`. */
export async function waitForServer(todo, what = todo) {
  const isFirst = again.size === 0;
  again.set(what, todo);
  if (!isFirst) return;
  document.getElementById("gone").hidden = false;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    try {
      if ((await fetch("/health", { cache: "no-store" })).ok) break;
    } catch {
      // still gone
    }
  }
  document.getElementById("gone").hidden = true;
  announce("The server is back.");
  const waiting = [...again.values()];
  again.clear();
  for (const each of waiting) each();
}

/** Ask again for what an element loads; what changes something is for people to repeat. */
function askAgain(ctx) {
  const source = ctx.sourceElement;
  if (ctx.request.method !== "GET") {
    complain("The server was gone: what you did last may not have been done. Look, and do it again.");
    return;
  }
  const url = source?.getAttribute("hx-get");
  if (!source?.isConnected || !url) {
    location.reload(); // such as a step back in history
    return;
  }
  window.htmx.ajax("GET", url, { source });
}

document.addEventListener("htmx:error", (event) => {
  const { ctx, error } = event.detail;
  if (!ctx || ctx.response) return;
  if (ctx.request.signal?.reason === "timeout") {
    complain("That took the server too long, and was given up. Ask for less, or try again.");
  } else if (error?.name !== "AbortError") {
    waitForServer(() => askAgain(ctx), ctx.sourceElement);
  }
});

// What is no page, such as that the server has too much to do, is not put into the page.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  const kind = ctx?.response?.headers.get("content-type") ?? "";
  if (!ctx?.response || kind.startsWith("text/html")) {
    complain();
    return;
  }
  event.preventDefault();
  let said = "";
  try {
    said = JSON.parse(ctx.text).message;
  } catch {
    // a proxy's words
  }
  complain(said || `The server answered ${ctx.response.status}. Try again.`);
});

document.addEventListener("htmx:after:swap", () => {
  localize();
  checkPhotos();
  const said = document.querySelector("[data-announce]");
  if (said) announce(said.textContent);
});

const lookedInto = new WeakSet(); // failed photos whose server is being asked, or waited for
const askedTwice = new WeakSet(); // photos that the server has, and that failed all the same

function askForPhoto(image) {
  lookedInto.delete(image);
  image.src = image.src; // asks again
}

/** Say in the place of a photo why it can't be shown; wait for it where the server is gone. */
async function explainPhoto(image) {
  if (lookedInto.has(image)) return; // one failure, seen by its event and by a look at all photos
  lookedInto.add(image);
  let reply;
  try {
    reply = await fetch(image.src, { cache: "no-store" });
  } catch {
    askedTwice.delete(image);
    waitForServer(() => askForPhoto(image), image);
    return;
  }
  if (reply.redirected) {
    location.reload(); // signed out: leads to the form, and back
    return;
  }
  if (reply.ok && !askedTwice.has(image)) {
    askedTwice.add(image); // the server may have come back only after the photo failed
    askForPhoto(image);
    return;
  }
  const why = reply.ok ? "The browser can't show this kind of picture." : await reply.text();
  const none = document.createElement("span");
  none.className = "none";
  none.title = why;
  none.textContent = image.hasAttribute("data-photo") ? why : "photo can't be shown";
  image.replaceWith(none);
}

const PHOTOS = `${location.origin}/page/photos`;

function checkPhotos() {
  for (const image of document.images) {
    if (image.complete && image.src.startsWith(PHOTOS) && !image.naturalWidth) explainPhoto(image);
  }
}

document.addEventListener(
  "error",
  ({ target }) => {
    if (target instanceof HTMLImageElement && target.src.startsWith(PHOTOS)) explainPhoto(target);
  },
  true, // such events don't rise
);

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const box = document.querySelector("input[type=search]");
  if (!box) {
    location.assign("/");
    return;
  }
  box.focus();
  box.select();
});

localize();
checkPhotos();
