// The map's view: what the address says is shown, and what is done goes into the address.

import { announce, localize } from "../page.js";
import { cssColour, paletteOf, styleColour, whenSchemeChanges } from "./colours.js";
import { fetchTensors } from "./data.js";
import { Lasso } from "./lasso.js";
import { Scene } from "./scene.js";

const find = (id) => document.getElementById(id);
const box = find("map");
const canvas = find("points");
const tip = find("tip");
const { index } = box.dataset;
const swatches = JSON.parse(box.dataset.swatches);
const address = new URLSearchParams(location.search);
const codesOf = {}; // column -> codes, as they were fetched
const OWN = ["index", "colour", "value", "lasso", "view"];

let facts = null;
let attribute = null;
let lit = { rows: [], place: null };
let shown = -1; // row in the tip
let usesKeys = false; // whether the cross in the middle names a product

const scene = new Scene(canvas, {
  maySwipe: (event) => !drawing?.wants(event),
  moved: placeMarks,
  settled: rememberView,
});
const drawing = new Lasso(scene, { begun: () => showTip(-1), drawn: placeMarks, done: choose });

// ------------------------------------------------------------------ the address

function url(path, more = []) {
  return `${path}?${new URLSearchParams([...address, ...more])}`;
}

/** Put parts into the address; null takes one out. With `replaced` no new entry of the history. */
function remember(parts, replaced = false) {
  for (const [name, value] of Object.entries(parts)) {
    if (value === null || value === "") address.delete(name);
    else address.set(name, value);
  }
  const query = String(address).replaceAll("%2C", ","); // corners are for reading
  const target = query ? `/map?${query}` : "/map";
  history[replaced ? "replaceState" : "pushState"](null, "", target);
}

function rememberView() {
  remember({ view: scene.state() }, true);
}

addEventListener("popstate", () => location.reload());

// ------------------------------------------------------------------ what is lit, and in which colours

function mixed(colour, ground, share) {
  return colour.map((part, place) => Math.round(part * share + ground[place] * (1 - share)));
}

function paint() {
  const colours = paletteOf(attribute, swatches);
  const single = valueCode();
  if (single && String(colours[single]) === String(colours[0])) {
    colours[single] = styleColour("--accent"); // of many values most share one colour
  }
  const isOwn = Boolean(attribute && swatches[attribute.column]);
  box.classList.toggle("own", isOwn);
  const ground = styleColour("--map", box);
  const narrowed = lit.rows.length > 0 || address.has("value");
  const faint = colours.map((each) => [...mixed(each, ground, narrowed ? 0.22 : 1), 255]);
  const ink = styleColour("--ink");
  const edge = [...mixed(ink, ground, isOwn ? 0.55 : 0.75), isOwn || narrowed ? 150 : 0];
  scene.painter.palette(colours.map((each) => [...each, 255]), faint, edge);
  colourLegend(colours);
  scene.ask();
}

/** The code of the value that is singled out; 0 for none. */
function valueCode() {
  return attribute ? attribute.values.indexOf(address.get("value")) + 1 : 0;
}

function light() {
  const states = new Uint8Array(scene.x.length);
  const code = valueCode();
  const codes = attribute && codesOf[attribute.column];
  if (!lit.rows.length && !code) states.fill(1);
  if (code) for (let row = 0; row < states.length; row++) states[row] = codes[row] === code ? 1 : 0;
  for (const row of lit.rows) if (!code || codes[row] === code) states[row] = 2;
  if (code && lit.rows.length) {
    for (let row = 0; row < states.length; row++) if (states[row] === 1) states[row] = 0;
  }
  scene.painter.states(states);
  paint();
}

function colourLegend(colours) {
  for (const each of find("legend").querySelectorAll("a[data-code]")) {
    each.querySelector(".dot").style.backgroundColor = cssColour(colours[Number(each.dataset.code)]);
  }
}

function writeLegend() {
  const list = find("legend");
  list.replaceChildren();
  find("legend-name").textContent = attribute.column.replaceAll("_", " ");
  attribute.values.forEach((value, place) => {
    const link = document.createElement("a");
    const dot = document.createElement("span");
    const name = document.createElement("span");
    const count = document.createElement("data");
    dot.className = "dot";
    name.className = "value";
    name.textContent = value;
    count.className = "number";
    count.value = attribute.counts[place];
    link.append(dot, name, " ", count);
    link.href = url("/map", [["value", value]]);
    link.dataset.code = place + 1;
    link.dataset.value = value;
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  });
  localize(list);
}

