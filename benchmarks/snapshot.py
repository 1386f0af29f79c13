"""Bytes and redraw time of one figure in a page without a kernel: sawaru, Plotly's frames, Panel's embed.

Each page is opened from a local server with everything it needs beside it. A redraw counts from setting a control's
value by script to the plot's `plotly_afterplot`; after each one the shown title is compared with the Python function's.
"""

from __future__ import annotations

import gzip
import itertools
import math
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import plotly.graph_objects as go
from figures import descent, title
from playwright.sync_api import Browser
from report import Report, kb, ms, table
from servers import chromium, served

from sawaru.explorer import frontend, page
from sawaru.explorer.controls import declare
from sawaru.explorer.explorer import Explorer
from sawaru.explorer.kinds import Control

MOVES = 60
WARM_UP = 10
SECONDS = 1_000
Move = tuple[list[int], int, str]  # the index of each control, the control that moves, the title to expect
HEAD = '<!doctype html><html lang="ja" data-theme="light"><meta charset="utf-8"><body style="width:760px">'


@dataclass(frozen=True)
class Page:
    """A page that replays a figure.

    Attributes:
        data: what this figure adds to a page.
        runtime: bytes of what any number of figures share, as they are and gzip'ed.
        ready: a JavaScript expression that is true once the page answers.
        plot: one that gives the plot.
        move: a function of (index of each control, the control that moves) that sets its value.
        shown: a function of the plot that gives the title a reader sees.
    """

    data: str
    runtime: tuple[int, int]
    ready: str
    plot: str
    move: str
    shown: str = "(plot) => plot.layout.title.text"


def _sizes(*files: str) -> tuple[int, int]:
    """Bytes of some files, as they are and each gzip'ed as a server does it."""
    raw = [text.encode() for text in files]
    return sum(map(len, raw)), sum(len(gzip.compress(text, 6)) for text in raw)


def _cases() -> dict[str, list[Control]]:
    rate = widgets.FloatLogSlider(value=0.01, base=10, min=-2, max=-0.86, step=0.06, description="η")
    coarse = widgets.FloatLogSlider(value=0.01, base=10, min=-2, max=-0.92, step=0.12, description="η")
    step = widgets.IntSlider(value=15, min=15, max=50, step=5, description="t")
    three = {"lr": coarse, "momentum": [0.0, 0.25, 0.5, 0.75, 0.9], "step": step}
    return {"つまみ 1 つ": declare(descent, {"lr": rate}), "つまみ 3 つ": declare(descent, three)}


def _figure(controls: list[Control], indices: tuple[int, ...]) -> go.Figure:
    return descent(**{c.name: c.values[i] for c, i in zip(controls, indices, strict=True)})


def _states(controls: list[Control]) -> list[tuple[int, ...]]:
    return list(itertools.product(*(range(len(c.values)) for c in controls)))


def sawaru_page(controls: list[Control], folder: Path) -> Page:
    data = page.render(Explorer(descent, [controls]))
    script, style = frontend.page_script(), frontend.style()
    bundle = frontend.bundle_path("cartesian").read_text(encoding="utf-8")
    (folder / "explorer.js").write_text(script)
    (folder / "explorer.css").write_text(style)
    (folder / "plotly-cartesian.min.js").write_text(bundle, encoding="utf-8")
    links = '<link rel="stylesheet" href="explorer.css"><script defer src="explorer.js"></script>'
    (folder / "sawaru.html").write_text(f"{HEAD}{links}{data}")
    names = [c.name for c in controls]
    return Page(
        data,
        _sizes(bundle, script, style),
        ready="document.querySelector('sawaru-explorer').dataset.state === 'ready'",
        plot="document.querySelector('.js-plotly-plot')",
        move=f"""(indices, moved) => {{
            const input = document.querySelector(`[data-control="${{{names}[moved]}}"]`);
            input.value = indices[moved];
            input.dispatchEvent(new Event("input", {{ bubbles: true }}));
        }}""",
        shown="() => document.querySelector('figcaption').textContent",
    )


def frames_page(controls: list[Control], folder: Path) -> Page:
    """One slider over all states. A frame holds only the traces that move; setting the slider runs its step."""
    states = _states(controls)
    fig = _figure(controls, states[0])
    at_once = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    frames, steps = [], []
    for n, state in enumerate(states):
        drawn = _figure(controls, state)
        frames.append(
            go.Frame(
                name=str(n),
                data=drawn.data[1:],
                traces=[1, 2],
                layout={"title": {"text": drawn.layout.title.text}},
            )
        )
        label = ", ".join(c.texts[i] for c, i in zip(controls, state, strict=True))
        steps.append({"method": "animate", "args": [[str(n)], at_once], "label": label})
    fig.frames = frames
    fig.update_layout(sliders=[{"steps": steps}], width=760)
    data = fig.to_html(include_plotlyjs=False, full_html=False)
    html = fig.to_html(include_plotlyjs="plotly-cartesian.min.js", full_html=False)
    (folder / "frames.html").write_text(HEAD + html)
    bundle = frontend.bundle_path("cartesian").read_text(encoding="utf-8")
    (folder / "plotly-cartesian.min.js").write_text(bundle, encoding="utf-8")
    counts = [len(c.values) for c in controls]
    return Page(
        data,
        _sizes(bundle),
        ready="!!document.querySelector('.js-plotly-plot .main-svg .slider-group')",
        plot="document.querySelector('.js-plotly-plot')",
        move=f"""(indices) => {{
            const plot = document.querySelector(".js-plotly-plot");
            const n = indices.reduce((at, i, k) => at * {counts}[k] + i, 0);
            plot.layout.sliders[0].active = n;
            Plotly.animate(plot, ...plot.layout.sliders[0].steps[n].args);
        }}""",
    )


