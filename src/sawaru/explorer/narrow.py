"""A narrow screen: plots that stand side by side go one below the other, and the figure grows.

`restack` of frontend/layout.js moves them; the page keeps the room that they will need. The measures of both are here.
"""

from __future__ import annotations

from typing import Any

from sawaru.theme import theme

NARROW = {
    "below": 600,  # pixels of width; explorer.css says it too, where no name can stand
    "columns": 4,  # more plots than this stay side by side
    "share": 0.85,  # of a plot's height that it keeps
    "lowest": 180,  # pixels of a plot
    "between": 92,  # pixels between two: the axis title of one and the heading of the next
}


def heights(layout: dict[str, Any]) -> tuple[float, float]:
    """A figure's height in pixels on a wide and on a narrow screen."""
    height = layout.get("height", theme()["height"])
    across = [v for k, v in layout.items() if k.startswith("xaxis") and not v.get("overlaying")]
    up = [v for k, v in layout.items() if k.startswith("yaxis")]
    columns, rows = ({tuple(axis.get("domain", (0, 1))) for axis in axes} for axes in (across, up))
    if not 2 <= len(columns) <= NARROW["columns"] or len(rows) > 1:
        return height, height
    margin = {**theme()["light"]["layout"]["margin"], **layout.get("margin", {})}
    edges = margin["t"] + margin["b"]
    one = max(NARROW["lowest"], NARROW["share"] * (height - edges))
    return height, len(columns) * one + (len(columns) - 1) * NARROW["between"] + edges
