// The two fonts of most formulas are asked for before the styles that name them have come, so that no line breaks anew when
// they arrive. From a folder a browser refuses to load a font ahead, and needs not: it is there at once.
(() => {
  if (location.protocol === "file:") return;
  for (const name of ["Main-Regular", "Math-Italic"]) {
    const font = document.createElement("link");
    Object.assign(font, { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "" });
    font.href = `${document.documentElement.dataset.content_root}_static/katex/fonts/KaTeX_${name}.woff2`;
    document.head.append(font);
  }
})();
