"""Explorers in a real JupyterLab: a real kernel, a real browser, real sliders.

Every explorer of every chapter follows its controls in a kernel alone (tests/notebooks/whole_chapter.py). Here a few chapters
are run whole, each for what only a browser can show.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT, Watched
from playwright.sync_api import Browser, Page, expect
from test_text import HOSTILE

CHAPTERS = sorted(
    str(p.relative_to(ROOT / "book"))
    for p in (ROOT / "book").rglob("*.ipynb")
    if ".ipynb_checkpoints" not in p.parts
)
# What a reader types into a chapter's explorer, and what its caption then says.
TYPED = {
    "language/attention.ipynb": [
        ("", "知っている語がまだありません"),
        ("美咲が着物を選んだ。彼女は宇宙船を見せた。", "知らない語「宇宙船を」は飛ばしました"),
        ("美咲が着物を選んだ。健太が地図を運んだ。彼女はその一着を見せた。", "2 つの指す語のうち"),
    ]
}


def code(path: str) -> str:
    cells = nbformat.read(ROOT / "book" / path, 4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def most(pattern: str) -> str:
    """The chapter whose code holds a pattern most often."""
    return max(CHAPTERS, key=lambda path: len(re.findall(pattern, code(path))))


LONGEST = most(r"(?m)^@explore\b")
IN_3D = most(r"(?i)surface|scatter3d")
SECONDS = 1_000

TRIAL = '''
import ipywidgets as widgets
import time
from sawaru import explore
from sawaru.figure import figure

calls = []

@explore(x=widgets.IntSlider(value=3, min=0, max=20, description="値"), kind=["線", "棒"])
def trial(x, kind):
    """試しの図"""
    if x == 7:
        raise ValueError("七は割り切れません")
    calls.append(x)
    time.sleep(0.15)
    fig = figure(title=f"値は {x} です")
    fig.add_scatter(x=[0, 1, 2], y=[0, x, 1])
    return fig
'''
SECOND = '''
@explore(y=(0, 5))
def second(y):
    """二つ目の図"""
    fig = figure(title=f"高さは {y} です")
    fig.add_bar(x=["a"], y=[y])
    return fig
'''


# Folded cells show no number, and cells far below are drawn only when they come near.
LAST_CELL_HAS_RUN = r"""() => {
    const last = [...document.querySelectorAll(".jp-CodeCell:not(:has(.jp-Placeholder-prompt))")].at(-1);
    last.scrollIntoView({block: "center"});
    return /\[\d+\]/.test(last.querySelector(".jp-InputPrompt").textContent);
}"""


def write(path: Path, *cells: str) -> None:
    """A notebook of these code cells."""
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    made = nbformat.v4.new_notebook(
        cells=list(map(nbformat.v4.new_code_cell, cells)), metadata={"kernelspec": kernel}
    )
    nbformat.write(made, path)


class Lab:
    """One notebook open in JupyterLab."""

    def __init__(self, browser: Browser, address: str, path: str) -> None:
        self.address = address
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = self.context.new_page()
        self.watched = Watched(page, address)
        self.page: Page = page
        self.received: list[int] = []
        page.on("websocket", lambda ws: ws.on("framereceived", lambda data: self.received.append(len(data))))
        page.goto(f"{address}lab/workspaces/{re.sub(r'[^a-z]', '-', path)}/tree/{path}?reset")
        page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook").wait_for(timeout=60 * SECONDS)
        self.idle()

    def idle(self) -> None:
        """Wait until the kernel rests."""
        status = self.page.locator("#jp-bottom-panel, .jp-StatusBar-Widget").last
        expect(status).to_contain_text("| Idle", timeout=60 * SECONDS)

    def run_all(self, timeout: int = 480) -> None:
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.page.wait_for_function(LAST_CELL_HAS_RUN, polling=100, timeout=timeout * SECONDS)

    def explorer(self, n: int) -> Any:
        return self.page.locator(".sawaru-box").nth(n)

    def caption(self, n: int) -> Any:
        return self.explorer(n).locator("figcaption")

    def close(self) -> None:
        """Leave, and end this server's kernels: a chapter that waits takes memory from the next."""
        self.context.close()
        for kernel in json.load(urllib.request.urlopen(f"{self.address}api/kernels")):
            urllib.request.urlopen(
                urllib.request.Request(f"{self.address}api/kernels/{kernel['id']}", method="DELETE")
            )

    def save(self) -> None:
        self.page.keyboard.press("Escape")
        with self.page.expect_response(
            lambda r: r.request.method == "PUT" and "/api/contents/" in r.url
        ) as saved:
            self.page.keyboard.press("Control+s")
        assert saved.value.ok


