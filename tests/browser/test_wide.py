"""Every page as a reader at a desk meets it, served: wide and light, open for all of these questions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from built import CHAPTERS, FRAMED, MOVE_EVERYTHING, PAGES, WITH_EXPLORERS
from chapter import assert_drawn, figures_of
from conftest import Watched
from playwright.sync_api import Page, expect
from questions import (
    EYES,
    assert_light_and_still,
    assert_no_serious_violation,
    assert_scenes_let_the_page_scroll,
)

from sawaru.explorer.tree import caption_of

SECONDS = 1_000

of_every_page = pytest.mark.parametrize("path", PAGES)
of_all_that_is_framed = pytest.mark.parametrize("path", FRAMED)
where_figures_are = pytest.mark.parametrize("path", WITH_EXPLORERS)


@pytest.fixture
def wide(look: Any, site: str, path: str) -> Watched:
    return look(site, path, Watched.wake, width=1280, theme="light")


@pytest.fixture
def page(wide: Watched) -> Page:
    return wide.page


@of_every_page
def test_a_first_visit_is_light_and_nothing_jumps(wide: Watched, path: str) -> None:
    assert_light_and_still(wide, path)


@of_all_that_is_framed
def test_page_is_quiet_and_stays_here(wide: Watched, path: str) -> None:
    assert wide.on_arrival == []


@of_every_page
def test_plotly_is_loaded_once_and_only_where_needed(page: Page, path: str) -> None:
    loaded = page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    solid = page.evaluate(
        "[...document.querySelectorAll('sawaru-explorer')].map((e) => Boolean(e.plot._fullLayout._has('gl3d')))"
    )
    times = {name: sum(f"plotly-{name}" in file for file in loaded) for name in ("cartesian", "gl3d")}
    assert times == {"cartesian": int(False in solid), "gl3d": int(True in solid)}
    assert any("explorer.js" in file for file in loaded) == bool(solid)


@of_all_that_is_framed
def test_icons_are_the_books_own(page: Page, path: str) -> None:
    undrawn = page.evaluate(
        """() => [...document.querySelectorAll("i[class*='fa-'], span[class*='fa-']")]
            .filter((e) => getComputedStyle(e, "::before").maskImage === "none").map((e) => e.className)"""
    )
    assert undrawn == []
    assert not page.evaluate(
        "performance.getEntriesByType('resource').filter((e) => e.name.includes('fontawesome'))"
    )


NAMES = {"Binder", "Colab", "Google Colab", "Jupyter", "JupyterLab"}


@of_all_that_is_framed
def test_every_word_of_the_frame_is_japanese(page: Page, path: str) -> None:
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


@where_figures_are
def test_every_value_of_every_control_redraws(page: Page, path: str) -> None:
    report = page.evaluate(MOVE_EVERYTHING)
    assert report, "つまみが一つもありません"
    assert [row for row in report if row[2] == 0 or row[2] != row[3]] == []


@where_figures_are
def test_drawn_data_is_what_python_returns(page: Page, path: str) -> None:
    figures = figures_of(path)
    shown = page.evaluate("[...document.querySelectorAll('sawaru-explorer')].map((e) => e.id)")
    assert set(shown) == set(figures)
    for name, states in figures.items():
        pictures = page.evaluate(
            """async ([id, states]) => {
                const explorer = document.getElementById(id);
                const plain = (v) => JSON.parse(JSON.stringify(v, (_, x) => ArrayBuffer.isView(x) ? Array.from(x) : x));
                const pictures = [];
                for (const state of states) {
                    for (const [name, index] of Object.entries(state)) explorer.move(explorer.controls.find((c) => c.name === name), index);
                    await explorer.drawing;
                    const plot = explorer.querySelector(".js-plotly-plot");
                    pictures.push({
                        data: plain(plot.data), shapes: plain(plot.layout.shapes ?? []),
                        caption: explorer.querySelector("figcaption").textContent,
                    });
                }
                return pictures;
            }""",
            [name, [at for at, _, _ in states]],
        )
        for (_, state, tree), drawn in zip(states, pictures, strict=True):
            assert_drawn(tree["data"], drawn["data"], state)
            assert_drawn(tree["layout"].get("shapes", []), drawn["shapes"], f"{state} shapes")
            assert drawn["caption"] == caption_of(tree)


@pytest.fixture
def link(page: Page) -> Iterator[Page]:
    """A second tab, for the links."""
    tab = page.context.new_page()
    yield tab
    tab.close()


# Put a figure back as it came from the server: it wakes as on a page that opens at this address.
OPEN_ANEW = """async ([id, url]) => {
    history.replaceState(null, "", url);
    const text = (window.served ??= await (await fetch(location.pathname)).text());
    const served = new DOMParser().parseFromString(text, "text/html");
    scrollTo({ top: 0, behavior: "instant" });
    document.getElementById(id).replaceWith(document.adoptNode(served.getElementById(id)));
}"""


@where_figures_are
def test_a_moved_figure_can_be_linked_to_and_reset(page: Page, link: Page, path: str) -> None:
    *others, last = page.locator("sawaru-explorer:has(input[type=range])").all()
    for explorer in (last, *others):
        slider = explorer.locator("input[type=range]").first
        name = explorer.get_attribute("id")
        first = explorer.locator("figcaption").inner_text()
        slider.focus()
        page.keyboard.press("Home" if slider.input_value() != "0" else "End")
        page.wait_for_url(re.compile(re.escape(f"#{name}?")))
        explorer.evaluate("(e) => e.drawing")
        moved = explorer.locator("figcaption").inner_text()
        value = slider.input_value()
        if explorer is last:  # all figures above it are still to come when the page opens
            link.goto(page.url)
        else:
            link.evaluate(OPEN_ANEW, [name, page.url])
        link.evaluate("(id) => ready(document.getElementById(id))", name)
        there = link.locator(f"#{name}")
        expect(there.locator("figcaption")).to_have_text(moved)
        assert there.locator("input[type=range]").first.input_value() == value
        expect(there).to_be_in_viewport(ratio=0.2)
        explorer.get_by_role("button", name="最初に戻す").click()
        expect(explorer.locator("figcaption")).to_have_text(first)
        page.wait_for_url(lambda url: "?" not in url)


@where_figures_are
def test_keyboard_on_every_control(page: Page, path: str) -> None:
    sliders = page.locator("sawaru-explorer input[type=range]")
    for n in range(sliders.count()):
        slider = sliders.nth(n)
        slider.focus()
        last = slider.get_attribute("max")
        page.keyboard.press("Home")
        assert slider.input_value() == "0"
        page.keyboard.press("ArrowRight")
        assert slider.input_value() == "1"
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("End")
        assert slider.input_value() == last
        assert slider.get_attribute("aria-valuetext")
    boxes = page.locator("sawaru-explorer input[type=checkbox]")
    for n in range(boxes.count()):
        before = boxes.nth(n).is_checked()
        boxes.nth(n).focus()
        page.keyboard.press("Space")
        assert boxes.nth(n).is_checked() != before
    radios = page.locator("sawaru-explorer fieldset")
    for n in range(radios.count()):
        radios.nth(n).locator("input:checked").focus()
        before = radios.nth(n).locator("input:checked").input_value()
        page.keyboard.press("ArrowRight")
        assert radios.nth(n).locator("input:checked").input_value() != before


@where_figures_are
def test_a_scene_keeps_its_distance_and_lets_the_page_scroll(page: Page, path: str) -> None:
    scenes = page.evaluate(EYES)
    assert [(name, far, own) for name, far, own in scenes if far != pytest.approx(own)] == []
    assert_scenes_let_the_page_scroll(page, [name for name, _, _ in scenes])


@of_every_page
def test_axe_finds_no_serious_violation(page: Page, path: str) -> None:
    assert_no_serious_violation(page)


# What surrounds a chapter is the same around every other, and a phone, where all pages are asked in the dark, does not show it.
@pytest.mark.parametrize("path", [CHAPTERS[0], next(p for p in PAGES if p not in WITH_EXPLORERS)])
def test_axe_finds_no_serious_violation_in_the_dark(page: Page, path: str) -> None:
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("Promise.all([...document.querySelectorAll('sawaru-explorer')].map((e) => e.drawing))")
    assert_no_serious_violation(page)
    page.evaluate("document.documentElement.dataset.theme = 'light'")


# Asked last: what was done on the page until here broke the policy nowhere.
@of_all_that_is_framed
def test_no_page_breaks_its_policy(page: Page, path: str) -> None:
    page.keyboard.press("Control+k")
    page.locator("dialog[open] input").fill("学習率")
    expect(page.locator("dialog[open] .book-search__results a").first).to_be_visible(timeout=20 * SECONDS)
    assert page.evaluate("broken") == []
