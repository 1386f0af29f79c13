"""Train the deep networks of the chapter 活性化関数と勾配消失・爆発: `python assets/weights/activations.py`.

Beside this script it writes activations.safetensors (loss curves) and activations.json (accuracies, what PReLU has learned, seconds).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from sawaru.data.digits import digits

HERE = Path(__file__).parent
Act = Callable[[Tensor], Tensor]
ACTS: dict[str, Act] = {
    "シグモイド": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": torch.relu,
    "Leaky ReLU": lambda a: F.leaky_relu(a, 0.01),
    "PReLU": torch.relu,  # with a slope of its own below, which learns
    "Swish": F.silu,
    "GELU": F.gelu,
}
# The standard deviation of the weights, times the square root of the number of inputs; biases start at 0.
INITS = {"小さい (0.5)": 0.5, "Xavier (1)": 1.0, "He (√2)": math.sqrt(2), "大きい (2)": 2.0}
SEEDS = 5
DEPTH, WIDTH, STEPS, EVERY = 20, 64, 300, 5
RATES = (0.0003, 0.001, 0.003)
FIFTY = 50
SCALES = (0.5, 0.8, 1.0, 1.2, 1.5, 2.0)
FIFTY_RATES = (0.001, 0.01, 0.1)


def split() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    images, y = digits()
    x = images.flatten(1) - images.mean()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    train, test = order[:1200], order[1200:]
    return x[train], y[train], x[test], y[test]


def start(scales: list[float], width: int, depth: int) -> list[Tensor]:
    """W and b of each layer for each scale and seed: (runs, in, out) and (runs, 1, out). All scales share the draws of a seed."""
    generator = torch.Generator().manual_seed(0)
    sizes = [64, *[width] * (depth - 1), 10]
    made = []
    for k in range(depth):
        n, m = sizes[k], sizes[k + 1]
        drawn = torch.randn(SEEDS, n, m, generator=generator) / math.sqrt(n)
        last = k == depth - 1  # the last layer starts alike for all
        made.append(torch.cat([(1.0 if last else s) * drawn for s in scales]).requires_grad_())
        made.append(torch.zeros(len(scales) * SEEDS, 1, m, requires_grad=True))
    return made


def forward(p: list[Tensor], act: Act, x: Tensor, skip: Tensor, slope: Tensor | None = None) -> Tensor:
    """Logits (runs, N, 10). `skip` (runs, 1, 1) is 1 where each hidden layer adds its input, from the second on."""
    h = x.expand(p[0].shape[0], *x.shape)
    depth = len(p) // 2
    for k in range(depth):
        a = torch.baddbmm(p[2 * k + 1], h, p[2 * k])
        if k == depth - 1:
            return a
        out = act(a)
        if slope is not None:
            out = out + slope[:, k, None, None] * torch.clamp(a, max=0)
        h = out + skip * h if k > 0 else out
    raise AssertionError


def train(
    p: list[Tensor],
    act: Act,
    optimizer: torch.optim.Optimizer,
    skip: Tensor,
    slope: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Loss every few steps (runs, records) and accuracy on the test data (runs,)."""
    x, y, x_test, y_test = split()
    generator = torch.Generator().manual_seed(1)
    losses = []

    def loss_of(x: Tensor, y: Tensor) -> Tensor:
        z = forward(p, act, x, skip, slope)
        runs = z.shape[0]
        each = F.cross_entropy(z.flatten(0, 1), y.repeat(runs), reduction="none")
        return each.reshape(runs, -1).mean(1)

    for step in range(STEPS + 1):
        if step % EVERY == 0:
            with torch.no_grad():
                losses.append(loss_of(x[:300], y[:300]))
        batch = torch.randint(len(x), (64,), generator=generator)
        optimizer.zero_grad()
        loss = loss_of(x[batch], y[batch])
        # A run that has blown up keeps its weights; the others go on.
        torch.where(loss.isfinite(), loss, 0.0).sum().backward()
        for t in (*p, *([slope] if slope is not None else [])):
            t.grad = torch.nan_to_num(t.grad, 0.0, 0.0, 0.0)
        optimizer.step()
    with torch.no_grad():
        right = (forward(p, act, x_test, skip, slope).argmax(-1) == y_test).float().mean(1)
    return torch.stack(losses, dim=1), right


def twenty() -> tuple[dict, dict[str, Tensor]]:
    record, curves = {}, {}
    scales = list(INITS.values())
    for name, act in ACTS.items():
        best: dict[str, tuple] = {}
        for rate in RATES:
            p = start(scales, WIDTH, DEPTH)
            runs = len(scales) * SEEDS
            slope = torch.full((runs, DEPTH), 0.25, requires_grad=True) if name == "PReLU" else None
            parameters = [*p, slope] if slope is not None else p
            losses, right = train(
                p, act, torch.optim.Adam(parameters, lr=rate), torch.zeros(runs, 1, 1), slope
            )
            for i, init in enumerate(INITS):
                rows = slice(i * SEEDS, (i + 1) * SEEDS)
                score = losses[rows, -1].nan_to_num(1e9).median().item()
                if init not in best or score < best[init][0]:
                    learned = slope[rows, : DEPTH - 1].detach().mean().item() if slope is not None else None
                    best[init] = score, rate, losses[rows], right[rows], learned
        for init, (score, rate, losses, right, learned) in best.items():
            record[f"{name}/{init}"] = {"rate": rate, "test": [round(v, 4) for v in right.tolist()]}
            if learned is not None:
                record[f"{name}/{init}"]["slope"] = round(learned, 4)
            curves[f"twenty/{name}/{init}"] = losses.half()
            print(name, init, rate, f"{score:.3f}", f"{right.median():.3f}", learned, flush=True)
    return record, curves


def fifty() -> tuple[dict, dict[str, Tensor]]:
    """50 layers of tanh: scale, learning rate of SGD with momentum 0.9, with and without residual connections."""
    record, curves = {}, {}
    for rate in FIFTY_RATES:
        for name, on in (("なし", 0.0), ("あり", 1.0)):
            p = start(list(SCALES), 32, FIFTY)
            runs = len(SCALES) * SEEDS
            optimizer = torch.optim.SGD(p, lr=rate, momentum=0.9)
            losses, right = train(p, torch.tanh, optimizer, torch.full((runs, 1, 1), on))
            for i, scale in enumerate(SCALES):
                rows = slice(i * SEEDS, (i + 1) * SEEDS)
                key = f"{scale}/{rate}/{name}"
                record[key] = [round(v, 4) for v in right[rows].tolist()]
                curves[f"fifty/{key}"] = losses[rows].half()
                print(key, f"{right[rows].median():.3f}", flush=True)
    return record, curves


def main() -> None:
    began = time.time()
    first, curves = twenty()
    middle = time.time()
    second, more = fifty()
    save_file(curves | more, HERE / "activations.safetensors")
    result = {"steps": STEPS, "twenty": first, "fifty": second}
    result["seconds"] = [round(middle - began), round(time.time() - middle)]
    (HERE / "activations.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
