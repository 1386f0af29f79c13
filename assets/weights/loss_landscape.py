"""Train the networks of the chapter 損失地形 and measure their landscapes: `python assets/weights/loss_landscape.py`.

Beside this script it writes loss_landscape.safetensors (weights before and after training, and the slices that take too long for
the notebook), loss_landscape_paths.safetensors (the weights on the way of three optimisers: rounding grows along the way, so another
computer would walk another path) and loss_landscape.json (seeds, seconds, loss curves, evaluations).
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from sawaru import device, seed_everything
from sawaru.data.digits import digits
from sawaru.models.loss_landscape import (
    deep,
    mlp,
    random_direction,
    slice_loss,
    softmax_regression,
    training,
)

HERE = Path(__file__).parent
EPOCHS = 60
RATE, MOMENTUM = 0.05, 0.9
MODELS = {
    "softmax": softmax_regression,
    "mlp": mlp,
    "residual": lambda: deep(56, skip=True),
    "cut": lambda: deep(56, skip=False),
}
DEPTHS = (8, 20, 32, 56)
OTHER_RATES = (0.2, 0.05, 0.01, 0.002)
PLACES = {"start": 1.0, "near": 0.25, "wide": 1.0}  # half the width of each slice
NORMALIZE = ("none", "layer", "filter")
SEEDS = (0, 1, 2)
POINTS = 25
WIDTHS = (4, 22, 88)
STARTS = 20  # initial values of the MLP
KEPT = 6  # of them, those whose weights are kept
OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.3),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.003),
}
EVERY = 24  # steps between two recorded weights: 2 epochs
BETWEEN = 41  # points on the line between two solutions


def split() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    images, y = digits()
    x = images.flatten(1)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    train, test = order[:1200], order[1200:]
    return tuple(t.to(device()) for t in (x[train], y[train], x[test], y[test]))


def evaluate(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    model.eval()
    with torch.no_grad():
        logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def settle(model: nn.Module, x: Tensor) -> None:
    """Measure what the normalisation layers of an untrained network will divide by."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain average instead of the running one
    model.train()
    with torch.no_grad():
        model(x)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum


def state(model: nn.Module) -> dict[str, Tensor]:
    return {k: v.detach().clone() for k, v in model.state_dict().items() if v.is_floating_point()}


def grid(half: float) -> Tensor:
    line = torch.linspace(-half, half, POINTS)
    return torch.cartesian_prod(line, line).to(device())


def surface(model: nn.Module, half: float, normalize: str, seed: int, x: Tensor, y: Tensor) -> Tensor:
    directions = [random_direction(model, normalize, 2 * seed + k) for k in (0, 1)]
    return slice_loss(model, directions, grid(half), x, y).reshape(POINTS, POINTS)  # [first, second]


def fit(
    make, x: Tensor, y: Tensor, rate: float = RATE, seed: int = 0, epochs: int = EPOCHS
) -> tuple[nn.Module, list[float], float]:
    seed_everything(seed)
    model = make().to(device())
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=MOMENTUM)
    begin = time.perf_counter()
    losses = torch.tensor([*training(model, optimizer, x, y, epochs, seed)])
    seconds = time.perf_counter() - begin
    return model, losses.reshape(epochs, -1).mean(1).tolist(), seconds


