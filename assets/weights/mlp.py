"""Train the networks of the chapter 多層パーセプトロンと万能近似: `python assets/weights/mlp.py`.

Beside this script it writes mlp.safetensors (what each of the wide and deep networks answers on a grid of the plane, and what
networks of one layer answer along the curve that they were fitted to) and mlp.json (losses, accuracies, learning rates, seconds).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from sawaru.data.clouds import cloud

HERE = Path(__file__).parent
Act = Callable[[Tensor], Tensor]

SEEDS = 10
ACTS: dict[str, Act] = {"tanh": torch.tanh, "ReLU": torch.relu}
# Hidden layers of the lecture's networks: 12, 48, 192, 768 weights in one layer; 28, 44, 60 in two, three, four.
# Widths 9, 15 and 20 (27, 45 and 60 weights) are the one layer that costs as much as those.
NETWORKS = {
    "幅 4": (4,),
    "幅 9": (9,),
    "幅 15": (15,),
    "幅 16": (16,),
    "幅 20": (20,),
    "幅 64": (64,),
    "幅 256": (256,),
    "4 を 2 層": (4, 4),
    "4 を 3 層": (4, 4, 4),
    "4 を 4 層": (4, 4, 4, 4),
}
RATES = (0.01, 0.03)
STEPS, GRID = 1500, 32
CURVE_WIDTHS = (4, 8, 16, 32, 64)
CURVE_STEPS = 2000


def together(hidden: Sequence[int], inputs: int, runs: int, seed: int = 0) -> list[Tensor]:
    """W, b of each layer for `runs` networks at once, uniform and as wide as nn.Linear's: (runs, in, out) and (runs, 1, out)."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for n, m in pairwise((inputs, *hidden, 1)):
        for rows in (n, 1):
            uniform = torch.rand(runs, rows, m, generator=generator)
            made.append(((2 * uniform - 1) / math.sqrt(n)).requires_grad_())
    return made


def forward(parameters: Sequence[Tensor], act: Act, X: Tensor) -> Tensor:
    """(runs, N, 1) for inputs X (N, inputs) that all networks see."""
    h = X.expand(parameters[0].shape[0], *X.shape)
    for k in range(0, len(parameters), 2):
        a = torch.baddbmm(parameters[k + 1], h, parameters[k])
        h = act(a) if k + 2 < len(parameters) else a
    return h


def train(parameters: list[Tensor], loss_of: Callable[[], Tensor], rate: float, steps: int) -> None:
    """Adam at a rate that falls along a half cosine. The losses of the runs are added, so each run learns for itself."""
    optimizer = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of().sum().backward()
        optimizer.step()
        schedule.step()


def wide_and_deep() -> tuple[dict, dict[str, Tensor]]:
    X, y = (t.float() for t in cloud("渦", 0.1, 400, 0))
    X_test, y_test = (t.float() for t in cloud("渦", 0.1, 1000, 1))
    middle = 6 * (torch.arange(GRID) + 0.5) / GRID - 3
    mesh = torch.stack([middle.repeat(GRID), middle.repeat_interleave(GRID)], dim=1)
    record, grids = {}, {}
    for act_name, act in ACTS.items():
        for name, hidden in NETWORKS.items():
            tried = {}
            for rate in RATES:
                parameters = together(hidden, 2, SEEDS)

                def losses(parameters: list[Tensor] = parameters, act: Act = act) -> Tensor:
                    z = forward(parameters, act, X)[..., 0]
                    return F.binary_cross_entropy_with_logits(z, y.expand_as(z), reduction="none").mean(1)

                train(parameters, losses, rate, STEPS)
                with torch.no_grad():
                    loss = losses()
                    right = ((forward(parameters, act, X)[..., 0] > 0) == (y > 0)).float().mean(1)
                    tested = ((forward(parameters, act, X_test)[..., 0] > 0) == (y_test > 0)).float().mean(1)
                    answer = torch.sigmoid(forward(parameters, act, mesh)[..., 0])
                tried[rate] = (loss, right, tested, answer)
            best = min(RATES, key=lambda rate: tried[rate][0].median().item())
            loss, right, tested, answer = tried[best]
            record[f"{act_name}/{name}"] = {
                "rate": best,
                "loss": [round(v, 4) for v in loss.tolist()],
                "train": [round(v, 4) for v in right.tolist()],
                "test": [round(v, 4) for v in tested.tolist()],
            }
            grids[f"{act_name}/{name}"] = (answer * 255).round().to(torch.uint8)
            print(
                act_name,
                name,
                best,
                f"{loss.median():.3f}",
                f"{tested.median():.3f} {tested.min():.3f} {tested.max():.3f}",
                flush=True,
            )
    return record, grids


def curve(x: Tensor) -> Tensor:
    """The curve of the chapter, on 0 ≤ x ≤ 1."""
    return torch.sin(2 * math.pi * x) + 0.5 * torch.sin(6 * math.pi * x)


def fitted() -> tuple[dict, dict[str, Tensor]]:
    """Networks of one hidden layer fitted to the curve, by activation and width: rates, and the answers of each seed (SEEDS, 257)."""
    x = torch.linspace(0, 1, 257)[:, None]
    y = curve(x)
    rates, answers = {}, {}
    for act_name, act in ACTS.items():
        for width in CURVE_WIDTHS:
            best = None
            for rate in RATES:
                parameters = together((width,), 1, SEEDS)

                def losses(parameters: list[Tensor] = parameters, act: Act = act) -> Tensor:
                    return (forward(parameters, act, 4 * x - 2) - y).square().mean((1, 2))

                train(parameters, losses, rate, CURVE_STEPS)
                with torch.no_grad():
                    answer = forward(parameters, act, 4 * x - 2)[..., 0]
                error = (answer - y[:, 0]).abs().amax(1).median()
                if best is None or error < best[2]:
                    best = rate, answer, error
            rates[f"{act_name}/{width}"], answers[f"curve/{act_name}/{width}"] = best[0], best[1].half()
            print(act_name, width, best[0], f"{best[2]:.4f}", flush=True)
    return rates, answers


def main() -> None:
    began = time.time()
    record, grids = wide_and_deep()
    middle = time.time()
    rates, curves = fitted()
    save_file(grids | curves, HERE / "mlp.safetensors")
    result = {
        "steps": STEPS,
        "networks": record,
        "curve": rates,
        "seconds": [round(middle - began), round(time.time() - middle)],
    }
    (HERE / "mlp.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
