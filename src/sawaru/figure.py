"""Figures: the book's palette and template, plots side by side, and the few marks that every chapter draws.

The palette is colour-blind safe (after Okabe and Ito); the page swaps each colour for its twin in the dark theme. A colour
means the same in every chapter:

- `BLUE`    the first of two: training data, class 0 (`ZERO`), what is negative; alone, the thing that the figure is about
- `ORANGE`  the second of two: held-out data, class 1 (`ONE`), what is positive; alone, what the reader moves, where it is now
- `GREEN`   the truth or the goal: the curve that made the data, the error that is meant, the lowest loss
- `GRAY`    what helps to read: a guide, a border, a comparison in the background
- `INK`     what the model says (its fit, its border) over coloured data; text, rings, starting points
- `PAPER`   what should vanish into the background, and the edge that lifts a mark off it
- `PURPLE`, `SKY`, `YELLOW`, `RED`  a third and later category; `RED` a mistake

`SIGNED`, `AMOUNT` and `INKS` are the same as colour scales: of numbers around zero, of numbers from zero up, of ink on paper.

What is drawn is a method of the figure, or of a plot of `fig.plots` where several stand side by side, because a chapter's
own variables are called `line`, `points` and `path`. Everything of Plotly (`add_bar`, `add_heatmap`, …) is there too.
Looks that are the same everywhere (line width, contours) stand in `theme.json` and not in the states of a figure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
from plotly.subplots import make_subplots

from sawaru.theme import theme

_PALETTE = theme()["palette"]
BLUE, ORANGE, GREEN, RED = (_PALETTE[name] for name in ("blue", "orange", "green", "red"))
PURPLE, SKY, YELLOW, GRAY = (_PALETTE[name] for name in ("purple", "sky", "yellow", "gray"))
INK, PAPER = _PALETTE["ink"], _PALETTE["paper"]
CLEAR = "rgba(0,0,0,0)"

SIGNED = theme()["light"]["layout"]["colorscale"]["diverging"]
AMOUNT = [[0, PAPER], [1, BLUE]]
INKS = [[0, PAPER], [1, INK]]

ZERO = {"color": BLUE, "symbol": "diamond"}
ONE = {"color": ORANGE, "symbol": "circle"}

Axis = str | tuple[Any, ...] | dict[str, Any]

pio.templates["sawaru"] = go.layout.Template(theme()["light"])
pio.templates.default = "sawaru"


class Drawing:
    """The marks that chapters share. `more` is anything else of Plotly's trace.

    A trace without a name has no entry in the legend. A mark that only points at something (`dot`, `ring`, `guide`,
    `contours`) answers no pointer unless it has a name or a `hovertemplate`.
    """

    def add(self, trace: dict[str, Any]) -> None:
        """Add a trace given as a dict, which takes Plotly half the time of an object."""
        raise NotImplementedError

    def limits(self, letter: str) -> tuple[float, float]:
        """Where the axis `x` or `y` begins and ends."""
        raise NotImplementedError

    def line(
        self,
        x: Any,
        y: Any,
        color: str | None = None,
        name: str | None = None,
        *,
        width: float | None = None,
        dash: str | None = None,
        shape: str | None = None,
        **more: Any,
    ) -> None:
        """A line through points; `dash="dash"` for what is expected, `"dot"` for what helps to read."""
        look = _given(color=color, width=width, dash=dash, shape=shape)
        self.add(_given(type="scatter", x=x, y=y, mode="lines", name=name, line=look or None) | more)

    def path(
        self,
        x: Any,
        y: Any,
        color: str | None = None,
        name: str | None = None,
        *,
        width: float | None = None,
        size: float = 5,
        **more: Any,
    ) -> None:
        """A line with a small mark at each step."""
        look = {"line": _given(color=color, width=width), "marker": _given(color=color, size=size)}
        self.add(_given(type="scatter", x=x, y=y, mode="lines+markers", name=name) | look | more)

    def points(
        self,
        x: Any,
        y: Any,
        color: Any = None,
        name: str | None = None,
        *,
        size: Any = 7,
        symbol: Any = None,
        **more: Any,
    ) -> None:
        """Data as marks; `**ZERO` and `**ONE` are the looks of two classes."""
        look = _given(color=color, size=size, symbol=symbol)
        self.add(_given(type="scatter", x=x, y=y, mode="markers", name=name, marker=look) | more)

    def dot(
        self,
        x: Any,
        y: Any,
        color: Any = ORANGE,
        name: str | None = None,
        *,
        size: float = 12,
        symbol: str | None = None,
        **more: Any,
    ) -> None:
        """The point of the moment, or a few, lifted off what is below by an edge in the paper's colour."""
        look = _given(color=color, size=size, symbol=symbol) | {"line": {"color": PAPER, "width": 2}}
        self._pointer(x, y, look, name, more)

    def ring(self, x: Any, y: Any, name: str | None = None, *, size: float = 17, **more: Any) -> None:
        """A ring around a mark, or a few, that is looked at now."""
        look = {"color": CLEAR, "size": size, "line": {"color": INK, "width": 2.5}}
        self._pointer(x, y, look, name, more)

    def _pointer(self, x: Any, y: Any, look: dict[str, Any], name: str | None, more: dict[str, Any]) -> None:
        x, y = (value if np.ndim(value) else [_plain(value)] for value in (x, y))
        trace = _given(type="scatter", x=x, y=y, mode="markers", name=name, marker=look)
        self.add(_quiet(trace | more))

    def guide(
        self,
        *,
        x: Any = None,
        y: Any = None,
        color: str = GRAY,
        name: str | None = None,
        width: float = 1.5,
        dash: str = "dot",
        **more: Any,
    ) -> None:
        """A straight line across the whole plot, at one value of `x` or of `y`.

        Raises:
            ValueError: both or none given, or the axis that it crosses has no range.
        """
        if (x is None) == (y is None):
            raise ValueError("guide には x か y のどちらか一つを渡してください。")
        ends = ([x, x], self.limits("y")) if y is None else (self.limits("x"), [y, y])
        look = {"color": color, "width": width, "dash": dash}
        trace = _given(type="scatter", x=ends[0], y=ends[1], mode="lines", name=name, line=look)
        self.add(_quiet(trace | more))

    def contours(self, x: Any, y: Any, z: Any, levels: tuple[float, float, float], **more: Any) -> None:
        """Filled contours of `z` (rows are `y`); `levels` are the first, the last and the step between two."""
        start, end, step = levels
        look = {"start": start, "end": end, "size": step}
        self.add(_quiet({"type": "contour", "x": x, "y": y, "z": z, "contours": look} | more))