async function colourBy(column) {
  attribute = facts.attributes.find((each) => each.column === column) ?? null;
  if (!attribute) return;
  if (!codesOf[column]) {
    const name = `attribute:${column}`;
    codesOf[column] = (await fetchTensors(index, [name])).tensors[name];
  }
  scene.painter.codes(codesOf[column]);
}

find("colour")?.addEventListener("change", async (event) => {
  remember({ colour: event.target.value, value: null });
  await attempt(async () => {
    await colourBy(event.target.value);
    writeLegend();
    light();
  });
  showFound();
});

find("legend").addEventListener("click", (event) => {
  const link = event.target.closest("a[data-value]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const was = link.hasAttribute("aria-current");
  for (const each of find("legend").querySelectorAll("[aria-current]")) each.removeAttribute("aria-current");
  if (!was) link.setAttribute("aria-current", "true");
  remember({ colour: attribute.column, value: was ? null : link.dataset.value });
  light();
  showFound();
});

whenSchemeChanges(() => paint());

// ------------------------------------------------------------------ the query

const searched = () => [...address.keys()].some((name) => !OWN.includes(name));
let asked = 0;

async function lightUp() {
  const own = ++asked;
  lit = { rows: [], place: null };
  if (searched()) {
    const reply = await fetch(url("/page/map/lit"));
    if (own !== asked) return; // another one was asked for meanwhile
    if (!reply.ok) throw new Error(`the search was answered by ${reply.status}`);
    lit = await reply.json();
    if (lit.tag !== facts.tag) location.reload(); // the products changed meanwhile
  }
  light();
  placeMarks();
}

find("map-search").addEventListener("submit", async (event) => {
  event.preventDefault();
  remember({ q: find("q").value.trim() });
  await attempt(lightUp);
  showFound();
});

// ------------------------------------------------------------------ products below the map

function showFound() {
  htmx.ajax("GET", url("/page/map/found"), { target: "#found", swap: "innerHTML" });
}

function choose(corners) {
  drawing.show(corners);
  setDrawing(false);
  remember({ lasso: corners.flat().join(",") });
  showFound();
}

function clear() {
  find("q").value = "";
  for (const name of [...address.keys()]) if (!["index", "colour", "view"].includes(name)) address.delete(name);
  remember({});
  drawing.show(null);
  for (const each of find("legend").querySelectorAll("[aria-current]")) each.removeAttribute("aria-current");
  attempt(lightUp);
  showFound();
}

// ------------------------------------------------------------------ what lies over the points

function placeMarks() {
  const line = find("lasso-line");
  line.classList.toggle("there", Boolean(drawing?.corners));
  if (drawing?.corners) {
    line.setAttribute("points", drawing.corners.map((each) => scene.toScreen(each).join(",")).join(" "));
  }
  const mark = find("query-mark");
  mark.classList.toggle("there", Boolean(lit.place));
  if (lit.place) mark.setAttribute("transform", `translate(${scene.toScreen(lit.place)})`);
  const cross = find("cross");
  cross.classList.toggle("there", usesKeys);
  cross.setAttribute("transform", `translate(${scene.width / 2},${scene.height / 2})`);
  if (usesKeys) showTip(scene.nearest([scene.width / 2, scene.height / 2], 60));
  else if (shown >= 0) placeTip();
}

const cards = new Map(); // row -> the tip's text

async function showTip(row) {
  if (row === shown) return placeTip();
  shown = row;
  if (row < 0) {
    tip.hidden = true;
    return undefined;
  }
  if (!cards.has(row)) {
    await new Promise((resolve) => setTimeout(resolve, 40)); // the pointer may only pass by
    if (row !== shown) return undefined;
    const query = new URLSearchParams({ index, row });
    const reply = await fetch(`/page/map/product?${query}`).catch(() => null);
    if (!reply?.ok) return undefined;
    cards.set(row, await reply.text());
  }
  if (row !== shown) return undefined;
  tip.innerHTML = cards.get(row);
  localize(tip);
  tip.hidden = false;
  if (usesKeys) announce(tip.innerText);
  return placeTip();
}

function placeTip() {
  if (shown < 0 || tip.hidden) return;
  const [x, y] = scene.toScreen([scene.x[shown], scene.y[shown]]);
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = x + 16 + width > scene.width ? x - 16 - width : x + 16;
  const top = Math.min(Math.max(y - height / 2, 6), scene.height - height - 6);
  tip.style.transform = `translate(${Math.max(left, 4)}px, ${Math.max(top, 4)}px)`;
}

function at(event) {
  const { left, top } = canvas.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

canvas.addEventListener("pointermove", (event) => {
  if (event.pointerType === "touch" || event.buttons || drawing.isOn) return;
  usesKeys = false;
  find("cross").classList.remove("there");
  tip.classList.remove("fixed");
  showTip(scene.nearest(at(event)));
});
canvas.addEventListener("pointerleave", (event) => {
  if (event.pointerType !== "touch" && !usesKeys) showTip(-1);
});
canvas.addEventListener("click", (event) => {
  if (drawing.isOn || event.shiftKey) return;
  const row = scene.nearest(at(event));
  if (event.pointerType === "touch") {
    tip.classList.add("fixed"); // which can be tapped
    showTip(row);
  } else if (row >= 0 && row === shown) tip.querySelector("a")?.click();
});

// ------------------------------------------------------------------ buttons and keys

function setDrawing(on) {
  drawing.isOn = on;
  find("lasso").setAttribute("aria-pressed", String(on));
  canvas.classList.toggle("draws", on);
  if (on) showTip(-1);
}

const inView = () => choose(scene.corners());
const actions = {
  "zoom-in": () => scene.enlarge(1.6),
  "zoom-out": () => scene.enlarge(1 / 1.6),
  whole: () => scene.go(null),
  lasso: () => setDrawing(!drawing.isOn),
  "in-view": inView,
  clear,
};
for (const [id, action] of Object.entries(actions)) {
  find(id).addEventListener("click", () => {
    action();
    if (id.startsWith("zoom") || id === "whole") rememberView();
  });
}

const STEP = 60; // pixels
const keys = {
  ArrowLeft: () => scene.pan(STEP, 0),
  ArrowRight: () => scene.pan(-STEP, 0),
  ArrowUp: () => scene.pan(0, STEP),
  ArrowDown: () => scene.pan(0, -STEP),
  "+": actions["zoom-in"],
  "=": actions["zoom-in"],
  "-": actions["zoom-out"],
  0: actions.whole,
};
const others = { v: inView, l: actions.lasso, Escape: () => (drawing.isOn ? setDrawing(false) : clear()) };

canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = keys[event.key];
  if (moves) {
    usesKeys = true;
    moves();
    rememberView();
  } else if (event.key === "Enter") tip.querySelector("a")?.click();
  else if (others[event.key]) others[event.key]();
  else return;
  event.preventDefault();
});
canvas.addEventListener("blur", () => {
  if (!usesKeys) return;
  usesKeys = false;
  find("cross").classList.remove("there");
  showTip(-1);
});

// ------------------------------------------------------------------ loading

async function attempt(action) {
  const state = find("map-state");
  try {
    await action();
    state.textContent = "";
    state.classList.remove("bad");
  } catch (error) {
    state.textContent = `This did not work: ${error.message}. Load the page again.`;
    state.classList.add("bad");
  }
}

await attempt(async () => {
  const column = find("colour")?.value;
  const wanted = ["x", "y", ...(column ? [`attribute:${column}`] : [])];
  const loaded = await fetchTensors(index, wanted);
  facts = loaded.facts;
  scene.load(loaded.tensors.x, loaded.tensors.y);
  if (column) codesOf[column] = loaded.tensors[`attribute:${column}`];
  if (column) await colourBy(column);
  const text = address.get("lasso");
  if (text) {
    const numbers = text.split(",").map(Number);
    drawing.corners = numbers.flatMap((each, place) => (place % 2 ? [] : [[each, numbers[place + 1]]]));
  }
  scene.go(address.get("view"));
  light();
  performance.mark("map-painted");
  if (searched()) await lightUp();
});
box.dataset.painter = scene.painter.kind;
box.dataset.ready = "";
export { scene };
