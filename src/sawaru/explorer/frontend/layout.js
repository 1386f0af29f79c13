// What is handed to Plotly: a figure in the page's theme, laid out for a width. Plain JavaScript, without a page.

const STEP_BACK = 1.35; // on a narrow screen, so that a 3-D scene fits the width too

/** @param {Tree} figure */
const needs3d = (figure) => figure.data.some((t) => /3d|^surface$|^volume$|^isosurface$|^cone$|^streamtube$/.test(t.type ?? ""));

/**
 * Copy a figure tree; typed arrays are shared, colours of the palette become their dark twins.
 * @param {any} value
 * @param {boolean} dark
 * @returns {any}
 */
function copied(value, dark) {
  if (typeof value === "string") return (dark && THEME.twins[value.toLowerCase()]) || value;
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.length && value.every(ArrayBuffer.isView) ? value : value.map((v) => copied(v, dark));
  /** @type {Record<string, any>} */
  const copy = {};
  for (const key in value) copy[key] = copied(value[key], dark);
  return copy;
}

const ENTITY = new RegExp(`&(?:#([0-9]{1,9})|#x([0-9a-fA-F]{1,6})|(${Object.keys(ENTITIES).join("|")}));`, "g");

/**
 * The figure's title as plain text: without Plotly's tags, its entities as characters. Like `caption` of text.py.
 * @param {Tree} figure
 */
function captionOf(figure) {
  const title = figure.layout.title;
  /** @type {string} */
  const text = (typeof title === "string" ? title : title?.text) ?? "";
  return text
    .replace(/<br[ \t\n\r\f\v]*\/?>/gi, " ")
    .replace(/<\/?(?:sup|sub|s|u|b|i|a|span|em)(?:[ \t\n\r\f\v][^<>]*)?>/gi, "")
    .replace(ENTITY, (whole, ten, sixteen, name) => {
      if (name) return ENTITIES[name];
      const code = ten ? Number(ten) : parseInt(sixteen, 16);
      const writable = code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
      return writable ? String.fromCodePoint(code) : whole;
    });
}

/**
 * Put plots that stand side by side one below the other, and make the figure as high as they need. Like `heights` of narrow.py.
 * @param {Layout} layout with its height
 */
function restack(layout) {
  const across = Object.keys(layout).filter((k) => /^xaxis\d*$/.test(k) && !layout[k].overlaying);
  const columns = [...new Set(across.map((k) => (layout[k].domain ?? [0, 1]).join()))];
  if (columns.length < 2 || columns.length > NARROW.columns) return;
  const spans = columns.map((c) => c.split(",").map(Number)).sort((a, b) => a[0] - b[0]);
  const rows = Object.keys(layout).filter((k) => /^yaxis\d*$/.test(k));
  if (new Set(rows.map((k) => (layout[k].domain ?? [0, 1]).join())).size > 1) return;
  const n = spans.length;
  const { t, b } = { ...THEME.light.layout.margin, ...layout.margin };
  const one = Math.max(NARROW.lowest, NARROW.share * (layout.height - t - b));
  const inside = n * one + (n - 1) * NARROW.between;
  layout.height = inside + t + b;
  const height = one / inside, gap = NARROW.between / inside;
  /** @param {number} x */
  const rowOf = (x) => {
    const found = spans.findIndex(([low, high]) => x >= low - 1e-6 && x <= high + 1e-6);
    return found < 0 ? n - 1 : found;
  };
  /** @param {number} row */
  const bottom = (row) => (n - 1 - row) * (height + gap);
  for (const key of across) {
    const row = rowOf((layout[key].domain ?? [0, 1])[0]);
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

/**
 * What to hand to Plotly for a plot of this width.
 * @param {Tree} figure
 * @param {number} width
 * @param {boolean} dark
 * @returns {Tree}
 */
function presented(figure, width, dark) {
  const { data, layout } = /** @type {Tree} */ (copied({ data: figure.data, layout: figure.layout }, dark));
  for (const trace of data) if (!trace.name) trace.showlegend ??= false;
  delete layout.title;
  layout.template = dark ? THEME.dark : THEME.light;
  layout.height ??= THEME.height;
  layout.autosize = true;
  if (width < NARROW.below) {
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
