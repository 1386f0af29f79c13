"""Three chapters as a reader with Firefox meets them: each is opened once on the wide screen, and asked everything."""

from __future__ import annotations

import base64
import re
import time
import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np
import pypdfium2
import pytest
from bidi import Firefox, Page
from built import MOVE_EVERYTHING, SITE, html
from test_snapshot import unpack

SCENES = "book/theory/loss_landscape.html"
CHAPTERS = [SCENES, "book/language/attention.html", "book/basics/pytorch.html"]  # in 3-D, words, many states


def woken(page: Page) -> list[Any]:
    """Bring every figure into view until it is drawn: [name, state, whether anything is drawn]."""
    for name in page.run("() => [...document.querySelectorAll('sawaru-explorer')].map((e) => e.id)"):
        page.run(f"() => {name}.scrollIntoView({{ block: 'center' }})")
        page.until(f"() => {name}.dataset.state !== 'loading'")
    return page.run(  # type: ignore[no-any-return]
        """() => [...document.querySelectorAll("sawaru-explorer")]
            .map((e) => [e.id, e.dataset.state, e.querySelectorAll(".js-plotly-plot .main-svg").length > 0])"""
    )


@pytest.fixture(scope="module", params=CHAPTERS)
def chapter(request: pytest.FixtureRequest, browser: Firefox, site: str) -> Iterator[tuple[Page, str]]:
    """(the chapter's open page, its path)"""
    page = Page(browser, site + request.param)
    woken(page)
    yield page, request.param
    page.close()


def names(path: str) -> list[str]:
    return re.findall(r'<sawaru-explorer id="([^"]+)"', html(path))


def tables(path: str) -> dict[str, Any]:
    """Name → what the page carries for it: the states of each group, as figures."""
    packed = re.findall(r'class="sawaru-table">([^<]+)<', html(path))
    return dict(zip(names(path), (unpack(base64.b64decode(table)) for table in packed), strict=True))


def test_every_figure_is_drawn(chapter: tuple[Page, str]) -> None:
    page, path = chapter
    assert woken(page) == [[name, "ready", True] for name in names(path)]


def test_formulas_are_drawn(chapter: tuple[Page, str]) -> None:
    page, _ = chapter
    drawn, all_, wide = page.run(
        """() => [
            document.querySelectorAll(".math > .katex, .math > .katex-display").length,
            document.querySelectorAll(".math").length,
            [...document.querySelectorAll(".math .katex-html")].filter((e) => e.getBoundingClientRect().width > 0).length,
        ]"""
    )
    assert drawn == all_ == wide > 0


def test_every_value_of_every_control_redraws(chapter: tuple[Page, str]) -> None:
    page, _ = chapter
    report = page.run(MOVE_EVERYTHING)
    assert report and [row for row in report if row[2] == 0 or row[2] != row[3]] == []


def plain(value: Any) -> Any:
    """As JSON would bring it back from the page."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def within(part: Any, whole: Any) -> bool:
    """Whether `whole` says all that `part` says; Plotly may have added keys."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(k in whole and within(v, whole[k]) for k, v in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(within, part, whole))
    return bool(part == whole)


