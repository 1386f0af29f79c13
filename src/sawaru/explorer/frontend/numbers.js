// The quick road: a move that changes nothing but numbers along fixed axes. Plotly.react would build axes, legend and labels
// anew for it; here only the traces that changed are calculated and drawn, with Plotly's own functions for their type. They are
// not part of its public interface: the bundle beside this file is the version that they were read in, and the tests compare
// what is drawn with what Plotly.react draws.

const NUMBERS = ["x", "y", "z", "customdata"];
const QUICK = ["scatter", "bar", "heatmap", "contour"];

/**
 * Whether two trees hold the same.
 * @param {any} a
 * @param {any} b
 * @returns {boolean}
 */
function same(a, b) {
  if (Object.is(a, b)) return true;
  if (!a || !b || typeof a !== "object" || a.constructor !== b.constructor) return false;
  if (typeof a.every === "function") return a.length === b.length && a.every((/** @type {any} */ v, /** @type {number} */ i) => same(v, b[i]));
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => k in b && same(a[k], b[k]));
}

/**
 * Numbers alone, in one list or in rows; null is a gap.
 * @type {(list: any) => boolean}
 */
const numeric = (list) =>
  ArrayBuffer.isView(list) || (Array.isArray(list) && list.every((v) => v === null || typeof v === "number" || numeric(v)));

/**
 * The traces of which only numbers differ; null when anything else does.
 * @param {Tree} before
 * @param {Tree} after
 * @returns {Changed | null}
 */
function numbersApart(before, after) {
  if (before.data.length !== after.data.length) return null;
  if (!same({ ...before.layout, title: null }, { ...after.layout, title: null })) return null;
  /** @type {Changed} */
  const changed = [];
  for (const [i, trace] of after.data.entries()) {
    const was = before.data[i];
    const names = Object.keys(trace).filter((name) => !same(was[name], trace[name]));
    if (Object.keys(was).some((name) => !(name in trace))) return null;
    if (!names.every((name) => NUMBERS.includes(name) && [was[name], trace[name]].every((v) => v?.length && numeric(v)))) return null;
    if (names.length) changed.push([i, names]);
  }
  return changed;
}

/**
 * Whether nothing but the trace follows from the lists `names` of `next`: no range of an axis or of colours, no stack, no error bars.
 * @param {Plot} plot
 * @param {Trace} trace
 * @param {Trace} next
 * @param {string[]} names
 */
function standsAlone(plot, trace, next, names) {
  if (!QUICK.includes(trace.type)) return false;
  if (trace.z && (!trace.z.every?.(numeric) || (trace.zauto && trace.showscale) || trace.autocontour || trace.coloraxis)) return false;
  if (trace.stackgroup || trace.error_x?.visible || trace.error_y?.visible || trace.selectedpoints) return false;
  if ([trace.hovertemplate, trace.hoverinfo].some(Array.isArray)) return false;
  const reshaped = names.includes("z") && (trace.z.length !== next.z.length || trace.z[0].length !== next.z[0].length);
  return ["x", "y"].every((letter) => {
    if (!names.includes(letter) && !reshaped) return true;
    const axis = plot._fullLayout[trace[`${letter}axis`].replace(letter, `${letter}axis`)];
    return !axis.autorange && /^(linear|log)$/.test(axis.type);
  });
}

/**
 * Draw the numbers of `data` alone; false when that would not be the whole truth.
 * @param {Plot} plot
 * @param {Trace[]} data
 * @param {Changed} changed
 */
function drawNumbers(plot, data, changed) {
  const { _fullData: full, _fullLayout: layout, calcdata } = plot;
  const seen = changed.filter(([i]) => full[i].visible === true);
  if (layout._zindices?.length !== 1 || !seen.every(([i, names]) => standsAlone(plot, full[i], data[i], names))) return false;
  for (const [i, names] of changed) for (const name of names) plot.data[i][name] = full[i][name] = data[i][name];
  /** @param {Trace} trace */
  const subplotOf = (trace) => layout._plots[trace.xaxis + trace.yaxis];
  const fresh = new Set();
  for (const [i] of seen) {
    if (!full[i].z) full[i]._length = Math.min(full[i].x?.length ?? Infinity, full[i].y?.length ?? Infinity);
    fresh.add(i);
    // Bars stand beside or upon each other: all of a subplot are placed together.
    if (full[i].type === "bar") full.forEach((t, j) => t.type === "bar" && t.visible === true && subplotOf(t) === subplotOf(full[i]) && fresh.add(j));
  }
  for (const i of fresh) {
    full[i]._extremes = {};
    const points = full[i]._module.calc(plot, full[i]);
    points[0].t ??= {};
    points[0].trace = full[i];
    calcdata[i] = points;
  }
  const layers = new Map(); // of Plotly's drawing: (subplot, type) → its traces
  for (const i of fresh) {
    const key = `${full[i].xaxis}${full[i].yaxis} ${full[i].type}`;
    layers.set(key, [...(layers.get(key) ?? []), i]);
  }
  for (const indices of layers.values()) {
    const { type, _module: module } = full[indices[0]];
    const subplot = subplotOf(full[indices[0]]);
    const layer = subplot.plot.select(`.${module.layerName ?? `${type}layer`}`);
    const all = calcdata.filter(([{ trace }]) => trace._module.plot === module.plot && trace.visible === true && subplotOf(trace) === subplot);
    module.crossTraceCalc?.(plot, subplot);
    if (type === "scatter" && all.every(([{ trace }]) => trace.fill === "none")) for (const i of indices) module.plot(plot, subplot, [calcdata[i]], layer, { duration: 0 });
    else module.plot(plot, subplot, all, layer);
  }
  for (const style of new Set([...fresh].map((i) => full[i]._module.style))) style(plot);
  layout._rehover?.();
  plot.emit("plotly_afterplot");
  return true;
}