def _given(**options: Any) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


def _plain(value: Any) -> Any:
    """A number of NumPy's or PyTorch's as Python's."""
    return value.item() if hasattr(value, "item") else value


def _quiet(trace: dict[str, Any]) -> dict[str, Any]:
    """The trace, without an answer to the pointer if it has nothing to say."""
    if not trace.keys() & {"name", "hovertemplate", "hoverinfo"}:
        trace["hoverinfo"] = "skip"
    return trace


class Figure(Drawing, go.Figure):
    """Plotly's figure with the marks of `Drawing`; `plots` are those side by side."""

    def add(self, trace: dict[str, Any]) -> None:
        self.add_trace(trace)

    def limits(self, letter: str) -> tuple[float, float]:
        return _limits(self.layout[f"{letter}axis"], letter)

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots of `panels` from left to right: `left, right = fig.plots`."""
        return tuple(Plot(self, column) for column in range(1, len(self._grid_ref[0]) + 1))


class Plot(Drawing):
    """One of the plots side by side: what is drawn on it needs no `row=` and `col=`."""

    def __init__(self, figure: Figure, column: int) -> None:
        self.figure, self.column = figure, column
        self._number = "" if column == 1 else str(column)

    def add(self, trace: dict[str, Any]) -> None:
        self.figure.add_trace(trace | {"xaxis": f"x{self._number}", "yaxis": f"y{self._number}"})

    def limits(self, letter: str) -> tuple[float, float]:
        return _limits(self.figure.layout[f"{letter}axis{self._number}"], letter)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """`add_bar`, `add_heatmap`, `add_annotation`, `update_xaxes`, …: the figure's own, for this plot."""
        if not name.startswith(("add_", "update_")):
            raise AttributeError(name)
        return partial(getattr(self.figure, name), row=1, col=self.column)


def _limits(axis: Any, letter: str) -> tuple[float, float]:
    if axis.range is None:
        raise ValueError(
            f"guide：{letter} 軸に範囲がありません。軸を (名前, はじめ, おわり) で渡してください。"
        )
    low, high = axis.range
    return (10**low, 10**high) if axis.type == "log" else (low, high)


def figure(
    *, x: Axis = "", y: Axis = "", title: str = "", height: int = theme()["height"], **layout: Any
) -> Figure:
    """An empty figure in the book's look.

    Args:
        x, y: the axes: a name with its unit; or with its ends, `("傾き a", -4, 7)`; or with a kind too, `"log"` (the ends
            are powers of ten) or `"equal"` (one unit is as long as on the other axis); or a dict of Plotly's axis.
        title: what this state shows, one sentence with its numbers; becomes the caption above the plot.
        height: in pixels.
        **layout: anything else of Plotly's layout.
    """
    # The constructor takes a fraction of the time of update_layout, and a page draws thousands of figures.
    fig = Figure(layout={"title": {"text": minus(title)}, "height": height, **_axes([x], [y])})
    return fig.update_layout(**layout) if layout else fig


