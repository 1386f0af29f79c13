"""The book's colours and Plotly templates, for figures, styles and pages alike."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def theme() -> dict[str, Any]:
    """The Plotly templates `light` and `dark`, the `palette`, and `twins`: each light colour's dark one."""
    loaded: dict[str, Any] = json.loads((files("sawaru") / "theme.json").read_text(encoding="utf-8"))
    return loaded
