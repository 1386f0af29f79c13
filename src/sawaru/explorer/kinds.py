"""The kinds of controls. Each knows its ipywidgets and their values, its native HTML, and its row in a kernel.

A new kind is one class here and one entry of `CONTROLS` in frontend/controls.js.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

import ipywidgets as widgets
from ipywidgets.widgets.interaction import fixed

from sawaru.explorer.error import ExploreError
from sawaru.explorer.text import width, writable

LONGEST_TEXT = 60  # characters of a choice that the page shows
LONGEST_ROOM = 20  # characters for which a slider's value has room
SPEEDS = (0.5, 1, 2, 4)  # of a player; the first speed is 1

Grid = tuple[tuple[Any, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Control:
    """One control of an explorer.

    Attributes:
        name: the function's parameter.
        label: what a reader is told it is.
        unit: shown behind the value, e.g. "°"; "" for none.
        values: every value that the snapshot offers, in order.
        texts: how each value is written, without its unit.
        default: index of the first value.
        widget: the ipywidget that moves it in a kernel.
        kind: what the page calls its class.
        tag: the element that holds it in a page.
        room: how wide its row is in a kernel.
    """

    name: str
    label: str
    unit: str
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    default: int
    widget: widgets.Widget

    kind: ClassVar[str]
    tag: ClassVar[str] = "div"
    room: ClassVar[str] = "auto"

    @classmethod
    def grid(cls, widget: Any, where: str) -> Grid | None:
        """The values and texts of an ipywidget of this kind; None for any other."""
        raise NotImplementedError

    def shown(self, index: int) -> str:
        """The text of one value with its unit."""
        if not self.unit:
            return self.texts[index]
        return self.texts[index] + ("" if self.unit in "°%％" else " ") + self.unit

    def spec(self) -> dict[str, Any]:
        """What the page's script must know of it."""
        keys = list(self.texts)
        if len(set(keys)) < len(keys):
            keys = [str(i) for i in range(len(keys))]
        texts = [self.shown(i) for i in range(len(self.values))]
        return {"name": self.name, "kind": self.kind, "texts": texts, "keys": keys, "default": self.default}

    def in_page(self, explorer: str) -> str:
        """Its HTML in the page of an explorer of this name."""
        inside = self._html(escape(f"{explorer}-{self.name}"), f'data-control="{escape(self.name)}"')
        return f'<{self.tag} class="sawaru-control sawaru-{self.kind}">{inside}</{self.tag}>'

    def _html(self, here: str, name: str) -> str:
        """The native elements, the input with the id `here` and the attribute `name`."""
        raise NotImplementedError

    def in_kernel(self) -> widgets.Widget | None:
        """Its row above the live plot; None if there is nothing to move."""
        if self.unit:
            self.widget.description = f"{self.label}（{self.unit}）"
        elif not self.widget.description:
            self.widget.description = self.label
        return _roomy(self.widget, self.room)

    def _label(self, here: str) -> str:
        return f'<label for="{here}">{escape(self.label)}</label>'

    def _range(self, here: str, name: str) -> str:
        shown = escape(self.shown(self.default))
        last = len(self.values) - 1
        return f'<input type="range" id="{here}" {name} min="0" max="{last}" step="1" value="{self.default}" aria-valuetext="{shown}">'

    def _output(self, here: str) -> str:
        room = min(LONGEST_ROOM, max(width(self.shown(i)) for i in range(len(self.values))))
        return (
            f'<output for="{here}" data-shows="{escape(self.name)}" style="min-width:{room}ch">'
            f"{escape(self.shown(self.default))}</output>"
        )

    def _choices(self, here: str, name: str) -> str:
        options = "".join(
            f'<option value="{i}"{" selected" if i == self.default else ""}>{escape(self.shown(i))}</option>'
            for i in range(len(self.values))
        )
        return f'{self._label(here)}<select id="{here}" {name}>{options}</select>'

    def _still(self, here: str) -> str:
        """A control that moves in a kernel only: in the page it says where it stands."""
        return f"<span>{escape(self.label)}</span>{self._output(here)}"


class Fixed(Control):
    kind = "fixed"

    @classmethod
    def grid(cls, widget: Any, where: str) -> Grid | None:
        return ((widget.value,), (str(widget.value),)) if isinstance(widget, fixed) else None

    def in_page(self, explorer: str) -> str:
        return ""

    def in_kernel(self) -> None:
        return None


class Slider(Control):
    kind = "slider"
    room = "24em"

    @classmethod
    def grid(cls, widget: Any, where: str) -> Grid | None:
        if hasattr(widget, "_sawaru_stops"):
            return _written(widget._sawaru_stops, widget, ".4g")
        if isinstance(widget, widgets.FloatLogSlider):
            powers = _steps(widget.min, widget.max, widget.step, where)
            return _written([widget.base**p for p in powers], widget, ".4g")
        if isinstance(widget, (widgets.IntSlider, widgets.BoundedIntText)):
            return _written(range(widget.min, widget.max + 1, widget.step), widget, "d")
        if isinstance(widget, (widgets.FloatSlider, widgets.BoundedFloatText)):
            return _written(_steps(widget.min, widget.max, widget.step, where), widget, ".4g")
        return _options(widget) if isinstance(widget, widgets.SelectionSlider) else None

    def _html(self, here: str, name: str) -> str:
        if len(self.values) == 1:
            return self._still(here)
        return self._label(here) + self._range(here, name) + self._output(here)


