"""The bytes of a snapshot: one base figure and, for every other state, only what differs from it.

Equal arrays are stored once, an array that begins another one is a view of it, and floats keep as many bits as an eye can
tell (at least 15 bits of mantissa). The bytes depend on nothing but the figures: two builds of the same chapter give the
same table.

Layout: gzip( header length, uint32 LE | header, JSON in UTF-8 | blocks ), each block the arrays of one dtype laid end
to end, byte plane by byte plane. `pack.js` beside this file reads it.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import struct
from typing import Any

import numpy as np

from sawaru.explorer.error import ExploreError
from sawaru.explorer.tree import DELETED, INLINE, Difference, Path


def pack(base: Any, tables: list[list[Difference]]) -> bytes:
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
    return min(23, max(15, math.ceil(math.log2(largest / spread / 2e-5))))


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
