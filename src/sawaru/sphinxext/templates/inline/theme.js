// The theme is known before the first paint, so that a dark page never flashes white.
(() => {
  let mode = "auto";
  try {
    mode = localStorage.getItem("mode") || mode;
  } catch {} // storage may be switched off
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.mode = mode;
  document.documentElement.dataset.theme = mode === "auto" ? (dark ? "dark" : "light") : mode;
})();
