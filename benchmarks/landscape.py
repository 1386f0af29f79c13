"""The chapter 損失地形: points of a slice per second, and the time of a training step, each beside the plainest way.

The slice: `torch.func` with `vmap` in chunks beside a Python loop that writes each point's weights with `load_state_dict`.
The step: the chapter's `training` beside a bare loop over PyTorch's own modules, `nn.Sequential` and all. Both on the CPU and, when
there is one, on a GPU.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from report import Promise, Report, median, table
from torch import Tensor, nn

from sawaru import device
from sawaru.models.loss_landscape import (
    deep,
    mlp,
    random_direction,
    slice_loss,
    softmax_regression,
    training,
)

MODELS: dict[str, Callable[[], nn.Module]] = {
    "ソフトマックス回帰": softmax_regression,
    "6 層 MLP": mlp,
    "残差あり 56 層": lambda: deep(56),
    "残差なし 56 層": lambda: deep(56, skip=False),
}
POINTS = 64
ROUNDS = 5
EXAMPLES = 1200


class PlainResidual(nn.Module):
    """A block of the deep network from modules alone."""

    def __init__(self, width: int, skip: bool) -> None:
        super().__init__()
        self.skip = skip
        linear, norm = (lambda: nn.Linear(width, width)), (lambda: nn.BatchNorm1d(width))
        self.branch = nn.Sequential(linear(), norm(), nn.ReLU(), linear(), norm())
        self.out = nn.ReLU()

    def forward(self, h: Tensor) -> Tensor:
        return self.out(h + self.branch(h) if self.skip else self.branch(h))


def plain(name: str) -> nn.Module:
    if name == "ソフトマックス回帰":
        return nn.Linear(64, 10)
    if name == "6 層 MLP":
        hidden = [m for _ in range(3) for m in (nn.Linear(22, 22), nn.ReLU())]
        return nn.Sequential(nn.Linear(64, 22), nn.ReLU(), *hidden, nn.Linear(22, 10))
    blocks = [PlainResidual(22, name == "残差あり 56 層") for _ in range(27)]
    return nn.Sequential(nn.Linear(64, 22), nn.BatchNorm1d(22), nn.ReLU(), *blocks, nn.Linear(22, 10))


def loop_over_state_dict(
    model: nn.Module, directions: list[dict[str, Tensor]], steps: Tensor, x: Tensor, y: Tensor
) -> Tensor:
    model.eval()
    center = copy.deepcopy(model.state_dict())
    losses = []
    with torch.no_grad():
        for step in steps:
            moved = dict(center)
            for s, direction in zip(step, directions, strict=True):
                moved.update({name: moved[name] + s * d for name, d in direction.items()})
            model.load_state_dict(moved)
            losses.append(F.cross_entropy(model(x), y))
    model.load_state_dict(center)
    return torch.stack(losses)


def seconds(run: Callable[[], object]) -> float:
    """The median time of a call after one to warm up; a GPU is waited for."""
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    times = []
    for _ in range(ROUNDS + 1):
        wait()
        start = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - start)
    return median(times[1:])


def plain_steps(model: nn.Module, x: Tensor, y: Tensor) -> None:
    """One epoch, the shortest loop that PyTorch's tutorial would write."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    model.train()
    order = torch.randperm(len(x)).to(x.device)
    for batch in order.split(100):
        optimizer.zero_grad()
        F.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()


def one(name: str, place: torch.device) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """Whether both ways agree, and one row of each table."""
    x = torch.rand(EXAMPLES, 64).to(place)
    y = torch.randint(10, (EXAMPLES,)).to(place)
    grid = (torch.rand(POINTS, 2) - 0.5).to(place)
    model, simple = MODELS[name]().to(place), plain(name).to(place)

    def chapter() -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        for _ in training(model, optimizer, x, y, epochs=1):
            pass

    chapter()
    directions = [random_direction(model, "filter", seed) for seed in (0, 1)]
    ways = [lambda f=f: f(model, directions, grid, x, y) for f in (slice_loss, loop_over_state_dict)]
    agree = torch.allclose(ways[0](), ways[1](), rtol=1e-2, atol=1e-3)
    fast, slow = (POINTS / seconds(way) for way in ways)
    step, bare = (
        1000 * seconds(run) / (EXAMPLES // 100) for run in (chapter, lambda: plain_steps(simple, x, y))
    )
    return (
        agree,
        (name, place.type, f"{fast:,.0f}", f"{slow:,.0f}", f"{fast / slow:.2f}"),
        (name, place.type, f"{step:.2f}", f"{bare:.2f}", f"{step / bare:.2f}"),
    )


def measure() -> Report:
    torch.manual_seed(0)
    places = [torch.device("cpu")] if device().type == "cpu" else [torch.device("cpu"), device()]
    found = [one(name, place) for place in places for name in MODELS]
    agree, points, steps = all(f[0] for f in found), [f[1] for f in found], [f[2] for f in found]
    details = "\n\n".join(
        (
            f"断面の計算（訓練データ {EXAMPLES:,} 件、{POINTS} 点、1 秒あたりの点の数）",
            table(("モデル", "装置", "vmap（32 点ずつ）", "state_dict のループ", "倍率"), points),
            "学習の一歩（100 件のミニバッチ、ミリ秒）",
            table(("モデル", "装置", "章の training", "モジュールだけのループ", "比"), steps),
        )
    )
    promise = Promise(
        "損失地形：まとめて計算した断面と、一点ずつの断面", "同じ値", "同じ" if agree else "違う", agree
    )
    return Report([promise], details)


if __name__ == "__main__":
    print(measure())
