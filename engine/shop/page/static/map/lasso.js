// A line drawn around products. Knows pointers and places; not products.

const MOST = 60; // corners
const LEAST = 4; // pixels between two corners

/** Draws while a lasso is wanted; `done` gets its corners on the map. */
export class Lasso {
  constructor(scene, { begun, drawn, done }) {
    this.scene = scene;
    this.isOn = false;
    this.corners = null; // on the map
    this.drawn = drawn;
    const { canvas } = scene;
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.wants(event) || event.button || !event.isPrimary) return;
      begun();
      this.begin(event, done);
    });
  }

  wants(event) {
    return this.isOn || event.shiftKey;
  }

  begin(event, done) {
    event.preventDefault();
    const { canvas } = this.scene;
    canvas.focus();
    const box = canvas.getBoundingClientRect();
    const at = (each) => [each.clientX - box.left, each.clientY - box.top];
    const line = [at(event)];
    const before = this.corners;
    const stop = new AbortController();
    const { signal } = stop;
    canvas.setPointerCapture(event.pointerId);
    canvas.addEventListener("pointermove", (each) => {
      for (const one of each.getCoalescedEvents?.() ?? [each]) {
        const [x, y] = at(one);
        const [lastX, lastY] = line.at(-1);
        if (Math.hypot(x - lastX, y - lastY) >= LEAST) line.push([x, y]);
      }
      this.show(line.map((each) => this.scene.toMap(each)));
    }, { signal });
    const end = (isDone) => {
      stop.abort();
      if (!isDone || line.length < 3) this.show(before);
      else {
        this.show(simplified(line).map((each) => this.scene.toMap(each)));
        done(this.corners);
      }
    };
    canvas.addEventListener("pointerup", () => end(true), { signal });
    canvas.addEventListener("pointercancel", () => end(false), { signal });
  }

  show(corners) {
    this.corners = corners;
    this.drawn();
  }
}

/** A line with at most so many corners, those that bend it most. */
export function simplified(line, most = MOST) {
  const kept = [...line];
  while (kept.length > most) {
    let flattest = 1;
    let least = Infinity;
    for (let place = 1; place < kept.length - 1; place++) {
      const [[ax, ay], [bx, by], [cx, cy]] = [kept[place - 1], kept[place], kept[place + 1]];
      const bend = Math.abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay));
      if (bend < least) [flattest, least] = [place, bend];
    }
    kept.splice(flattest, 1);
  }
  return kept;
}
