// The kinds of controls, as kinds.py names them: what the value of each input means, and how a value stands in it.

/** @type {{ read: (input: Input) => number, show: (input: Input, index: number, control: Control) => void }} */
const VALUE = {
  read: (input) => Number(input.value),
  show: (input, index) => (input.value = String(index)),
};

/** @type {Kind} */
const SLIDER = {
  read: VALUE.read,
  show: (input, index, control) => {
    input.value = String(index);
    input.setAttribute("aria-valuetext", control.texts[index]);
    input.style.setProperty("--filled", `${(100 * index) / Math.max(1, control.texts.length - 1)}%`);
  },
};

/** @type {Record<string, Kind>} */
const CONTROLS = {
  fixed: VALUE,
  select: VALUE,
  text: VALUE,
  slider: SLIDER,
  play: { ...SLIDER, wire: wirePlay },
  checkbox: {
    read: (input) => Number(input.checked),
    show: (input, index) => (input.checked = Boolean(index)),
  },
  buttons: {
    read: (input) => (input.checked ? Number(input.value) : null),
    show: (input, index) => (input.checked = Number(input.value) === index),
  },
};

/**
 * The buttons of a player: play and pause, one step back and forth, and the speed.
 * @param {Control} control
 * @param {SawaruExplorer} explorer
 */
function wirePlay(control, explorer) {
  const box = explorer.one(`[data-play="${control.name}"]`);
  const [back, play, forward] = box.querySelectorAll("button");
  const speed = /** @type {HTMLSelectElement} */ (box.querySelector("select"));
  const last = control.texts.length - 1;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  const at = () => explorer.index[control.name];
  /** @type {(sign: string, name: string, live: string) => void} */
  const say = (sign, name, live) => {
    play.textContent = sign;
    play.setAttribute("aria-label", name);
    explorer.caption.setAttribute("aria-live", live);
  };
  const pause = () => {
    clearInterval(timer);
    timer = undefined;
    say("▶", "再生", "polite");
  };
  const start = () => {
    pause();
    if (at() === last) explorer.move(control, 0);
    say("⏸", "一時停止", "off");
    timer = setInterval(() => (at() < last ? explorer.move(control, at() + 1) : pause()), /** @type {number} */ (control.interval) / Number(speed.value));
  };
  /** @type {(by: number, event: Event) => void} */
  const step = (by, event) => {
    pause();
    explorer.move(control, Math.min(last, Math.max(0, at() + by)), event.timeStamp);
  };
  back.addEventListener("click", (event) => step(-1, event));
  forward.addEventListener("click", (event) => step(1, event));
  play.addEventListener("click", () => (timer ? pause() : start()));
  speed.addEventListener("change", () => timer && start());
  explorer.inputs(control)[0].addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    play.click();
  });
  control.pause = pause;
}
