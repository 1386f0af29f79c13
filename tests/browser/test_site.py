"""The built book as a reader meets it: every explorer on every page, served and from a folder, with no other host."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import random
import re
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT, SITE, Watched, until
from IPython.core.inputtransformer2 import TransformerManager
from playwright.sync_api import Page, expect

from sawaru.explorer.explorer import Explorer
from sawaru.explorer.tree import caption_of, figure_tree

PAGES = sorted(str(p.relative_to(SITE)) for p in (SITE / "book").rglob("*.html"))
WITH_EXPLORERS = [p for p in PAGES if "<sawaru-explorer" in (SITE / p).read_text(encoding="utf-8")]
SECONDS = 1_000


def wake(page: Page) -> None:
    """Bring every explorer into view once and wait until it is drawn."""
    for n in range(page.locator("sawaru-explorer").count()):
        explorer = page.locator("sawaru-explorer").nth(n)
        explorer.scroll_into_view_if_needed()
        expect(explorer).to_have_attribute("data-state", "ready", timeout=30 * SECONDS)
        explorer.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")


def clean(watched: Watched) -> None:
    assert watched.elsewhere == []
    assert watched.complaints == []


@pytest.mark.parametrize("path", PAGES)
def test_page_is_quiet_and_stays_here(visit: Any, path: str) -> None:
    watched = visit(path)
    wake(watched.page)
    clean(watched)
    prose = watched.page.evaluate(
        """() => {
            const article = document.querySelector("article").cloneNode(true);
            for (const e of article.querySelectorAll("pre, code, .math, .katex, sawaru-explorer")) e.remove();
            return article.textContent;
        }"""
    )
    assert "**" not in prose


@pytest.mark.parametrize("path", PAGES)
def test_page_works_from_a_folder(visit: Any, path: str) -> None:
    watched = visit(path, origin=SITE.as_uri() + "/")
    wake(watched.page)
    clean(watched)


@pytest.mark.parametrize("path", WITH_EXPLORERS)
def test_every_value_of_every_control_redraws(visit: Any, path: str) -> None:
    watched = visit(path)
    wake(watched.page)
    report = watched.page.evaluate(
        """async () => {
            const report = [];
            const drawnBy = (explorer, act) => new Promise((resolve) => {
                const done = (event) => { clearTimeout(late); resolve(event.detail.ms); };
                const late = setTimeout(() => { explorer.removeEventListener("sawaru:drawn", done); resolve(null); }, 5000);
                explorer.addEventListener("sawaru:drawn", done, { once: true });
                act();
            });
            for (const explorer of document.querySelectorAll("sawaru-explorer")) {
                const groups = {};
                for (const input of explorer.querySelectorAll("[data-control]")) (groups[input.dataset.control] ??= []).push(input);
                for (const [name, inputs] of Object.entries(groups)) {
                    const [input] = inputs;
                    const send = (target) => target.dispatchEvent(new Event("input", { bubbles: true }));
                    let acts;
                    if (input.type === "radio") acts = inputs.filter((i) => !i.checked).map((i) => () => { i.checked = true; send(i); });
                    else if (input.type === "checkbox") acts = [1, 2].map(() => () => { input.checked = !input.checked; send(input); });
                    else {
                        const n = input.type === "range" ? Number(input.max) + 1 : input.options.length;
                        const others = [...Array(n).keys()].filter((i) => i !== Number(input.value));
                        acts = others.map((i) => () => { input.value = i; send(input); });
                    }
                    let drawn = 0;
                    for (const act of acts) if ((await drawnBy(explorer, act)) !== null) drawn++;
                    report.push([explorer.id, name, acts.length, drawn]);
                    await drawnBy(explorer, () => explorer.querySelector(".sawaru-reset").click());
                }
            }
            return report;
        }"""
    )
    assert report, "つまみが一つもありません"
    assert [row for row in report if row[2] == 0 or row[2] != row[3]] == []
    clean(watched)


WITH_CHOICES = [p for p in PAGES if 'class="choice' in (SITE / p).read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", WITH_CHOICES)
def test_a_choice_opens_to_its_reason_and_closes_the_others(visit: Any, path: str) -> None:
    page = visit(path, width=390).page
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
    assert page.locator("text=progress(").count() == 0, "ページでは判定できないので、進み具合は出しません"


def explorers_of(path: str) -> dict[str, Explorer]:
    """Run the chapter's cells here and collect its explorers."""
    source = ROOT / path.replace(".html", ".ipynb")
    if not source.exists():
        source = ROOT / path.replace(".html", ".md")
        cells = re.findall(
            r"^```\{code-cell\}.*?\n(.*?)^```", source.read_text(encoding="utf-8"), flags=re.M | re.S
        )
        cells = [
            re.sub(r"\A(:.*\n)+|\A---\n.*?\n---\n", "", cell, flags=re.S if cell.startswith("---") else 0)
            for cell in cells
        ]
    else:
        cells = [c.source for c in nbformat.read(source, 4).cells if c.cell_type == "code"]
    namespace: dict[str, Any] = {"__name__": "chapter"}
    os.environ.pop("SAWARU_SNAPSHOT", None)
    torch.set_default_dtype(torch.float32)  # a kernel of its own would start so; chapters may choose another
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells:
            exec(compile(TransformerManager().transform_cell(cell), source.name, "exec"), namespace)
    return {v.name: v for v in namespace.values() if isinstance(v, Explorer)}


