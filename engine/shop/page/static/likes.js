// Hearts: after a like every heart of that product is the same, in this tab and in the others, and what
// is recommended to the visitor is asked for again.

const tabs = "BroadcastChannel" in window ? new BroadcastChannel("vitrine-likes") : null;

/** Show a product's hearts as they are now. */
function show({ product, liked }) {
  for (const form of document.querySelectorAll("form.like")) {
    if (form.elements.product.value !== product) continue;
    form.elements.on.value = liked ? "0" : "1";
    form.querySelector(".heart").setAttribute("aria-pressed", String(liked));
  }
}

/** Ask again for what stands on the visitor's own page; as much as was there. */
function renew() {
  if (!document.getElementById("own")) return;
  const shown = document.querySelectorAll("#recommended .card").length;
  const url = new URL("/page/people/own", location.href);
  url.search = location.search; // what the sliders stand at
  url.searchParams.set("k", String(Math.min(Math.max(shown, 24), 200)));
  window.htmx.ajax("GET", url.pathname + url.search, { target: "#own", swap: "innerMorph ignoreTitle:true" });
}

document.addEventListener("liked", (event) => {
  const { product, liked, count } = event.detail;
  show({ product, liked });
  renew();
  tabs?.postMessage({ product, liked, count });
});

tabs?.addEventListener("message", ({ data }) => {
  show(data);
  const me = document.getElementById("me");
  if (me) {
    me.querySelector("span").textContent = data.count;
    me.setAttribute("aria-label", `Your page, ${data.count} ${data.count === 1 ? "like" : "likes"}`);
  }
  renew();
});
