"""The JavaScript and CSS of an explorer, put together for each of its two hosts.

pack.js (beside pack.py), layout.js, numbers.js and draw.js are shared; controls.js and explorer.js drive the plain page,
widget.js the kernel's widget. What the scripts take from each other and from here is in types.d.ts.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any

from sawaru.explorer.narrow import NARROW
from sawaru.explorer.text import ENTITIES
from sawaru.theme import style as colours
from sawaru.theme import theme

BUNDLES = ("cartesian", "gl3d")
SHARED = ("../pack.js", "layout.js", "numbers.js", "draw.js")
_HERE = files(__name__)


def text(name: str) -> str:
    """A file, by its path from this folder."""
    return (_HERE / name).read_text(encoding="utf-8")


def script(*names: str) -> str:
    """Some of the scripts, after what they take from Python."""
    looks = {key: theme()[key] for key in ("light", "dark", "twins", "height")}
    given = {"THEME": looks, "NARROW": NARROW, "ENTITIES": ENTITIES}
    constants = [f"const {name} = {_compact(value)};" for name, value in given.items()]
    return "\n".join([*constants, *map(text, names)])


def page_script() -> str:
    """The one classic script of a page with explorers; it fetches Plotly from beside itself."""
    whole = script(*SHARED, "controls.js", "explorer.js")
    return f'(() => {{\n"use strict";\nconst HERE = document.currentScript.src;\n{whole}}})();\n'


def widget_module() -> str:
    """The anywidget module of the live plot."""
    return script(*SHARED, "widget.js")


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
