"""The explorer's JavaScript in V8, without a page: tables, captions, narrow screens, and what a quick drawing may rely on."""

from __future__ import annotations

import copy
import gzip
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_mini_racer import MiniRacer
from test_snapshot import assert_like, trees
from test_text import HOSTILE

from sawaru.explorer import frontend
from sawaru.explorer.kinds import KINDS
from sawaru.explorer.narrow import NARROW, heights
from sawaru.explorer.pack import pack
from sawaru.explorer.text import caption, literal, writable
from sawaru.explorer.tree import difference

# V8 has no TextDecoder, and what crosses to Python is JSON: arrays and numbers like NaN are marked.
HARNESS = """
class TextDecoder { decode(bytes) { return decodeURIComponent(Array.from(bytes, (b) => "%" + b.toString(16).padStart(2, "0")).join("")); } }
const mark = (v) => typeof v === "number" && !Number.isFinite(v) ? { $: String(v) } : v;
const plain = (v) => {
  if (ArrayBuffer.isView(v)) return { array: Array.from(v, mark) };
  if (Array.isArray(v)) return v.length && v.every((r) => ArrayBuffer.isView(r) && r.length === v[0].length) ? { array: v.map((r) => Array.from(r, mark)) } : v.map(plain);
  if (v !== null && typeof v === "object") return { object: Object.entries(v).map(([k, x]) => [k, plain(x)]) };
  return mark(v);
};
const states = (bytes, groups) => {
  const figureAt = unpack(Uint8Array.from(bytes));
  return groups.map((indices) => plain(figureAt(indices)));
};
const stacked = (layout) => { restack(layout); return layout; };
const told = (title) => captionOf({ data: [], layout: { title: { text: title } } });
const readTwice = (bytes) => {
  const figureAt = unpack(Uint8Array.from(bytes));
  return same(figureAt([0]), figureAt([0]));
};
"""


@pytest.fixture(scope="module")
def v8() -> MiniRacer:
    engine = MiniRacer()
    engine.eval(frontend.script("../pack.js", "layout.js", "numbers.js", "controls.js") + HARNESS)
    return engine


def python(value: Any) -> Any:
    """What V8 answered, with arrays and special numbers restored."""
    special = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}

    def number(v: Any) -> Any:
        if isinstance(v, list):
            return [number(x) for x in v]
        return special[v["$"]] if isinstance(v, dict) else v

    if isinstance(value, dict) and "array" in value:
        return np.array(number(value["array"]), dtype=float)
    if isinstance(value, dict) and "object" in value:
        return {k: python(v) for k, v in value["object"]}
    if isinstance(value, list):
        return [python(v) for v in value]
    return number(value)


# --------------------------------------------------------------------------------------------------------------- tables


@settings(max_examples=300, deadline=None)
@example(base={}, states=[{"x": np.array([0.0, 0.0, 5e-324])}])  # the smallest of all numbers
@given(base=trees, states=st.lists(trees, min_size=1, max_size=4))
def test_every_state_that_python_packs_is_read(
    v8: MiniRacer, base: dict[str, Any], states: list[dict[str, Any]]
) -> None:
    data = gzip.decompress(pack(base, [[list(difference(base, state)) for state in states]]))
    read = v8.call("states", list(data), [[i] for i in range(len(states))])
    for state, restored in zip(states, read, strict=True):
        assert_like(state, python(restored))


def test_groups_add_and_states_leave_each_other_alone(v8: MiniRacer) -> None:
    base = {"left": {"at": 0}, "right": [1.0, 2.0], "gone": "ここ"}
    moved = [[], [(("left", "at"), 5)]]
    changed = [[], list(difference(base, {"left": {"at": 0}, "right": [1.0]}))]
    data = list(gzip.decompress(pack(base, [moved, changed])))
    read = [python(state) for state in v8.call("states", data, [[1, 1], [0, 1], [1, 0], [0, 0]])]
    both, right, left, none = read
    assert both == {"left": {"at": 5}, "right": [1]}
    assert right == {"left": {"at": 0}, "right": [1]}
    assert left == {**base, "left": {"at": 5}}
    assert none == base


# ------------------------------------------------------------------------------------------------------------- captions

pieces = st.sampled_from(
    ["<b>", "</B>", "<br>", "<br />", "<sub>", "<unk>", '<a href="x">', "<", ">", "&", ";", "&mu;", "&MU;", "&lt;",
     "&copy;", "&#955;", "&#x3B7;", "&#X41;", "&#0;", "&#128;", "&#x110000;", "&#xd800;", "&#99999999999;", "\ufeff",
     "ſ", "<ſ>", "<s\x85x>", "<i\u3000>", "μ", "α", "&#١;", "&constructor;"]
)  # fmt: skip
titles = st.lists(pieces | st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=8).map(
    "".join
)


@settings(max_examples=500, deadline=None)
@given(titles)
def test_a_caption_is_the_same_in_the_page_and_before_it(v8: MiniRacer, title: str) -> None:
    title = writable(title)
    assert v8.call("told", title) == caption(title)


@pytest.mark.parametrize("text", [writable(text) for text in HOSTILE.values()], ids=HOSTILE)
def test_a_literal_text_comes_back_as_its_caption(v8: MiniRacer, text: str) -> None:
    assert v8.call("told", literal(text)) == text


# -------------------------------------------------------------------------------------------------------- narrow screens

