"""The live explorer: ipywidgets for the controls, one thin anywidget for the plot.

What differs between hosts (ipywidgets 7 and 8, a kernel with or without a running event loop) is handled here.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import traceback
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets

from sawaru.explorer import frontend
from sawaru.explorer.explorer import Explorer
from sawaru.explorer.text import writable
from sawaru.explorer.tree import figure_tree

LONGEST_ERROR = 300  # characters: a message may quote all that a reader typed
MERGE_SECONDS = 0.004  # moves that queued up behind a call all arrive within this time


class Plot(anywidget.AnyWidget):
    """Draws the figure it holds. Plotly's JavaScript is sent on request, once a page."""

    _esm = frontend.widget_module()
    _css = frontend.style()

    figure = traitlets.Unicode().tag(sync=True)
    description = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        super().__init__(**state)
        self.on_msg(self._answer)

    def _answer(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("kind") == "plotly":
            self.send({"kind": "plotly", "name": message["name"]}, buffers=[frontend.bundle(message["name"])])


class Session:
    """One displayed explorer: its current values, its plot, and the merging of moves.

    Moves that arrive while the function runs are merged: it is called once more, with the latest values.
    """

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self.values = {c.name: c.values[c.default] for c in explorer.controls}
        self.plot = Plot(description=explorer.description, figure=_json(explorer.figure(**self.values)))
        self._lock = threading.Lock()
        self._waiting = False
        self._running = False

    def move(self, name: str, value: Any) -> None:
        """Take a control's new value and bring the figure up to date soon."""
        with self._lock:
            self.values[name] = value
            if self._waiting:
                return
            self._waiting = True
            if self._running:
                return
        self._soon()

    def _soon(self) -> None:
        try:
            asyncio.get_running_loop().call_later(MERGE_SECONDS, self.update)
        except RuntimeError:  # no loop: a script, or a kernel that calls us from a plain thread
            self.update()

    def update(self) -> None:
        """Call the function with the latest values until none is newer; show what went wrong and keep the figure."""
        with self._lock:
            if self._running or not self._waiting:
                return
            self._running, self._waiting = True, False
            values = dict(self.values)
        self.plot.busy = True
        outcome: dict[str, Any] = {}
        try:
            outcome = {"figure": _json(self.explorer.figure(**values)), "error": ""}
        except Exception as error:
            outcome = {"error": explain(error)}
        finally:
            with self.plot.hold_sync():  # one message to the browser instead of three
                for name, value in {**outcome, "busy": False}.items():
                    setattr(self.plot, name, value)
            with self._lock:
                self._running = False
                again = self._waiting
        if again:
            self._soon()


def explain(error: BaseException) -> str:
    """The last line of an exception in Japanese framing."""
    last = writable("".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1])
    if len(last) > LONGEST_ERROR:
        last = last[:LONGEST_ERROR] + "…"
    frames = traceback.extract_tb(error.__traceback__)
    line = f"（{frames[-1].lineno} 行目）" if frames else ""
    return f"関数の中でエラーが起きました{line}：{last}　図は一つ前のままです。つまみを動かすと、もう一度計算します。"


def view(explorer: Explorer) -> widgets.Widget:
    """The widget that shows a live explorer: its controls above its plot."""
    session = Session(explorer)
    rows: list[widgets.Widget] = []
    for control in explorer.controls:
        row = control.in_kernel()
        if row is not None:
            rows.append(row)
            control.widget.observe(
                lambda change, name=control.name: session.move(name, change["new"]), names="value"
            )
    if rows:
        reset = widgets.Button(description="最初に戻す", tooltip="すべてのつまみを最初の値に戻します")
        reset.layout.width = "auto"
        reset.on_click(lambda _: _reset(explorer))
        rows.append(reset)
    flow = widgets.Layout(display="flex", flex_flow="row wrap", align_items="center", grid_gap="4px 16px")
    box = widgets.VBox([widgets.Box(rows, layout=flow), session.plot] if rows else [session.plot])
    box.add_class("sawaru-box")
    return box


def _reset(explorer: Explorer) -> None:
    for control in explorer.controls:
        control.widget.value = control.values[control.default]


def _json(figure: Any) -> str:
    return json.dumps(_spec(figure_tree(figure)), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _spec(value: Any) -> Any:
    """A figure tree as JSON, its arrays as Plotly's typed-array specs."""
    if isinstance(value, np.ndarray):
        small = value.astype("<f8" if value.dtype.kind == "f" or value.dtype.itemsize > 4 else value.dtype)
        shape = {"shape": ",".join(map(str, small.shape))} if small.ndim > 1 else {}
        return {"dtype": small.dtype.str[1:], "bdata": base64.b64encode(small.tobytes()).decode(), **shape}
    if isinstance(value, dict):
        return {str(k): _spec(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_spec(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
