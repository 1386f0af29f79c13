"""Slider to redraw in a real JupyterLab: `explore` against `interact` + matplotlib, the same figure, in turn.

Both are timed alike, from the key press to the first animation frame after the plot's DOM has changed.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import Page, expect
from report import Promise, Report, median, ms, p95, table
from servers import chromium, jupyterlab

MOVES = 45
WARM_UP = 5
SECONDS = 1_000
CELLS = (
    f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
%matplotlib inline
import ipywidgets as widgets
from figures import STEPS, descent, descent_in_matplotlib
from sawaru import explore

def slider():
    return widgets.IntSlider(value=1, min=0, max=STEPS, description="t")
""",
    "explore(descent, step=slider());",
    "widgets.interact(descent_in_matplotlib, lr=widgets.fixed(0.1), momentum=widgets.fixed(0.5), step=slider());",
    "explore(descent, lr=(0.01, 0.13, 0.01));",
)
WAYS = {
    "explore": (".sawaru-box", ".sawaru-plot"),
    "interact + matplotlib": (".widget-interact", ".jp-OutputArea"),
}
ARM = """([box, picture]) => {
    const place = document.querySelector(`${box} ${picture}`);
    const shows = (record) => record.target.closest?.(".main-svg") || record.attributeName === "src" ||
        [...record.addedNodes].some((n) => n.tagName === "IMG" || n.querySelector?.("img") || n.closest?.(".main-svg"));
    window.redrawn = new Promise((resolve) => {
        let pressed;
        addEventListener("keydown", (event) => { pressed = event.timeStamp; }, { once: true, capture: true });
        const observer = new MutationObserver((records) => {
            if (pressed === undefined || !records.some(shows)) return;
            observer.disconnect();
            requestAnimationFrame(() => resolve(performance.now() - pressed));
        });
        observer.observe(place, { subtree: true, childList: true, attributes: true, characterData: true });
    });
}"""


def measure() -> Report:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source.strip()) for source in CELLS],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        },
    )
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "notebooks").mkdir()
        nbformat.write(notebook, work / "notebooks/bench.ipynb")
        with jupyterlab(work / "notebooks", work) as address, chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 1600})
            page.add_init_script(
                "window.drawn = []; addEventListener('sawaru:drawn', (e) => drawn.push(e.detail.ms));"
            )
            frames: list[int] = []
            page.on("websocket", lambda ws: ws.on("framereceived", lambda data: frames.append(len(data))))
            _run_all(page, f"{address}lab/tree/bench.ipynb?reset")
            times = _alternate(page)
            reported = page.evaluate("drawn")
    return _report(times, reported[-MOVES:], [size for size in frames if size > 300_000])


def _run_all(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".jp-NotebookPanel .jp-Notebook").first.wait_for(timeout=60 * SECONDS)
    expect(page.locator("#jp-bottom-panel, .jp-StatusBar-Widget").last).to_contain_text(
        "| Idle", timeout=60 * SECONDS
    )
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(".jp-CodeCell").last.locator(".jp-InputPrompt").first).to_have_text(
        re.compile(r"\[\d+\]"), timeout=90 * SECONDS
    )
    page.locator(".widget-interact img").wait_for(timeout=30 * SECONDS)
    for n in range(2):
        page.locator(".sawaru-plot").nth(n).locator(".main-svg").first.wait_for(timeout=30 * SECONDS)


def _alternate(page: Page) -> dict[str, list[float]]:
    """Move the two sliders in turn, one step a move."""
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for move in range(-WARM_UP, MOVES):
        for way, (box, picture) in WAYS.items():
            page.locator(f"{box} .noUi-handle").first.focus()
            page.evaluate(ARM, [box, picture])
            page.keyboard.press("ArrowRight" if move < 40 else "ArrowLeft")
            taken = page.evaluate("redrawn")
            if move >= 0:
                times[way].append(taken)
            page.wait_for_timeout(120)
    return times


def _report(times: dict[str, list[float]], reported: list[float], bundles: list[int]) -> Report:
    ours, theirs = (times[way] for way in WAYS)
    head = ("同じ図、同じスライダ", "中央値 [ms]", "95% 点 [ms]", "回数")
    rows = [(way, *ms(taken)) for way, taken in times.items()]
    rows.append(("explore が自分で報告した時間（`sawaru:drawn`）", *ms(reported)))
    whole_page = f"{max(bundles, default=0) / 1e6:.2f} MB を {len(bundles)} 回（explore は 2 つ）"
    promises = [
        Promise(
            "つまみを動かしてから描き終わるまで（JupyterLab）",
            "中央値 80 ms 以下、`interact` + matplotlib より速い",
            f"中央値 {median(ours):.0f} ms（95% 点 {p95(ours):.0f} ms）、`interact` は {median(theirs):.0f} ms",
            median(ours) <= 80 and median(ours) < median(theirs),
        ),
        Promise(
            "ノートブックに送る Plotly",
            "1 ページに 1 回、1.6 MB 以下",
            whole_page,
            len(bundles) == 1 and bundles[0] <= 1_600_000,
        ),
    ]
    return Report(promises, table(head, rows))


if __name__ == "__main__":
    print(measure())
