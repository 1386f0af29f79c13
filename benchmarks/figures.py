"""One figure, drawn by Plotly and by matplotlib: a point going down a valley, and its loss curve."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from sawaru.figure import BLUE, ORANGE, minus, panels

STEPS = 50
GRID = np.linspace(-3, 3, 41)
VALLEY = GRID[None] ** 2 + 8 * GRID[:, None] ** 2


@functools.cache
def path(lr: float, momentum: float) -> np.ndarray:
    """The points visited from (-2.5, 1.5). (STEPS + 1, 2)"""
    point, velocity = np.array([-2.5, 1.5]), np.zeros(2)
    points = [point]
    for _ in range(STEPS):
        velocity = momentum * velocity - lr * np.array([2.0, 16.0]) * point
        point = point + velocity
        points.append(point)
    return np.clip(np.array(points), -1e3, 1e3)


def loss(points: np.ndarray) -> np.ndarray:
    return points[:, 0] ** 2 + 8 * points[:, 1] ** 2


def title(lr: float, momentum: float, step: int) -> str:
    return minus(f"η = {lr:.4f}, β = {momentum:.2f}, t = {step}, E = {loss(path(lr, momentum))[step]:.3g}")


def descent(lr: float = 0.1, momentum: float = 0.5, step: int = STEPS) -> Any:
    """谷を下る点と損失の曲線"""
    points = path(lr, momentum)[: step + 1]
    fig = panels("E(a, b)", "E(t)", title=title(lr, momentum, step), height=400)
    fig.add_contour(x=GRID, y=GRID, z=VALLEY, colorscale="Viridis", showscale=False, row=1, col=1)
    path_style = {"mode": "lines+markers", "line_color": ORANGE, "name": "θ"}
    fig.add_scatter(x=points[:, 0], y=points[:, 1], **path_style, row=1, col=1)
    fig.add_scatter(y=loss(points), mode="lines", line_color=BLUE, name="E", row=1, col=2)
    fig.update_xaxes(title_text="a", range=[-3, 3], row=1, col=1)
    fig.update_yaxes(title_text="b", range=[-3, 3], row=1, col=1)
    fig.update_xaxes(title_text="t", range=[0, STEPS], row=1, col=2)
    fig.update_yaxes(title_text="E", type="log", range=[-6, 3], row=1, col=2)
    return fig


def descent_in_matplotlib(lr: float = 0.1, momentum: float = 0.5, step: int = STEPS) -> None:
    """The same with matplotlib, as a notebook with `interact` does it."""
    import matplotlib.pyplot as plt

    points = path(lr, momentum)[: step + 1]
    _, (left, right) = plt.subplots(1, 2, figsize=(7.6, 4))
    left.contourf(GRID, GRID, VALLEY, levels=14)
    left.plot(points[:, 0], points[:, 1], "o-", color=ORANGE, label="θ")
    right.plot(loss(points), color=BLUE, label="E")
    left.set(xlabel="a", ylabel="b", xlim=(-3, 3), ylim=(-3, 3), title="E(a, b)")
    right.set(xlabel="t", ylabel="E", xlim=(0, STEPS), ylim=(1e-6, 1e3), yscale="log", title="E(t)")
    plt.suptitle(title(lr, momentum, step))
    plt.show()
