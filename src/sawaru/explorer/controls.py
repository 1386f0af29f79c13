"""Controls: from ipywidgets (or `interact`'s abbreviations) to a finite grid of values.

A control is declared once. Live, its ipywidget moves; in a page without a kernel, its grid of values does.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
from ipywidgets.widgets.interaction import fixed, interactive

from sawaru.explorer.error import ExploreError
from sawaru.explorer.kinds import Control, kind_of
from sawaru.explorer.text import writable


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
    kind, (values, texts) = kind_of(widget, where)
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
    return kind(name, label, unit, values, texts, index, widget)


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
