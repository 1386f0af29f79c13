"""Controls: from ipywidgets (or `interact`'s abbreviations) to a finite grid of values.

A control is declared once. Live, its ipywidget moves; in a page without a kernel, its grid of values does.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
from ipywidgets.widgets.interaction import fixed, interactive

from sawaru.explorer.text import writable

LONGEST_TEXT = 60  # characters of a choice that the page shows


class ExploreError(ValueError):
    """A declaration of `explore` that cannot work; the message says where and what to do instead."""


@dataclass(frozen=True)
class Control:
    """One control of an explorer.

    Attributes:
        name: the function's parameter.
        kind: "slider", "select", "buttons", "checkbox", "play" or "text"; what the page shows.
        label: what a reader is told it is.
        unit: shown behind the value, e.g. "°"; "" for none.
        values: every value that the snapshot offers, in order.
        texts: how each value is written, without its unit.
        default: index of the first value.
        widget: the ipywidget that moves it in a kernel.
    """

    name: str
    kind: str
    label: str
    unit: str
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    default: int
    widget: widgets.Widget

    def shown(self, index: int) -> str:
        """The text of one value with its unit."""
        if not self.unit:
            return self.texts[index]
        return self.texts[index] + ("" if self.unit in "°%％" else " ") + self.unit


def stops(widget: widgets.Widget, values: Sequence[float]) -> widgets.Widget:
    """A slider that moves freely in a kernel and, in a page without one, stops at `values` only.

        @explore(x=stops(widgets.FloatSlider(value=0, min=-3, max=3, step=0.01), [-2, 0, 2]))

    The widget's first value must be one of them.
    """
    widget._sawaru_stops = tuple(values)
    return widget


def declare(function: Callable[..., Any], declared: Mapping[str, Any]) -> list[Control]:
    """Turn `name=widget or abbreviation` into controls, in the order of the declaration.

    Raises:
        ExploreError: a name that is no parameter of the function, a parameter without a control or default, or
            a declaration that gives no values.
    """
    parameters = inspect.signature(function).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for name in declared:
        if name not in parameters and not takes_any:
            known = "、".join(parameters) or "なし"
            raise ExploreError(
                f"explore「{function.__name__}」：つまみ {name} に当たる引数が関数にありません（関数の引数：{known}）。"
                "名前の綴りをそろえてください。"
            )
    for name, parameter in parameters.items():
        plain = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if plain and name not in declared and parameter.default is parameter.empty:
            raise ExploreError(
                f"explore「{function.__name__}」：引数 {name} を動かすつまみがありません。"
                f"explore({name}=…) を足すか、引数に既定値を与えてください。"
            )
    controls = []
    for name, declaration in declared.items():
        where = f"explore「{function.__name__}」のつまみ {name}"
        default = parameters[name].default if name in parameters else inspect.Parameter.empty
        controls.append(_control(name, declaration, default, where))
    return controls


def _control(name: str, declaration: Any, default: Any, where: str) -> Control:
    abbreviated = not isinstance(declaration, (widgets.Widget, fixed))
    widget = declaration
    if abbreviated:
        try:
            widget = interactive.widget_from_abbrev(declaration, default)
        except (TypeError, ValueError) as error:
            raise ExploreError(f"{where}：{declaration!r} からつまみを作れません（{error}）。") from error
        if widget is None:
            raise ExploreError(
                f"{where}：{declaration!r} からつまみを作れません。"
                "(最小, 最大, 刻み) の数の組、選択肢のリスト、辞書、True / False、または ipywidgets を渡してください。"
            )
    label, unit = _label(writable(getattr(widget, "description", "")), name)
    kind, values, texts = _grid(widget, where)
    if not values:
        raise ExploreError(
            f"{where}：選べる値が一つもありません。最小・最大・刻み、または選択肢を確かめてください。"
        )
    for value in values:
        try:
            hash(value)
        except TypeError:
            raise ExploreError(
                f"{where}：選択肢 {value!r} はハッシュできません。数・文字列・タプルにするか、"
                '{"見出し": 名前} の辞書にして関数の中で引いてください。'
            ) from None
    index = _position(widget.value, values)
    if index is None:
        if not abbreviated:
            raise ExploreError(
                f"{where}：初期値 {widget.value!r} が目盛りの上にありません（{texts[0]} から {texts[-1]} まで {len(values)} 通り）。"
                "初期値か刻みを直してください。"
            )
        index = min(range(len(values)), key=lambda i: abs(values[i] - widget.value))
        widget.value = values[index]
    return Control(name, kind, label, unit, values, texts, index, widget)


def _label(description: str, name: str) -> tuple[str, str]:
    """Split "角度 [°]" into its label and its unit."""
    match = re.fullmatch(r"(.*?)\s*\[([^\]]+)\]", description.strip())
    label, unit = match.groups() if match else (description.strip(), "")
    return label or name, unit


def _position(value: Any, values: tuple[Any, ...]) -> int | None:
    for i, candidate in enumerate(values):
        both_real = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (value, candidate))
        if candidate == value or (both_real and math.isclose(candidate, value, rel_tol=1e-9, abs_tol=1e-12)):
            return i
    return None


def _grid(widget: Any, where: str) -> tuple[str, tuple[Any, ...], tuple[str, ...]]:
    """The kind, values and texts of one widget."""
    if isinstance(widget, fixed):
        return "fixed", (widget.value,), (str(widget.value),)
    if hasattr(widget, "_sawaru_stops"):
        return _written("slider", widget._sawaru_stops, getattr(widget, "readout_format", ".4g"))
    if isinstance(widget, widgets.Play):
        values = tuple(range(widget.min, widget.max + 1, widget.step))
        return "play", values, tuple(str(v) for v in values)
    if isinstance(widget, widgets.FloatLogSlider):
        powers = _steps(widget.min, widget.max, widget.step, where)
        return _written("slider", [widget.base**p for p in powers], widget.readout_format)
    if isinstance(widget, (widgets.IntSlider, widgets.BoundedIntText)):
        values = tuple(range(widget.min, widget.max + 1, widget.step))
        return _written("slider", values, getattr(widget, "readout_format", "d"))
    if isinstance(widget, (widgets.FloatSlider, widgets.BoundedFloatText)):
        steps = _steps(widget.min, widget.max, widget.step, where)
        return _written("slider", steps, getattr(widget, "readout_format", ".4g"))
    if isinstance(widget, (widgets.Checkbox, widgets.ToggleButton)):
        return "checkbox", (False, True), ("なし", "あり")
    if isinstance(widget, widgets.Combobox):
        examples = tuple(dict.fromkeys((widget.value, *widget.options) if widget.value else widget.options))
        return "text", examples, tuple(map(_shown, examples))
    if isinstance(widget, widgets.Text):
        return "text", (widget.value,), (_shown(widget.value),)
    if hasattr(widget, "_options_full"):
        labels = tuple(_shown(str(label)) for label, _ in widget._options_full)
        values = tuple(value for _, value in widget._options_full)
        if isinstance(widget, widgets.SelectionSlider):
            return "slider", values, labels
        buttons = isinstance(widget, (widgets.ToggleButtons, widgets.RadioButtons))
        return ("buttons" if buttons else "select"), values, labels
    raise ExploreError(
        f"{where}：{type(widget).__name__} はまだ使えません。スライダー、Dropdown、ToggleButtons、RadioButtons、"
        "Checkbox、Play、Text、Combobox のどれかにしてください。"
    )


def _shown(text: str) -> str:
    """A choice as a reader sees it, whatever it holds."""
    if not text:
        return "（空）"
    text = writable(text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _steps(low: float, high: float, step: float | None, where: str) -> list[float]:
    if not step or step < 0:
        raise ExploreError(f"{where}：刻み（step）が {step!r} です。正の数にしてください。")
    count = math.floor((high - low) / step + 1e-9) + 1
    return [round(low + i * step, 12) for i in range(count)]


def _written(kind: str, values: Any, template: str) -> tuple[str, tuple[Any, ...], tuple[str, ...]]:
    return kind, tuple(values), tuple(format(v, template) for v in values)