def panel_page(controls: list[Control], folder: Path) -> Page:
    import panel as pn
    from bokeh.resources import CDN, INLINE

    pn.extension("plotly")
    sliders = [
        pn.widgets.DiscreteSlider(
            name=c.name, options=dict(zip(c.texts, c.values, strict=True)), value=c.values[0]
        )
        for c in controls
    ]

    def draw(*values: Any) -> go.Figure:
        return descent(**dict(zip((c.name for c in controls), values, strict=True))).update_layout(width=760)

    app = pn.Column(*sliders, pn.pane.Plotly(pn.bind(draw, *sliders), config={"displayModeBar": False}))
    saved = {}
    for name, resources in (("data", CDN), ("inline", INLINE)):
        to = folder / f"panel-{name}.html"
        most = {"max_states": 10_000, "max_opts": 1_000}
        app.save(to, embed=True, resources=resources, progress=False, **most)
        saved[name] = to.read_text()
    (folder / "panel.html").write_text(saved["inline"])
    return Page(
        saved["data"],
        tuple(
            whole - data for whole, data in zip(_sizes(saved["inline"]), _sizes(saved["data"]), strict=True)
        ),
        ready="!!window.Bokeh?.documents?.[0] && !!deep('.js-plotly-plot')?.querySelector('.main-svg')",
        plot="deep('.js-plotly-plot')",
        move="""(indices, moved) => {
            const sliders = [...Bokeh.documents[0]._all_models.values()].filter((m) => /Slider$/.test(m.type));
            sliders[moved].value = indices[moved];
        }""",
    )


WAYS: dict[str, tuple[str, Callable[[list[Control], Path], Page]]] = {
    "sawaru": ("sawaru.html", sawaru_page),
    "Plotly の frames": ("frames.html", frames_page),
    "Panel の embed": ("panel.html", panel_page),
}
DEEP = """window.deep = (wanted, root = document) => {
    const found = root.querySelector(wanted);
    if (found) return found;
    for (const element of root.querySelectorAll("*")) {
        const inside = element.shadowRoot && deep(wanted, element.shadowRoot);
        if (inside) return inside;
    }
};"""
# Script: [milliseconds of each move]. A redraw is over at the first plotly_afterplot with the expected title.
REDRAW = """async (moves) => {
    const times = [];
    for (const [indices, moved, title] of moves) {
        const plot = PLOT;
        const drawn = new Promise((resolve, reject) => {
            const seen = () => { if ((SHOWN)(plot) === title) resolve(performance.now()); };
            plot.on("plotly_afterplot", seen);
            setTimeout(() => reject(new Error(`${title} / ${(SHOWN)(plot)}`)), 5000);
        });
        const set = performance.now();
        (MOVE)(indices, moved);
        times.push((await drawn) - set);
        plot.removeAllListeners("plotly_afterplot");
        await new Promise((done) => setTimeout(() => requestAnimationFrame(() => setTimeout(done)), 30));
    }
    return times;
}"""


def _moves(controls: list[Control]) -> list[Move]:
    """The same walk for every way: one control a move, to another value."""
    choose = random.Random(0)
    at = [0] * len(controls)
    walk = []
    for _ in range(WARM_UP + MOVES):
        moved = choose.randrange(len(controls))
        count = len(controls[moved].values)
        at[moved] = (at[moved] + choose.randrange(1, count)) % count
        values = {
            "momentum": 0.5,
            "step": 50,
            **{c.name: c.values[i] for c, i in zip(controls, at, strict=True)},
        }
        walk.append((list(at), moved, title(**values)))
    return walk


def _redraws(browser: Browser, origin: str, file: str, made: Page, moves: list[Move]) -> list[float]:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.route(lambda url: not url.startswith((origin, "blob:", "data:")), lambda route: route.abort())
    tab.add_init_script(DEEP)
    tab.goto(origin + file)
    tab.wait_for_function(made.ready, timeout=60 * SECONDS)
    tab.wait_for_timeout(1 * SECONDS)
    script = REDRAW.replace("PLOT", made.plot).replace("SHOWN", made.shown).replace("MOVE", made.move)
    times: list[float] = tab.evaluate(script, moves)
    tab.close()
    return times[WARM_UP:]


def measure() -> Report:
    rows = []
    with chromium() as browser, tempfile.TemporaryDirectory() as name:
        for case, controls in _cases().items():
            moves = _moves(controls)
            states = math.prod(len(c.values) for c in controls)
            for way, (file, make) in WAYS.items():
                folder = Path(name) / way / case
                folder.mkdir(parents=True)
                made = make(controls, folder)
                with served(folder) as origin:
                    times = _redraws(browser, origin, file, made, moves)
                sizes = [*_sizes(made.data), *made.runtime]
                rows.append((f"{case}（{states} 状態）", way, *map(kb, sizes), *ms(times)))
    head = (
        "つまみ",
        "やり方",
        "データ [KB]",
        "同 gzip",
        "共通の部品 [KB]",
        "同 gzip",
        "描き直し 中央値 [ms]",
        "95% 点",
        "回数",
    )
    return Report([], table(head, rows))


if __name__ == "__main__":
    print(measure())