def assert_drawn(real: Any, drawn: Any, where: str) -> None:
    if isinstance(real, np.ndarray):
        got = np.array(drawn, dtype=float)
        values = np.where(np.isfinite(real.astype(float)), real, np.nan).astype(float)
        assert got.shape == values.shape, where
        finite = values[np.isfinite(values)]
        spread = finite.max() - finite.min() if finite.size else 0.0
        assert np.allclose(got, values, rtol=1e-4, atol=1e-4 * spread, equal_nan=True), where
    elif isinstance(real, dict):
        for key, value in real.items():
            assert key in drawn, f"{where}.{key}"
            assert_drawn(value, drawn[key], f"{where}.{key}")
    elif isinstance(real, list):
        assert len(real) == len(drawn), where
        for i, value in enumerate(real):
            assert_drawn(value, drawn[i], f"{where}.{i}")
    elif isinstance(real, float) and drawn is not None:
        assert drawn == pytest.approx(real, rel=1e-6), where
    elif not (isinstance(real, float) and not np.isfinite(real)):
        assert real == drawn, where


@pytest.mark.parametrize("path", WITH_EXPLORERS)
def test_drawn_data_is_what_python_returns(visit: Any, path: str) -> None:
    watched = visit(path)
    page: Page = watched.page
    wake(page)
    explorers = explorers_of(path)
    shown = page.evaluate("[...document.querySelectorAll('sawaru-explorer')].map((e) => e.id)")
    assert set(shown) == set(explorers)
    choose = random.Random(path)
    for name, explorer in explorers.items():
        controls = [c for c in explorer.controls if c.kind != "fixed"]
        corners = [tuple(0 for _ in controls), tuple(len(c.values) - 1 for c in controls)]
        sampled = [tuple(choose.randrange(len(c.values)) for c in controls) for _ in range(5)]
        for state in dict.fromkeys(corners + sampled if controls else [()]):
            drawn = page.evaluate(
                """async ([id, state]) => {
                    const explorer = document.getElementById(id);
                    for (const [name, index] of state) explorer.move(explorer.controls.find((c) => c.name === name), index);
                    await new Promise((done) => setTimeout(done, 60));
                    await explorer.redraw();
                    const plot = explorer.querySelector(".js-plotly-plot");
                    const plain = (v) => JSON.parse(JSON.stringify(v, (_, x) => ArrayBuffer.isView(x) ? Array.from(x) : x));
                    return { data: plain(plot.data), shapes: plain(plot.layout.shapes ?? []), caption: explorer.querySelector("figcaption").textContent };
                }""",
                [name, [[c.name, i] for c, i in zip(controls, state, strict=True)]],
            )
            values = {c.name: c.values[i] for c, i in zip(controls, state, strict=True)}
            tree = figure_tree(explorer.figure(**values))
            assert_drawn(tree["data"], drawn["data"], f"{name} {values}")
            assert_drawn(tree["layout"].get("shapes", []), drawn["shapes"], f"{name} {values} shapes")
            assert drawn["caption"] == caption_of(tree)


