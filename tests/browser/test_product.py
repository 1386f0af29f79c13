"""What a reader may expect of any good site: little to load, nothing that jumps, paper, a copy to take home, safety."""

from __future__ import annotations

import gzip
import re
import runpy
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, SITE
from playwright.sync_api import Page, Route, expect

from sawaru.sphinxext.policy import policy

PAGES = sorted(str(p.relative_to(SITE)) for p in (SITE / "book").rglob("*.html"))
EVERY = [*PAGES, "index.html", "search.html", "404.html"]
WITH_EXPLORERS = [p for p in PAGES if "<sawaru-explorer" in (SITE / p).read_text(encoding="utf-8")]
CHAPTERS = [p for p in PAGES if (ROOT / p).with_suffix(".ipynb").exists()]
LINKS = runpy.run_path(str(ROOT / "tools" / "links.py"))
SECONDS = 1_000
PACKED = (".woff2", ".png", ".zip", ".wasm", ".pf_meta", ".pagefind")


# ------------------------------------------------------------------------------------------------------- first visit


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
def test_a_first_visit_is_light_and_nothing_jumps(visit: Any, path: str, width: int) -> None:
    page: Page = visit("404.html", width=width).page
    fetched: set[str] = set()
    page.on("requestfinished", lambda request: fetched.add(request.url))
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) shift += e.value; })
            .observe({ type: "layout-shift", buffered: true });"""
    )
    page.goto(page.url.replace("404.html", path), wait_until="load")
    explorers = page.locator("sawaru-explorer")
    for n in {0, explorers.count() - 1} if explorers.count() else ():
        page.evaluate(
            "(n) => document.querySelectorAll('sawaru-explorer')[n].scrollIntoView({ block: 'center' })", n
        )
        expect(explorers.nth(n)).to_have_attribute("data-state", "ready", timeout=30 * SECONDS)
    page.wait_for_timeout(300)
    assert page.evaluate("shift") <= 0.05
    files = {unquote(urlsplit(url).path).lstrip("/") for url in fetched if url.startswith("http")}
    assert path in files
    sizes = {name: wire(SITE / name) for name in files if (SITE / name).is_file()}
    if path in CHAPTERS:  # a chapter carries all states of its figures; Plotly is counted apart
        sizes = {name: size for name, size in sizes.items() if "plotly" not in name}
    assert sum(sizes.values()) <= (1_500_000 if path in CHAPTERS else 1_200_000), sizes


def wire(path: Path) -> int:
    data = path.read_bytes()
    return len(data) if path.suffix in PACKED else len(gzip.compress(data, 6))


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


# -------------------------------------------------------------------------------------------------------------- paper


@pytest.mark.parametrize("path", WITH_EXPLORERS)
def test_paper_shows_every_figure_in_its_state(visit: Any, path: str, tmp_path: Path) -> None:
    page: Page = visit(path, theme="dark").page
    page.evaluate(
        """async () => {
            window.print = () => (window.printed = true);
            document.querySelector("[data-print]").click();
            while (!window.printed) await new Promise((done) => setTimeout(done, 50));
            matchMedia("print").addEventListener("change", (event) => {
                if (event.matches) window.onPaper = [...document.querySelectorAll("sawaru-explorer")].map((e) => [
                    e.querySelectorAll(".main-svg").length > 0, e.plot.clientWidth, getComputedStyle(e).color]);
            });
        }"""
    )
    slider = page.locator("sawaru-explorer input[type=range]").first
    slider.focus()
    page.keyboard.press("End")
    page.evaluate("Promise.all([...document.querySelectorAll('sawaru-explorer')].map((e) => e.drawing))")
    caption = page.locator("sawaru-explorer").first.locator("figcaption").inner_text()
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    shown = page.evaluate("window.onPaper")
    assert len(shown) == page.locator("sawaru-explorer").count()
    assert {tuple(figure) for figure in shown} == {(True, 620, "rgb(31, 35, 40)")}
    assert page.locator("sawaru-explorer").first.locator("figcaption").inner_text() == caption
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("document.querySelector('.sawaru-plot').style.width") == ""


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_the_paper(visit: Any, path: str) -> None:
    page: Page = visit(path, width=718).page  # A4 between Chromium's margins
    page.emulate_media(media="print")
    wide = page.evaluate(
        """() => [...document.querySelectorAll("article *")].filter((e) => e.checkVisibility()
            && !e.closest(".katex-mathml, svg, sawaru-explorer figure") && e.getBoundingClientRect().right > innerWidth + 1)
            .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []


# -------------------------------------------------------------------------------------------------- links, copy, address


def test_every_link_within_the_book_leads_somewhere() -> None:
    assert LINKS["broken"](SITE) == []


