"""Every page as a reader on a phone meets it: narrow, dark, touched; open for all of these questions."""

from __future__ import annotations

from typing import Any

import pytest
from built import PAGES, WITH_CHOICES, WITH_EXPLORERS
from conftest import Watched
from playwright.sync_api import Page, expect
from questions import (
    EYES,
    assert_light_and_still,
    assert_no_serious_violation,
    assert_nothing_sticks_out,
    assert_scenes_let_the_page_scroll,
)

of_every_page = pytest.mark.parametrize("path", PAGES)
where_figures_are = pytest.mark.parametrize("path", WITH_EXPLORERS)


@pytest.fixture
def phone(look: Any, site: str, path: str) -> Watched:
    return look(site, path, Watched.wake, width=390, theme="dark", has_touch=True)


@pytest.fixture
def page(phone: Watched) -> Page:
    return phone.page


@of_every_page
def test_a_first_visit_is_light_and_nothing_jumps(phone: Watched, path: str) -> None:
    assert_light_and_still(phone, path)


@of_every_page
def test_page_is_quiet_and_stays_here(phone: Watched, path: str) -> None:
    assert phone.on_arrival == []


@of_every_page
def test_a_phone_shows_everything(page: Page, path: str) -> None:
    assert_nothing_sticks_out(page)


# Up to eight values of every control: how many moves took the quick road, and which of them Plotly.react would draw otherwise.
BOTH_ROADS = """async (id) => {
    const explorer = document.getElementById(id);
    const style = (text) => {
        const parts = text.split(/;\\s*/).sort();
        const edge = !parts.includes("stroke-width: 0px"); // without one, its colour is whatever the element had before
        return parts.filter((part) => edge || !/^stroke(-opacity)?:/.test(part)).join(";");
    };
    const drawing = () => [...explorer.plot.querySelectorAll(".main-svg")].map((svg) => svg.outerHTML).join("")
        .replace(/ style="([^"]*)"/g, (_, text) => ` style="${style(text)}"`)
        .replace(/\\d+\\.\\d{4,}/g, (number) => Number(number).toFixed(3));
    const whole = () => { explorer.plot.shown = null; return explorer.redraw(); };
    let quick = 0;
    const otherwise = [];
    for (let last = ""; last !== drawing(); ) { last = drawing(); await whole(); } // until labels have pushed out the margins
    for (const control of explorer.controls) {
        const stride = Math.ceil(control.texts.length / 8);
        for (let index = 0; index < control.texts.length; index += stride) {
            if (index === explorer.index[control.name]) continue;
            const layout = explorer.plot._fullLayout;
            explorer.move(control, index);
            await explorer.drawing;
            if (explorer.plot._fullLayout !== layout) { await whole(); continue; }
            quick++;
            const drawn = drawing();
            await whole();
            if (drawn !== drawing()) otherwise.push(`${control.name} ${control.texts[index]}`);
        }
    }
    return [quick, otherwise];
}"""


@where_figures_are
def test_the_quick_road_draws_what_plotly_draws(page: Page, path: str) -> None:
    quick = 0
    for name in page.evaluate("[...document.querySelectorAll('sawaru-explorer')].map((e) => e.id)"):
        page.locator(f"#{name}").scroll_into_view_if_needed()
        moves, otherwise = page.evaluate(BOTH_ROADS, name)
        assert otherwise == [], name
        quick += moves
    assert quick > 0, "数だけが変わる動きが、一つもありません"


@pytest.mark.parametrize("path", WITH_CHOICES)
def test_a_choice_opens_to_its_reason_and_closes_the_others(page: Page, path: str) -> None:
    choices = page.locator("details.choice")
    names = {choices.nth(n).get_attribute("name") for n in range(choices.count())}
    assert len(names) >= 2
    edges = set()
    for n in range(choices.count()):
        choice = choices.nth(n)
        choice.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(choice).to_have_attribute("open", "")
        name = choice.get_attribute("name")
        assert page.locator(f"details.choice[name='{name}'][open]").count() == 1
        right = "right" in (choice.get_attribute("class") or "")
        assert ("正解：" if right else "もう少し：") in choice.inner_text()
        edges.add((right, choice.evaluate("e => getComputedStyle(e).boxShadow")))
    assert len(edges) == 2, "正解とそれ以外は、色でも分かります"


@where_figures_are
def test_a_scene_steps_back_and_lets_the_page_scroll(page: Page, path: str) -> None:
    scenes = page.evaluate(EYES)
    assert [(name, far, own) for name, far, own in scenes if far <= 1.2 * own] == []
    assert_scenes_let_the_page_scroll(page, [name for name, _, _ in scenes])


@of_every_page
def test_axe_finds_no_serious_violation(page: Page, path: str) -> None:
    assert_no_serious_violation(page)
