// The page's side: <sawaru-explorer> replays a snapshot with the native controls that stand in it.

/** @type {Record<string, Promise<Plotly>>} of each bundle, the promise of its Plotly */
const bundles = {};
/** @type {Record<string, Plotly>} those that are here */
const loaded = {};

/**
 * Plotly's JavaScript, fetched once a page from beside this script.
 * @param {string} name
 */
function plotlyBundle(name) {
  return (bundles[name] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(`plotly-${name}.min.js`, HERE).href;
    script.onload = () => resolve((loaded[name] = globalThis.Plotly));
    script.onerror = () => reject(new Error("Plotly を読み込めませんでした"));
    document.head.append(script);
  }));
}

/** @param {Tree} figure */
const bundleOf = (figure) => (needs3d(figure) ? "gl3d" : "cartesian");
/** @param {Tree} figure */
const plotlyFor = (figure) => plotlyBundle(bundleOf(figure));

const PAPER_WIDTH = 620; // pixels of a figure on A4 or Letter between ordinary margins

/**
 * The figures of the table that a page holds.
 * @param {string} base64
 */
async function readTable(base64) {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return unpack(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/** @param {string} text */
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a "%" that escapes nothing
  }
}

class SawaruExplorer extends HTMLElement {
  started = false;
  near = false;
  stale = false;
  /** @type {Plot} */ plot;
  /** @type {HTMLElement} */ caption;
  /** @type {Control[][]} group by group */ spec = [];
  /** @type {Control[]} */ controls = [];
  /** @type {Record<string, number>} of each control, the place of its value */ index = {};
  /** @type {((indices: number[]) => Tree) | undefined} */ figureAt;
  /** @type {Promise<void> | undefined} */ waking;
  /** @type {Promise<void> | undefined} */ preparing;
  /** @type {Promise<void> | null} */ drawing = null;
  /** @type {number | null} the time of the input that has not been drawn */ wanted = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ hashTimer;

  connectedCallback() {
    if (this.started) return;
    this.started = true;
    this.plot = /** @type {Plot} */ (this.one(".sawaru-plot"));
    this.caption = this.one("figcaption");
    this.spec = JSON.parse(this.one(".sawaru-spec").textContent);
    this.controls = this.spec.flat();
    this.index = Object.fromEntries(this.controls.map((c) => [c.name, c.default]));
    for (const control of this.controls) this.wire(control);
    this.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
    this.querySelector(".sawaru-reset")?.addEventListener("click", (event) => this.reset(event));
    addEventListener("hashchange", () => this.readHash());
    addEventListener("beforeprint", () => this.toPaper());
    addEventListener("afterprint", () => this.toScreen());
    const linked = this.readHash();
    new IntersectionObserver((entries) => {
      this.near = entries[entries.length - 1].isIntersecting;
      if (!this.near) return;
      if (this.stale) this.refresh();
      this.wake();
    }, { rootMargin: "600px" }).observe(this);
    if (linked) requestAnimationFrame(() => this.scrollIntoView({ block: "center" }));
  }

  wake() {
    return (this.waking ??= this.load().catch((error) => this.fail(error)));
  }

  /** All that drawing needs, Plotly and the table, so that it can be done at once. */
  prepare() {
    return (this.preparing ??= readTable(this.one(".sawaru-table").textContent.trim()).then(async (figureAt) => {
      await plotlyFor(figureAt(this.indices()));
      this.figureAt = figureAt;
    }));
  }

  async load() {
    await this.prepare();
    await this.redraw();
    watch(this.plot, () => this.refresh());
    this.dataset.state = "ready";
  }

  /** A change that concerns every figure of the page (width, theme) is drawn when the figure is near the screen. */
  refresh() {
    this.stale = !this.near && !paper.now;
    if (!this.stale) this.redraw();
  }

  /** No browser waits for a promise before it prints: a figure that is prepared is drawn within this call. */
  toPaper() {
    this.plot.style.width = `${PAPER_WIDTH}px`;
    const figure = this.figureAt?.(this.indices());
    const Plotly = figure && loaded[bundleOf(figure)];
    if (!Plotly) return;
    this.say(captionOf(figure));
    draw(Plotly, this.plot, figure, performance.now()).catch((error) => this.fail(error));
    this.dataset.state = "ready";
  }

  toScreen() {
    this.plot.style.width = "";
    if (this.figureAt) this.refresh();
  }

