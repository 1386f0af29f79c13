"""A plugin for pytest beside nbval (`-p whole_chapter`): what is asked of a chapter's kernel once its last cell has run.

Every explorer is moved through its own widget messages, as a browser would move it, and must answer with the figure that its
function returns. And what the chapter has imported must be what a build watches to run the chapter anew.
"""

from __future__ import annotations

import ast
import base64
import json
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
import pytest
import states
from nbval.plugin import IPyNbFile

from sawaru.sphinxext.uses import PACKAGE, uses

SECONDS = 60  # for one answer: a busy machine is no error
LARGEST_FIGURE, LARGEST_NOTEBOOK = 400_000, 1_000_000  # bytes
TYPED = ("", "見たことのない言葉")

PROBE = """
import gc as _gc, json as _json

_explorers = {e.name: e for e in _gc.get_objects() if type(e).__name__ == "Explorer"}

def _controls():
    return _json.dumps({n: {c.name: getattr(c.widget, "model_id", None) for c in e.controls} for n, e in _explorers.items()})

def _expected(name):
    explorer = _explorers[name]
    return explorer.figure(**{c.name: c.widget.value for c in explorer.controls}).to_json()

def _imported():
    import sys
    files = {getattr(m, "__file__", None) for n, m in list(sys.modules.items()) if n.partition(".")[0] == "sawaru"}
    return _json.dumps(sorted(f for f in files if f))
"""
WRITE = "import runpy as _r; _r.run_path({script!r})['write']({file!r}, _explorers.values())"
# After the chapter, an explorer that fails: the message comes, the figure stays, and the next move works.
FAILING = '''
from sawaru import explore
from sawaru.figure import figure

@explore(x=(1, 3))
def failing(x):
    """失敗する図"""
    if x == 3:
        raise ValueError("三は使えません")
    return figure(title=f"{x}")
'''


class Front:
    """The browser's end of a kernel's widgets: knows their models from the messages alone."""

    def __init__(self, kernel: Any) -> None:
        self.client = kernel.kc
        self.models: dict[str, dict[str, Any]] = {}
        hear = kernel.get_message

        def get_message(stream: str, timeout: float | None = None) -> Any:
            return self._note(hear(stream, timeout=timeout))

        kernel.get_message = get_message

    def _note(self, message: dict[str, Any]) -> dict[str, Any]:
        content = message["content"]
        if message["msg_type"] == "comm_open":
            self.models[content["comm_id"]] = dict(content["data"]["state"])
        elif message["msg_type"] == "comm_msg" and content["data"].get("method") == "update":
            self.models[content["comm_id"]] |= content["data"]["state"]
        return message

    def until(self, condition: Callable[[dict[str, Any]], Any], what: str) -> None:
        """Read messages up to the first that fulfils a condition."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            try:
                if condition(self._note(self.client.get_iopub_msg(timeout=1))):
                    return
            except Empty:
                assert self.client.is_alive(), "カーネルが止まりました"
        raise AssertionError(f"{SECONDS} 秒待っても{what}")

    def run(self, code: str) -> None:
        sent = self.client.execute(code, store_history=False)
        assert self._reply(sent)["status"] == "ok", code

    def ask(self, expression: str) -> Any:
        """The JSON that an expression gives in the kernel."""
        reply = self._reply(self.client.execute("", silent=True, user_expressions={"it": expression}))
        answer = reply["user_expressions"]["it"]
        assert answer["status"] == "ok", answer
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def _reply(self, sent: str) -> Any:
        while (reply := self.client.get_shell_msg(timeout=SECONDS))["parent_header"].get("msg_id") != sent:
            pass
        self.until(
            lambda m: (
                m["parent_header"].get("msg_id") == sent and m["content"].get("execution_state") == "idle"
            ),
            "カーネルが休みになりません",
        )
        return reply["content"]

    def send(self, model: str, data: dict[str, Any]) -> None:
        message = self.client.session.msg("comm_msg", {"comm_id": model, "data": data})
        self.client.shell_channel.send(message)

    def inside(self, model: str) -> Iterator[str]:
        """A model and all that stand in it."""
        yield model
        for child in self.models[model].get("children", []):
            yield from self.inside(child.removeprefix("IPY_MODEL_"))


class Explorer:
    """One explorer on the screen: its controls, its plot, its button to reset."""

    def __init__(self, front: Front, box: str) -> None:
        self.front = front
        self.parts = list(front.inside(box))
        (self.plot,) = (m for m in self.parts if "figure" in front.models[m])

    @property
    def shown(self) -> dict[str, Any]:
        return self.front.models[self.plot]

    @property
    def figure(self) -> Any:
        return plain(json.loads(self.shown["figure"]))

    def answered(self, message: dict[str, Any]) -> bool:
        content = message["content"]
        return content.get("comm_id") == self.plot and content["data"].get("state", {}).get("busy") is False

    def move(self, control: str, state: dict[str, Any]) -> None:
        self.front.models[control] |= state
        self.front.send(control, {"method": "update", "state": state, "buffer_paths": []})
        self.front.until(self.answered, "図が届きません")

    def reset(self) -> None:
        (button,) = (m for m in self.parts if self.front.models[m].get("_model_name") == "ButtonModel")
        self.front.send(button, {"method": "custom", "content": {"event": "click"}})
        self.front.until(self.answered, "図が最初に戻りません")


def moves(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a hand does to a control in this state."""
    if "_options_labels" in state:
        yield {"index": (state["index"] + 1) % len(state["_options_labels"])}
    elif isinstance(state["value"], bool):
        yield {"value": not state["value"]}
    elif isinstance(state["value"], str):
        for text in (*TYPED, *state.get("options", ())[-1:]):
            yield {"value": text}
    elif "base" in state:  # a logarithmic slider
        step = state["base"] ** state["step"]
        up = state["value"] * step <= state["base"] ** state["max"] * (1 + 1e-9)
        yield {"value": state["value"] * step if up else state["value"] / step}
    else:
        up = state["value"] + state["step"] <= state["max"]
        yield {"value": state["value"] + (state["step"] if up else -state["step"])}


