// The languages of a query as tabs, with a button that copies; without this script they are details.

import { announce } from "./page.js";

const KEPT = "vitrine.language"; // the language that was looked at last, in this browser
let count = 0;

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // storage is off
  }
}

function keep(language) {
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // storage is off
  }
}

/** Turn the languages below an element into tabs: arrows, Home and End go from one to the next. */
export function tabbed(root = document) {
  for (const each of root.querySelectorAll("[data-languages]:not([data-tabbed])")) {
    each.dataset.tabbed = "";
    make(each);
  }
}

function make(languages) {
  const list = document.createElement("div");
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Languages");
  list.className = "tabs";
  const tabs = [...languages.querySelectorAll("details")].map((details) => tabOf(details));
  list.append(...tabs.map((tab) => tab.button));
  const bar = document.createElement("div");
  bar.className = "tabs";
  const copy = button("Copy", "copy");
  bar.append(list, copy);
  languages.removeAttribute("aria-label");
  languages.replaceChildren(bar, ...tabs.map((tab) => tab.panel));

  function choose(chosen, isAsked) {
    for (const tab of tabs) {
      tab.button.setAttribute("aria-selected", String(tab === chosen));
      tab.button.tabIndex = tab === chosen ? 0 : -1;
      tab.panel.hidden = tab !== chosen;
    }
    copy.disabled = !chosen.panel.querySelector("code");
    if (isAsked) {
      keep(chosen.language);
      chosen.button.focus();
    }
  }
  list.addEventListener("click", (event) => {
    const tab = tabs.find((one) => one.button === event.target);
    if (tab) choose(tab, true);
  });
  list.addEventListener("keydown", (event) => {
    const at = tabs.findIndex((tab) => tab.button === document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    choose(tabs[to % tabs.length], true);
  });
  copy.addEventListener("click", () => copied(tabs.find((tab) => !tab.panel.hidden).panel, copy));
  choose(tabs.find((tab) => tab.language === kept()) ?? tabs[0], false);
}

function tabOf(details) {
  count += 1;
  const tab = button(details.querySelector("summary").textContent, "");
  const panel = details.querySelector(".language");
  tab.setAttribute("role", "tab");
  tab.id = `language-tab-${count}`;
  panel.id = `language-${count}`;
  tab.setAttribute("aria-controls", panel.id);
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  return { button: tab, panel, language: details.dataset.language };
}

function button(text, name) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  made.textContent = text;
  return made;
}

async function copied(panel, copy) {
  const code = panel.querySelector("code");
  let done = true;
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code); // no clipboard for pages of plain http from elsewhere
    done = document.execCommand("copy");
  }
  copy.textContent = done ? "Copied" : "Selected: press Ctrl+C";
  announce(copy.textContent);
  setTimeout(() => (copy.textContent = "Copy"), 2000);
}

document.addEventListener("htmx:after:swap", () => tabbed());
tabbed();
