"""Compare the states of explorers before and after: `python tools/compare_states.py BEFORE AFTER [--ignore PATH…] [--looks]`.

Each side is a built site (its folder), one of its pages, or a notebook, whose cells are then run here as the build runs
them. Told are the places of the figures that differ, how many states of which explorer differ there, and one example.
`--ignore` leaves out places (`data.*.marker.size`), `--looks` those that only change how a figure looks.
"""

from __future__ import annotations

import argparse
import base64
import fnmatch
import gzip
import itertools
import json
import os
import re
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

LOOKS = (
    *("line", "marker", "hoverinfo", "showlegend", "showscale", "colorscale", "colorbar", "opacity", "mode"),
    *("hoverlabel", "fillcolor", "xgap", "ygap", "textfont"),
)
TABLE = re.compile(
    r'<sawaru-explorer id="([^"]+)".*?<script type="application/octet-stream" class="sawaru-table">([^<]*)</script>',
    re.DOTALL,
)


def opened(data: bytes) -> tuple[list[int], Callable[[Sequence[int | None]], dict[str, Any]]]:
    """How many states each group of a packed table has, and the figure of a state of each group (None leaves one out)."""
    raw = gzip.decompress(data)
    (length,) = struct.unpack_from("<I", raw)
    header, at = json.loads(raw[4 : 4 + length]), 4 + length
    blocks = []
    for dtype, count in header["blocks"]:
        size = np.dtype(dtype).itemsize
        planes = np.frombuffer(raw, np.uint8, size * count, at).reshape(size, count)
        blocks.append(np.ascontiguousarray(planes.T).view(f"<{dtype}").reshape(-1))
        at += size * count
    assert at == len(raw)
    arrays = [
        blocks[block][start : start + count].reshape(-1, *columns)
        for block, start, count, *columns in header["arrays"]
    ]

    def decoded(value: Any) -> Any:
        if isinstance(value, list):
            return [decoded(v) for v in value]
        if not isinstance(value, dict):
            return value
        if "$" in value:
            return float(value["$"]) if isinstance(value["$"], str) else arrays[value["$"]]
        return {k: decoded(v) for k, v in value.items()}

    def figure_at(states: Sequence[int | None]) -> dict[str, Any]:
        figure: dict[str, Any] = decoded(header["base"])
        for group, state in zip(header["groups"], states, strict=True):
            for place, value in [] if state is None else group["diffs"][group["index"][state]]:
                *way, key = header["paths"][place]
                parent: Any = figure
                for step in way:
                    parent = parent[step]
                if key == "length" and isinstance(parent, list):
                    del parent[value:]
                elif isinstance(value, dict) and value.get("$") == "deleted":
                    del parent[key]
                elif isinstance(parent, list) and key == len(parent):
                    parent.append(decoded(value))
                else:
                    parent[key] = decoded(value)
        return figure

    return [len(group["index"]) for group in header["groups"]], figure_at


def unpacked(data: bytes) -> Iterator[dict[str, Any]]:
    """The figures of all states of a packed table, in the order of the controls' values."""
    sizes, figure_at = opened(data)
    return map(figure_at, itertools.product(*map(range, sizes)))


def tables(place: Path) -> dict[str, bytes]:
    """The packed tables of a site, a page or a notebook: `chapter.explorer` to bytes."""
    if place.suffix == ".ipynb":
        return {f"{place.stem}.{name}": base64.b64decode(table) for name, table in TABLE.findall(run(place))}
    pages = [place] if place.is_file() else sorted(place.rglob("*.html"))
    return {
        f"{page.stem}.{name}": base64.b64decode(table)
        for page in pages
        for name, table in TABLE.findall(page.read_text(encoding="utf-8"))
    }


def run(notebook: Path) -> str:
    """The HTML of a notebook's explorers, as the book's build makes it, and on stderr how fast."""
    from sawaru.explorer import page

    html: list[str] = []
    render = page.render

    def timed(explorer: Any) -> str:
        began = time.process_time()
        text = render(explorer)
        states = int(re.findall(r'data-states="(\d+)"', text)[0])
        took = time.process_time() - began
        print(f"{explorer.name}：{states} 状態、毎秒 {states / took:.0f}", file=sys.stderr)
        html.append(text)
        return text

    page.render = timed
    os.environ["SAWARU_SNAPSHOT"] = "1"
    space: dict[str, Any] = {"__name__": "__main__"}
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        for cell in (c for c in cells if c["cell_type"] == "code"):
            source = re.sub(r"^(\s*)%.*", r"\1pass", "".join(cell["source"]), flags=re.MULTILINE)
            exec(compile(source, f"{notebook.stem} {cell['id']}", "exec"), space)
    return "".join(html)


def differences(before: Any, after: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The places, `data.2.line.width`, where two figures differ, with both values."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from differences(before.get(key), after.get(key), f"{place}.{key}" if place else key)
    elif isinstance(before, list) and isinstance(after, list):
        for i, (a, b) in enumerate(itertools.zip_longest(before, after)):
            yield from differences(a, b, f"{place}.{i}")
    elif not _equal(before, after):
        yield place, before, after


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a is b or (a.shape == b.shape and np.array_equal(a, b, equal_nan=True))
    return type(a) is type(b) and (a == b or (a != a and b != b))


def shown(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure as the page shows it: without a name no legend entry, said or not; plots do not cover each other."""
    for trace in figure["data"]:
        if not trace.get("name"):
            trace.pop("showlegend", None)
    figure["data"].sort(key=lambda trace: str(trace.get("xaxis", "x")))
    return figure


def main() -> int:
    os.environ.update(OMP_NUM_THREADS="1", MKL_CBWR="AUTO,STRICT")  # as when the book is built
    parser = argparse.ArgumentParser(description="二つの本の、図の状態を比べます。")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--ignore", nargs="*", default=[], metavar="PATH", help="比べない場所")
    parser.add_argument("--looks", action="store_true", help="見た目だけの場所を比べない")
    options = parser.parse_args()
    ignored = options.ignore + [f"data.*.{look}*" for look in LOOKS] * options.looks
    before, after = tables(options.before), tables(options.after)
    if not after:
        parser.error(f"{options.after} に図がありません")
    chapters = {name.split(".")[0] for name in after}
    differ = False
    for name in sorted(name for name in {*before, *after} if name.split(".")[0] in chapters):
        if name not in before or name not in after:
            print(f"{name}：{'後' if name in before else '前'}にありません")
            differ = True
            continue
        counted: Counter[str] = Counter()
        examples: dict[str, tuple[Any, Any]] = {}
        pairs = list(itertools.zip_longest(unpacked(before[name]), unpacked(after[name])))
        for was, now in pairs:
            found = differences(was and shown(was), now and shown(now))
            for place, a, b in found:
                if not any(fnmatch.fnmatch(place, pattern) for pattern in ignored):
                    counted[place] += 1
                    examples.setdefault(place, (a, b))
        print(f"{name}：{len(pairs)} 状態" + ("" if counted else "、同じ"))
        for place, count in counted.items():
            differ = True
            a, b = (
                np.array2string(v, threshold=6) if isinstance(v, np.ndarray) else v for v in examples[place]
            )
            print(f"  {place}（{count}）：{a} → {b}")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
