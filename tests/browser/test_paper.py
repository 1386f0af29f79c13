"""Every page printed by a reader who has not yet seen its figures and prefers the dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from built import PAGES, WITH_EXPLORERS
from playwright.sync_api import Page


@pytest.fixture
def page(look: Any, site: str, path: str) -> Page:
    return look(site, path, lambda watched: None, width=1280, theme="dark").page


@pytest.mark.parametrize("path", WITH_EXPLORERS)
def test_paper_shows_every_figure_in_its_state(page: Page, path: str, tmp_path: Path) -> None:
    page.evaluate(
        """async () => {
            const printed = new Promise((done) => (window.print = done));
            document.querySelector("[data-print]").click();
            await printed;
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
def test_nothing_is_wider_than_the_paper(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 718, "height": 900})  # A4 between Chromium's margins
    page.emulate_media(media="print")
    wide = page.evaluate(
        """() => [...document.querySelectorAll("article *")].filter((e) => e.checkVisibility()
            && !e.closest(".katex-mathml, svg, sawaru-explorer figure") && e.getBoundingClientRect().right > innerWidth + 1)
            .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1280, "height": 900})