# Up to eight values of every control: how many moves took the quick road, and which of them Plotly.react would draw otherwise.
BOTH_ROADS = """async (id) => {
    const explorer = document.getElementById(id);
    const style = (text) => text.split(/;\\s*/).sort().join(";");
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


@pytest.mark.parametrize("path", WITH_EXPLORERS)
def test_the_quick_road_draws_what_plotly_draws(visit: Any, path: str) -> None:
    page: Page = visit(path, width=390, theme="dark").page
    wake(page)
    quick = 0
    for name in page.evaluate("[...document.querySelectorAll('sawaru-explorer')].map((e) => e.id)"):
        page.locator(f"#{name}").scroll_into_view_if_needed()
        moves, otherwise = page.evaluate(BOTH_ROADS, name)
        assert otherwise == [], name
        quick += moves
    assert quick > 0, "数だけが変わる動きが、一つもありません"


@pytest.mark.parametrize("path", WITH_EXPLORERS)
def test_a_moved_figure_can_be_linked_to_and_reset(visit: Any, path: str) -> None:
    page: Page = visit(path).page
    wake(page)
    for n in range(page.locator("sawaru-explorer").count()):
        explorer = page.locator("sawaru-explorer").nth(n)
        slider = explorer.locator("input[type=range]").first
        if slider.count() == 0:
            continue
        name = explorer.get_attribute("id")
        first = explorer.locator("figcaption").inner_text()
        slider.focus()
        page.keyboard.press("Home" if slider.input_value() != "0" else "End")
        page.wait_for_url(re.compile(re.escape(f"#{name}?")))
        explorer.evaluate("(e) => e.drawing")
        moved = explorer.locator("figcaption").inner_text()
        value = slider.input_value()
        linked: Page = visit(path + page.url[page.url.index("#") :]).page
        there = linked.locator(f"#{name}")
        expect(there).to_have_attribute("data-state", "ready", timeout=20 * SECONDS)
        expect(there.locator("figcaption")).to_have_text(moved)
        assert there.locator("input[type=range]").first.input_value() == value
        expect(there).to_be_in_viewport(ratio=0.2)
        linked.close()
        explorer.get_by_role("button", name="最初に戻す").click()
        expect(explorer.locator("figcaption")).to_have_text(first)
        page.wait_for_url(lambda url: "?" not in url)


def test_a_broken_link_shows_the_first_state(visit: Any) -> None:
    path = WITH_EXPLORERS[0]
    watched = visit(path)
    name = watched.page.locator("sawaru-explorer").first.get_attribute("id")
    first = watched.page.locator("sawaru-explorer figcaption").first.inner_text()
    broken = visit(f"{path}#{name}?nothing=1&%E0%A4%A=2")
    wake(broken.page)
    expect(broken.page.locator(f"#{name} figcaption")).to_have_text(first)
    clean(broken)


@pytest.mark.parametrize("path", WITH_EXPLORERS)
def test_keyboard_on_every_control(visit: Any, path: str) -> None:
    page: Page = visit(path).page
    wake(page)
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


def test_play_runs_to_the_end_and_space_stops_it(visit: Any) -> None:
    path = next(p for p in WITH_EXPLORERS if "sawaru-play" in (SITE / p).read_text(encoding="utf-8"))
    page: Page = visit(path).page
    wake(page)
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
    page.wait_for_timeout(400)
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
    page: Page = visit(WITH_EXPLORERS[0]).page
    wake(page)
    page.locator("sawaru-explorer").first.scroll_into_view_if_needed()
    label = page.locator(".js-plotly-plot .xtick text").first
    light = label.evaluate("(e) => getComputedStyle(e).fill")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(label).not_to_have_css("fill", light)
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    expect(label).to_have_css("fill", light)


@pytest.mark.parametrize(("path", "theme"), list(itertools.product(PAGES, ("light", "dark"))))
def test_a_phone_shows_everything(visit: Any, path: str, theme: str) -> None:
    watched = visit(path, width=390, theme=theme, has_touch=True)
    wake(watched.page)
    wide = watched.page.evaluate(
        """() => [...document.querySelectorAll("article *")].filter((e) => {
            const box = e.getBoundingClientRect();
            if (box.right <= innerWidth + 1 || !box.width) return false;
            for (let p = e.parentElement; p; p = p.parentElement)
                if (["auto", "scroll", "hidden"].includes(getComputedStyle(p).overflowX)) return false;
            return true;
        }).map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 391


