// The search of the book: what is typed goes to Pagefind, what it finds comes back as a list of links.
// A classic script (no module), so that a page works when it is opened from a folder.
(() => {
  "use strict";

  // Each Japanese character is a word of its own in the index, so a word is asked for as the phrase of its characters.
  const JAPANESE = /[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
  /** @param {string} term */
  const phrase = (term) =>
    JAPANESE.test(term) ? `"${term.replace(new RegExp(JAPANESE, "gu"), " $& ").trim()}"` : term;
  /** @param {string} text */
  const plain = (text) => text.replaceAll("\u200b", "").replace(/：\s*$/, ""); // the index ends headings with a colon
  const MAX_PAGES = 12;
  const MAX_SECTIONS = 4;

  /**
   * @typedef {{ url: string, title: string, excerpt: string }} Section
   * @typedef {{ url: string, meta: { title: string }, content: string, sub_results: Section[] }} Page
   * @typedef {{ results: { id: string, data(): Promise<Page> }[] }} Answer
   * @typedef {{ options(options: object): Promise<void>, init(): Promise<void>, search(term: string): Promise<Answer> }} Pagefind
   */

  /** @type {Promise<Pagefind> | undefined} */
  let engine;
  /** @param {string} bundle the address of Pagefind, from the page */
  function loadEngine(bundle) {
    const url = new URL(bundle, document.baseURI);
    engine ??= import(url.href).then(async (/** @type {Pagefind} */ pagefind) => {
      // が and か are different letters, not one letter with and without an accent.
      await pagefind.options({ exactDiacritics: true, excerptLength: 60, baseUrl: new URL("..", url).pathname });
      await pagefind.init();
      return pagefind;
    });
    return engine;
  }

  // The pages that hold every term, the best first.
  /**
   * @param {Pagefind} pagefind
   * @param {string} query
   */
  async function find(pagefind, query) {
    const terms = query.normalize("NFKC").split(/\s+/).filter(Boolean);
    const found = await Promise.all(terms.map((term) => pagefind.search(phrase(term))));
    const lists = found.map((answer) => answer.results).sort((a, b) => a.length - b.length);
    const everywhere = (lists[0] ?? []).filter((page) => lists.every((list) => list.some((other) => other.id === page.id)));
    const pages = await Promise.all(everywhere.slice(0, MAX_PAGES).map((page) => page.data()));
    // Pagefind offers near misses for Latin words; only what holds the words is shown.
    return pages.filter((page) => terms.every((term) => page.content.toLowerCase().includes(term.toLowerCase())));
  }

  /** @param {Page} page */
  function resultItem(page) {
    const item = document.createElement("li");
    /** @type {(href: string, text: string) => HTMLAnchorElement} */
    const link = (href, text) => Object.assign(document.createElement("a"), { href, textContent: plain(text) });
    const title = Object.assign(document.createElement("p"), { className: "book-search__page" });
    title.append(link(page.url, page.meta.title));
    item.append(title);
    for (const section of page.sub_results.slice(0, MAX_SECTIONS)) {
      const excerpt = document.createElement("p");
      excerpt.innerHTML = section.excerpt.replaceAll("</mark><mark>", ""); // escaped by Pagefind but for <mark>
      if (plain(section.title) !== plain(page.meta.title)) excerpt.prepend(link(section.url, section.title), "　");
      item.append(excerpt);
    }
    return item;
  }

  /** @param {HTMLElement} root */
  function setUpSearch(root) {
    const bundle = /** @type {string} */ (root.dataset.bundle);
    const form = /** @type {HTMLFormElement} */ (root.querySelector("form"));
    const input = /** @type {HTMLInputElement} */ (root.querySelector("input"));
    const status = /** @type {HTMLElement} */ (root.querySelector(".book-search__status"));
    const list = /** @type {HTMLElement} */ (root.querySelector(".book-search__results"));
    /** @param {string} text */
    const say = (text) => (status.textContent = text);
    const fromFolder = location.protocol === "file:";
    const explanation =
      "検索は、この本をウェブサーバーから開いたときに使えます。本のフォルダで make serve を実行し、表示されたアドレスを開いてください。";
    if (fromFolder) say(explanation);

    async function update() {
      const query = input.value.trim();
      if (fromFolder) return;
      if (!query) {
        list.replaceChildren();
        return say("");
      }
      try {
        const pages = await find(await loadEngine(bundle), query);
        if (input.value.trim() !== query) return; // a later letter has been typed
        list.replaceChildren(...pages.map(resultItem));
        say(pages.length ? `「${query}」は ${pages.length} ページにあります。` : `「${query}」は見つかりませんでした。`);
      } catch (error) {
        console.warn(error);
        say("検索の索引を読み込めませんでした。ページを開き直してください。");
      }
    }

    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(update, 120);
    });
    input.addEventListener("focus", () => fromFolder || loadEngine(bundle).catch(() => {}));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      list.querySelector("a")?.focus();
    });
    list.addEventListener("click", (event) => /** @type {Element} */ (event.target).closest("a") && root.closest("dialog")?.close());
    const asked = new URLSearchParams(location.search).get("q");
    if (asked && !root.closest("dialog")) {
      input.value = asked;
      update();
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const root of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".book-search"))) setUpSearch(root);
  });
})();
