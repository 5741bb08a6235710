// A photo to search with: chosen, dropped anywhere, or pasted.

import { ask, complain, noticeOf } from "./asking.js";

const form = document.getElementById("search");
const picker = document.getElementById("picture");
const MOST = Number(picker.dataset.most);
const MEGA = 1e6;

/** Search with the file of a photo; the server says where it is none. */
function give(file) {
  if (file.size > MOST) {
    const size = `${Math.ceil(file.size / MEGA)} MB`;
    complain(noticeOf(`${file.name} has ${size}; at most ${MOST / MEGA} MB are taken. Save it smaller.`));
    return;
  }
  const body = new FormData();
  for (const [name, value] of new FormData(form)) {
    if (!["photo", "by", "sort", "share"].includes(name)) body.append(name, value);
  }
  body.append("picture", file);
  ask("/page/given", "push", { body });
}

picker.addEventListener("change", () => {
  if (picker.files.length) give(picker.files[0]);
  picker.value = "";
});

document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData?.files ?? [];
  if (!file) return;
  event.preventDefault();
  give(file);
});

const carries = (event) => {
  const types = event.dataTransfer?.types ?? [];
  return types.includes("Files") || types.includes("text/uri-list");
};

let depth = 0; // elements entered and not left

function dropping(is) {
  if (!is) depth = 0;
  document.body.classList.toggle("dropping", is);
}

document.addEventListener("dragenter", (event) => {
  if (!carries(event)) return;
  depth += 1;
  dropping(true);
});
document.addEventListener("dragleave", () => {
  depth -= 1;
  if (depth <= 0) dropping(false);
});
document.addEventListener("dragover", (event) => {
  if (carries(event)) event.preventDefault();
});
document.addEventListener("drop", async (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  dropping(false);
  const [file] = event.dataTransfer.files;
  if (file) return give(file);
  const address = event.dataTransfer.getData("text/uri-list").split("\n")[0];
  if (!address.startsWith(`${location.origin}/page/photos/`)) {
    complain(noticeOf("That is no photo of this page; save it, and drop its file."));
    return;
  }
  const photo = await (await fetch(address)).blob(); // a product's photo, dragged to the box
  give(new File([photo], "product.jpg", { type: photo.type }));
});
