"""What stands around the chapters: search, formulas, icons, words, links, and the page for a wrong address."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest
from conftest import SITE
from playwright.sync_api import Page, expect

PAGES = sorted(str(p.relative_to(SITE)) for p in (SITE / "book").rglob("*.html"))
FRAMED = [*PAGES, "search.html", "404.html"]


def search(page: Page, words: str) -> list[str]:
    """Type words into the dialog and return the addresses it offers."""
    page.locator("#pst-search-dialog input").fill(words)
    expect(page.locator("#pst-search-dialog .book-search__status")).to_contain_text(
        f"「{words}」", timeout=20_000
    )
    links = page.locator("#pst-search-dialog .book-search__results a")
    return [unquote(href) for href in links.evaluate_all("links => links.map((a) => a.getAttribute('href'))")]


@pytest.mark.parametrize(
    ("words", "page"),
    [
        *(("学習率", "gradient_descent"), ("習率", "gradient_descent"), ("最尤法", "linear_regression")),
        *(("尤法", "linear_regression"), ("正規方程", "linear_regression"), ("発散の境", "gradient_descent")),
        *(("ハイパーパラ", "gradient_descent"), ("動かす", "howto"), ("がどう変わるか", "index")),
        *(("learning", "notation"), ("学習率 発散", "gradient_descent"), ("ＪｕｐｙｔｅｒＬａｂ", "howto")),
    ],
)
def test_search_finds_words_and_parts_of_words(visit: Any, words: str, page: str) -> None:
    watched = visit("book/index.html")
    watched.page.keyboard.press("Control+k")
    found = search(watched.page, words)
    assert any(f"/{page}.html" in address for address in found), found
    assert watched.complaints == []


@pytest.mark.parametrize("words", ["無い言葉", "か大きすぎる", "xyzzy"])
def test_search_offers_no_near_misses(visit: Any, words: str) -> None:
    page = visit("book/index.html").page
    page.keyboard.press("Control+k")
    assert search(page, words) == []


def test_search_opens_from_the_button_leads_to_a_section_and_closes(visit: Any) -> None:
    page: Page = visit("book/howto.html").page
    page.get_by_role("button", name="検索").first.click()
    expect(page.get_by_role("dialog", name="この本を検索")).to_be_visible()
    search(page, "正規方程式")
    page.keyboard.press("Enter")
    expect(page.locator("#pst-search-dialog .book-search__results a").first).to_be_focused()
    section = page.locator("#pst-search-dialog a[href*='linear_regression.html#']").first
    section.click()
    page.wait_for_url("**/linear_regression.html#*")
    assert page.evaluate("document.querySelector(':target') !== null")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.locator("#pst-search-dialog")).to_be_hidden()


def test_the_search_page_answers_its_address(visit: Any) -> None:
    watched = visit("search.html?q=最尤法")
    expect(watched.page.locator("article .book-search__results li").first).to_be_visible()
    assert watched.complaints == [] and watched.elsewhere == []


@pytest.mark.parametrize("path", ["book/index.html", "search.html"])
def test_search_from_a_folder_says_what_to_do(visit: Any, path: str) -> None:
    watched = visit(path, origin=SITE.as_uri() + "/")
    watched.page.keyboard.press("Control+k")
    expect(watched.page.locator(".book-search__status").first).to_contain_text("make serve")
    assert watched.complaints == [] and watched.elsewhere == []


@pytest.mark.parametrize("path", PAGES)
def test_formulas_are_drawn(visit: Any, path: str) -> None:
    page: Page = visit(path).page
    count = page.evaluate("document.querySelectorAll('.math').length")
    assert (
        page.evaluate("document.querySelectorAll('.math > .katex, .math > .katex-display').length") == count
    )
    assert page.locator(".katex-error").count() == 0


@pytest.mark.parametrize("path", FRAMED)
def test_icons_are_the_books_own(visit: Any, path: str) -> None:
    page: Page = visit(path).page
    undrawn = page.evaluate(
        """() => [...document.querySelectorAll("i[class*='fa-'], span[class*='fa-']")]
            .filter((e) => getComputedStyle(e, "::before").maskImage === "none").map((e) => e.className)"""
    )
    assert undrawn == []
    assert not page.evaluate(
        "performance.getEntriesByType('resource').filter((e) => e.name.includes('fontawesome'))"
    )


NAMES = {"Binder", "Colab", "Google Colab", "Jupyter", "JupyterLab"}


@pytest.mark.parametrize("path", FRAMED)
def test_every_word_of_the_frame_is_japanese(visit: Any, path: str) -> None:
    page: Page = visit(path).page
    words = page.evaluate(
        """() => {
            const found = [];
            for (const e of document.querySelectorAll("*"))
                for (const name of ["title", "aria-label", "alt", "placeholder", "data-bs-title", "data-bs-original-title"])
                    if (e.getAttribute(name) && !e.closest(".js-plotly-plot")) found.push(e.getAttribute(name));
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode())
                if (!texts.currentNode.parentElement.closest("article, script, style, kbd, noscript"))
                    found.push(texts.currentNode.textContent.trim());
            return found;
        }"""
    )
    english = {w for w in words if re.search(r"[A-Za-z]{3}", w) and not re.search(r"[\u3040-\u9fff]", w)}
    assert english - NAMES == set()


def test_code_can_be_copied(visit: Any) -> None:
    page: Page = visit("book/howto.html", permissions=["clipboard-read", "clipboard-write"]).page
    button = page.get_by_role("button", name="コピー").first
    button.click()
    expect(button).to_have_text("コピーしました")
    assert "make lab" in page.evaluate("navigator.clipboard.readText()")


def test_a_wrong_address_leads_back(visit: Any) -> None:
    page: Page = visit("404.html").page
    page.get_by_role("link", name="表紙").click()
    page.wait_for_url("**/book/index.html")


def test_the_gallery_leads_to_living_figures(visit: Any) -> None:
    watched = visit("book/index.html")
    links = watched.page.locator(".gallery a")
    assert links.count() >= 6
    for n in range(links.count()):
        target = links.nth(n).evaluate("a => a.getAttribute('href')")
        assert (
            links.nth(n).locator("img").evaluate("async (i) => { await i.decode(); return i.naturalWidth; }")
            > 0
        )
        opened = visit("book/" + target)
        name, _, query = target.partition("#")[2].partition("?")
        there = opened.page.locator(f"#{name}")
        expect(there).to_have_attribute("data-state", "ready", timeout=30_000)
        expect(there).to_be_in_viewport(ratio=0.2)
        first = there.evaluate("(e) => e.controls.filter((c) => e.index[c.name] !== c.default).length")
        assert first >= query.count("="), f"{target}：図がその状態で開きません"
        opened.page.close()
    assert watched.complaints == []
