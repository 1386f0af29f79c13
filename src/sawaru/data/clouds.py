"""Made-up points in the square from −3 to 3: two classes that a line cannot part, or a number at each point."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

KINDS = ("円", "市松", "三日月", "渦")
# The answer at each point, a number from −1 to 1.
HEIGHTS = {
    "斜面": lambda X: X.sum(dim=1) / 6,
    "丘と谷": lambda X: _hill(X, -1.0, 1.0) - _hill(X, 1.0, -1.0),
}


def _hill(X: Tensor, x: float, y: float) -> Tensor:
    return (-(X - torch.tensor([x, y]).to(X)).square().sum(dim=1) / 2).exp()


@lru_cache
def cloud(kind: str, noise: float, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Points (count, 2) and their answers (count,), in double precision.

    `kind` is one of `KINDS` or `HEIGHTS`, or a drawing of the square, rows apart by `/`: "xo/ox" is a chessboard with
    class 0 where an x (X, ×, 0) stands and class 1 where an o (O, ○, 1) stands.
    """
    g = torch.Generator().manual_seed(seed)
    y = (torch.arange(count) % 2).double()
    u, v = (torch.rand(count, generator=g, dtype=torch.float64) for _ in "uv")
    if kind == "円":
        r, turn = torch.where(y == 1, 1.1 * u.sqrt(), 1.7 + 0.9 * u), 2 * math.pi * v
        X = torch.stack([r * turn.cos(), r * turn.sin()], dim=1)
    elif kind == "三日月":
        a, side = math.pi * u, 2 * y - 1
        X = 1.7 * side[:, None] * torch.stack([a.cos() - 0.5, a.sin() - 0.25], dim=1)
    elif kind == "渦":
        r, a = 0.3 + 2.4 * u, 2.5 * math.pi * u + math.pi * y
        X = torch.stack([r * a.cos(), r * a.sin()], dim=1)
    elif kind in HEIGHTS:
        X = 6 * torch.stack([u, v], dim=1) - 3
        y = HEIGHTS[kind](X)
    else:
        rows = ("xo/ox" if kind == "市松" else kind).split("/")
        X = _in_cells(rows, torch.stack([u, v], dim=1))
    return X + noise * torch.randn(count, 2, generator=g, dtype=torch.float64), y


def _in_cells(rows: list[str], within: Tensor) -> Tensor:
    """Points in the cells of a drawing, the first in a cell of class 0, the next in one of class 1, and so on."""
    wide, high = max(map(len, rows)), len(rows)
    cells = [
        [(j, i) for i, row in enumerate(rows) for j, c in enumerate(row) if c in marks]
        for marks in ("xX×0", "oO○1")
    ]
    place = torch.tensor(
        [cells[n % 2][n // 2 % len(cells[n % 2])] for n in range(len(within))], dtype=torch.float64
    )
    x, y = (place + 0.1 + 0.8 * within).unbind(1)
    return torch.stack([6 * x / wide - 3, 3 - 6 * y / high], dim=1)
