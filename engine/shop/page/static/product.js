// The view of a product: its photo in full, and where the focus goes when more products came.

/** Show a photo as it is, in front of the view; a click on it shows its own pixels. */
function open(zoom, link) {
  const whole = zoom.querySelector(".whole");
  const size = zoom.querySelector("p");
  const image = new Image();
  image.alt = link.querySelector("img")?.alt ?? "";
  image.addEventListener("load", () => {
    const pixels = new Intl.NumberFormat();
    size.textContent = `${pixels.format(image.naturalWidth)} × ${pixels.format(image.naturalHeight)} pixels`;
  });
  image.addEventListener("click", () => whole.classList.toggle("natural"));
  size.textContent = "";
  whole.classList.remove("natural");
  whole.replaceChildren(image);
  image.src = link.href;
  zoom.showModal();
}

document.addEventListener("click", (event) => {
  const zoom = document.getElementById("zoom"); // a step back in history brings another one
  const link = event.target.closest?.("a[data-zoom]");
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (zoom && link?.querySelector("img") && isPlain) {
    event.preventDefault();
    open(zoom, link);
  } else if (event.target === zoom) {
    zoom.close(); // beside the photo
  }
});

let before = null; // the last card before those that were asked for

document.addEventListener("htmx:before:request", (event) => {
  const next = event.detail.ctx?.sourceElement?.closest?.(".next");
  if (next) before = next.contains(document.activeElement) ? next.previousElementSibling : null;
});

document.addEventListener("htmx:after:swap", () => {
  before?.nextElementSibling?.querySelector("a")?.focus();
  before = null;
});
