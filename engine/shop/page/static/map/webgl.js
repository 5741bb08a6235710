// Points by the graphics card: places and codes lie in buffers there, a frame is two draws of them.

const VERTEX = `#version 300 es
in vec2 place;
in float code;
in float state;
uniform vec2 scale;
uniform vec2 shift;
uniform float size;
uniform mediump float pass;
uniform sampler2D palette;
out vec4 colour;
out float radius;
void main() {
  bool lit = state > 0.5;
  bool shown = lit == (pass > 0.5);
  gl_Position = shown ? vec4(place * scale + shift, 0.0, 1.0) : vec4(2.0, 2.0, 0.0, 1.0);
  float big = state > 1.5 ? size * 1.6 + 2.0 : size;
  gl_PointSize = big;
  radius = big / 2.0;
  colour = texelFetch(palette, ivec2(int(code), lit ? 0 : 1), 0);
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour;
in float radius;
uniform vec4 edge;
uniform mediump float pass;
out vec4 drawn;
void main() {
  float away = length(gl_PointCoord - 0.5) * 2.0 * radius;
  if (away > radius) discard;
  float ring = radius > 2.0 ? smoothstep(radius - 1.3, radius - 0.6, away) * edge.a * pass : 0.0;
  drawn = vec4(mix(colour.rgb, edge.rgb, ring), colour.a);
  drawn.rgb *= drawn.a;
}`;

const PLAYED = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Whether a graphics card draws. A processor that plays one draws 44,000 points 15 times a second,
 *  where canvas.js draws them 60 times; browsers don't tell by failIfMajorPerformanceCaveat. */
function hasCard() {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return false;
  const told = gl.getExtension("WEBGL_debug_renderer_info");
  const name = gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !PLAYED.test(name);
}

/** What draws points on a canvas with WebGL 2; null where no graphics card does it. */
export function webglPainter(canvas) {
  const gl = hasCard() && canvas.getContext("webgl2", { antialias: false });
  if (!gl) return null;
  let program, at, count, kept;

  function start() {
    program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    at = {};
    for (const name of ["scale", "shift", "size", "pass", "palette", "edge"]) {
      at[name] = gl.getUniformLocation(program, name);
    }
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const [name, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.NEAREST], [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ]) gl.texParameteri(gl.TEXTURE_2D, name, value);
    at.places = buffer("place", 2, gl.SHORT);
    at.codes = buffer("code", 1, gl.UNSIGNED_BYTE);
    at.states = buffer("state", 1, gl.UNSIGNED_BYTE);
  }

  function buffer(name, size, kind) {
    const made = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, made);
    const where = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(where);
    gl.vertexAttribPointer(where, size, kind, false, 0, 0);
    return made;
  }

  function upload(target, values) {
    gl.bindBuffer(gl.ARRAY_BUFFER, target);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
  }

  const painter = {
    kind: "webgl2",
    places(x, y) {
      const both = new Int16Array(2 * x.length);
      for (let row = 0; row < x.length; row++) {
        both[2 * row] = x[row];
        both[2 * row + 1] = y[row];
      }
      count = x.length;
      kept = { ...kept, both };
      upload(at.places, both);
    },
    codes(codes) {
      kept = { ...kept, codes };
      upload(at.codes, codes);
    },
    states(states) {
      kept = { ...kept, states };
      upload(at.states, states);
    },
    /** Colours of codes, of points that are lit and of the others; [r, g, b, a] from 0 to 255. */
    palette(lit, others, edge) {
      kept = { ...kept, palette: [lit, others, edge] };
      const texels = new Uint8Array(256 * 2 * 4);
      lit.forEach((each, code) => texels.set(each, 4 * code));
      others.forEach((each, code) => texels.set(each, 4 * (256 + code)));
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 2, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
      gl.uniform4fv(at.edge, edge.map((part) => part / 255));
    },
    draw({ width, height, scale, x, y, size }) {
      gl.viewport(0, 0, width, height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(at.scale, (2 * scale) / width, (2 * scale) / height);
      gl.uniform2f(at.shift, (2 * x) / width - 1, 1 - (2 * y) / height);
      gl.uniform1f(at.size, size);
      for (const pass of [0, 1]) {
        gl.uniform1f(at.pass, pass);
        gl.drawArrays(gl.POINTS, 0, count);
      }
    },
  };
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", () => {
    start();
    upload(at.places, kept.both);
    upload(at.codes, kept.codes);
    upload(at.states, kept.states);
    painter.palette(...kept.palette);
    canvas.dispatchEvent(new Event("redraw"));
  });
  start();
  return painter;
}
