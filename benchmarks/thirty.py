"""Thirty explorers on one page: does the first still answer as fast as when it stands alone?"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from playwright.sync_api import Browser, Page
from report import Promise, Report, median, ms, p95, table
from servers import chromium, served

from sawaru.explorer import frontend, page
from sawaru.explorer.controls import declare
from sawaru.explorer.explorer import Explorer
from sawaru.figure import figure, panels
from sawaru.sphinxext.policy import policy

MOVES = 60


def write(folder: Path, *explorers: Explorer) -> None:
    """A page of explorers by themselves, under the book's own policy."""
    (folder / "explorer.js").write_text(frontend.page_script(), encoding="utf-8")
    (folder / "explorer.css").write_text(frontend.style(), encoding="utf-8")
    for name in frontend.BUNDLES:
        (folder / f"plotly-{name}.min.js").write_bytes(frontend.bundle_path(name).read_bytes())
    body = "".join(f"<p>{'本文。' * 60}</p>{page.render(explorer)}" for explorer in explorers)
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="ja" data-theme="light"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="explorer.css"><script defer src="explorer.js"></script>{body}',
        encoding="utf-8",
    )


def waves(n: int) -> Explorer:
    """A made-up explorer; every third has plots side by side."""

    def wave(k: int) -> go.Figure:
        """波"""
        fig = (
            panels("左", "右", title=f"{n} 番、{k} の波") if n % 3 == 0 else figure(title=f"{n} 番、{k} の波")
        )
        x = np.linspace(0, 6, 200)
        fig.add_scatter(x=x, y=np.sin(k * x))
        return fig

    wave.__name__ = f"wave{n}"
    return Explorer(wave, [declare(wave, {"k": (1, 8)})])


def redraws(browser: Browser, count: int) -> list[float]:
    """Milliseconds from a key to the drawn figure, of the first of `count` explorers that are all drawn."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), *map(waves, range(count)))
        with served(Path(folder)) as address:
            tab: Page = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.add_init_script(
                "window.drawn = []; addEventListener('sawaru:drawn', (e) => drawn.push(e.detail.ms));"
            )
            tab.goto(address)
            for n in range(count):
                tab.locator("sawaru-explorer").nth(n).scroll_into_view_if_needed()
                tab.locator("sawaru-explorer[data-state=ready]").nth(n).wait_for()
            tab.locator("sawaru-explorer input").first.focus()
            tab.wait_for_timeout(500)
            tab.evaluate("drawn.length = 0")
            for n in range(MOVES):
                tab.keyboard.press("ArrowLeft" if n % 2 else "ArrowRight")
                tab.wait_for_timeout(60)
            times = list(map(float, tab.evaluate("drawn")))
            tab.close()
    return times


def measure() -> Report:
    with chromium() as browser:
        alone, among = redraws(browser, 1), redraws(browser, 30)
    rows = [("図が一つのページ", *ms(alone)), ("図が三十のページ", *ms(among))]
    return Report(
        [
            Promise(
                "図が 30 あるページの、最初の図の描き直し",
                "中央値 16 ms 以下、95% 点 50 ms 以下",
                f"中央値 {median(among):.1f} ms、95% 点 {p95(among):.1f} ms",
                median(among) <= 16 and p95(among) <= 50,
            )
        ],
        table(("ページ", "中央値 [ms]", "95% 点 [ms]", "回数"), rows),
    )


if __name__ == "__main__":
    print(measure())