@pytest.mark.parametrize(("path", "theme"), list(itertools.product(PAGES, ("light", "dark"))))
def test_axe_finds_no_serious_violation(visit: Any, path: str, theme: str) -> None:
    page: Page = visit(path, theme=theme).page
    wake(page)
    # A colour on its way from one theme to the other is no colour of the page.
    page.evaluate("Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {})))")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    told = [
        f"{v['id']}: {v['help']}\n  " + "\n  ".join(n["html"][:160] for n in v["nodes"][:4]) for v in serious
    ]
    assert told == [], "\n".join(told)


def test_without_javascript_a_sentence_and_the_description(visit: Any) -> None:
    page: Page = visit(WITH_EXPLORERS[0], java_script_enabled=False).page
    sentence = page.locator("sawaru-explorer noscript p").first
    expect(sentence).to_be_visible()
    assert "JavaScript が要ります" in sentence.inner_text()
    assert (
        page.locator("sawaru-explorer").first.get_attribute("data-description") or "?"
    ) in sentence.inner_text()


def has_scene(path: str) -> bool:
    return "loss_landscape" in path


def test_plotly_is_loaded_once_and_only_where_needed(visit: Any) -> None:
    watched = visit(next(p for p in WITH_EXPLORERS if not has_scene(p)))
    wake(watched.page)
    sizes = watched.page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    assert len([s for s in sizes if "plotly-cartesian" in s]) == 1
    assert not [s for s in sizes if "gl3d" in s]
    plain = next(p for p in PAGES if p not in WITH_EXPLORERS)
    names = visit(plain).page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    assert not [s for s in names if "plotly" in s or "explorer.js" in s]


@pytest.mark.parametrize("path", [p for p in WITH_EXPLORERS if has_scene(p)])
def test_a_scene_fits_a_phone_and_lets_the_page_scroll(visit: Any, path: str) -> None:
    eye = "(e) => Math.hypot(...Object.values(e.querySelector('.js-plotly-plot').layout.scene.camera.eye))"
    far = {}
    for width in (1280, 390):
        page = visit(path, width=width).page
        explorer = page.locator("sawaru-explorer#landscape")
        explorer.scroll_into_view_if_needed()
        expect(explorer).to_have_attribute("data-state", "ready", timeout=30 * SECONDS)
        far[width] = explorer.evaluate(eye)
        explorer.locator(".js-plotly-plot").hover()
        before = page.evaluate("scrollY")
        page.mouse.wheel(0, 300)
        until(page, lambda page=page, before=before: page.evaluate("scrollY") > before)
        loaded = page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
        assert len([name for name in loaded if "plotly-gl3d" in name]) == 1
    assert far[390] > 1.2 * far[1280]


def test_snapshots_are_within_their_caps() -> None:
    medians = []
    for path in WITH_EXPLORERS:
        sizes = [int(n) for n in re.findall(r'data-bytes="(\d+)"', (SITE / path).read_text(encoding="utf-8"))]
        assert max(sizes) <= 500_000 and sum(sizes) <= 1_500_000, (path, sizes)
        medians += sizes
    assert np.median(medians) <= 100_000, json.dumps(medians)