def plain(value: Any) -> Any:
    """A figure's JSON without how its arrays are written, and without what the page supplies."""
    if isinstance(value, dict):
        if "bdata" in value:
            array = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
            shape = [int(n) for n in str(value.get("shape", len(array))).split(",")]
            return plain(array.reshape(shape).tolist())
        return {k: plain(v) for k, v in value.items() if k not in ("template", "uid")}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def complaints(front: Front, notebook: Path) -> Iterator[str]:
    front.run(PROBE)
    front.run(WRITE.format(script=states.__file__, file=str(states.place(notebook))))
    named = front.ask("_controls()")
    boxes = [m for m, state in front.models.items() if "sawaru-box" in state.get("_dom_classes", ())]
    if len(boxes) != len(named):
        yield f"{len(named)} 個の explore が {len(boxes)} 個の図になりました"
    shown = {
        part: explorer for box in boxes for explorer in [Explorer(front, box)] for part in explorer.parts
    }
    for name, controls in named.items():
        models = {control: model for control, model in controls.items() if model}  # a fixed value has none
        for explorer in {shown[model] for model in models.values()}:
            try:
                yield from (f"{name}：{said}" for said in asked(explorer, name, models))
            except AssertionError as error:
                yield f"{name}：{error}"
    saved = notebook.stat().st_size + len(json.dumps(front.models, ensure_ascii=False).encode())
    if saved > LARGEST_NOTEBOOK:
        yield f"保存すると {saved:,} バイトになります（上限 {LARGEST_NOTEBOOK:,}）"


def asked(explorer: Explorer, name: str, models: dict[str, str]) -> Iterator[str]:
    """Move every control of an explorer, each from where the last has left the figure, then reset."""
    front, first = explorer.front, explorer.figure
    for control, model in models.items():
        for state in moves(front.models[model]):
            explorer.move(model, state)
            if explorer.shown["error"]:
                yield f"{control} を {state} にすると {explorer.shown['error']}"
            elif explorer.figure != plain(front.ask(f"_expected({name!r})")):
                yield f"{control} を {state} にしたときの図が、関数の返す図と違います"
            if len(explorer.shown["figure"]) > LARGEST_FIGURE:
                yield f"図が {len(explorer.shown['figure']):,} バイトあります（上限 {LARGEST_FIGURE:,}）"
    explorer.reset()
    if explorer.figure != first:
        yield "「最初に戻す」で、図が最初に戻りません"


def a_failure_is_shown(front: Front) -> None:
    known = set(front.models)
    front.run(FAILING)
    (box,) = (
        m for m in front.models.keys() - known if "sawaru-box" in front.models[m].get("_dom_classes", ())
    )
    explorer = Explorer(front, box)
    (slider,) = (m for m in explorer.parts if front.models[m].get("_model_name") == "IntSliderModel")
    first = explorer.figure
    explorer.move(slider, {"value": 3})
    assert "ValueError: 三は使えません" in explorer.shown["error"]
    assert explorer.figure == first
    explorer.move(slider, {"value": 1})
    assert (explorer.shown["error"], explorer.figure["layout"]["title"]["text"]) == ("", "1")
    explorer.reset()
    assert explorer.figure == first


class EveryExplorerFollows(pytest.Item):
    def runtest(self) -> None:
        front = self.parent.front
        found = list(complaints(front, self.path))
        assert not found, "\n".join(found)
        a_failure_is_shown(front)


class WhatItUsesIsWatched(pytest.Item):
    def runtest(self) -> None:
        files = {Path(file) for file in self.parent.front.ask("_imported()")}
        assert PACKAGE / "__init__.py" in files
        assert not files - uses(self.path), "この章が使うのに、変わっても実行し直されません"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    report = yield
    if isinstance(collector, IPyNbFile):
        report.result.append(EveryExplorerFollows.from_parent(collector, name="すべてのつまみ"))
        report.result.append(WhatItUsesIsWatched.from_parent(collector, name="使ったもの"))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if isinstance(item.parent, IPyNbFile) and not hasattr(item.parent, "front"):
        item.parent.front = Front(item.parent.kernel)
