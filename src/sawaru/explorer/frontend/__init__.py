"""The JavaScript and CSS of an explorer, put together for each of its two hosts.

numbers.js and draw.js are shared; explorer.js drives the plain page, widget.js the kernel's widget.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any

from sawaru.theme import style as colours
from sawaru.theme import theme

BUNDLES = ("cartesian", "gl3d")
_HERE = files(__name__)


def text(name: str) -> str:
    """One of this folder's files."""
    return (_HERE / name).read_text(encoding="utf-8")


def _shared() -> str:
    parts = {key: theme()[key] for key in ("light", "dark", "twins", "height")}
    compact = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return f"const THEME = {compact};\n{text('numbers.js')}\n{text('draw.js')}"


def page_script() -> str:
    """The one classic script of a page with explorers; it fetches Plotly from beside itself."""
    return f'(() => {{\n"use strict";\nconst HERE = document.currentScript.src;\n{_shared()}\n{text("explorer.js")}}})();\n'


def widget_module() -> str:
    """The anywidget module of the live plot."""
    return f"{_shared()}\n{text('widget.js')}"


def style() -> str:
    """The explorers' style with the colours it uses, for a page or a widget that has no other."""
    return colours() + text("explorer.css")


def bundle_path(name: str) -> Any:
    """Plotly's minified JavaScript, "cartesian" or "gl3d"."""
    if name not in BUNDLES:
        raise ValueError(f"Plotly の束は {BUNDLES} のどちらかです: {name!r}")
    return _HERE / "vendor" / f"plotly-{name}.min.js"


@cache
def bundle(name: str) -> bytes:
    """Plotly's minified JavaScript, gzip'ed."""
    return gzip.compress(bundle_path(name).read_bytes(), compresslevel=6, mtime=0)