def test_links_that_leave_the_book_are_listed() -> None:
    outside = LINKS["external"](SITE)
    assert any(address.startswith("https://doi.org/") for address in outside)
    assert [a for a in outside if not re.match(r"https://|mailto:", a)] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<a href="index.html#here">a</a><p id="here"><a href="#fig?x=1"></a><a href="gone.html">b</a>'
    )
    assert LINKS["broken"](tmp_path) == ["index.html → #fig?x=1", "index.html → gone.html"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of the book, unpacked."""
    (archive,) = SITE.glob("*.zip")
    folder = tmp_path_factory.mktemp("stick")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder / archive.stem


@pytest.mark.parametrize("path", PAGES)
def test_the_copy_is_read_from_a_folder(visit: Any, copy: Path, path: str) -> None:
    watched = visit(path, origin=copy.as_uri() + "/")
    explorer = watched.page.locator("sawaru-explorer").last
    if explorer.count():
        explorer.scroll_into_view_if_needed()
        expect(explorer).to_have_attribute("data-state", "ready", timeout=30 * SECONDS)
    assert watched.complaints == [] and watched.elsewhere == []
    assert watched.page.locator("a[href$='.zip']").count() == 0


def test_the_copy_is_whole_and_small(copy: Path) -> None:
    assert [a for a in LINKS["broken"](copy) if not a.endswith(".zip")] == []
    assert {str(p.relative_to(copy)) for p in (copy / "book").rglob("*.html")} == set(PAGES)
    (archive,) = SITE.glob("*.zip")
    assert archive.stat().st_size <= 20_000_000


def test_the_zip_is_offered_on_every_page(visit: Any) -> None:
    page: Page = visit(PAGES[0]).page
    page.locator(".dropdown-download-buttons > button").click()
    with page.expect_download() as download:
        page.locator("a[href$='.zip']").click()
    assert download.value.suggested_filename.endswith(".zip")


@pytest.mark.parametrize("path", [*PAGES, "index.html"])
def test_a_link_to_a_page_can_be_previewed(path: str) -> None:
    soup = BeautifulSoup((SITE / path).read_text(encoding="utf-8"), "html.parser")
    said = {m.get("property") or m.get("name"): m["content"] for m in soup.find_all("meta", content=True)}
    assert said["og:title"] and said["og:url"].startswith("https://")
    assert 20 <= len(said["og:description"]) <= 120 and said["og:description"] == said["description"]
    picture = said["og:image"].partition("/_static/")[2]
    assert (SITE / "_static" / picture).stat().st_size < 300_000


def test_the_sitemap_names_every_page() -> None:
    names = re.findall("<loc>(.*?)</loc>", (SITE / "sitemap.xml").read_text(encoding="utf-8"))
    assert len(names) == len(PAGES) and all(any(n.endswith("/" + p) for n in names) for p in PAGES)


def test_the_page_for_a_wrong_address_works_at_any_depth(visit: Any, site: str) -> None:
    watched = visit("404.html")

    def missing(route: Route) -> None:
        route.fulfill(body=(SITE / "404.html").read_bytes(), content_type="text/html; charset=utf-8")

    watched.page.route("**/old/part/page.html", missing)
    watched.page.goto(site + "old/part/page.html")
    assert watched.complaints == []
    watched.page.get_by_role("link", name="表紙").click()
    watched.page.wait_for_url("**/book/index.html")


# ------------------------------------------------------------------------------------------------------------- safety


@pytest.mark.parametrize("path", EVERY)
def test_the_policy_stands_before_every_script(path: str) -> None:
    soup = BeautifulSoup((SITE / path).read_text(encoding="utf-8"), "html.parser")
    meta = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert meta is not None and meta["content"] == policy()
    assert meta.find_previous("script") is None
    assert [n for tag in soup.find_all(True) for n in tag.attrs if n.startswith("on")] == []
    scripts = re.search(r"script-src ([^;]*)", policy())
    assert scripts and "'unsafe" not in scripts[1] and "http" not in policy()


@pytest.mark.parametrize("folder", [False, True], ids=["served", "from a folder"])
@pytest.mark.parametrize("path", EVERY)
def test_no_page_breaks_its_policy(visit: Any, path: str, folder: bool) -> None:
    origin = SITE.as_uri() + "/" if folder else ""
    page: Page = visit("404.html", origin=origin).page
    page.add_init_script(
        "window.broken = []; document.addEventListener('securitypolicyviolation', (e) => broken.push(e.violatedDirective + ' ' + e.blockedURI));"
    )
    page.goto(page.url.replace("404.html", path), wait_until="load")
    if path == "index.html":
        page.wait_for_url(
            "**/book/index.html"
        )  # it only leads there; a question asked in between would find no page
    if not folder and path != "index.html":
        page.keyboard.press("Control+k")
        page.locator("dialog[open] input").fill("学習率")
        expect(page.locator("dialog[open] .book-search__results a").first).to_be_visible(timeout=20 * SECONDS)
        page.keyboard.press("Escape")
    for explorer in page.locator("sawaru-explorer").all():
        explorer.scroll_into_view_if_needed()
        expect(explorer).to_have_attribute("data-state", "ready", timeout=30 * SECONDS)
    assert page.evaluate("broken") == []


def test_the_policy_stops_what_it_should(visit: Any) -> None:
    page: Page = visit(PAGES[0]).page
    broken = page.evaluate(
        """async () => {
            const broken = [];
            document.addEventListener("securitypolicyviolation", (e) => broken.push(e.effectiveDirective));
            const box = document.createElement("div");
            box.innerHTML = `<img src="x:" onerror="window.hit = 1"><img src="https://example.org/a.png">`;
            document.body.append(box);
            const script = document.createElement("script");
            script.textContent = "window.hit = 1";
            document.body.append(script);
            await fetch("https://example.org/").catch(() => {});
            await new Promise((done) => setTimeout(done, 300));
            return [broken, window.hit];
        }"""
    )
    assert {"script-src-attr", "img-src", "script-src-elem", "connect-src"} <= set(broken[0])
    assert broken[1] is None


# ----------------------------------------------------------------------------------------------------------- keyboard


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
