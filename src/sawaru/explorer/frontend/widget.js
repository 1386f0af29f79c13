// The kernel's side: an anywidget that draws the figure it is sent. Plotly itself crosses once a page.

const PAGE = (globalThis.sawaruPlotly ??= {});

/**
 * Plotly for this model; the first model to want a bundle asks the kernel for it, the others wait.
 * @param {Model} model
 * @param {string} name
 */
function plotlyFor(model, name) {
  const entry = (PAGE[name] ??= {});
  entry.ready ??= new Promise((resolve) => (entry.resolve = resolve));
  const ask = () => {
    if (entry.asker || entry.arrived) return;
    entry.asker = model;
    model.send({ kind: "plotly", name });
  };
  ask();
  model.on("destroy", () => {
    if (entry.asker !== model || entry.arrived) return;
    entry.asker = null;
    globalThis.dispatchEvent(new Event("sawaru:ask"));
  });
  globalThis.addEventListener("sawaru:ask", ask);
  return entry.ready;
}

/**
 * @param {string} name
 * @param {DataView<ArrayBuffer>} buffer the bundle's gzip
 */
async function receive(name, buffer) {
  const entry = PAGE[name];
  if (!entry || entry.arrived) return;
  entry.arrived = true;
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  const source = await new Response(stream).text();
  const text = `const module = undefined, exports = undefined, define = undefined;\n${source}\nexport default globalThis.Plotly;`;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  entry.resolve?.((await import(/* webpackIgnore: true */ /* @vite-ignore */ url)).default);
  URL.revokeObjectURL(url);
}

/**
 * Plotly's typed-array specs as the arrays that they stand for.
 * @param {string} _
 * @param {any} value
 */
function withArrays(_, value) {
  if (typeof value?.bdata !== "string") return value;
  const bytes = Uint8Array.from(atob(value.bdata), (c) => c.charCodeAt(0));
  return inRows(new ARRAYS[/** @type {Dtype} */ (value.dtype)](bytes.buffer), (value.shape ?? "").split(",").slice(1).map(Number));
}

/** @param {{ model: Model }} host */
function initialize({ model }) {
  model.on("msg:custom", (message, buffers) => {
    if (message.kind === "plotly") receive(message.name, buffers[0]);
  });
}

/** @param {{ model: Model, el: HTMLElement }} host */
function render({ model, el }) {
  el.classList.add("sawaru-live");
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const frame = document.createElement("div");
  const plot = /** @type {Plot} */ (/** @type {Element} */ (document.createElement("div")));
  const error = document.createElement("p");
  caption.setAttribute("aria-live", "polite");
  plot.className = "sawaru-plot";
  plot.setAttribute("role", "img");
  error.className = "sawaru-error";
  error.setAttribute("role", "alert");
  frame.append(plot);
  figure.append(caption, frame);
  el.append(error, figure);

  // The controls are other widgets: the time of an input is the last event in the box that holds them and this plot.
  let since = performance.now();
  /** @param {Event} event */
  const touched = (event) => { if (event.isTrusted !== false || event.type !== "pointermove") since = performance.now(); };
  const kinds = ["pointerdown", "pointermove", "keydown", "input", "change", "click"];
  /** @type {Element | null} */
  let box = null;
  const listen = () => {
    box = el.closest(".sawaru-box") ?? el;
    for (const kind of kinds) box.addEventListener(kind, touched, true);
  };
  requestAnimationFrame(listen);

  let drawing = Promise.resolve();
  const redraw = (started = performance.now()) => {
    drawing = drawing.then(async () => {
      const text = model.get("figure");
      if (!text || !plot.isConnected) return;
      const tree = JSON.parse(text, withArrays);
      const Plotly = await plotlyFor(model, needs3d(tree) ? "gl3d" : "cartesian");
      const title = captionOf(tree);
      if (caption.textContent !== title) caption.textContent = title;
      plot.setAttribute("aria-label", `${model.get("description")}。${title}`);
      await draw(Plotly, plot, tree, started);
    }).catch((problem) => { error.textContent = `図を描けませんでした（${problem.message}）。`; });
    return drawing;
  };
  const showError = () => { error.textContent = model.get("error"); error.hidden = !model.get("error"); };
  const arrived = () => redraw(since);
  const busy = () => el.classList.toggle("sawaru-busy", model.get("busy"));
  model.on("change:figure", arrived);
  model.on("change:error", showError);
  model.on("change:busy", busy);
  showError();
  let unwatch = () => {};
  requestAnimationFrame(() => redraw().then(() => { unwatch = watch(plot, () => redraw()); }));
  return () => {
    unwatch();
    model.off("change:figure", arrived);
    model.off("change:error", showError);
    model.off("change:busy", busy);
    for (const kind of kinds) box?.removeEventListener(kind, touched, true);
  };
}

export default { initialize, render };
