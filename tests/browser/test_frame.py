"""What stands around the chapters: search, formulas, icons, words, links, and the page for a wrong address."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from built import PAGES, SITE
from conftest import Watched
from playwright.sync_api import Page, Route, expect

SECONDS = 1_000


def search(page: Page, words: str) -> list[str]:
    """Type words into the dialog and return the addresses it offers."""
    page.locator("#pst-search-dialog input").fill(words)
    expect(page.locator("#pst-search-dialog .book-search__status")).to_contain_text(
        f"「{words}」", timeout=20_000
    )
    links = page.locator("#pst-search-dialog .book-search__results a")
    return [unquote(href) for href in links.evaluate_all("links => links.map((a) => a.getAttribute('href'))")]


@pytest.fixture
def front(look: Any, site: str) -> Watched:
    """The front page with its search open, for one search after another."""
    watched: Watched = look(site, "book/index.html", lambda watched: None, width=1280, theme="light")
    watched.page.keyboard.press("Control+k")
    return watched


@pytest.mark.parametrize(
    ("words", "page"),
    [
        *(("学習率", "gradient_descent"), ("習率", "gradient_descent"), ("最尤法", "linear_regression")),
        *(("尤法", "linear_regression"), ("正規方程", "linear_regression"), ("発散の境", "gradient_descent")),
        *(("ハイパーパラ", "gradient_descent"), ("動かす", "howto"), ("がどう変わるか", "index")),
        *(("learning", "notation"), ("学習率 発散", "gradient_descent"), ("ＪｕｐｙｔｅｒＬａｂ", "howto")),
    ],
)
def test_search_finds_words_and_parts_of_words(front: Watched, words: str, page: str) -> None:
    found = search(front.page, words)
    assert any(f"/{page}.html" in address for address in found), found
    assert front.page.evaluate("broken") == []


@pytest.mark.parametrize("words", ["無い言葉", "か大きすぎる", "xyzzy"])
def test_search_offers_no_near_misses(front: Watched, words: str) -> None:
    assert search(front.page, words) == []


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


@pytest.mark.parametrize(
    ("theme", "background"), [("dark", "rgb(18, 18, 18)"), ("light", "rgb(255, 255, 255)")]
)
def test_the_first_paint_has_the_readers_theme(visit: Any, theme: str, background: str) -> None:
    page: Page = visit("404.html", theme=theme).page
    page.route(
        "**/pydata-sphinx-theme.js*", lambda route: route.abort()
    )  # the theme's own script comes too late
    page.goto(page.url.replace("404.html", PAGES[0]), wait_until="domcontentloaded")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background


def test_the_zip_is_offered_on_every_page(visit: Any) -> None:
    page: Page = visit(PAGES[0]).page
    page.locator(".dropdown-download-buttons > button").click()
    with page.expect_download() as download:
        page.locator("a[href$='.zip']").click()
    assert download.value.suggested_filename.endswith(".zip")


def test_the_page_for_a_wrong_address_works_at_any_depth(visit: Any, site: str) -> None:
    watched = visit("404.html")

    def missing(route: Route) -> None:
        route.fulfill(body=(SITE / "404.html").read_bytes(), content_type="text/html; charset=utf-8")

    watched.page.route("**/old/part/page.html", missing)
    watched.page.goto(site + "old/part/page.html")
    assert watched.complaints == []
    watched.page.get_by_role("link", name="表紙").click()
    watched.page.wait_for_url("**/book/index.html")


@pytest.mark.parametrize(
    ("path", "folder"),
    [("index.html", False), ("index.html", True), ("404.html", True), ("search.html", True)],
)
def test_no_page_around_the_book_breaks_the_policy(visit: Any, path: str, folder: bool) -> None:
    page: Page = visit(path, origin=SITE.as_uri() + "/" if folder else "").page
    if path == "index.html":  # it only leads there
        page.wait_for_url("**/book/index.html")
        page.wait_for_load_state("load")
    assert page.evaluate("broken") == []


def test_the_policy_stops_what_it_should(visit: Any) -> None:
    page: Page = visit(PAGES[0]).page
    hit = page.evaluate(
        """async () => {
            const expected = ["script-src-attr", "img-src", "script-src-elem", "connect-src"];
            const told = new Set();
            const all = new Promise((done) => document.addEventListener("securitypolicyviolation", (e) => {
                told.add(e.effectiveDirective);
                if (expected.every((directive) => told.has(directive))) done();
            }));
            const box = document.createElement("div");
            box.innerHTML = `<img src="x:" onerror="window.hit = 1"><img src="https://example.org/a.png">`;
            document.body.append(box);
            const script = document.createElement("script");
            script.textContent = "window.hit = 1";
            document.body.append(script);
            await fetch("https://example.org/").catch(() => {});
            await all;
            return window.hit ?? null;
        }"""
    )
    assert hit is None


@pytest.mark.parametrize("path", [PAGES[0], "book/index.html"])
def test_tab_walks_through_the_page_and_is_never_trapped(visit: Any, path: str) -> None:
    page: Page = visit(path).page
    page.evaluate("document.querySelectorAll('article details').forEach((fold) => (fold.open = true))")
    places = page.evaluate(
        """() => [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
            .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.tabIndex >= 0).length"""
    )
    seen = []
    for _ in range(places + 5):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => { const e = document.activeElement; if (e === document.body) return null;
                    e.dataset.walk ??= String(document.querySelectorAll("[data-walk]").length); return e.dataset.walk; }"""
            )
        )
        if seen[-1] is None or seen.count(seen[-1]) > 1:
            break
    assert seen[-1] is None or seen[-1] == seen[0], "Tab で一周できます"
    assert (
        page.evaluate("document.querySelector('[data-walk=\"0\"]').textContent").strip() == "本文へスキップ"
    )
    assert len(seen) >= 0.8 * places
