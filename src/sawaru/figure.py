"""Figures: the book's palette and template, and two helpers that give every plot the same look.

The palette is colour-blind safe (after Okabe and Ito); the page swaps each colour for its twin in the dark theme. `INK` is
for text and black lines, `PAPER` for what should vanish into the background.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
from plotly.subplots import make_subplots

from sawaru.theme import theme

_PALETTE = theme()["palette"]
BLUE, ORANGE, GREEN, RED = (_PALETTE[name] for name in ("blue", "orange", "green", "red"))
PURPLE, SKY, YELLOW, GRAY = (_PALETTE[name] for name in ("purple", "sky", "yellow", "gray"))
INK, PAPER = _PALETTE["ink"], _PALETTE["paper"]

pio.templates["sawaru"] = go.layout.Template(theme()["light"])
pio.templates.default = "sawaru"


def figure(*, x: str = "", y: str = "", title: str = "", height: int = 360, **layout: Any) -> go.Figure:
    """An empty figure in the book's look.

    Args:
        x, y: the axes' names, with units.
        title: what this state shows, one sentence with its numbers; becomes the caption above the plot.
        height: in pixels.
        **layout: anything else of Plotly's layout.
    """
    # The constructor takes a fraction of the time of update_layout, and a page draws thousands of figures.
    axes = {"xaxis": {"title": {"text": x}}, "yaxis": {"title": {"text": y}}}
    fig = go.Figure(layout={"title": {"text": title}, "height": height, **axes})
    return fig.update_layout(**layout) if layout else fig


def panels(
    *titles: str,
    x: Sequence[str | dict[str, Any]] = (),
    y: Sequence[str | dict[str, Any]] = (),
    title: str = "",
    height: int = 380,
    spacing: float = 0.12,
    **layout: Any,
) -> go.Figure:
    """Plots side by side, one per title; on a narrow screen the page puts them one below the other.

    Args:
        *titles: the heading of each plot.
        x, y: the axes from the left plot to the right: a name with its unit, or a dict of what `update_xaxes`
            takes; an empty one and those not given are left alone. They are made once: what differs in almost
            every state is cheaper with `update_xaxes`.
        title: what this state shows; becomes the caption above the plots.
        height: in pixels.
        spacing: between the plots, as a fraction of the width.
        **layout: anything else of Plotly's layout.

    Raises:
        ValueError: more axes than plots, or an axis that is not in a list.
    """
    for name, axes in (("x", x), ("y", y)):
        if isinstance(axes, (str, dict)) or len(axes) > len(titles):
            raise ValueError(
                f"panels の {name}：図は {len(titles)} つです。"
                f"軸は左の図から順に、図の数までのリストで渡してください（渡されたのは {axes!r}）。"
            )
    # As text, so that it can be looked up; NumPy's and PyTorch's numbers become Python's.
    fig = go.Figure(_empty_panels(titles, spacing, json.dumps([x, y], default=lambda value: value.tolist())))
    fig.update_layout(title_text=title, height=height, **layout)
    return fig


@lru_cache(maxsize=128)
def _empty_panels(titles: tuple[str, ...], spacing: float, axes: str) -> go.Figure:
    """Made once, and without the template, which every copy gets anew: a copy costs a tenth of `make_subplots`.

    The axes are in it for the same reason: setting four of them costs as much as the rest of a figure.
    """
    fig = make_subplots(rows=1, cols=len(titles), subplot_titles=titles, horizontal_spacing=spacing)
    below = {"yref": "container", "y": 0, "yanchor": "bottom", "x": 0.5, "xanchor": "center"}
    fig.update_layout(margin={"t": 40, "b": 80}, legend=below)
    fig.update_annotations(font_size=13, yshift=4)
    for update, given in zip((fig.update_xaxes, fig.update_yaxes), json.loads(axes), strict=True):
        for col, axis in enumerate(given, start=1):
            if axis:
                update({"title_text": axis} if isinstance(axis, str) else axis, row=1, col=col)
    fig.layout.template = None
    return fig