def panels(
    *titles: str,
    x: Sequence[Axis] = (),
    y: Sequence[Axis] = (),
    title: str = "",
    height: int = 380,
    widths: Sequence[float] = (),
    spacing: float = 0.12,
    **layout: Any,
) -> Figure:
    """Plots side by side, one per title; on a narrow screen the page puts them one below the other.

    Args:
        *titles: the heading of each plot.
        x, y: the axes from the left plot to the right, each as `figure` takes it; an empty one and those not given are
            left alone. They are made once: what differs in almost every state is cheaper with `update_xaxes`.
        title: what this state shows; becomes the caption above the plots.
        height: in pixels.
        widths: of the plots against each other, if they differ.
        spacing: between the plots, as a fraction of the width.
        **layout: anything else of Plotly's layout.

    Raises:
        ValueError: more axes than plots, or an axis that is not in a list.
    """
    for name, axes in (("x", x), ("y", y)):
        if isinstance(axes, (str, dict)) or len(axes) > len(titles) or _is_axis(axes):
            raise ValueError(
                f"panels の {name}：図は {len(titles)} つです。"
                f"軸は左の図から順に、図の数までのリストで渡してください（渡されたのは {axes!r}）。"
            )
    # As text, so that it can be looked up; NumPy's and PyTorch's numbers become Python's.
    axes = json.dumps([x, y], default=lambda value: value.tolist())
    made = _empty_panels(titles, tuple(widths), spacing, axes)
    look = {**made["layout"], "title": {"text": minus(title)}, "height": height}
    fig = Figure({**made, "data": [], "layout": look})
    return fig.update_layout(**layout) if layout else fig


@lru_cache(maxsize=128)
def _empty_panels(
    titles: tuple[str, ...], widths: tuple[float, ...], spacing: float, axes: str
) -> dict[str, Any]:
    """The layout, made once, and Plotly's note of which plot is where: `make_subplots` and four axes cost more than the rest."""
    fig = make_subplots(
        cols=len(titles), subplot_titles=titles, column_widths=widths or None, horizontal_spacing=spacing
    )
    below = {"yref": "container", "y": 0, "yanchor": "bottom", "x": 0.5, "xanchor": "center"}
    fig.update_layout(margin={"t": 40, "b": 80}, legend=below)
    fig.update_annotations(font_size=13, yshift=4)
    fig.update_layout(_axes(*json.loads(axes)))
    fig.layout.template = None
    return {
        "layout": fig.layout.to_plotly_json(),
        "_grid_ref": fig._grid_ref,
        "_grid_str": fig._grid_str,
    }


def _is_axis(axes: Sequence[Any]) -> bool:
    """Whether this is one axis, not a list of them: `("傾き a", -4, 7)`."""
    return any(isinstance(part, (int, float)) for part in axes) or any(part in _KINDS for part in axes)


_KINDS = ("log", "equal")


def _axes(across: Sequence[Axis], up: Sequence[Axis]) -> dict[str, Any]:
    """The axes of the plots from left to right, as Plotly's layout has them."""
    made: dict[str, Any] = {}
    for letter, given in (("x", across), ("y", up)):
        for column, axis in enumerate(given):
            if axis:
                made[f"{letter}axis{column + 1 if column else ''}"] = _axis(axis)
    for key in [key for key, axis in made.items() if axis.pop("equal", False)]:
        number = key[len("xaxis") :]
        across_too = made.setdefault(f"xaxis{number}", {})
        made[f"yaxis{number}"] = {"scaleanchor": f"x{number}", "constrain": "domain"} | made.get(
            f"yaxis{number}", {}
        )
        across_too.setdefault("constrain", "domain")
    return made


def _axis(given: Axis) -> dict[str, Any]:
    if isinstance(given, str):
        return {"title": {"text": given}}
    if isinstance(given, dict):
        return dict(given)
    name, *rest = given
    kind = rest.pop() if rest and isinstance(rest[-1], str) else None
    if len(rest) not in (0, 2) or (kind and kind not in _KINDS):
        raise ValueError(
            f"軸は (名前, はじめ, おわり) か、そのあとに log か equal です（渡されたのは {given!r}）。"
        )
    looks: dict[str | None, dict[str, Any]] = {"log": {"type": "log", "dtick": 1}, "equal": {"equal": True}}
    title = {"title": {"text": name}} if name else {}
    ends = {"range": [*rest]} if rest else {}
    return title | ends | looks.get(kind, {})


# A hyphen before a number, and not after a letter or a number: not that of GPT-2, of 2020-21 and of k-平均.
_MINUS = re.compile(r"(?<![\w-])-(?=[\d.∞])|(?<=\de)-(?=\d)")


def minus(text: str) -> str:
    """The text with a true minus before negative numbers. `figure` and `panels` do it to their titles."""
    return _MINUS.sub("−", text)