def test_what_is_drawn_is_what_the_table_says(chapter: tuple[Page, str]) -> None:
    page, path = chapter
    for name, groups in tables(path).items():
        for g, states in enumerate(groups):
            for state in sorted({0, len(states) // 2, len(states) - 1}):
                drawn = page.run(
                    """async (id, group, state) => {
                        const explorer = document.getElementById(id);
                        for (const control of explorer.controls) explorer.move(control, control.default);
                        for (const control of [...(explorer.spec[group] ?? [])].reverse()) {
                            explorer.move(control, state % control.texts.length);
                            state = Math.floor(state / control.texts.length);
                        }
                        await explorer.redraw();
                        const { data, layout } = explorer.querySelector(".js-plotly-plot");
                        const list = (_, v) => (ArrayBuffer.isView(v) ? Array.from(v) : v);
                        return JSON.parse(JSON.stringify({ data, shapes: layout.shapes ?? [] }, list));
                    }""",
                    *(name, g, state),
                )
                figure = plain(states[state])
                assert within(figure["data"], drawn["data"]), f"{name} {g} {state}"
                assert within(figure["layout"].get("shapes", []), drawn["shapes"]), f"{name} {g} {state}"


def test_choices_open_one_at_a_time(chapter: tuple[Page, str]) -> None:
    page, _ = chapter
    opened = page.run(
        """async () => {
            const report = [];
            for (const choice of document.querySelectorAll("details.choice")) {
                choice.querySelector("summary").click();
                await new Promise((done) => setTimeout(done));
                const open = document.querySelectorAll(`details.choice[name="${choice.name}"][open]`).length;
                report.push([choice.open, open, /正解：|もう少し：/.test(choice.innerText)]);
            }
            return report;
        }"""
    )
    assert opened and {tuple(choice) for choice in opened} == {(True, 1, True)}


def test_a_moved_figure_can_be_linked_to_and_reset(chapter: tuple[Page, str]) -> None:
    page, _ = chapter
    page.run(
        """() => {
            window.figure = [...document.querySelectorAll("sawaru-explorer")].find((e) => e.querySelector("input[type=range]"));
            window.slider = figure.querySelector("input[type=range]");
            window.reset = () => figure.querySelector(".sawaru-reset").click();
            window.state = async () => { await figure.drawing; return [slider.value, figure.querySelector("figcaption").textContent]; };
            reset();
        }"""
    )
    page.until("() => !location.hash.includes('=')")
    first = page.run("() => state()")
    page.run(
        """() => {
            slider.value = slider.value === slider.max ? 0 : slider.max;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    page.until("() => location.hash.includes('=')")
    moved, link = page.run("() => state()"), page.run("() => location.hash")
    assert moved != first
    page.run("() => reset()")
    page.until("() => !location.hash.includes('=')")
    assert page.run("() => state()") == first
    page.run("(link) => { location.hash = link; }", link)
    page.until("() => slider.value !== slider.defaultValue")
    assert page.run("() => state()") == moved
    page.run("() => reset()")


def test_paper_is_drawn_before_the_event_ends(chapter: tuple[Page, str]) -> None:
    """Firefox copies the page as soon as the listeners of `beforeprint` have returned."""
    page, path = chapter
    on_paper, after = page.run(
        """async () => {
            const { dataset } = document.documentElement;
            const light = dataset.theme;
            dataset.theme = "dark";
            await new Promise((done) => setTimeout(done, 100));
            const look = () => [...document.querySelectorAll("sawaru-explorer")].map((e) => {
                const word = e.querySelector(".xtick text, .cbaxis text");
                return [e.querySelector(".main-svg")?.clientWidth, word && getComputedStyle(word).fill];
            });
            dispatchEvent(new Event("beforeprint"));
            const onPaper = look();
            dispatchEvent(new Event("afterprint"));
            dataset.theme = light;
            return [onPaper, [...document.querySelectorAll(".sawaru-plot")].map((plot) => plot.style.width)];
        }"""
    )
    assert len(on_paper) == len(names(path))
    assert {width for width, _ in on_paper} == {620}
    assert len({colour for _, colour in on_paper if colour}) == 1
    assert set(after) == {""}


def test_the_page_was_quiet_and_stayed_here(chapter: tuple[Page, str], site: str) -> None:
    page, _ = chapter
    assert page.errors == []
    assert [a for a in page.asked if not a.startswith((site, "data:", "blob:"))] == []


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_chapter_works_from_a_folder(browser: Firefox, path: str) -> None:
    page = Page(browser, (SITE / path).as_uri())
    assert woken(page) == [[name, "ready", True] for name in names(path)]
    assert page.errors == []
    assert [a for a in page.asked if not a.startswith(("file:", "data:", "blob:"))] == []
    page.close()


def test_the_button_prints_every_figure_in_its_state(browser: Firefox, site: str) -> None:
    page = Page(browser, site + SCENES)
    page.run("() => { document.documentElement.dataset.theme = 'dark'; }")
    words, captions, scenes = page.run(
        """async () => {
            const explorers = [...document.querySelectorAll("sawaru-explorer")];
            await Promise.all(explorers.map((e) => e.prepare()));
            const [first] = explorers;
            const control = first.controls[0];
            first.move(control, 0); // a state that is not the first one
            let seen;
            addEventListener("beforeprint", () => {
                const flat = explorers.filter((e) => !e.querySelector("canvas"));
                const words = flat.map((e) => [...e.querySelectorAll(".xtitle, .legendtext, .annotation-text")].map((t) => t.textContent));
                seen = [words, explorers.map((e) => e.querySelector("figcaption").textContent), explorers.length - flat.length];
            });
            document.querySelector("[data-print]").click();
            while (!seen) await new Promise((done) => setTimeout(done, 20));
            return seen;
        }"""
    )
    end = time.monotonic() + 60
    while not (browser.paper.exists() and browser.paper.read_bytes()[-1024:].rstrip().endswith(b"%%EOF")):
        assert time.monotonic() < end, "印刷が終わりません"
        time.sleep(0.1)
    pages = list(pypdfium2.PdfDocument(browser.paper))
    text = solid("".join(p.get_textpage().get_text_range() for p in pages))
    assert all(words) and [w for figure in words for w in figure if solid(w) not in text] == []
    assert [c for c in captions if solid(c) not in text] == []
    pictures = [o for p in pages for o in p.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])]
    assert len(pictures) >= scenes > 0
    assert "図の準備が終わる前に" not in text
    page.close()


def solid(text: str) -> str:
    """Without spaces, and with the characters that share a glyph in a PDF's font made one."""
    return re.sub(r"[\s\u200b]", "", unicodedata.normalize("NFKC", text))


def test_without_webgl_a_scene_says_so_and_the_rest_is_drawn(browser: Firefox, site: str) -> None:
    page = Page(
        browser,
        site + SCENES,
        before="""() => {
            const { getContext } = HTMLCanvasElement.prototype;
            HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
                return /webgl/.test(kind) ? null : getContext.call(this, kind, ...more);
            };
        }""",
    )
    assert woken(page) == [[name, "ready", True] for name in names(SCENES)]
    notes = page.run("() => [...document.querySelectorAll('.no-webgl')].map((e) => e.innerText)")
    assert notes and all(note.startswith("このブラウザでは 3 次元の図") for note in notes)
    assert page.errors == []
    page.close()
