"""Pictures: matrices of pixels as plots without numbers at their edges, the first row at the top."""

from __future__ import annotations

from typing import Any

import numpy as np

from sawaru.figure import GRAY, INKS, Drawing, Figure, panels

# The axes of a plot that is a picture, for `figure` and `panels`.
ACROSS = {
    **{"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False},
    **{"showline": True, "mirror": True, "linecolor": GRAY, "constrain": "domain"},
}
DOWN = {**ACROSS, "autorange": "reversed", "equal": True}


def pictures(*titles: str, title: str = "", height: int = 300, spacing: float = 0.06) -> Figure:
    """Pictures side by side, one per title; `picture` draws each."""
    across, down = [ACROSS] * len(titles), [DOWN] * len(titles)
    tight = {"t": 40, "b": 24}  # no axis and no legend below
    return panels(*titles, x=across, y=down, title=title, height=height, spacing=spacing, margin=tight)


def picture(
    plot: Drawing, pixels: Any, colors: Any = INKS, low: float = 0.0, high: float = 1.0, **more: Any
) -> None:
    """Draw `pixels` (rows, columns); `low` has the first of `colors` and `high` the last.

    They are drawn in hundredths: no eye tells them apart, and a page keeps a whole number in a byte.
    """
    z = np.round(100 * np.asarray(pixels)).astype(int)
    look = {"colorscale": colors, "zmin": 100 * low, "zmax": 100 * high}
    hover = {"hovertemplate": "画素の値 %{z} / 100<extra></extra>"}
    plot.add({"type": "heatmap", "z": z} | look | hover | more)


def mosaic(images: Any, columns: int, paper: float = 0.0) -> np.ndarray:
    """Pictures (n, rows, columns of pixels) as one, so many side by side, apart by a pixel of `paper`."""
    images = np.asarray(images)
    rows = images.reshape(-1, columns, *images.shape[-2:])
    apart = np.pad(rows, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=paper)
    return apart.swapaxes(1, 2).reshape(apart.shape[0] * apart.shape[2], -1)