class Play(Control):
    kind = "play"

    @classmethod
    def grid(cls, widget: Any, where: str) -> Grid | None:
        if not isinstance(widget, widgets.Play):
            return None
        values = tuple(range(widget.min, widget.max + 1, widget.step))
        return values, tuple(map(str, values))

    def spec(self) -> dict[str, Any]:
        return {**super().spec(), "interval": self.widget.interval}

    def _html(self, here: str, name: str) -> str:
        speeds = "".join(
            f'<option value="{s}"{" selected" if s == 1 else ""}>{s:g} 倍</option>' for s in SPEEDS
        )
        return (
            f'{self._label(here)}<span class="sawaru-play" data-play="{escape(self.name)}">'
            '<button type="button" aria-label="一つ戻る">◀◀</button>'
            '<button type="button" aria-label="再生">▶</button>'
            '<button type="button" aria-label="一つ進む">▶▶</button>'
            f'<select aria-label="再生の速さ">{speeds}</select></span>{self._range(here, name)}{self._output(here)}'
        )

    def in_kernel(self) -> widgets.Widget:
        play = self.widget
        slider = widgets.IntSlider(play.value, play.min, play.max, play.step, description=self.label)
        widgets.jslink((play, "value"), (slider, "value"))
        speed = widgets.Dropdown(options=[(f"{s:g} 倍", s) for s in SPEEDS], value=1)
        speed.layout.width = "5.5em"
        interval = play.interval
        speed.observe(
            lambda change: setattr(play, "interval", round(interval / change["new"])), names="value"
        )
        return widgets.HBox([play, speed, _roomy(slider, Slider.room)])


class Checkbox(Control):
    kind = "checkbox"

    @classmethod
    def grid(cls, widget: Any, where: str) -> Grid | None:
        ticked = isinstance(widget, (widgets.Checkbox, widgets.ToggleButton))
        return ((False, True), ("なし", "あり")) if ticked else None

    def _html(self, here: str, name: str) -> str:
        checked = " checked" if self.default else ""
        return f'<input type="checkbox" id="{here}" {name}{checked}>{self._label(here)}'


class Text(Control):
    """A sentence of the reader's own in a kernel; in a page, a choice of examples."""

    kind = "text"
    room = "48em"

    @classmethod
    def grid(cls, widget: Any, where: str) -> Grid | None:
        if not isinstance(widget, widgets.Text):
            return None
        examples: tuple[str, ...] = (widget.value,)
        if isinstance(widget, widgets.Combobox):
            first = examples if widget.value else ()
            examples = tuple(dict.fromkeys((*first, *widget.options)))
        return examples, tuple(map(_shown, examples))

    def _html(self, here: str, name: str) -> str:
        return self._still(here) if len(self.values) == 1 else self._choices(here, name)


class Buttons(Control):
    kind = "buttons"
    tag = "fieldset"

    @classmethod
    def grid(cls, widget: Any, where: str) -> Grid | None:
        return _options(widget) if isinstance(widget, (widgets.ToggleButtons, widgets.RadioButtons)) else None

    def _html(self, here: str, name: str) -> str:
        choices = "".join(
            f'<label><input type="radio" name="{here}" {name} value="{i}"{" checked" if i == self.default else ""}>'
            f"<span>{escape(self.shown(i))}</span></label>"
            for i in range(len(self.values))
        )
        return f"<legend>{escape(self.label)}</legend>{choices}"


class Select(Control):
    kind = "select"

    @classmethod
    def grid(cls, widget: Any, where: str) -> Grid | None:
        return _options(widget) if hasattr(widget, "_options_full") else None

    def _html(self, here: str, name: str) -> str:
        return self._choices(here, name)


KINDS: tuple[type[Control], ...] = (
    Fixed,
    Slider,
    Play,
    Checkbox,
    Text,
    Buttons,
    Select,
)  # the first that fits


def kind_of(widget: Any, where: str) -> tuple[type[Control], Grid]:
    """The kind of a widget, with its values and texts."""
    for kind in KINDS:
        grid = kind.grid(widget, where)
        if grid is not None:
            return kind, grid
    raise ExploreError(
        f"{where}：{type(widget).__name__} はまだ使えません。スライダー、Dropdown、ToggleButtons、RadioButtons、"
        "Checkbox、Play、Text、Combobox のどれかにしてください。"
    )


def _written(values: Sequence[Any], widget: Any, template: str) -> Grid:
    template = getattr(widget, "readout_format", template)
    return tuple(values), tuple(format(v, template) for v in values)


def _steps(low: float, high: float, step: float | None, where: str) -> list[float]:
    if not step or step < 0:
        raise ExploreError(f"{where}：刻み（step）が {step!r} です。正の数にしてください。")
    count = math.floor((high - low) / step + 1e-9) + 1
    return [round(low + i * step, 12) for i in range(count)]


def _options(widget: Any) -> Grid:
    labels, values = zip(*widget._options_full, strict=True) if widget._options_full else ((), ())
    return values, tuple(_shown(str(label)) for label in labels)


def _shown(text: str) -> str:
    """A choice as a reader sees it, whatever it holds."""
    if not text:
        return "（空）"
    text = writable(text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _roomy(widget: widgets.Widget, room: str) -> widgets.Widget:
    """A widget with room for a Japanese label of any length."""
    if hasattr(widget, "style") and hasattr(widget.style, "description_width"):
        widget.style.description_width = "initial"
    widget.layout.width = room
    widget.layout.max_width = "100%"
    return widget
