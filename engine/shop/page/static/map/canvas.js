// Points without a graphics card: pixels are written by the processor, which for small points is much
// quicker than a path for each. The same calls as in webgl.js.

/** What draws points on a canvas by its pixels. */
export function pixelPainter(canvas) {
  const context = canvas.getContext("2d");
  let xs, ys, codes, states, lit, others, edge, image, pixels;

  const word = ([r, g, b, a = 255]) => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;

  /** For each line of a disc, how far it reaches to both sides; and of the disc within its edge. */
  function disc(size) {
    const radius = Math.max(size / 2, 0.5);
    const reach = Math.floor(radius);
    const lines = [];
    for (let dy = -reach; dy <= reach; dy++) {
      const outer = Math.floor(Math.sqrt(radius * radius - dy * dy));
      const within = radius - 1.1;
      const inner = radius > 2 && within > Math.abs(dy) ? Math.floor(Math.sqrt(within * within - dy * dy)) : radius > 2 ? -1 : outer;
      lines.push([dy, outer, inner]);
    }
    return { reach, lines };
  }

  function paint(only, { width, height, scale, x, y, size }, colours) {
    const small = disc(size);
    const big = disc(size * 1.6 + 2);
    const ring = only && edge[3] ? word(edge) : null;
    for (let row = 0; row < xs.length; row++) {
      const state = states[row];
      if (state > 0 !== only) continue;
      const cx = Math.round(xs[row] * scale + x);
      const cy = Math.round(y - ys[row] * scale);
      const shape = state > 1 ? big : small;
      const { reach } = shape;
      if (cx < -reach || cy < -reach || cx >= width + reach || cy >= height + reach) continue;
      const colour = colours[codes[row]];
      for (const [dy, outer, inner] of shape.lines) {
        const line = cy + dy;
        if (line < 0 || line >= height) continue;
        const from = Math.max(cx - outer, 0);
        const to = Math.min(cx + outer, width - 1);
        const start = line * width;
        if (ring === null || inner === outer) {
          for (let at = from; at <= to; at++) pixels[start + at] = colour;
        } else {
          for (let at = from; at <= to; at++) {
            pixels[start + at] = Math.abs(at - cx) > inner ? ring : colour;
          }
        }
      }
    }
  }

  return {
    kind: "canvas",
    places(x, y) {
      xs = x;
      ys = y;
    },
    codes(values) {
      codes = values;
    },
    states(values) {
      states = values;
    },
    palette(litColours, otherColours, edgeColour) {
      // Nothing is blended here: what is faint is mixed with the ground already.
      lit = litColours.map(word);
      others = otherColours.map(word);
      edge = edgeColour;
    },
    draw(view) {
      if (!image || image.width !== view.width || image.height !== view.height) {
        image = context.createImageData(view.width, view.height);
        pixels = new Uint32Array(image.data.buffer);
      }
      pixels.fill(0);
      paint(false, view, others);
      paint(true, view, lit);
      context.putImageData(image, 0, 0);
    },
  };
}
