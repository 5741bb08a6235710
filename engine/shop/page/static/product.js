// The view of a product: its photo in full, and where the focus goes when more products came.

const zoom = document.getElementById("zoom");

/** Show a photo as it is, in front of the view; a click on it shows its own pixels. */
function open(link) {
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
  const link = event.target.closest?.("a[data-zoom]");
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (link && zoom && isPlain) {
    event.preventDefault();
    open(link);
  } else if (event.target === zoom) {
    zoom.close(); // beside the photo
  }
});

zoom?.addEventListener("close", () => zoom.querySelector(".whole").replaceChildren());

let before = null; // the last card before those that were asked for

document.addEventListener("htmx:before:request", (event) => {
  const next = event.detail.ctx?.sourceElement?.closest?.(".next");
  if (next) before = next.contains(document.activeElement) ? next.previousElementSibling : null;
});

document.addEventListener("htmx:after:swap", () => {
  before?.nextElementSibling?.querySelector("a")?.focus();
  before = null;
});