class TestOneNotebook:
    """Two explorers in one notebook, put back to their first state before each question."""

    @pytest.fixture(scope="class")
    def opened(self, browser: Browser, lab: tuple[str, Path]) -> Iterator[Lab]:
        address, folder = lab
        write(folder / "trial.ipynb", TRIAL, SECOND)
        opened = Lab(browser, address, "trial.ipynb")
        opened.run_all()
        yield opened
        opened.close()

    @pytest.fixture
    def trial(self, opened: Lab) -> Lab:
        for n, first in enumerate(("値は 3 です", "高さは 2 です")):
            opened.explorer(n).locator(".main-svg").first.wait_for(timeout=30 * SECONDS)
            opened.explorer(n).get_by_role("button", name="最初に戻す").click()
            expect(opened.caption(n)).to_have_text(first, timeout=30 * SECONDS)
        opened.idle()
        opened.page.evaluate("drawn.length = 2")  # as when each has been drawn once
        return opened

    def test_quick_moves_end_in_the_last_state(self, trial: Lab) -> None:
        handle = trial.explorer(0).locator(".noUi-handle")
        handle.focus()
        for _ in range(3):
            trial.page.keyboard.press("ArrowRight")
        for _ in range(2):
            trial.page.keyboard.press("PageUp")
        shown = trial.explorer(0).locator(".widget-readout").first
        value = shown.inner_text()
        expect(trial.caption(0)).to_have_text(f"値は {value} です", timeout=20 * SECONDS)
        trial.idle()
        expect(trial.caption(0)).to_have_text(f"値は {value} です")
        drawn = trial.page.evaluate("document.querySelector('.sawaru-plot').data[0].y")
        numbers = drawn if isinstance(drawn, list) else list(drawn.values())
        assert int(value) in [int(v) for v in numbers if isinstance(v, (int, float))]
        assert trial.page.evaluate("drawn.length") >= 3

    def test_an_exception_is_shown_and_the_next_move_works(self, trial: Lab) -> None:
        handle = trial.explorer(0).locator(".noUi-handle")
        handle.focus()
        for value in (4, 5, 6):
            trial.page.keyboard.press("ArrowRight")
            expect(trial.caption(0)).to_have_text(f"値は {value} です", timeout=20 * SECONDS)
        trial.page.keyboard.press("ArrowRight")
        error = trial.explorer(0).locator(".sawaru-error")
        expect(error).to_contain_text("ValueError: 七は割り切れません", timeout=20 * SECONDS)
        expect(error).to_contain_text("関数の中でエラーが起きました")
        expect(trial.caption(0)).to_have_text("値は 6 です")
        handle.focus()
        trial.page.keyboard.press("ArrowRight")
        expect(trial.caption(0)).to_have_text("値は 8 です", timeout=20 * SECONDS)
        expect(error).to_be_hidden()

    def test_plotly_crosses_once_and_figures_fit_the_notebook(
        self, trial: Lab, lab: tuple[str, Path]
    ) -> None:
        big = [size for size in trial.received if size > 300_000]
        assert len(big) == 1, trial.received
        assert big[0] <= 1_600_000
        trial.save()
        saved = lab[1] / "trial.ipynb"
        assert "application/vnd.jupyter.widget-state+json" in json.loads(saved.read_text())["metadata"].get(
            "widgets", {}
        )
        assert saved.stat().st_size < 1_000_000

    def test_reset_brings_back_the_first_state(self, trial: Lab) -> None:
        trial.explorer(1).locator(".noUi-handle").focus()
        trial.page.keyboard.press("ArrowRight")
        expect(trial.caption(1)).to_have_text("高さは 3 です", timeout=20 * SECONDS)
        trial.explorer(1).get_by_role("button", name="最初に戻す").click()
        expect(trial.caption(1)).to_have_text("高さは 2 です", timeout=20 * SECONDS)


