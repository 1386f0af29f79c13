"""The page's reader of a snapshot, run in a real browser on figures that hypothesis makes up."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from sawaru.explorer import frontend
from sawaru.explorer.snapshot import difference, pack

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from test_snapshot import assert_like, trees

READ = """async ([table, states]) => {
    const mark = (v) => typeof v === "number" && !Number.isFinite(v) ? { $: String(v) } : v;
    const plain = (v) => {
        if (ArrayBuffer.isView(v)) return { array: Array.from(v, mark) };
        if (Array.isArray(v)) return v.length && v.every((r) => ArrayBuffer.isView(r)) ? { array: v.map((r) => Array.from(r, mark)) } : v.map(plain);
        if (v !== null && typeof v === "object") return { object: Object.entries(v).map(([k, x]) => [k, plain(x)]) };
        return mark(v);
    };
    const figureAt = await readTable(table);
    return states.map((i) => plain(figureAt([i])));
}"""


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.goto("about:blank")
    page.add_script_tag(
        content=f"const HERE = 'about:blank'; {frontend.text('draw.js')}\n{frontend.text('explorer.js')}"
    )
    yield page
    page.close()


def python(value: Any) -> Any:
    """What the browser sent, with arrays and special numbers restored."""
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


@settings(max_examples=150, deadline=None)
@given(base=trees, states=st.lists(trees, min_size=1, max_size=4))
def test_the_browser_reads_every_state(
    reader: Page, base: dict[str, Any], states: list[dict[str, Any]]
) -> None:
    data = pack(base, [[list(difference(base, state)) for state in states]])
    got = reader.evaluate(READ, [base64.b64encode(data).decode(), list(range(len(states)))])
    for state, restored in zip(states, got, strict=True):
        assert_like(state, python(restored))
