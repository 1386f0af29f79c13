"""The grid of each control type, and the errors that name a bad declaration."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import pytest

from sawaru.explorer.controls import declare, stops
from sawaru.explorer.error import ExploreError
from sawaru.explorer.kinds import Control


def one(declaration: Any, default: Any = None) -> Control:
    def f(x: Any) -> None: ...

    return declare(f, {"x": declaration})[0]


@pytest.mark.parametrize(
    ("declaration", "kind", "values", "default"),
    [
        (widgets.IntSlider(value=2, min=0, max=4, step=2), "slider", (0, 2, 4), 1),
        (
            widgets.FloatSlider(value=0.3, min=0, max=0.5, step=0.1),
            "slider",
            (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
            3,
        ),
        (widgets.FloatLogSlider(value=1, base=10, min=-1, max=1, step=1), "slider", (0.1, 1, 10), 1),
        (widgets.FloatLogSlider(value=2, base=2, min=0, max=2, step=1), "slider", (1, 2, 4), 1),
        (
            stops(widgets.FloatSlider(value=1.5, min=-3, max=3, step=0.01), [-2, 0, 1.5]),
            "slider",
            (-2.0, 0.0, 1.5),
            2,
        ),
        (widgets.SelectionSlider(options=["a", "b"], value="b"), "slider", ("a", "b"), 1),
        (widgets.Dropdown(options=[("一", 1), ("二", 2)], value=2), "select", (1, 2), 1),
        (widgets.ToggleButtons(options=["a", "b"]), "buttons", ("a", "b"), 0),
        (widgets.RadioButtons(options=["a", "b"], value="b"), "buttons", ("a", "b"), 1),
        (widgets.Checkbox(value=True), "checkbox", (False, True), 1),
        (widgets.Play(min=0, max=6, step=3), "play", (0, 3, 6), 0),
        (widgets.Combobox(value="猫", options=["犬", "猫"]), "text", ("猫", "犬"), 0),
        (widgets.Text(value="猫"), "text", ("猫",), 0),
        ((0, 4), "slider", (0, 1, 2, 3, 4), 2),
        ((0, 10, 5), "slider", (0, 5, 10), 1),
        ((0.0, 0.2, 0.1), "slider", (0.0, 0.1, 0.2), 1),
        ([0.0, 0.5], "select", (0.0, 0.5), 0),
        ({"小": 1, "大": 9}, "select", (1, 9), 0),
        (True, "checkbox", (False, True), 1),
        ("文", "text", ("文",), 0),
        (widgets.fixed([1, 2].__len__()), "fixed", (2,), 0),
    ],
)
def test_grid(declaration: Any, kind: str, values: tuple[Any, ...], default: int) -> None:
    control = one(declaration)
    assert (control.kind, control.default) == (kind, default)
    assert (
        control.values == pytest.approx(values) if isinstance(values[0], float) else control.values == values
    )
    assert len(control.texts) == len(values)


def test_a_log_slider_of_many_steps_has_no_drift() -> None:
    control = one(widgets.FloatLogSlider(value=0.1, base=10, min=-3, max=0, step=0.1))
    assert len(control.values) == 31
    assert control.values[-1] == 1.0
    assert control.values[control.default] == pytest.approx(0.1, rel=1e-12)


def test_a_slider_with_stops_moves_freely_in_a_kernel() -> None:
    slider = widgets.FloatSlider(value=0, min=-3, max=3, step=0.01, readout_format=".1f")
    control = one(stops(slider, (-2, 0, 2)))
    assert control.texts == ("-2.0", "0.0", "2.0")
    control.widget.value = 1.23
    assert slider.value == 1.23
    with pytest.raises(ExploreError, match="初期値"):
        one(stops(widgets.FloatSlider(value=1, min=-3, max=3), (-2, 0, 2)))


def test_label_unit_and_readout() -> None:
    angle = one(widgets.IntSlider(value=90, min=0, max=180, step=90, description="角度 [°]"))
    assert (angle.label, angle.unit, angle.shown(1)) == ("角度", "°", "90°")
    rate = one(
        widgets.FloatSlider(value=0.5, min=0, max=1, step=0.5, description="速さ [m/s]", readout_format=".1f")
    )
    assert rate.shown(1) == "0.5 m/s"
    assert one((0, 3)).label == "x"


def test_a_default_argument_is_the_first_value_of_an_abbreviation() -> None:
    def f(x: int = 3) -> None: ...

    control = declare(f, {"x": (0, 4)})[0]
    assert control.values[control.default] == 3


@pytest.mark.parametrize(
    ("declaration", "says"),
    [
        ([], "選べる値が一つもありません"),
        (widgets.Dropdown(options=[]), "選べる値が一つもありません"),
        ([[1, 2], [3]], "ハッシュできません"),
        ((0, "a"), "からつまみを作れません"),
        (object(), "からつまみを作れません"),
        (widgets.FloatSlider(value=0.25, min=0, max=1, step=0.1), "初期値 0.25 が目盛りの上にありません"),
        (widgets.FloatSlider(value=0, min=0, max=1, step=0), "刻み"),
        (widgets.HTML("x"), "HTML はまだ使えません"),
    ],
)
def test_a_bad_control_names_itself(declaration: Any, says: str) -> None:
    with pytest.raises(ExploreError, match="つまみ x") as caught:
        one(declaration)
    assert says in str(caught.value)


def test_names_must_match_the_function() -> None:
    def f(rate: float) -> None: ...

    with pytest.raises(ExploreError, match=r"つまみ rat に当たる引数が関数にありません（関数の引数：rate）"):
        declare(f, {"rat": (0.0, 1.0)})
    with pytest.raises(ExploreError, match="引数 rate を動かすつまみがありません"):
        declare(f, {})
