// Puts what a query's answer says in the place of what was there: the grid with the photos that it has
// already, so that nothing flashes; other parts only where they changed, and so that what is focused stays.

import { announce, localize } from "../page.js";

const placed = new Map(); // id of a part -> its text, as it was last answered

/** Place the parts of an answer, which names the element of each. */
export async function place(text) {
  const page = document.createElement("template");
  page.innerHTML = text;
  document.title = page.content.querySelector("title").textContent;
  for (const part of page.content.querySelectorAll("hx-partial")) {
    const target = document.querySelector(part.getAttribute("hx-target"));
    const content = part.innerHTML;
    if (placed.get(target.id) === content && target.id !== "steer") continue;
    placed.set(target.id, content);
    if (target.id === "found") placeGrid(target, part);
    else await htmx.swap({ text: content, target, sourceElement: target, swap: "innerMorph" });
  }
  settle();
}

function placeGrid(target, part) {
  const photos = new Map();
  for (const image of target.querySelectorAll(".card[id] img")) {
    if (image.complete) photos.set(image.getAttribute("src"), image);
  }
  for (const image of part.querySelectorAll(".card[id] img")) {
    const had = photos.get(image.getAttribute("src"));
    if (!had) continue;
    photos.delete(image.getAttribute("src"));
    image.replaceWith(had);
  }
  target.replaceChildren(...part.childNodes);
  localize(target);
  const said = target.querySelector("[data-announce]");
  if (said) announce(said.textContent);
}

/** Controls show what the answer says; what is being typed stays. */
function settle() {
  const active = document.activeElement;
  for (const each of document.querySelectorAll("#filters input, #steer input, #steer select")) {
    if (each.matches("[type=checkbox], [type=radio]")) each.checked = each.defaultChecked;
    else if (each.matches("select")) for (const option of each.options) option.selected = option.defaultSelected;
    else if (each !== active && !each.closest("form[data-adds]")) each.value = each.defaultValue;
  }
}
