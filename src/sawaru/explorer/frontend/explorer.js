// The page's side: <sawaru-explorer> replays a snapshot with the native controls that stand in it.

const bundles = {}; // name → the promise of its Plotly
const loaded = {}; // name → its Plotly, once it is here

/** Plotly's JavaScript, fetched once a page from beside this script. */
function plotlyBundle(name) {
  return (bundles[name] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(`plotly-${name}.min.js`, HERE).href;
    script.onload = () => resolve((loaded[name] = globalThis.Plotly));
    script.onerror = () => reject(new Error("Plotly を読み込めませんでした"));
    document.head.append(script);
  }));
}

const bundleOf = (figure) => (needs3d(figure) ? "gl3d" : "cartesian");
const plotlyFor = (figure) => plotlyBundle(bundleOf(figure));

const PAPER_WIDTH = 620; // pixels of a figure on A4 or Letter between ordinary margins

/** Read a table written by snapshot.py; returns (index of the state in each group) → figure. */
async function readTable(base64) {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  const blocks = header.blocks.map(([dtype, count]) => {
    const size = KINDS[dtype].BYTES_PER_ELEMENT;
    const whole = new Uint8Array(size * count);
    for (let plane = 0; plane < size; plane++)
      for (let i = 0; i < count; i++) whole[i * size + plane] = bytes[at++];
    return new KINDS[dtype](whole.buffer);
  });
  const arrays = header.arrays.map(([block, start, count, ...columns]) => inRows(blocks[block].subarray(start, start + count), columns));
  const special = { nan: NaN, inf: Infinity, "-inf": -Infinity };
  const decode = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(decode);
    if ("$" in value) return typeof value.$ === "number" ? arrays[value.$] : special[value.$];
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, decode(v)]));
  };
  return (indices) => {
    const figure = decode(header.base);
    header.groups.forEach((group, g) => {
      for (const [pathIndex, value] of group.diffs[group.index[indices[g]]]) {
        const path = header.paths[pathIndex];
        const parent = path.slice(0, -1).reduce((node, key) => node[key], figure);
        const key = path.at(-1);
        if (value?.$ === "deleted") delete parent[key];
        else parent[key] = decode(value);
      }
    });
    return figure;
  };
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a "%" that escapes nothing
  }
}

class SawaruExplorer extends HTMLElement {
  connectedCallback() {
    if (this.started) return;
    this.started = true;
    this.plot = this.querySelector(".sawaru-plot");
    this.caption = this.querySelector("figcaption");
    this.spec = JSON.parse(this.querySelector(".sawaru-spec").textContent);
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
      this.near = entries.at(-1).isIntersecting;
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
    return (this.preparing ??= readTable(this.querySelector(".sawaru-table").textContent.trim()).then(async (figureAt) => {
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

  fail(error) {
    this.dataset.state = "error";
    this.say(`図を表示できませんでした（${error.message}）。ページを読み込み直してください。`);
  }

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
    if (!this.figureAt || this.drawing) return this.drawing;
    const drawLatest = async () => {
      while (this.wanted !== null) {
        const started = this.wanted;
        this.wanted = null;
        const figure = this.figureAt(this.indices());
        this.say(captionOf(figure));
        await draw(await plotlyFor(figure), this.plot, figure, started);
      }
    };
    return (this.drawing = drawLatest().finally(() => (this.drawing = null)));
  }

  // ------------------------------------------------------------------------------------------------------- controls

  inputs(control) {
    return [...this.querySelectorAll(`[data-control="${control.name}"]`)];
  }

  wire(control) {
    for (const input of this.inputs(control)) {
      const changed = (event) => {
        if (control.kind === "play") this.pause(control);
        const index = input.type === "checkbox" ? Number(input.checked) : Number(input.value);
        if (input.type !== "radio" || input.checked) this.move(control, index, event.timeStamp);
      };
      input.addEventListener("input", changed);
      input.addEventListener("change", changed);
    }
    if (control.kind === "play") this.wirePlay(control);
    this.show(control);
  }

  move(control, index, since = performance.now()) {
    if (this.index[control.name] === index) return;
    this.index[control.name] = index;
    this.show(control);
    this.writeHash();
    this.redraw(since);
  }

  show(control) {
    const index = this.index[control.name];
    for (const input of this.inputs(control)) {
      if (input.type === "checkbox") input.checked = Boolean(index);
      else if (input.type === "radio") input.checked = Number(input.value) === index;
      else input.value = index;
      if (input.type === "range") {
        input.setAttribute("aria-valuetext", control.texts[index]);
        input.style.setProperty("--filled", `${(100 * index) / Math.max(1, control.texts.length - 1)}%`);
      }
    }
    const output = this.querySelector(`[data-shows="${control.name}"]`);
    if (output) output.textContent = control.texts[index];
  }

  wirePlay(control) {
    const box = this.querySelector(`[data-play="${control.name}"]`);
    const [back, play, forward] = box.querySelectorAll("button");
    control.button = play;
    control.speed = box.querySelector("select");
    const last = control.texts.length - 1;
    const step = (by, event) => {
      this.pause(control);
      this.move(control, Math.min(last, Math.max(0, this.index[control.name] + by)), event.timeStamp);
    };
    back.addEventListener("click", (event) => step(-1, event));
    forward.addEventListener("click", (event) => step(1, event));
    play.addEventListener("click", () => (control.timer ? this.pause(control) : this.play(control)));
    control.speed.addEventListener("change", () => control.timer && this.play(control));
    this.inputs(control)[0].addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      play.click();
    });
  }

  play(control) {
    this.pause(control);
    const last = control.texts.length - 1;
    if (this.index[control.name] === last) this.move(control, 0);
    this.caption.setAttribute("aria-live", "off");
    control.button.textContent = "⏸";
    control.button.setAttribute("aria-label", "一時停止");
    const tick = () => {
      if (this.index[control.name] >= last) return this.pause(control);
      this.move(control, this.index[control.name] + 1);
    };
    control.timer = setInterval(tick, control.interval / Number(control.speed.value));
  }

  pause(control) {
    clearInterval(control.timer);
    control.timer = null;
    control.button.textContent = "▶";
    control.button.setAttribute("aria-label", "再生");
    this.caption.setAttribute("aria-live", "polite");
  }

  reset(event) {
    for (const control of this.controls) {
      if (control.timer) this.pause(control);
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
      const index = control.keys.indexOf(wanted.get(control.name));
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
