// What sliders stand at, as they are moved; the day alone of what somebody did.
import { localize } from "./page.js";

const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** Write days as the browser's language has them. */
function writeDays() {
  for (const each of document.querySelectorAll("time[data-day]:not([data-day-done])")) {
    each.textContent = days.format(new Date(each.dateTime));
    each.dataset.done = each.dataset.dayDone = "";
  }
}

document.addEventListener("input", (event) => {
  const output = event.target.closest?.(".slider")?.querySelector("output");
  if (output) output.textContent = Number(event.target.value).toFixed(2);
});

document.addEventListener("htmx:after:swap", writeDays);
writeDays();
localize();
