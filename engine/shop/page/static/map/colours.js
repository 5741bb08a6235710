// Colours of points: seven that the colour-blind tell apart (Okabe and Ito's), a scale for what has an
// order (viridis), products' own colours where the attribute is colour. Each for light and dark.

const LIGHT = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#a39400"];
const DARK = ["#4da3db", "#e69f00", "#2bc79a", "#d98cb9", "#9bd2f5", "#f07a3a", "#f0e442"];
const VIRIDIS = ["#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Call back when the scheme changes. */
export function whenSchemeChanges(then) {
  dark.addEventListener("change", then);
}

/** The colour of each code, the first for products without a value: [[r, g, b], ...]. */
export function paletteOf(attribute, swatches) {
  const rest = hex(dark.matches ? "#6b675f" : "#a8a39a");
  if (!attribute) return [rest];
  const count = attribute.values.length;
  const own = swatches[attribute.column];
  if (own) return [rest, ...own.map((each) => (each ? hex(each) : rest))];
  if (attribute.is_ordered) {
    return [rest, ...attribute.values.map((_, place) => onScale(count < 2 ? 0.5 : place / (count - 1)))];
  }
  const few = dark.matches ? DARK : LIGHT;
  return [rest, ...attribute.values.map((_, place) => (place < few.length ? hex(few[place]) : rest))];
}

/** A place from 0 to 1 on the scale; its end that the ground swallows is left out. */
function onScale(place) {
  const [from, to] = dark.matches ? [2.4, 9] : [0, 7.6];
  const at = from + (to - from) * place;
  const low = hex(VIRIDIS[Math.floor(at)]);
  const high = hex(VIRIDIS[Math.min(Math.floor(at) + 1, VIRIDIS.length - 1)]);
  return low.map((part, each) => Math.round(part + (high[each] - part) * (at - Math.floor(at))));
}

/** A colour of the style sheet as an element has it, by the name of its property. */
export function styleColour(name, element = document.body) {
  return hex(getComputedStyle(element).getPropertyValue(name).trim());
}

function hex(text) {
  const long = text.length === 4 ? text.replace(/[0-9a-f]/gi, "$&$&") : text;
  return [1, 3, 5].map((start) => parseInt(long.slice(start, start + 2), 16));
}

export function cssColour(parts) {
  return `rgb(${parts.join(" ")})`;
}
