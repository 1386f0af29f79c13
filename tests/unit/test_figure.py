"""Figures: axes, plots side by side, marks, pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from py_mini_racer import MiniRacer

from sawaru.explorer import frontend
from sawaru.figure import AMOUNT, INKS, ONE, SIGNED, figure, panels
from sawaru.pictures import mosaic, picture, pictures
from sawaru.theme import theme

PLANE = {"range": [-1, 1], "scaleanchor": "x", "constrain": "domain"}
LOSS = {"title_text": "損失", "type": "log", "range": [-2, 2.5]}


def test_axes_are_as_update_axes_makes_them() -> None:
    given = panels("左", "右", title="題", x=["x₁ [m]", {"title_text": "歩", "dtick": 5}], y=[PLANE, LOSS])
    made = panels("左", "右", title="題")
    made.update_xaxes(title_text="x₁ [m]", row=1, col=1)
    made.update_xaxes(title_text="歩", dtick=5, row=1, col=2)
    made.update_yaxes(**PLANE, row=1, col=1)
    made.update_yaxes(**LOSS, row=1, col=2)
    assert given.to_dict() == made.to_dict()
    assert given.layout.xaxis2.anchor == "y2"


def test_axes_not_given_are_left_alone() -> None:
    fig = panels("左", "中", "右", x=["", "歩"], y=[{}, {}, "損失"])
    made = panels("左", "中", "右")
    made.update_xaxes(title_text="歩", row=1, col=2)
    made.update_yaxes(title_text="損失", row=1, col=3)
    assert fig.to_dict() == made.to_dict()


def test_numbers_of_numpy_and_torch_are_numbers() -> None:
    box = [np.float32(0.5), torch.tensor(2.0)]
    fig = panels("左", x=[{"range": box, "tickvals": np.arange(3)}], y=[{"range": torch.tensor([0, 4])}])
    assert fig.layout.xaxis.range == (0.5, 2)
    assert fig.layout.xaxis.tickvals == (0, 1, 2)
    assert fig.layout.yaxis.range == (0, 4)


def test_what_is_done_to_a_figure_stays_with_it() -> None:
    axis: dict[str, Any] = {"title_text": "歩", "range": [0, 10]}
    first = panels("左", "右", x=[axis], y=["損失"])
    before = first.to_dict()
    first.update_xaxes(range=[3, 4], visible=False)
    first.layout.yaxis.title.text = "別の名前"
    first.add_scatter(y=[1, 2], row=1, col=2)
    assert panels("左", "右", x=[axis], y=["損失"]).to_dict() == before
    axis["range"][1] = 20
    assert panels("左", "右", x=[axis], y=["損失"]).layout.xaxis.range == (0, 20)


@pytest.mark.parametrize("name", ["x", "y"])
@pytest.mark.parametrize("axes", [["a", "b", "c"], "気温", {"range": [0, 1]}])
def test_axes_that_do_not_fit_the_plots(name: str, axes: Any) -> None:
    with pytest.raises(ValueError, match=f"panels の {name}：図は 2 つです。.*リストで"):
        panels("左", "右", **{name: axes})


def test_an_axis_as_a_tuple() -> None:
    short = panels(
        "左", "右", x=[("a", -4, 7), ("歩", "log")], y=[("b", 0, 8, "equal"), ("損失", -1, 3, "log")]
    )
    long = panels(
        "左",
        "右",
        x=[
            {"title_text": "a", "range": [-4, 7], "constrain": "domain"},
            {"title_text": "歩", "type": "log", "dtick": 1},
        ],
        y=[
            {"title_text": "b", "range": [0, 8], "scaleanchor": "x", "constrain": "domain"},
            {"title_text": "損失", "type": "log", "dtick": 1, "range": [-1, 3]},
        ],
    )
    assert short.to_dict() == long.to_dict()
    right = panels("左", "右", x=["", "a"], y=["", ("b", "equal")])
    assert (right.layout.yaxis2.scaleanchor, right.layout.xaxis2.constrain) == ("x2", "domain")
    alone = figure(x=("a", 0, 1), y=("b", 0, 1, "equal"))
    assert (alone.layout.yaxis.scaleanchor, alone.layout.xaxis.range) == ("x", (0, 1))


@pytest.mark.parametrize("axis", [("損失", 0), ("損失", 0, 4, "対数"), ("損失", 0, 1, 2)])
def test_a_tuple_that_is_no_axis(axis: Any) -> None:
    with pytest.raises(ValueError, match="軸は"):
        figure(x=axis)
    with pytest.raises(ValueError, match="図は 2 つです"):
        panels("左", "右", x=("傾き", 0, 4))


def test_a_plot_draws_where_it_is() -> None:
    fig = panels("左", "右", x=["a", ("b", 0, 2, "log")], y=[("c", -1, 1)])
    left, right = fig.plots
    left.dot(1, torch.tensor(2.0))
    left.points([1, 2], [3, 4], **ONE, name="一")
    right.add_bar(x=[1], y=[2])
    places = [(trace.xaxis, trace.yaxis) for trace in fig.data]
    assert places == [("x", "y"), ("x", "y"), ("x2", "y2")]
    assert fig.data[0].hoverinfo == "skip"
    assert fig.data[1].hoverinfo is None
    assert fig.data[1].marker.symbol == "circle"
    with pytest.raises(AttributeError):
        _ = right.colour


def test_a_guide_crosses_the_whole_plot() -> None:
    fig = figure(x=("歩", 0, 2, "log"), y=("損失", -1, 1))
    fig.guide(y=0.5)
    fig.guide(x=10, name="境")
    assert (fig.data[0].x, fig.data[0].y) == ((1, 100), (0.5, 0.5))
    assert (fig.data[1].x, fig.data[1].y) == ((10, 10), (-1, 1))
    with pytest.raises(ValueError, match="どちらか一つ"):
        fig.guide(x=1, y=1)
    with pytest.raises(ValueError, match="y 軸に範囲がありません"):
        figure(x=("歩", 0, 2)).guide(x=1)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("-3 と (-0.5)、η = -1e-05", "−3 と (−0.5)、η = −1e−05"),
        ("差は-∞", "差は-∞"),
        ("差 -∞", "差 −∞"),
        ("GPT-2 を 2020-21 に k-平均で", "GPT-2 を 2020-21 に k-平均で"),
    ],
)
def test_titles_have_a_true_minus(written: str, shown: str) -> None:
    assert figure(title=written).layout.title.text == shown
    assert panels("左", title=written).layout.title.text == shown


def test_colours_have_dark_twins() -> None:
    light, dark = (theme()[mode]["layout"]["colorscale"]["diverging"] for mode in ("light", "dark"))
    twins = theme()["twins"]
    assert [[at, twins[color]] for at, color in light] == dark
    assert light == SIGNED
    assert {color for scale in (SIGNED, AMOUNT, INKS) for _, color in scale} <= twins.keys()


def test_pictures() -> None:
    fig = pictures("左", "右", title="絵")
    picture(fig.plots[1], mosaic(torch.ones(6, 2, 2), columns=3))
    assert fig.layout.yaxis2.autorange == "reversed"
    assert fig.layout.yaxis2.scaleanchor == "x2"
    assert (fig.data[0].xaxis, fig.data[0].zmax) == ("x2", 100)
    assert fig.data[0].z.shape == (6, 9)
    assert fig.data[0].z[2].tolist() == [0] * 9
    assert fig.data[0].z[0].tolist() == [100, 100, 0] * 3


def test_a_trace_without_a_name_has_no_legend_entry() -> None:
    engine = MiniRacer()
    engine.eval(frontend.script("layout.js"))
    shown = "(data) => presented({ data, layout: {} }, 800, false).data.map((t) => t.showlegend ?? null)"
    engine.eval(f"const legends = {shown};")
    data = [
        {"name": "損失"},
        {"x": [1]},
        {"name": ""},
        {"showlegend": True},
        {"name": "底", "showlegend": False},
    ]
    assert engine.call("legends", data) == [None, False, False, True, False]
