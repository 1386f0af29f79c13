// What every page of the book does for its reader: wide formulas, copy buttons, printing, folds.
// A classic script (no module), so that a page works when it is opened from a folder.
(() => {
  "use strict";

  // A formula wider than the screen scrolls; the keyboard must reach it.
  function letWideFormulasScroll() {
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("div.math"))) {
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
    }
  }

  function addCopyButtons() {
    if (!navigator.clipboard) return;
    for (const pre of document.querySelectorAll(".bd-article div.highlight > pre")) {
      if (pre.closest(".cell_output")) continue;
      const code = pre.textContent.replace(/\n$/, "");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy-code";
      button.textContent = "コピー";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(code);
        button.textContent = "コピーしました";
        setTimeout(() => (button.textContent = "コピー"), 2000);
      });
      pre.after(button);
    }
  }

  // A browser does not wait: figures that nobody has met yet must be ready before it prints.
  async function printPage() {
    const explorers = [...document.querySelectorAll("sawaru-explorer")];
    await Promise.allSettled(explorers.map((explorer) => explorer.prepare()));
    print();
  }

  // Paper is light.
  function setUpPrinting() {
    for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", printPage);
    addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "p" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      printPage();
    });
    const { dataset } = document.documentElement;
    /** @type {string | undefined} */
    let theme;
    addEventListener("beforeprint", () => {
      theme ??= dataset.theme;
      dataset.theme = "light";
    });
    addEventListener("afterprint", () => {
      dataset.theme = theme;
      theme = undefined;
    });
  }

  function setUpDownloads() {
    // A copy that is read from a folder is the whole book already.
    if (location.protocol === "file:") document.querySelector(".btn-download-book-button")?.closest("li")?.remove();
  }

  // A link to something inside a folded part opens that part.
  function openFolds() {
    let fold = document.querySelector(":target")?.closest("details");
    for (; fold; fold = fold.parentElement?.closest("details")) fold.open = true;
  }

  document.addEventListener("DOMContentLoaded", () => {
    letWideFormulasScroll();
    document.fonts.ready.then(letWideFormulasScroll);
    addCopyButtons();
    setUpDownloads();
    setUpPrinting();
    openFolds();
  });
  addEventListener("hashchange", openFolds);
  addEventListener("resize", letWideFormulasScroll);
})();
