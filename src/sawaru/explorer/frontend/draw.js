// What the page and the kernel's widget share: one figure, drawn for its width and theme.

const CONFIG = { displayModeBar: false, responsive: false };

// Chromium and Firefox tell of paper by an event before the medium changes.
const paper = { now: false };
addEventListener("beforeprint", () => (paper.now = true), true);
addEventListener("afterprint", () => (paper.now = false), true);

function isDark() {
  const { documentElement: html, body } = document;
  if (paper.now || matchMedia("print").matches) return false;
  if (html.dataset.theme) return html.dataset.theme === "dark";
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (html.getAttribute("theme")) return html.getAttribute("theme") === "dark"; // Colab
  if (/vscode/.test(body.className)) return /vscode-(dark|high-contrast)/.test(body.className) && !/light/.test(body.className);
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * The margins that labels have pushed out, in whole pixels. Left to itself each draw finds them a fraction of a pixel off,
 * and Plotly, which remembers a text's box by its place, measures every label anew: a forced layout of the page for each.
 * @param {Plot} plot
 */
function settled(plot) {
  const { l, r, t, b } = plot._fullLayout?._size ?? {};
  return l === undefined ? {} : { l: Math.ceil(l - 0.01), r: Math.ceil(r - 0.01), t: Math.ceil(t - 0.01), b: Math.ceil(b - 0.01) };
}

/**
 * Plotly's note where a browser has no WebGL, said in the page's language and leading nowhere.
 * @param {HTMLElement} note
 */
function withoutScene(note) {
  /** @type {ChildNode} */ (note.firstChild).textContent = "このブラウザでは 3 次元の図（WebGL）を表示できません。つまみと説明の数値は使えます。";
  Object.assign(note.style, { cursor: "", fontSize: "1rem", color: "inherit", backgroundColor: "transparent" });
  const link = /** @type {HTMLElement} */ (note.parentElement);
  link.style.background = "";
  link.onclick = null;
}

/**
 * Draw and announce it: a bubbling `sawaru:drawn` whose detail.ms counts from the input (`since`) to here.
 * @param {Plotly} Plotly
 * @param {Plot} plot
 * @param {Tree} figure
 * @param {number} since
 */
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
  const reserved = /** @type {HTMLElement} */ (plot.parentElement);
  reserved.style.minHeight = `${layout.height}px`;
  try {
    await Plotly.react(plot, data, layout, plot.data ? undefined : CONFIG); // a second config is compared in depth
  } catch (problem) {
    plot.shown = null;
    throw problem;
  }
  for (const note of /** @type {NodeListOf<HTMLElement>} */ (plot.querySelectorAll(".no-webgl"))) withoutScene(note);
  finished();
}

/**
 * Call `redraw` when the plot's width, the theme or the medium (screen, print) changes; returns how to stop.
 * @param {Plot} plot
 * @param {() => void} redraw
 */
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
