// What is seen of the map: pan and zoom, which points are lit, where things lie on the screen.

import { KDBush, select, zoom, zoomIdentity } from "../vendor/zoom.min.js";
import { pixelPainter } from "./canvas.js";
import { webglPainter } from "./webgl.js";

const EDGE = 32000; // the farthest place from the middle
const MARGIN = 14; // around the whole map, in pixels
const MOST = 400; // times that the map can be enlarged
const REACH = 14; // pixels from a point that are near it

export class Scene {
  /** @param maySwipe whether a pointer event moves the map, and does not draw. */
  constructor(canvas, { maySwipe, moved, settled }) {
    this.canvas = canvas;
    this.painter = webglPainter(canvas) ?? pixelPainter(canvas);
    this.view = zoomIdentity;
    this.moved = moved;
    this.frames = 0;
    this.behaviour = zoom()
      .scaleExtent([0.8, MOST])
      .filter((event) => (!event.ctrlKey || event.type === "wheel") && !event.button && maySwipe(event))
      .on("zoom", (event) => {
        this.view = event.transform;
        this.ask();
      })
      .on("end", (event) => event.sourceEvent && settled());
    this.picked = select(canvas).call(this.behaviour).on("dblclick.zoom", null);
    canvas.addEventListener("redraw", () => this.ask());
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
  }

  resize() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width || !height) return;
    this.width = width;
    this.height = height;
    this.fine = Math.min(devicePixelRatio || 1, this.painter.kind === "canvas" ? 1 : 2);
    this.canvas.width = Math.round(width * this.fine);
    this.canvas.height = Math.round(height * this.fine);
    this.unit = (Math.min(width, height) / 2 - MARGIN) / EDGE;
    this.behaviour.extent([[0, 0], [width, height]]).translateExtent([[-width / 2, -height / 2], [1.5 * width, 1.5 * height]]);
    this.ask();
  }

  load(x, y) {
    this.x = x;
    this.y = y;
    this.painter.places(x, y);
    this.painter.codes(new Uint8Array(x.length));
    this.painter.states(new Uint8Array(x.length).fill(1));
    this.tree = new KDBush(x.length, 64, Int16Array);
    for (let row = 0; row < x.length; row++) this.tree.add(x[row], y[row]);
    this.tree.finish();
  }

  /** Draw with the next frame. */
  ask() {
    if (this.asked || !this.x) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.draw();
    });
  }

  draw() {
    const [scale, x, y] = this.affine();
    const fine = this.fine;
    this.painter.draw({
      width: this.canvas.width, height: this.canvas.height, scale: scale * fine, x: x * fine, y: y * fine,
      size: this.pointSize() * fine,
    });
    this.frames += 1;
    this.moved();
  }

  /** Points grow as one comes nearer, and where there are few; on a small screen they are smaller. */
  pointSize() {
    const room = Math.sqrt(Math.min(this.width, this.height) / 600);
    const dense = Math.max(2.2, room * Math.min(9, 600 / Math.sqrt(this.x.length + 1)));
    return Math.min(13, dense * Math.sqrt(this.view.k));
  }

  /** From the map to the screen: pixels = place * scale + x, and y - place * scale. */
  affine() {
    return [
      this.unit * this.view.k,
      (this.width / 2) * this.view.k + this.view.x,
      (this.height / 2) * this.view.k + this.view.y,
    ];
  }

  toScreen([x, y]) {
    const [scale, dx, dy] = this.affine();
    return [x * scale + dx, dy - y * scale];
  }

  toMap([x, y]) {
    const [scale, dx, dy] = this.affine();
    return [Math.round((x - dx) / scale), Math.round((dy - y) / scale)];
  }

  /** The row of the point nearest to a place on the screen; -1 where none is near. */
  nearest([sx, sy], reach = REACH) {
    if (!this.tree) return -1;
    const [scale] = this.affine();
    const [x, y] = this.toMap([sx, sy]);
    let best = -1;
    let least = Infinity;
    for (const row of this.tree.within(x, y, reach / scale)) {
      const away = (this.x[row] - x) ** 2 + (this.y[row] - y) ** 2;
      if (away < least) [best, least] = [row, away];
    }
    return best;
  }

  /** How far the view has gone: the place in its middle, and how large. */
  state() {
    const [x, y] = this.toMap([this.width / 2, this.height / 2]);
    return this.view.k === 1 && this.view.x === 0 && this.view.y === 0 ? null : `${x},${y},${this.view.k.toFixed(2)}`;
  }

  /** See what `state` said; null for the whole map. */
  go(state) {
    const [x, y, k] = (state ?? "0,0,1").split(",").map(Number);
    if (![x, y, k].every(Number.isFinite) || k <= 0) return;
    const size = Math.min(Math.max(k, 0.8), MOST);
    const at = zoomIdentity
      .translate(this.width / 2 - (this.width / 2) * size - x * this.unit * size, this.height / 2 - (this.height / 2) * size + y * this.unit * size)
      .scale(size);
    this.picked.call(this.behaviour.transform, at);
  }

  pan(x, y) {
    this.picked.call(this.behaviour.translateBy, x / this.view.k, y / this.view.k);
  }

  enlarge(times) {
    this.picked.call(this.behaviour.scaleBy, times);
  }

  /** The corners of what is seen, on the map. */
  corners() {
    const { width, height } = this;
    return [[0, 0], [width, 0], [width, height], [0, height]].map((each) => this.toMap(each));
  }
}
