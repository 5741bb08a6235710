// What every view has: numbers as the browser's language writes them, what screen readers are told,
// keys, and what happens while the server is gone. A view's own script is a module of its own.

const prices = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const numbers = new Intl.NumberFormat(undefined);
const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Write the prices, numbers and times below an element as the browser's language has them. */
export function localize(root = document) {
  for (const each of root.querySelectorAll("data.price:not([data-done])")) {
    each.textContent = each.dataset.currency + prices.format(Number(each.value));
    each.dataset.done = "";
  }
  for (const each of root.querySelectorAll("data.number:not([data-done])")) {
    each.textContent = numbers.format(Number(each.value));
    each.dataset.done = "";
  }
  for (const each of root.querySelectorAll("time[datetime]:not([data-done])")) {
    each.textContent = times.format(new Date(each.dateTime));
    each.dataset.done = "";
  }
}

/** Tell screen readers, such as how much was found. */
export function announce(text) {
  document.getElementById("said").textContent = text;
}

const gone = document.getElementById("gone");
let waiting = false;

/** Say that the server is gone, ask for it until it is back, then do what failed again. */
async function waitForServer(again) {
  if (waiting) return;
  waiting = true;
  gone.hidden = false;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    try {
      if ((await fetch("/health", { cache: "no-store" })).ok) break;
    } catch {
      // still gone
    }
  }
  gone.hidden = true;
  waiting = false;
  again();
}

document.addEventListener("htmx:error", (event) => {
  const ctx = event.detail.ctx;
  const error = event.detail.error;
  if (!ctx || ctx.response || error?.name === "AbortError") return;
  waitForServer(() => location.reload());
});

document.addEventListener("htmx:after:swap", () => {
  localize();
  const said = document.querySelector("[data-announce]");
  if (said) announce(said.textContent);
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
    const box = document.querySelector("input[type=search]");
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  }
});

localize();
