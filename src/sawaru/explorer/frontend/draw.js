// What the page and the kernel's widget share: one figure, drawn for its width and theme.

const NARROW = 600; // pixels: below it, plots side by side go one below the other
const CONFIG = { displayModeBar: false, responsive: false };
const STEP_BACK = 1.35; // on a narrow screen, so that a 3-D scene fits the width too
const BETWEEN = 92; // pixels between them: the axis title of one and the heading of the next; page.py knows it too

// Chromium and Firefox tell of paper by an event before the medium changes.
const paper = { now: false };
addEventListener("beforeprint", () => (paper.now = true), true);
addEventListener("afterprint", () => (paper.now = false), true);

const KINDS = { u1: Uint8Array, i1: Int8Array, u2: Uint16Array, i2: Int16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

/** A flat array as rows of `columns` values, those again as rows, … */
function inRows(flat, [width, ...deeper]) {
  if (!width) return flat;
  const size = deeper.reduce((a, b) => a * b, width);
  return Array.from({ length: flat.length / size }, (_, i) => inRows(flat.subarray(i * size, (i + 1) * size), deeper));
}

function isDark() {
  const { documentElement: html, body } = document;
  if (paper.now || matchMedia("print").matches) return false;
  if (html.dataset.theme) return html.dataset.theme === "dark";
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (html.getAttribute("theme")) return html.getAttribute("theme") === "dark"; // Colab
  if (/vscode/.test(body.className)) return /vscode-(dark|high-contrast)/.test(body.className) && !/light/.test(body.className);
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Copy a figure tree; typed arrays are shared, colours of the palette become their dark twins. */
function copied(value, dark) {
  if (typeof value === "string") return (dark && THEME.twins[value.toLowerCase()]) || value;
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.length && value.every(ArrayBuffer.isView) ? value : value.map((v) => copied(v, dark));
  const copy = {};
  for (const key in value) copy[key] = copied(value[key], dark);
  return copy;
}

const ENTITIES = { mu: "μ", amp: "&", lt: "<", gt: ">", nbsp: "\u00a0", times: "×", plusmn: "±", deg: "°" };

/** The figure's title as plain text: without Plotly's tags, its entities as characters. Like `caption` of text.py. */
function captionOf(figure) {
  const title = figure.layout.title;
  const text = (typeof title === "string" ? title : title?.text) ?? "";
  return text
    .replace(/<br\s*\/?>/gi, " ")
    .replace(/<\/?(?:sup|sub|s|u|b|i|a|span|em)(?:\s[^<>]*)?>/gi, "")
    .replace(/&(?:#(\d+)|#x([\da-f]+)|(mu|amp|lt|gt|nbsp|times|plusmn|deg));/gi, (whole, ten, sixteen, name) => {
      if (name) return ENTITIES[name.toLowerCase()];
      const code = ten ? Number(ten) : parseInt(sixteen, 16);
      return code && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    });
}

/** Put plots that stand side by side one below the other, and make the figure as high as they need. */
function restack(layout) {
  const across = Object.keys(layout).filter((k) => /^xaxis\d*$/.test(k) && !layout[k].overlaying);
  const columns = [...new Set(across.map((k) => (layout[k].domain ?? [0, 1]).join()))];
  if (columns.length < 2 || columns.length > 4) return;
  const spans = columns.map((c) => c.split(",").map(Number)).sort((a, b) => a[0] - b[0]);
  const rows = Object.keys(layout).filter((k) => /^yaxis\d*$/.test(k));
  if (new Set(rows.map((k) => (layout[k].domain ?? [0, 1]).join())).size > 1) return;
  const n = spans.length;
  const { t = 36, b = 48 } = layout.margin ?? {};
  const one = Math.max(180, 0.85 * (layout.height - t - b));
  const inside = n * one + (n - 1) * BETWEEN;
  layout.height = inside + t + b;
  const height = one / inside, gap = BETWEEN / inside;
  const rowOf = (x) => {
    const found = spans.findIndex(([low, high]) => x >= low - 1e-6 && x <= high + 1e-6);
    return found < 0 ? n - 1 : found;
  };
  const bottom = (row) => (n - 1 - row) * (height + gap);
  for (const key of across) {
    const row = rowOf(layout[key].domain[0]);
    layout[key].domain = [0, 1];
    const vertical = "yaxis" + (layout[key].anchor ?? "y").slice(1);
    if (layout[vertical]) layout[vertical].domain = [bottom(row), bottom(row) + height];
  }
  for (const note of layout.annotations ?? []) {
    if (note.xref !== "paper" || note.yref !== "paper") continue;
    const row = rowOf(note.x);
    const [low, high] = spans[row];
    note.x = (note.x - low) / (high - low);
    note.y = bottom(row) + note.y * height;
  }
}

/** What to hand to Plotly for a plot of this width. */
function presented(figure, width, dark) {
  const { data, layout } = { data: copied(figure.data, dark), layout: copied(figure.layout, dark) };
  delete layout.title;
  layout.template = dark ? THEME.dark : THEME.light;
  layout.height ??= THEME.height;
  layout.autosize = true;
  if (width < NARROW) {
    restack(layout);
    layout.margin = { ...layout.margin, l: Math.min(layout.margin?.l ?? 48, 48), r: 12 };
    for (const trace of data) if (trace.colorbar) trace.colorbar = { ...trace.colorbar, thickness: 10 };
    for (const key in layout) {
      const eye = /^scene\d*$/.test(key) && layout[key].camera?.eye;
      for (const axis in eye || {}) eye[axis] *= STEP_BACK;
    }
  }
  return { data, layout };
}

/**
 * The margins that labels have pushed out, in whole pixels. Left to itself each draw finds them a fraction of a pixel off,
 * and Plotly, which remembers a text's box by its place, measures every label anew: a forced layout of the page for each.
 */
function settled(plot) {
  const { l, r, t, b } = plot._fullLayout?._size ?? {};
  return l === undefined ? {} : { l: Math.ceil(l - 0.01), r: Math.ceil(r - 0.01), t: Math.ceil(t - 0.01), b: Math.ceil(b - 0.01) };
}

/** Plotly's note where a browser has no WebGL, said in the page's language and leading nowhere. */
function withoutScene(note) {
  note.firstChild.textContent = "このブラウザでは 3 次元の図（WebGL）を表示できません。つまみと説明の数値は使えます。";
  Object.assign(note.style, { cursor: "", fontSize: "1rem", color: "inherit", backgroundColor: "transparent" });
  note.parentElement.style.background = "";
  note.parentElement.onclick = null;
}

/** Draw and announce it: a bubbling `sawaru:drawn` whose detail.ms counts from the input (`since`) to here. */
async function draw(Plotly, plot, figure, since) {
  const dark = isDark();
  const finished = () => plot.dispatchEvent(new CustomEvent("sawaru:drawn", { bubbles: true, detail: { ms: performance.now() - since } }));
  const { shown } = plot;
  plot.shown = { figure, dark, paper: paper.now }; // told before drawing, so that a change of width meanwhile can take it back
  if (shown?.dark === dark && shown.paper === paper.now) {
    const changed = numbersApart(shown.figure, figure);
    if (changed && drawNumbers(plot, figure.data, changed)) return finished();
  }
  if (!plot.drawnBy) plot.addEventListener("wheel", (event) => event.stopPropagation(), { capture: true, passive: true }); // a scene would keep the page from scrolling
  if (plot.drawnBy && plot.drawnBy !== Plotly) plot.drawnBy.purge(plot); // from 2-D to 3-D or back
  plot.drawnBy = Plotly;
  const width = plot.clientWidth;
  const { data, layout } = presented(figure, width, dark);
  const room = `${width}×${layout.height}`;
  if (plot.room === room) layout.margin = { ...layout.margin, ...settled(plot) };
  plot.room = room;
  const reserved = plot.parentElement;
  reserved.style.minHeight = `${layout.height}px`;
  try {
    await Plotly.react(plot, data, layout, plot.data ? undefined : CONFIG); // a second config is compared in depth
  } catch (problem) {
    plot.shown = null;
    throw problem;
  }
  for (const note of plot.querySelectorAll(".no-webgl")) withoutScene(note);
  finished();
}

/** Call `redraw` when the plot's width, the theme or the medium (screen, print) changes; returns how to stop. */
function watch(plot, redraw) {
  let width = plot.clientWidth;
  const sized = new ResizeObserver(() => {
    if (plot.clientWidth && plot.clientWidth !== width) {
      width = plot.clientWidth;
      plot.shown = null; // what draw cannot see without measuring: nothing on it holds for this width
      redraw();
    }
  });
  sized.observe(plot);
  let dark = isDark();
  const themed = new MutationObserver(() => {
    if (isDark() !== dark) {
      dark = isDark();
      redraw();
    }
  });
  themed.observe(document.documentElement, { attributes: true });
  themed.observe(document.body, { attributes: true });
  const printed = matchMedia("print");
  printed.addEventListener("change", redraw);
  return () => {
    sized.disconnect();
    themed.disconnect();
    printed.removeEventListener("change", redraw);
  };
}

const needs3d = (figure) => figure.data.some((t) => /3d|^surface$|^volume$|^isosurface$|^cone$|^streamtube$/.test(t.type ?? ""));
