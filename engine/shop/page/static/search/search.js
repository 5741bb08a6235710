// The search view: what is typed, moved and chosen becomes a question at once.

import { addressOfForm, ask, remember, restore } from "./asking.js";
import { watch } from "./endless.js";
import "./photo.js";

const form = document.getElementById("search");
const words = document.getElementById("q");
const PAUSE = 2000; // milliseconds after which going on counts as a new question, for the way back
const KEPT = 200; // milliseconds between notes of how far one scrolled

let moving = null; // the control whose questions take each other's place in the history
let paused = 0;

/** Ask while a control moves: one step back leads to before all of it. */
function askLive(control) {
  const goesOn = moving === control;
  moving = control;
  clearTimeout(paused);
  paused = setTimeout(() => (moving = null), PAUSE);
  ask(addressOfForm(), goesOn ? "replace" : "push");
}

function askOnce(address = addressOfForm(), options = {}) {
  moving = null;
  ask(address, "push", options);
}

words.addEventListener("input", (event) => {
  if (!event.isComposing) askLive(words);
});
words.addEventListener("compositionend", () => askLive(words));
words.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown") return;
  const first = document.querySelector("#found .card a.to");
  if (first) {
    event.preventDefault();
    first.focus();
  }
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  askOnce();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-adds]")) return;
  event.preventDefault();
  const query = new URLSearchParams(addressOfForm().split("?")[1] ?? "");
  for (const name of ["as", "add", "weight"]) query.append(name, event.target.elements[name].value);
  event.target.elements.add.value = "";
  askOnce(`/?${query}`, { isStep: true });
});

document.addEventListener("input", (event) => {
  if (event.target.id !== "share") return;
  const share = Math.round(100 * Number(event.target.value));
  event.target.setAttribute("aria-valuetext", `${share} % words, ${100 - share} % photo`);
  event.target.parentElement.querySelector("output").value = `${share} %`;
  askLive(event.target);
});

document.addEventListener("change", (event) => {
  const control = event.target;
  if (control.matches(".weight")) {
    const term = control.parentElement.querySelector("input[name=term]");
    if (!Number.isFinite(control.valueAsNumber)) return;
    term.value = term.value.replace(/:[^:]*$/, `:${control.value}`);
  } else if (control.matches("[data-finer]")) {
    for (const column of JSON.parse(control.dataset.finer)) {
      for (const finer of document.getElementsByName(`is.${column}`)) finer.checked = false;
    }
  } else if (control.form !== form || control === words || control.id === "share") {
    return;
  }
  askOnce();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-live]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const next = new URL(link.href);
  words.value = next.searchParams.get("q") ?? "";
  // What is focused goes with its chip: the box is what one goes on with.
  if (link.closest("#steer, #active, #found")) words.focus({ preventScroll: true });
  askOnce(next.pathname + next.search);
});

let noted = 0;
addEventListener("scroll", () => {
  clearTimeout(noted);
  noted = setTimeout(remember, KEPT);
}, { passive: true });
addEventListener("pagehide", remember);

watch();
restore(history.state);