edges = st.sampled_from([0.0, 0.2, 0.3, 0.45, 0.55, 0.7, 0.8, 1.0])
spans = st.tuples(edges, edges).map(sorted)


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, Any]:
    layout: dict[str, Any] = {"height": draw(st.integers(100, 900))}
    across = draw(st.lists(st.none() | spans, min_size=1, max_size=6))
    for i, domain in enumerate(across, start=1):
        number = str(i) if i > 1 else ""
        layout[f"xaxis{number}"] = {"anchor": f"y{number}"} | ({"domain": domain} if domain else {})
        layout[f"yaxis{number}"] = {}
    if draw(st.booleans()):
        layout["xaxis9"] = {"overlaying": "x", "domain": draw(spans)}
    if draw(st.booleans()):
        layout["yaxis"]["domain"] = draw(spans)
    if draw(st.booleans()):
        layout["margin"] = draw(
            st.dictionaries(st.sampled_from("lrtb"), st.integers(0, 200), min_size=1, max_size=4)
        )
    return layout


@settings(max_examples=500, deadline=None)
@given(layouts())
def test_the_room_that_a_page_keeps_is_what_the_script_needs(v8: MiniRacer, layout: dict[str, Any]) -> None:
    wide, narrow = heights(layout)
    assert wide == layout["height"]
    assert v8.call("stacked", layout)["height"] == pytest.approx(narrow)


def test_plots_side_by_side_go_one_below_the_other(v8: MiniRacer) -> None:
    layout = {
        "height": 400,
        "margin": {"t": 40, "b": 60},
        "xaxis": {"domain": [0, 0.4], "anchor": "y"},
        "yaxis": {"domain": [0, 1]},
        "xaxis2": {"domain": [0.6, 1], "anchor": "y2"},
        "yaxis2": {"domain": [0, 1]},
        "annotations": [{"xref": "paper", "yref": "paper", "x": 0.8, "y": 1}, {"xref": "x", "yref": "y", "x": 3, "y": 4}],
    }  # fmt: skip
    after = v8.call("stacked", layout)
    (low, high), (bottom, top) = after["yaxis2"]["domain"], after["yaxis"]["domain"]
    inside = after["height"] - 100
    assert after["xaxis"]["domain"] == after["xaxis2"]["domain"] == [0, 1]
    assert (low, top) == (0, pytest.approx(1))
    assert (bottom - high) * inside == pytest.approx(NARROW["between"])
    assert (top - bottom) * inside == pytest.approx(0.85 * 300)
    assert after["annotations"][0] == {"xref": "paper", "yref": "paper", "x": pytest.approx(0.5), "y": high}
    assert after["annotations"][1]["x"] == 3


def test_the_style_sheet_is_narrow_where_the_script_is() -> None:
    assert f"@container (width < {NARROW['below']}px)" in frontend.text("explorer.css")


# --------------------------------------------------------------------------------------------------------- numbers apart

FIGURE = {
    "data": [
        {"type": "scatter", "x": [1, 2], "y": [3, None], "marker": {"size": 4}},
        {"type": "heatmap", "z": [[1, 2], [3, 4]]},
    ],
    "layout": {"title": {"text": "前"}, "xaxis": {"range": [0, 1]}},
}


def changed(*path: Any, to: Any) -> dict[str, Any]:
    figure = copy.deepcopy(FIGURE)
    *front, last = path
    node: Any = figure
    for step in front:
        node = node[step]
    node[last] = to
    return figure


@pytest.mark.parametrize(
    ("after", "apart"),
    [
        (FIGURE, []),
        (changed("layout", "title", to="後"), []),
        (changed("data", 0, "y", to=[5, 6, 7]), [[0, ["y"]]]),
        (changed("data", 1, "z", to=[[0, 0], [0, None]]), [[1, ["z"]]]),
        (changed("data", 0, "y", to=[5, "六"]), None),
        (changed("data", 0, "y", to=[]), None),
        (changed("data", 0, "name", to="名"), None),
        (changed("data", 0, "marker", "size", to=5), None),
        (changed("data", 0, to={"type": "scatter", "x": [1, 2], "y": [3, None]}), None),
        (changed("data", to=FIGURE["data"][:1]), None),
        (changed("layout", "xaxis", "range", to=[0, 2]), None),
        (changed("layout", "height", to=300), None),
    ],
)
def test_only_a_change_of_numbers_takes_the_quick_road(v8: MiniRacer, after: Any, apart: Any) -> None:
    assert v8.call("numbersApart", FIGURE, after) == apart


@settings(max_examples=200, deadline=None)
@given(trees)
def test_a_state_read_twice_is_the_same(v8: MiniRacer, state: dict[str, Any]) -> None:
    assert v8.call("readTwice", list(gzip.decompress(pack(state, [[[]]]))))


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        ("NaN", "NaN", True),
        ("0", "null", False),
        ("'1'", "1", False),
        ("{a: 1}", "{a: 1, b: undefined}", False),
        ("{a: undefined}", "{b: undefined}", False),
        ("[1, 2]", "[1, 2]", True),
        ("[1, 2]", "[1]", False),
        ("[]", "{}", False),
        ("new Float64Array([1, NaN])", "new Float64Array([1, NaN])", True),
        ("new Float64Array([1])", "new Float32Array([1])", False),
        ("[new Uint8Array([1, 2])]", "[new Uint8Array([1, 3])]", False),
    ],
)
def test_two_trees_are_the_same_when_nothing_differs(v8: MiniRacer, a: str, b: str, equal: bool) -> None:
    assert v8.eval(f"same({a}, {b})") is equal
    assert v8.eval(f"same({b}, {a})") is equal


# -------------------------------------------------------------------------------------------------------------- controls


def test_every_kind_of_control_is_known_to_the_page(v8: MiniRacer) -> None:
    assert set(v8.eval("Object.keys(CONTROLS).join()").split(",")) == {kind.kind for kind in KINDS}
