"""`panels`: plots side by side, with their axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from sawaru.figure import panels

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
