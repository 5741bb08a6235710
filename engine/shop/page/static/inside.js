// The views at /inside look again by themselves: only while they are seen, and never under somebody's hands.

const SECONDS = 10;

function isBusy() {
  const focused = document.activeElement;
  const isTyping = focused?.matches?.("input, textarea, select");
  const isSelecting = !document.getSelection()?.isCollapsed;
  return isTyping || isSelecting || document.querySelector(".htmx-request") !== null;
}

function isGone() {
  return !document.getElementById("gone").hidden;
}

function lookAgain() {
  if (document.hidden || isGone() || isBusy() || !document.querySelector("[data-refresh]")) return;
  document.body.dispatchEvent(new CustomEvent("insideChanged"));
}

setInterval(lookAgain, 1000 * SECONDS);
document.addEventListener("visibilitychange", lookAgain);