  /** @param {Error} error */
  fail(error) {
    this.dataset.state = "error";
    this.say(`図を表示できませんでした（${error.message}）。ページを読み込み直してください。`);
  }

  /** @param {string} text */
  say(text) {
    if (this.caption.textContent !== text) this.caption.textContent = text;
    this.plot.setAttribute("aria-label", `${this.dataset.description}。${text}`);
  }

  /** The state's place within each group, the last control running fastest. */
  indices() {
    if (!this.spec.length) return [0];
    return this.spec.map((group) => group.reduce((at, c) => at * c.texts.length + this.index[c.name], 0));
  }

  /** Draw the current state; moves that arrive meanwhile are merged into the latest. */
  async redraw(since = performance.now()) {
    this.wanted = since;
    const { figureAt } = this;
    if (!figureAt || this.drawing) return this.drawing;
    const drawLatest = async () => {
      while (this.wanted !== null) {
        const started = this.wanted;
        this.wanted = null;
        const figure = figureAt(this.indices());
        this.say(captionOf(figure));
        await draw(await plotlyFor(figure), this.plot, figure, started);
      }
    };
    return (this.drawing = drawLatest().finally(() => (this.drawing = null)));
  }

  // ------------------------------------------------------------------------------------------------------- controls

  /**
   * The one element inside that a selector names.
   * @param {string} selector
   * @returns {HTMLElement}
   */
  one(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }

  /**
   * @param {Control} control
   * @returns {Input[]}
   */
  inputs(control) {
    return [.../** @type {NodeListOf<Input>} */ (this.querySelectorAll(`[data-control="${control.name}"]`))];
  }

  /** @param {Control} control */
  wire(control) {
    const { read, wire } = CONTROLS[control.kind];
    for (const input of this.inputs(control)) {
      /** @param {Event} event */
      const changed = (event) => {
        control.pause?.();
        const index = read(input);
        if (index !== null) this.move(control, index, event.timeStamp);
      };
      input.addEventListener("input", changed);
      input.addEventListener("change", changed);
    }
    wire?.(control, this);
    this.show(control);
  }

  /**
   * @param {Control} control
   * @param {number} index
   */
  move(control, index, since = performance.now()) {
    if (this.index[control.name] === index) return;
    this.index[control.name] = index;
    this.show(control);
    this.writeHash();
    this.redraw(since);
  }

  /** @param {Control} control */
  show(control) {
    const index = this.index[control.name];
    for (const input of this.inputs(control)) CONTROLS[control.kind].show(input, index, control);
    const output = this.querySelector(`[data-shows="${control.name}"]`);
    if (output) output.textContent = control.texts[index];
  }

  /** @param {Event} event */
  reset(event) {
    for (const control of this.controls) {
      control.pause?.();
      this.index[control.name] = control.default;
      this.show(control);
    }
    this.writeHash();
    this.redraw(event.timeStamp);
  }

  // ----------------------------------------------------------------------------------------------------------- hash

  /** "#descent?lr=0.1&step=3" names the explorer and the controls that are not at their first value. */
  writeHash() {
    clearTimeout(this.hashTimer);
    this.hashTimer = setTimeout(() => {
      const moved = this.controls.filter((c) => this.index[c.name] !== c.default);
      const query = moved.map((c) => `${c.name}=${encodeURIComponent(c.keys[this.index[c.name]])}`).join("&");
      history.replaceState(history.state, "", query ? `#${this.id}?${query}` : `#${this.id}`);
    }, 150);
  }

  readHash() {
    const [id, query] = location.hash.slice(1).split("?");
    if (unescaped(id) !== this.id || query === undefined) return false;
    const wanted = new URLSearchParams(query);
    for (const control of this.controls) {
      const index = control.keys.indexOf(wanted.get(control.name) ?? "");
      this.index[control.name] = index < 0 ? control.default : index;
      this.show(control);
    }
    this.redraw();
    return true;
  }
}

customElements.define("sawaru-explorer", SawaruExplorer);

// Once the page is quiet, every figure is prepared, one after another: it appears at once when it is met, and on paper.
const quiet = () => new Promise((done) => (globalThis.requestIdleCallback ?? setTimeout)(done, { timeout: 500 }));
addEventListener("load", async () => {
  for (const explorer of document.querySelectorAll("sawaru-explorer")) {
    await quiet();
    await explorer.prepare().catch(() => {}); // told where the figure would stand, when it is met
  }
});
