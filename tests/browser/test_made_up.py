"""Pages made up for the purpose: thirty explorers on one, and explorers that hold any text, under the book's own policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets as widgets
import plotly.graph_objects as go
import pytest
from conftest import Watched, until
from playwright.sync_api import Browser, Page, expect
from servers import served
from test_text import HOSTILE
from thirty import waves, write

from sawaru.explorer.controls import declare
from sawaru.explorer.explorer import Explorer
from sawaru.explorer.text import literal
from sawaru.figure import figure, panels

SECONDS = 1_000


@pytest.fixture(scope="module")
def thirty(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A page of thirty explorers, every third with plots side by side."""
    folder = tmp_path_factory.mktemp("thirty")
    write(folder, *map(waves, range(30)))
    with served(folder) as address:
        yield address


@pytest.fixture
def visit(browser: Browser) -> Any:
    contexts = []

    def open_page(address: str, width: int = 1280) -> Watched:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, locale="ja-JP"))
        watched = Watched(contexts[-1].new_page(), address)
        watched.page.goto(address)
        return watched

    yield open_page
    for context in contexts:
        context.close()


# After these nothing more is on its way: every figure knows its states, and no figure is being drawn.
ALL_PREPARED = "[...document.querySelectorAll('sawaru-explorer')].every((e) => e.figureAt)"
ALL_DRAWN = """async () => {
    for (const explorer of document.querySelectorAll("sawaru-explorer")) await explorer.drawing;
    await settle();
}"""


def ready(tab: Page) -> int:
    return tab.locator("sawaru-explorer[data-state=ready]").count()


@pytest.mark.parametrize("width", [1280, 390])
def test_thirty_explorers_wake_when_near_and_the_page_stands_still(
    thirty: str, visit: Any, width: int
) -> None:
    watched = visit(thirty, width)
    tab: Page = watched.page
    expect(tab.locator("sawaru-explorer").first).to_have_attribute(
        "data-state", "ready", timeout=30 * SECONDS
    )
    until(tab, lambda: tab.evaluate(ALL_PREPARED))
    tab.evaluate("settle()")
    assert 1 <= ready(tab) <= 6
    height = tab.evaluate("document.documentElement.scrollHeight")
    tab.evaluate("document.querySelectorAll('sawaru-explorer')[15].scrollIntoView()")
    expect(tab.locator("sawaru-explorer").nth(15)).to_have_attribute(
        "data-state", "ready", timeout=10 * SECONDS
    )
    assert tab.locator("sawaru-explorer").nth(8).get_attribute("data-state") == "loading"
    for n in range(30):
        tab.locator("sawaru-explorer").nth(n).scroll_into_view_if_needed()
        expect(tab.locator("sawaru-explorer").nth(n)).to_have_attribute(
            "data-state", "ready", timeout=10 * SECONDS
        )
    tab.evaluate("settle()")
    assert tab.evaluate("shift") <= 0.01
    assert tab.evaluate("document.documentElement.scrollHeight") == pytest.approx(height, abs=2)
    assert watched.complaints == []


def test_only_what_is_seen_is_drawn_anew(thirty: str, visit: Any) -> None:
    tab: Page = visit(thirty).page
    for n in range(30):
        tab.locator("sawaru-explorer").nth(n).scroll_into_view_if_needed()
    expect(tab.locator("sawaru-explorer[data-state=ready]")).to_have_count(30, timeout=30 * SECONDS)
    tab.evaluate(ALL_DRAWN)
    tab.evaluate("drawn.length = 0; document.documentElement.dataset.theme = 'dark'")
    until(tab, lambda: tab.evaluate("drawn.length") >= 1)
    tab.evaluate(ALL_DRAWN)
    assert tab.evaluate("drawn.length") <= 6, "配色を変えて描き直すのは、見えている図だけです"
    colour = (
        tab.locator("sawaru-explorer")
        .nth(29)
        .locator(".xtick text")
        .first.evaluate("(e) => getComputedStyle(e).fill")
    )
    tab.evaluate("scrollTo(0, 0)")
    again = tab.locator("sawaru-explorer").first.locator(".xtick text").first
    expect(again, "戻ってきた図も新しい配色になります").to_have_css("fill", colour)


def hostile(n: int, text: str, kind: str) -> Explorer:
    def word(text: str) -> go.Figure:
        """言葉の図"""
        fig = figure(title=f"「{literal(text)}」と {text}", x=text)
        fig.add_bar(x=[text, literal(text)], y=[1, 2], hovertext=text, name=text)
        fig.add_annotation(x=0, y=1, text=text)
        return fig

    word.__name__ = f"word{n}"
    control = (
        widgets.Text(value=text) if kind == "text" else widgets.Combobox(value="普通", options=["普通", text])
    )
    return Explorer(word, [declare(word, {"text": control})])


