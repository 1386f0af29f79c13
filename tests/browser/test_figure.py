"""What a figure of the site does by itself: one page each answers for all, since every figure runs the same script."""

from __future__ import annotations

from typing import Any

from built import WITH_EXPLORERS, html
from conftest import Watched
from playwright.sync_api import Page, expect


def test_a_broken_link_shows_the_first_state(visit: Any) -> None:
    path = WITH_EXPLORERS[0]
    watched = visit(path)
    name = watched.page.locator("sawaru-explorer").first.get_attribute("id")
    first = watched.page.locator("sawaru-explorer figcaption").first.inner_text()
    broken = visit(f"{path}#{name}?nothing=1&%E0%A4%A=2")
    broken.wake()
    expect(broken.page.locator(f"#{name} figcaption")).to_have_text(first)
    broken.assert_clean()


def test_play_runs_to_the_end_and_space_stops_it(visit: Any) -> None:
    path = next(p for p in WITH_EXPLORERS if "sawaru-play" in html(p))
    watched: Watched = visit(path)
    watched.wake()
    page: Page = watched.page
    explorer = page.locator("sawaru-explorer:has(.sawaru-play)").first
    slider = explorer.locator(".sawaru-play + input")
    explorer.get_by_label("再生の速さ").select_option("4")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(explorer.get_by_role("button", name="一時停止")).to_be_visible()
    expect(slider).not_to_have_value("0")
    page.keyboard.press("Space")
    stopped = int(slider.input_value())
    page.wait_for_timeout(400)  # nothing may happen
    assert int(slider.input_value()) == stopped
    explorer.get_by_role("button", name="一つ進む").click()
    assert int(slider.input_value()) == stopped + 1 or stopped == int(slider.get_attribute("max") or 0)
    explorer.get_by_role("button", name="一つ戻る").click()
    page.keyboard.press("Tab")
    slider.focus()
    page.keyboard.press("End")
    last = slider.input_value()
    explorer.get_by_role("button", name="再生").click()
    expect(slider, "終わりからは最初に戻って始まります").not_to_have_value(last)


def test_the_figure_follows_the_theme_switch_at_once(visit: Any) -> None:
    watched: Watched = visit(WITH_EXPLORERS[0])
    watched.wake()
    page: Page = watched.page
    page.locator("sawaru-explorer").first.scroll_into_view_if_needed()
    label = page.locator(".js-plotly-plot .xtick text").first
    light = label.evaluate("(e) => getComputedStyle(e).fill")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(label).not_to_have_css("fill", light)
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    expect(label).to_have_css("fill", light)


def test_without_javascript_a_sentence_and_the_description(visit: Any) -> None:
    page: Page = visit(WITH_EXPLORERS[0], java_script_enabled=False).page
    sentence = page.locator("sawaru-explorer noscript p").first
    expect(sentence).to_be_visible()
    assert "JavaScript が要ります" in sentence.inner_text()
    assert (
        page.locator("sawaru-explorer").first.get_attribute("data-description") or "?"
    ) in sentence.inner_text()
