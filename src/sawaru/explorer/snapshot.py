"""Snapshots: every state of an explorer in one small table that a page replays without a kernel.

A state is the figure that the function returns for one combination of values. The table keeps one base figure and,
for every other state, only what differs from it. Equal arrays are stored once, an array that begins another one is a
view of it, and floats keep as many bits as an eye can tell (at least 15 bits of mantissa). The bytes depend on nothing but
the figures: two builds of the same chapter give the same table.

Layout: gzip( header length, uint32 LE | header, JSON in UTF-8 | blocks ), each block the arrays of one dtype laid end
to end, byte plane by byte plane. `frontend/explorer.js` reads it.
"""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sawaru.explorer.controls import Control, ExploreError
from sawaru.explorer.text import caption, width, writable

MAX_STATES = 2_000
MAX_BYTES = 500_000
INLINE = 8  # shorter lists are written as JSON

Path = tuple[str | int, ...]
Groups = Sequence[Sequence[Control]]


class _Deleted:
    """Marks a key that the base has and a state lacks."""


DELETED = _Deleted()


@dataclass(frozen=True)
class Table:
    """A packed snapshot.

    Attributes:
        data: the gzip'ed table.
        base: the figure of the default state, as a tree.
        states: how many combinations it holds.
        longest: the widest caption of all states.
    """

    data: bytes
    base: dict[str, Any]
    states: int
    longest: str


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