def between(a: dict[str, Tensor], b: dict[str, Tensor], model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    model.load_state_dict(a)
    way = {k: b[k] - a[k] for k in a}
    return slice_loss(model, [way], torch.linspace(0, 1, BETWEEN, device=x.device)[:, None], x, y)


def walk(name: str, x: Tensor, y: Tensor) -> tuple[Tensor, dict]:
    """The weights of the MLP on its way, one row each, and what the record says of them."""
    seed_everything(0)
    model = mlp().to(device())
    rows = [torch.cat([w.detach().flatten() for w in model.parameters()])]
    losses = []
    begin = time.perf_counter()
    for t, loss in enumerate(training(model, OPTIMIZERS[name](model.parameters()), x, y, EPOCHS), start=1):
        losses.append(loss)
        if t % EVERY == 0:
            rows.append(torch.cat([w.detach().flatten() for w in model.parameters()]))
    seconds = time.perf_counter() - begin
    curve = [round(v, 4) for v in torch.tensor(losses).reshape(EPOCHS, -1).mean(1).tolist()]
    return torch.stack(rows), {"秒": round(seconds, 1), "損失の記録": curve}


def paths(x: Tensor, y: Tensor) -> dict:
    walks = {name: walk(name, x, y) for name in OPTIMIZERS}
    tensors = {name: rows.cpu().contiguous() for name, (rows, _) in walks.items()}
    save_file(tensors, HERE / "loss_landscape_paths.safetensors")
    return {name: said for name, (_, said) in walks.items()}


def main() -> None:
    x, y, x_test, y_test = split()
    tensors: dict[str, Tensor] = {}
    report: dict = {"種": 0, "エポック": EPOCHS, "学習率": RATE, "モーメンタム": MOMENTUM, "モデル": {}}

    def judge(model: nn.Module) -> dict[str, float]:
        (loss, accuracy), (test_loss, test_accuracy) = evaluate(model, x, y), evaluate(model, x_test, y_test)
        return {"損失": loss, "正答率": accuracy, "テストの損失": test_loss, "テストの正答率": test_accuracy}

    makers = {**MODELS}
    for layers in DEPTHS[:-1]:
        makers[f"residual{layers}"] = lambda layers=layers: deep(layers, skip=True)
        makers[f"cut{layers}"] = lambda layers=layers: deep(layers, skip=False)
    begin = time.perf_counter()
    for name, make in makers.items():
        if name in MODELS:
            seed_everything(0)
            untrained = make().to(device())
            settle(untrained, x)
            tensors.update({f"{name}.start.{k}": v for k, v in state(untrained).items()})
            for normalize in NORMALIZE:
                for seed in SEEDS:
                    z = surface(untrained, PLACES["start"], normalize, seed, x, y)
                    tensors[f"slice.{name}.start.{normalize}.{seed}"] = z
        model, curve, seconds = fit(make, x, y)
        tensors.update({f"{name}.{k}": v for k, v in state(model).items()})
        rounded = [round(v, 4) for v in curve]
        report["モデル"][name] = {"秒": round(seconds, 1), "損失の記録": rounded, "評価": judge(model)}
        for place in ("near", "wide"):
            for normalize in NORMALIZE if name in MODELS else ("filter",):
                for seed in SEEDS if name in MODELS else SEEDS[:2]:
                    z = surface(model, PLACES[place], normalize, seed, x, y)
                    tensors[f"slice.{name}.{place}.{normalize}.{seed}"] = z
        print(f"{name}：{time.perf_counter() - begin:.0f} 秒", report["モデル"][name]["評価"], flush=True)

    report["近道のない 56 層の学習率"] = {
        str(rate): judge(fit(MODELS["cut"], x, y, rate)[0]) for rate in OTHER_RATES if rate != RATE
    } | {str(RATE): report["モデル"]["cut"]["評価"]}
    print("学習率", report["近道のない 56 層の学習率"], flush=True)

    report["初期値"] = {}
    for width in WIDTHS:
        found = []
        for seed in range(STARTS):
            model, _, _ = fit(lambda width=width: mlp(width), x, y, seed=seed, epochs=EPOCHS)
            found.append((state(model), judge(model)))
        report["初期値"][str(width)] = [verdict for _, verdict in found]
        for i in range(1, KEPT):
            tensors[f"between.{width}.{i}"] = between(found[0][0], found[i][0], model, x, y)
            tensors[f"between_test.{width}.{i}"] = between(found[0][0], found[i][0], model, x_test, y_test)
        if width == 22:
            for i in range(KEPT):
                tensors.update({f"start{i}.{k}": v for k, v in found[i][0].items()})
    report["道すじ"] = paths(x, y)
    report["秒"] = round(time.perf_counter() - begin)
    for name, value in tensors.items():
        if not torch.isfinite(value).all():
            report.setdefault("有限でない値", []).append(name)
    save_file({k: v.cpu().contiguous() for k, v in tensors.items()}, HERE / "loss_landscape.safetensors")
    text = json.dumps(report, ensure_ascii=False, indent=1)
    (HERE / "loss_landscape.json").write_text(text + "\n", encoding="utf-8")
    size = (HERE / "loss_landscape.safetensors").stat().st_size
    print(f"{size:,} バイト、{report['秒']} 秒、ln 10 = {math.log(10):.4f}")


if __name__ == "__main__":
    main()
