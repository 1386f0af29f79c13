"""Snapshots: what is packed comes back, the bytes are determined, and the caps hold."""

from __future__ import annotations

import gzip
import json
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from compare_states import opened
from hypothesis import given, settings
from hypothesis import strategies as st

from sawaru.explorer import snapshot
from sawaru.explorer.controls import declare
from sawaru.explorer.error import ExploreError
from sawaru.explorer.pack import compact, mantissa_bits, pack
from sawaru.explorer.snapshot import take
from sawaru.explorer.tree import DELETED, difference, figure_tree


def unpack(data: bytes) -> list[list[Any]]:
    """The figures of each group, state by state, as a reader of the format that is not the page's finds them."""
    sizes, figure_at = opened(data)
    alone = [
        [[i if h == g else None for h in range(len(sizes))] for i in range(n)] for g, n in enumerate(sizes)
    ]
    return [[figure_at(states) for states in group] for group in alone]


def assert_like(real: Any, packed: Any) -> None:
    """Equal, but for what no eye can tell: 1/20000 of an array's range, 9 digits of a number."""
    if isinstance(real, np.ndarray):
        got = np.asarray(packed, dtype=float).reshape(real.shape)
        finite = np.isfinite(real)
        assert np.array_equal(np.nan_to_num(got[~finite]), np.nan_to_num(real[~finite].astype(float)))
        if finite.any():
            values = real[finite].astype(float)
            spread = values.max() - values.min() if values.size > 1 else 0.0
            assert np.allclose(got[finite], values, rtol=4e-5, atol=0)
            if spread > 1e-5 * np.abs(values).max():
                assert np.abs(got[finite] - values).max() <= max(5e-5 * spread, 1.3e-7 * np.abs(values).max())
    elif isinstance(real, dict):
        assert (isinstance(packed, dict) and list(real) == list(packed)) or set(real) == set(packed)
        for key in real:
            assert_like(real[key], packed[key])
    elif isinstance(real, list):
        assert len(real) == len(packed)
        for a, b in zip(real, packed, strict=True):
            assert_like(a, b)
    elif isinstance(real, float) and not isinstance(packed, str):
        assert (math.isnan(real) and math.isnan(packed)) or packed == pytest.approx(real, rel=1e-8)
    else:
        assert real == packed and type(real) is type(packed)