def take(
    name: str,
    function: Callable[..., Any],
    groups: Groups,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Table:
    """Run `function` for every combination within each group and pack the figures.

    Args:
        name: the explorer, for messages.
        function: takes every control's value by name, returns a Plotly figure.
        groups: controls whose values multiply, group by group; the states of different groups add.
        progress: called with (states done, states in all).

    Raises:
        ExploreError: too many states or bytes, or groups that move the same part of the figure.
    """
    controls = [control for group in groups for control in group]
    total = sum(math.prod(len(c.values) for c in group) for group in groups) or 1
    if total > MAX_STATES:
        raise ExploreError(_too_much(name, groups, f"状態が {total:,} 通りあります（上限 {MAX_STATES:,}）"))
    defaults = {c.name: c.values[c.default] for c in controls}
    base = figure_tree(function(**defaults))
    captions = {caption_of(base)}
    done = 0
    tables: list[list[list[tuple[Path, Any]]]] = []
    for group in groups or [[]]:
        table = []
        for values in itertools.product(*(c.values for c in group)):
            chosen = {c.name: v for c, v in zip(group, values, strict=True)}
            tree = figure_tree(function(**{**defaults, **chosen}))
            captions.add(caption_of(tree))
            table.append(list(difference(base, tree)))
            done += 1
            progress(done, total)
        tables.append(table)
    _check_apart(name, function, groups, tables, base)
    data = pack(base, tables)
    if len(data) > MAX_BYTES:
        raise ExploreError(
            _too_much(name, groups, f"スナップショットが {len(data):,} バイトあります（上限 {MAX_BYTES:,}）")
        )
    return Table(data, base, total, max(sorted(captions), key=width))


def _too_much(name: str, groups: Groups, what: str) -> str:
    sizes = " × ".join(f"{c.name} {len(c.values)}" for group in groups for c in group)
    largest = max((c for group in groups for c in group), key=lambda c: len(c.values), default=None)
    culprit = "" if largest is None else f"一番多いのは {largest.name}（{len(largest.values)} 通り）です。"
    return (
        f"explore「{name}」：{what}。つまみは {sizes or 'ありません'}。{culprit}"
        "目盛りを粗くするか、互いに無関係なつまみを group(…) に分けるか、図の点を減らしてください。"
    )


def _check_apart(
    name: str,
    function: Callable[..., Any],
    groups: Groups,
    tables: list[list[list[tuple[Path, Any]]]],
    base: Any,
) -> None:
    """Groups may add only if they move different parts: compare the paths, then one real corner."""
    if len(groups) < 2:
        return
    touched = [{path for diff in table for path, _ in diff} for table in tables]
    for (i, a), (j, b) in itertools.combinations(enumerate(touched), 2):
        for p, q in itertools.product(a, b):
            if p[: len(q)] == q or q[: len(p)] == p:
                where = ".".join(map(str, p[: len(q)]))
                one, other = (", ".join(c.name for c in groups[k]) for k in (i, j))
                raise ExploreError(
                    f"explore「{name}」：group に分けたつまみ {one} と {other} が、図の同じ場所（{where}）を動かします。"
                    "同じ組に入れてください。"
                )
    corner = {c.name: c.values[-1 if c.default == 0 else 0] for group in groups for c in group}
    added: dict[Path, Any] = {}
    for group, table in zip(groups, tables, strict=True):
        at = 0
        for c in group:
            at = at * len(c.values) + c.values.index(corner[c.name])
        added.update(table[at])
    real = dict(difference(base, figure_tree(function(**corner))))
    if added.keys() != real.keys() or not all(_same_tree(added[p], real[p]) for p in real):
        raise ExploreError(
            f"explore「{name}」：group に分けたつまみが互いに影響しています（同時に動かすと図が変わります）。"
            "同じ組に入れてください。"
        )


def _same_tree(a: Any, b: Any) -> bool:
    return a is b or not any(True for _ in difference(a, b))


# ---------------------------------------------------------------------------------------------------------------- pack


def pack(base: Any, tables: list[list[list[tuple[Path, Any]]]]) -> bytes:
    """Pack a base tree and, for each group, a difference for each state."""
    pool = _Pool()
    pool.measure(base, ())
    for diff in itertools.chain.from_iterable(tables):
        for path, value in diff:
            pool.measure(value, path)
    paths: dict[Path, int] = {}
    header: dict[str, Any] = {"base": pool.encode(base, ()), "groups": []}
    for table in tables:
        unique: dict[str, int] = {}
        index = []
        for diff in table:
            entry = [[paths.setdefault(p, len(paths)), pool.encode(v, p)] for p, v in diff]
            index.append(unique.setdefault(_json(entry), len(unique)))
        header["groups"].append({"index": index, "diffs": [json.loads(text) for text in unique]})
    header["paths"] = [list(p) for p in paths]
    header["arrays"], header["blocks"], blocks = pool.layout()
    text = _json(header).encode()
    return gzip.compress(struct.pack("<I", len(text)) + text + blocks, compresslevel=9, mtime=0)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class _Pool:
    """The arrays of a snapshot: each distinct one once, prefixes as views."""

    def __init__(self) -> None:
        self.bits: dict[Path, int] = {}
        self.index: dict[tuple[str, tuple[int, ...], bytes], int] = {}

    def measure(self, value: Any, path: Path) -> None:
        """Note how many bits of mantissa the arrays at each path need, over all states."""
        if isinstance(value, np.ndarray):
            if value.dtype.kind == "f":
                self.bits[path] = max(self.bits.get(path, 0), mantissa_bits(value))
        elif isinstance(value, dict):
            for key, item in value.items():
                self.measure(item, (*path, key))
        elif isinstance(value, list):
            for i, item in enumerate(value):
                self.measure(item, (*path, i))

    def encode(self, value: Any, path: Path) -> Any:
        """The JSON form of a tree; `{"$": …}` marks what JSON cannot say."""
        if value is DELETED:
            return {"$": "deleted"}
        if isinstance(value, dict):
            if "$" in value:
                raise ExploreError("図の中で「$」という名前は使えません。")
            return {str(k): self.encode(v, (*path, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [self.encode(v, (*path, i)) for i, v in enumerate(value)]
        if isinstance(value, np.ndarray):
            if value.size == 0:
                return value.tolist()
            if value.size < INLINE and (value.dtype.kind != "f" or np.isfinite(value).all()):
                return self.encode(value.tolist(), path)
            packed = compact(value, self.bits.get(path, 0))
            key = (packed.dtype.str[1:], packed.shape, packed.tobytes())
            return {"$": self.index.setdefault(key, len(self.index))}
        if isinstance(value, float):
            if not math.isfinite(value):
                return {"$": str(value)}
            short = float(f"{value:.9g}")
            return int(short) if short.is_integer() and abs(short) < 2**53 else short
        return value

    def layout(self) -> tuple[list[Any], list[Any], bytes]:
        """Per array [block, start, length, *columns]; per block [dtype, length]; and the blocks' bytes."""
        keys = list(self.index)
        longest: dict[tuple[str, bytes], list[tuple[bytes, int]]] = {}
        home: dict[int, int] = {}
        for i in sorted(range(len(keys)), key=lambda i: (-len(keys[i][2]), i)):
            dtype, _, data = keys[i]
            candidates = longest.setdefault((dtype, data[: 4 * np.dtype(dtype).itemsize]), [])
            home[i] = next((j for other, j in candidates if other.startswith(data)), i)
            if home[i] == i:
                candidates.append((data, i))
        dtypes = sorted({dtype for dtype, _, _ in keys})
        contents: dict[str, list[bytes]] = {dtype: [] for dtype in dtypes}
        start: dict[int, int] = {}
        used = dict.fromkeys(dtypes, 0)
        for i, (dtype, _, data) in enumerate(keys):
            if home[i] == i:
                start[i] = used[dtype]
                used[dtype] += len(data) // np.dtype(dtype).itemsize
                contents[dtype].append(data)
        arrays = [
            [dtypes.index(dtype), start[home[i]], math.prod(shape), *shape[1:]]
            for i, (dtype, shape, _) in enumerate(keys)
        ]
        blocks = b""
        for dtype in dtypes:
            raw = np.frombuffer(b"".join(contents[dtype]), np.uint8)
            blocks += raw.reshape(-1, np.dtype(dtype).itemsize).T.tobytes()
        return arrays, [[dtype, used[dtype]] for dtype in dtypes], blocks


def mantissa_bits(array: np.ndarray) -> int:
    """Bits of mantissa so that the error is under 1/50000 of the array's own range; 52 where float32 is too coarse."""
    finite = array[np.isfinite(array)].astype(np.float64)
    if finite.size == 0:
        return 15
    largest, spread = float(np.abs(finite).max()), float(finite.max() - finite.min())
    if spread == 0 or largest > 1e37 or not math.isfinite(spread):
        return 15
    if finite.size > 2 and spread / largest < 1e-5:
        return 52
    return min(23, max(15, math.ceil(math.log2(largest / (2e-5 * spread)))))


def compact(array: np.ndarray, bits: int) -> np.ndarray:
    """The smallest array that looks the same: integers exactly, floats with `bits` of mantissa."""
    if (
        array.dtype.kind == "f"
        and array.size
        and np.isfinite(array).all()
        and not np.signbit(array[array == 0]).any()
    ):
        whole = np.abs(array).max() < 2**31 and (array == np.round(array)).all()
    else:
        whole = array.dtype.kind in "iu"
    if whole:
        low, high = int(array.min()), int(array.max())
        for dtype in ("<u1", "<i1", "<u2", "<i2", "<u4", "<i4"):
            info = np.iinfo(dtype)
            if info.min <= low and high <= info.max:
                return array.astype(dtype)
        return array.astype("<f8")  # exact up to 53 bits
    finite = np.abs(array[np.isfinite(array)])
    positive = finite[finite > 0]
    exact = positive.size and (float(positive.max()) > 1e37 or float(positive.min()) < 1e-37)
    constant = finite.size and bool((array == array.flat[0]).all())
    if bits > 23 or exact or (constant and np.float32(array.flat[0]) != array.flat[0]):
        return array.astype("<f8")
    short = array.astype("<f4")
    drop = 23 - bits
    if drop <= 0:
        return short
    raw = short.view("<u4")
    rounded = (raw + np.uint32(1 << (drop - 1))) & np.uint32(0xFFFFFFFF ^ ((1 << drop) - 1))
    kept: np.ndarray = np.where(np.isfinite(short), rounded, raw).astype("<u4").view("<f4")
    return kept
