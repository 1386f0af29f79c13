"""A figure as plain data: dicts and lists with numpy arrays at their numeric leaves, and what differs between two."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sawaru.explorer.error import ExploreError
from sawaru.explorer.text import caption, writable

INLINE = 8  # a shorter list stays a list

Path = tuple[str | int, ...]


class _Deleted:
    """Marks a key that the base has and a state lacks."""


DELETED = _Deleted()

Difference = list[tuple[Path, Any]]


def figure_tree(figure: Any) -> dict[str, Any]:
    """A Plotly figure as plain dicts and lists with numpy arrays at its numeric leaves.

    Left out: uids, which change from run to run, and the template, which the page supplies for its theme.
    """
    spec = figure.to_dict()
    if spec.get("frames"):
        raise ExploreError("図に frames があります。コマ送りは Play のつまみで作ってください。")
    layout = {k: v for k, v in spec.get("layout", {}).items() if k != "template"}
    tree: dict[str, Any] = _plain({"data": spec["data"], "layout": layout})
    return tree


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if "bdata" in value and "dtype" in value:
            flat = np.frombuffer(base64.b64decode(value["bdata"]), dtype="<" + value["dtype"])
            shape = value.get("shape")
            return flat if shape is None else flat.reshape([int(n) for n in str(shape).split(",")])
        return {k: _plain(v) for k, v in value.items() if k != "uid"}
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "iuf" else _plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return _array(value) if _numeric(value) else [_plain(v) for v in value]
    return writable(value) if isinstance(value, str) else value


def caption_of(tree: dict[str, Any]) -> str:
    """What a page writes above a figure: its title as plain text."""
    return caption(str((tree["layout"].get("title") or {}).get("text") or ""))


def _numeric(values: Sequence[Any]) -> bool:
    """Whether a list is a numeric vector or a rectangle of numbers, long enough to be an array."""
    flat = values
    if values and all(isinstance(v, (list, tuple)) for v in values):
        if len({len(v) for v in values}) != 1:
            return False
        flat = [x for v in values for x in v]
    if len(flat) < INLINE and all(isinstance(v, (int, float)) and math.isfinite(v) for v in flat):
        return False
    return bool(flat) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in flat)


def _array(values: Sequence[Any]) -> Any:
    array = np.asarray(values)
    return array if array.dtype.kind in "iuf" else list(values)  # integers beyond 64 bits stay as they are


def difference(base: Any, state: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """What to set in `base` to get `state`: pairs of a path and a value (or DELETED)."""
    if isinstance(base, dict) and isinstance(state, dict):
        for key in base:
            if key not in state:
                yield (*path, key), DELETED
        for key, value in state.items():
            if key in base:
                yield from difference(base[key], value, (*path, key))
            else:
                yield (*path, key), value
    elif isinstance(base, list) and isinstance(state, list):
        for i, value in enumerate(state):
            if i < len(base):
                yield from difference(base[i], value, (*path, i))
            else:
                yield (*path, i), value
        if len(state) < len(base):
            yield (*path, "length"), len(state)
    elif not _same(base, state):
        yield path, state


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        both = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
        return both and a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=True))
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return type(a) is type(b) and bool(a == b)


def same_tree(a: Any, b: Any) -> bool:
    """Whether two trees hold the same."""
    return a is b or not any(True for _ in difference(a, b))