numbers = st.floats(width=64, allow_nan=True, allow_infinity=True)
arrays = st.one_of(
    st.lists(numbers, max_size=30).map(lambda v: np.array(v, dtype=float)),
    st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=30).map(
        lambda v: np.array(v, dtype=np.int64)
    ),
    st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=1, max_size=9).map(np.array),
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**50), 2**50), numbers, st.text(max_size=5), arrays
)
names = st.sampled_from(["x", "y", "marker", "色", "length"])
trees = st.dictionaries(
    names,
    st.recursive(
        leaves,
        lambda t: st.one_of(st.lists(t, max_size=3), st.dictionaries(names, t, max_size=3)),
        max_leaves=8,
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(base=trees, states=st.lists(trees, min_size=1, max_size=4))
def test_every_state_comes_back(base: dict[str, Any], states: list[dict[str, Any]]) -> None:
    data = pack(base, [[list(difference(base, state)) for state in states]])
    for state, restored in zip(states, unpack(data)[0], strict=True):
        assert_like(state, restored)


def test_shared_arrays_and_prefixes_are_stored_once() -> None:
    rng = np.random.default_rng(0)
    path = rng.normal(size=400)
    base = {"x": path, "again": path.copy(), "y": path[:1]}
    states = [{**base, "y": path[:n]} for n in range(1, 400)]
    alone = len(pack({"x": path}, [[]]))
    together = len(pack(base, [[list(difference(base, s)) for s in states]]))
    assert together < alone + 12 * len(states)


def test_equal_states_share_one_difference() -> None:
    base = {"x": 1}
    changed = [[("x",), 2]]
    header = json.loads(gzip.decompress(pack(base, [[list(map(tuple, changed))] * 50]))[4:])
    assert len(header["groups"][0]["diffs"]) == 1


def test_deleted_keys_and_shorter_lists() -> None:
    base = {"a": 1, "list": [1, 2, 3]}
    diff = list(difference(base, {"list": [1]}))
    assert (("a",), DELETED) in diff and (("list", "length"), 1) in diff


def test_integers_are_exact_and_small() -> None:
    for values, dtype in (([0, 255], "<u1"), ([-1, 5], "<i1"), ([0, 65535], "<u2"), ([-70000, 1], "<i4")):
        packed = compact(np.array(values * 8), 15)
        assert packed.dtype == np.dtype(dtype)
        assert packed.tolist() == values * 8


def test_a_curve_that_dives_on_a_log_axis_keeps_its_small_values() -> None:
    loss = 10.0 ** -np.arange(0, 12, 0.5)
    packed = compact(loss, mantissa_bits(loss))
    assert packed.dtype == np.dtype("<f4")
    assert np.allclose(packed, loss, rtol=4e-5, atol=0)


def test_years_stay_apart() -> None:
    days = 2026 + np.arange(366) / 366
    packed = compact(days, mantissa_bits(days))
    assert np.abs(packed - days).max() < 1e-4


def line(n: int, kind: str = "lines") -> go.Figure:
    fig = go.Figure(layout_title_text=f"{n}")
    fig.add_scatter(x=np.arange(20), y=np.sin(np.arange(20) * n), mode=kind)
    return fig


def test_two_runs_give_the_same_bytes() -> None:
    controls = declare(line, {"n": (0, 5), "kind": ["lines", "markers"]})
    first, second = (take("line", line, [controls]) for _ in range(2))
    assert first.data == second.data
    assert first.states == 12
    for (n, kind), figure in zip(
        [(n, k) for n in range(6) for k in ("lines", "markers")], unpack(first.data)[0], strict=True
    ):
        assert_like(figure_tree(line(n, kind)), figure)


def test_uids_and_templates_do_not_enter() -> None:
    fig = line(1)
    fig.data[0].uid = "changes-every-time"
    assert "changes" not in json.dumps(figure_tree(fig), default=str)
    assert "template" not in figure_tree(fig)["layout"]


def test_frames_are_refused() -> None:
    fig = line(1)
    fig.frames = [go.Frame(data=[])]
    with pytest.raises(ExploreError, match="frames"):
        figure_tree(fig)


def test_too_many_states_name_explorer_control_and_size() -> None:
    controls = declare(line, {"n": (0, 5000), "kind": ["lines", "markers"]})
    with pytest.raises(
        ExploreError,
        match=r"explore「line」：状態が 10,002 通り.*n 5001 × kind 2.*一番多いのは n（5001 通り）",
    ):
        take("line", line, [controls])


def test_too_many_bytes_name_explorer_control_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MAX_BYTES", 300)
    with pytest.raises(
        ExploreError, match=r"explore「line」：スナップショットが [\d,]+ バイト.*一番多いのは n（6 通り）"
    ):
        take("line", line, [declare(line, {"n": (0, 5)})])


def two(n: int, shown: bool) -> go.Figure:
    fig = go.Figure()
    fig.add_scatter(x=[0, 1], y=[0, n])
    fig.add_scatter(x=[0, 1], y=[1, 1], visible=shown)
    return fig


def test_groups_add() -> None:
    controls = declare(two, {"n": (0, 9), "shown": True})
    table = take("two", two, [[controls[0]], [controls[1]]])
    assert table.states == 12
    first, second = unpack(table.data)
    assert_like(figure_tree(two(4, True)), first[4])
    assert_like(figure_tree(two(4, False)), second[0])  # n starts at 4


def test_groups_that_meet_are_refused() -> None:
    def meets(n: int, m: int) -> go.Figure:
        return go.Figure(layout_title_text=f"{n} {m}")

    controls = declare(meets, {"n": (0, 3), "m": (0, 3)})
    with pytest.raises(ExploreError, match=r"n と m が、図の同じ場所（layout.title.text）"):
        take("meets", meets, [[controls[0]], [controls[1]]])

    def hidden(n: bool, m: bool) -> go.Figure:
        return go.Figure(
            layout={
                "height": 300 if n else 400,
                "width": 300 if m else 400,
                "bargap": 0.5 * (not n and not m),
            }
        )

    controls = declare(hidden, {"n": True, "m": True})
    with pytest.raises(ExploreError, match="互いに影響しています"):
        take("hidden", hidden, [[controls[0]], [controls[1]]])