@pytest.mark.parametrize("kind", ["text", "combobox"])
def test_any_text_is_shown_as_text(visit: Any, tmp_path: Path, kind: str) -> None:
    write(tmp_path, *(hostile(n, text, kind) for n, text in enumerate(HOSTILE.values())))
    with served(tmp_path) as address:
        watched = visit(address, 390)
        tab: Page = watched.page
        tab.evaluate("window.hits = 0; window.hit = () => hits++; null")
        for n, (name, text) in enumerate(HOSTILE.items()):
            explorer = tab.locator("sawaru-explorer").nth(n)
            explorer.scroll_into_view_if_needed()
            expect(explorer).to_have_attribute("data-state", "ready", timeout=30 * SECONDS)
            if kind == "combobox":
                explorer.locator("select").select_option(index=1)
            if name not in ("NUL", "half a character"):
                expect(explorer.locator("figcaption")).to_have_text(
                    f"「{text}」と {text}", use_inner_text=False
                )
        tab.wait_for_timeout(SECONDS / 2)  # nothing may happen
        assert tab.evaluate("hits") == 0
        assert tab.locator("sawaru-explorer :is(img, iframe, script:not([type]))").count() == 0
        assert tab.evaluate("document.documentElement.scrollWidth") <= 391
        assert watched.complaints == [] and watched.elsewhere == []


def climber() -> Explorer:
    def climber(k: int) -> go.Figure:
        """登る点と、その高さの棒"""
        fig = panels("点", "棒", title=f"高さ {k}")
        fig.add_scatter(x=[1, 2], y=[1, k], mode="markers", marker_size=14, customdata=[0, 10 * k],
                        hovertemplate="高さ %{y}、十倍 %{customdata}<extra></extra>")  # fmt: skip
        fig.add_bar(x=[1, 2], y=[1, k], row=1, col=2)
        fig.add_bar(x=[1, 2], y=[2, 2], row=1, col=2)
        fig.update_xaxes(range=[0, 3])
        fig.update_yaxes(range=[0, 9])
        return fig.update_layout(barmode="stack", showlegend=False)

    return Explorer(climber, [declare(climber, {"k": (2, 6)})])


def test_a_label_on_hover_tells_the_numbers_of_now(visit: Any, tmp_path: Path) -> None:
    write(tmp_path, climber())
    with served(tmp_path) as address:
        tab: Page = visit(address).page
        expect(tab.locator("sawaru-explorer")).to_have_attribute("data-state", "ready", timeout=30 * SECONDS)
        layout = tab.evaluate_handle("document.querySelector('.js-plotly-plot')._fullLayout")
        tab.locator("input").first.focus()
        tab.keyboard.press("End")
        expect(tab.locator("figcaption")).to_have_text("高さ 6")
        tab.evaluate(ALL_DRAWN)
        assert tab.evaluate(
            "(before) => document.querySelector('.js-plotly-plot')._fullLayout === before", layout
        )
        point = tab.locator(".scatterlayer .point").nth(1).bounding_box()
        assert point
        middle = (point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
        tab.mouse.move(*middle)
        expect(tab.locator(".hoverlayer text")).to_have_text("高さ 6、十倍 60")
        tab.keyboard.press("ArrowLeft")
        expect(tab.locator(".hoverlayer text")).to_have_count(0, timeout=5 * SECONDS)


def test_a_figure_that_was_moved_follows_its_width_and_theme(visit: Any, tmp_path: Path) -> None:
    write(tmp_path, climber())
    with served(tmp_path) as address:
        tab: Page = visit(address).page
        expect(tab.locator("sawaru-explorer")).to_have_attribute("data-state", "ready", timeout=30 * SECONDS)
        label = tab.locator(".xtick text").first
        light = label.evaluate("(e) => getComputedStyle(e).fill")
        tab.locator("input").first.focus()
        tab.keyboard.press("End")
        tab.set_viewport_size({"width": 420, "height": 900})
        tab.evaluate("document.documentElement.dataset.theme = 'dark'")
        expect(label).not_to_have_css("fill", light)
        until(tab, lambda: tab.locator(".main-svg").first.bounding_box()["width"] < 420)
        tab.evaluate("document.documentElement.dataset.theme = 'light'")
        expect(label).to_have_css("fill", light)