WORDS = '''
import ipywidgets as widgets
from sawaru import explore
from sawaru.figure import figure
from sawaru.explorer.text import literal

@explore(text=widgets.Text(value="猫", description="言葉"))
def word(text):
    """言葉の図"""
    if text == "":
        raise ValueError("<img src=x onerror=hit()> 言葉がありません")
    fig = figure(title=f"「{literal(text)}」", x=text)
    fig.add_bar(x=[text], y=[1])
    return fig
'''


def test_any_text_is_shown_as_text(browser: Browser, lab: tuple[str, Path]) -> None:
    address, folder = lab
    write(folder / "words.ipynb", WORDS)
    opened = Lab(browser, address, "words.ipynb")
    opened.run_all()
    expect(opened.caption(0)).to_have_text("「猫」", timeout=30 * SECONDS)
    opened.page.evaluate("window.hits = 0; window.hit = () => hits++; null")
    field = opened.explorer(0).locator("input[type=text]")
    for name, text in HOSTILE.items():
        if name in ("NUL", "half a character"):  # no keyboard writes them
            continue
        field.fill(text)
        if text:
            expect(opened.caption(0)).to_have_text(f"「{text}」", timeout=20 * SECONDS)
        else:
            expect(opened.explorer(0).locator(".sawaru-error")).to_contain_text("<img src=x onerror=hit()>")
    assert opened.explorer(0).locator("img, script").count() == 0
    assert opened.page.evaluate("hits") == 0
    opened.close()


@pytest.mark.timeout(900)  # a chapter trains, and the machine may be busy
@pytest.mark.parametrize("path", sorted({LONGEST, IN_3D, *TYPED}))
def test_chapter_runs_and_every_explorer_follows(browser: Browser, lab: tuple[str, Path], path: str) -> None:
    address, folder = lab
    opened = Lab(browser, address, path)
    opened.run_all()
    page = opened.page
    plots = page.locator(".sawaru-plot")
    boxes = page.locator(".sawaru-box")
    assert boxes.count() >= 3
    for n in range(plots.count()):
        plots.nth(n).scroll_into_view_if_needed()
        plots.nth(n).locator(".main-svg").first.wait_for(timeout=30 * SECONDS)
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    for text, answer in TYPED.get(path, []):
        box = boxes.filter(has=page.locator("input[type=text]"))
        box.locator("input[type=text]").fill(text)
        page.keyboard.press("Enter")
        expect(box.locator("figcaption")).to_contain_text(answer, timeout=20 * SECONDS)
        expect(box.locator(".sawaru-error")).to_be_hidden()
    for n in range(boxes.count()):
        handle = boxes.nth(n).locator(".noUi-handle").first
        if handle.count() == 0:
            continue
        handle.scroll_into_view_if_needed()
        before = page.evaluate("drawn.length")
        handle.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"drawn.length > {before}", timeout=20 * SECONDS)
        expect(boxes.nth(n).locator(".sawaru-error")).to_be_hidden()
    big = [size for size in opened.received if size > 400_000]
    assert len(big) == (2 if path == IN_3D else 1), "surfaces need Plotly's 3-D bundle besides"
    opened.save()
    assert (folder / path).stat().st_size < 1_000_000
    opened.close()


def test_a_choice_opens_to_its_reason(browser: Browser, lab: tuple[str, Path]) -> None:
    """JupyterLab takes out of Markdown what it does not trust: the concept questions must survive, without a kernel."""
    address, folder = lab
    chapter = nbformat.read(folder / CHAPTERS[0], 4)
    questions = [c for c in chapter.cells if 'class="choice' in c.source]
    nbformat.write(
        nbformat.v4.new_notebook(cells=questions, metadata=chapter.metadata), folder / "choices.ipynb"
    )
    opened = Lab(browser, address, "choices.ipynb")
    choices = opened.page.locator("details.choice")
    assert choices.count() == sum(c.source.count('class="choice') for c in questions)
    assert opened.page.locator("details.choice.right").count() >= 2
    choices.first.locator("summary").click()
    expect(choices.first).to_have_attribute("open", "")
    expect(choices.first).to_contain_text(re.compile("正解：|もう少し："))
    opened.close()
