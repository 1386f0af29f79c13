"""Small networks on the clouds, a hundred at once: those that differ only in numbers are one batch of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sawaru.data.clouds import HEIGHTS, cloud
from sawaru.device import device

FEATURES: dict[str, Callable[[Tensor], Tensor]] = {
    "x₁": lambda X: X[:, 0],
    "x₂": lambda X: X[:, 1],
    "x₁²": lambda X: X[:, 0] ** 2,
    "x₂²": lambda X: X[:, 1] ** 2,
    "x₁x₂": lambda X: X[:, 0] * X[:, 1],
    "sin x₁": lambda X: X[:, 0].sin(),
    "sin x₂": lambda X: X[:, 1].sin(),
}
# Each with its derivative, written with the output h.
ACTS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "tanh": (torch.tanh, lambda h: 1 - h**2),
    "ReLU": (torch.relu, lambda h: (h > 0).to(h)),
    "シグモイド": (torch.sigmoid, lambda h: h * (1 - h)),
    "恒等": (lambda u: u, torch.ones_like),
}

Spec = dict[str, Any]
Layers = list[tuple[np.ndarray, np.ndarray]]


def spec(
    kind: str,
    hidden: Iterable[int],
    act: str = "tanh",
    chosen: Iterable[str] = ("x₁", "x₂"),
    lr: float = 0.5,
    batch: int = 12,
    l1: float = 0.0,
    l2: float = 0.0,
    noise: float = 0.1,
    count: int = 120,
) -> Spec:
    """What to train on what: the cloud, the units of each hidden layer, the features, and how."""
    network = {"hidden": tuple(hidden), "act": act, "chosen": tuple(chosen)}
    way = {"lr": lr, "batch": batch, "l1": l1, "l2": l2}
    return {"kind": kind, "noise": noise, "count": count, **network, **way}


def measured(X: Tensor, chosen: Sequence[str]) -> Tensor:
    """The chosen features of points. (N, features)"""
    if not chosen:
        return X[:, :0]
    return torch.stack([FEATURES[name](X) for name in chosen], dim=1)


def sizes(s: Spec) -> tuple[int, ...]:
    return len(s["chosen"]), *s["hidden"], 1


def initial(s: Spec) -> list[list[Tensor]]:
    """[W, b] of each layer, uniform and as wide as nn.Linear's."""
    g = torch.Generator().manual_seed(0)

    def drawn(rows: int, n: int, m: int) -> Tensor:
        uniform = torch.rand(rows, m, generator=g, dtype=torch.float64)
        return (2 * uniform - 1) / math.sqrt(max(n, 1))

    return [[drawn(rows, n, m) for rows in (n, 1)] for n, m in pairwise(sizes(s))]


def padded(matrices: list[Tensor]) -> Tensor:
    """Matrices of different sizes as one batch, filled with zeros."""
    out = torch.zeros(
        len(matrices),
        *(max(m.shape[i] for m in matrices) for i in (0, 1)),
        dtype=torch.float64,
    )
    for i, m in enumerate(matrices):
        out[i, : m.shape[0], : m.shape[1]] = m
    return out


def train_together(
    specs: Sequence[Spec],
    epochs: int,
    marks: Collection[int],
    every: int = 4,
    place: torch.device | None = None,
    dtype: torch.dtype = torch.float32,
) -> list[dict[str, Any]]:
    """Train networks with as many layers, the same activation, batch, loss and amount of data as one.

    Returns:
        For each its `spec`; at the epochs `at` the losses `train` and `test` and the share `right` of the test data;
        and at the epochs of `marks` its `layers`.
    """
    place = device() if place is None else place
    act, slope = ACTS[specs[0]["act"]]
    depth, total = len(specs[0]["hidden"]), specs[0]["count"]
    number = specs[0]["kind"] in HEIGHTS

    def here(tensor: Tensor) -> Tensor:
        return tensor.to(dtype).to(place)

    def data(count: int, seed: int) -> tuple[Tensor, Tensor]:
        clouds = [cloud(s["kind"], s["noise"], count, seed) for s in specs]
        A = [measured(X, s["chosen"]) for (X, _), s in zip(clouds, specs, strict=True)]
        y = torch.stack([y for _, y in clouds])[..., None]
        return here(padded(A)), here(y)  # (C, N, features) and (C, N, 1)

    (A, Y), (T, TY) = data(total, 0), data(400, 1)
    first = [initial(s) for s in specs]
    W, b = (
        [here(padded([f[k][i] for f in first])) for k in range(depth + 1)]
        for i in (0, 1)
    )
    # One where a unit is, zero where it only fills.
    alive = [
        here(padded([torch.ones(1, s["hidden"][k]) for s in specs]))
        for k in range(depth)
    ]
    penalised = any(s["l1"] or s["l2"] for s in specs)
    lr, l1, l2 = (
        here(torch.tensor([s[name] for s in specs], dtype=torch.float64))[:, None, None]
        for name in ("lr", "l1", "l2")
    )

    def forward(h: Tensor) -> list[Tensor]:
        hs = [h]
        for k in range(depth):
            hs.append(act(torch.baddbmm(b[k], hs[-1], W[k])) * alive[k])
        return [*hs, torch.baddbmm(b[-1], hs[-1], W[-1])]

    def loss_of(z: Tensor, y: Tensor) -> Tensor:
        if number:
            each = (z - y).square()
        else:
            each = F.binary_cross_entropy_with_logits(z, y, reduction="none")
        return each.mean(dim=(1, 2))  # (C,)

    def step(part: Tensor) -> None:
        hs, target = forward(A[:, part]), Y[:, part]  # (C, B, …)
        miss = 2 * (hs[-1] - target) if number else torch.sigmoid(hs[-1]) - target
        d = miss / len(part)
        for k in reversed(range(depth + 1)):
            gW, gb = hs[k].transpose(1, 2) @ d, d.sum(dim=1, keepdim=True)
            d = (d @ W[k].transpose(1, 2)) * slope(hs[k]) if k else d
            gW = gW + l1 * W[k].sign() + l2 * W[k] if penalised else gW
            W[k] = W[k] - lr * gW
            b[k] = b[k] - lr * gb

    shuffle = torch.Generator().manual_seed(2)
    records, kept = [], {}
    at = [e for e in range(epochs + 1) if e % every == 0 or e in marks]
    for epoch in range(epochs + 1):
        if epoch in at:
            z = forward(T)[-1]
            right = ((z > 0) == (TY > 0)).to(dtype).mean(dim=(1, 2))
            losses = loss_of(forward(A)[-1], Y), loss_of(z, TY)
            records.append(torch.stack([*losses, right]).cpu())
        if epoch in marks:
            kept[epoch] = [[t.cpu().numpy().copy() for t in side] for side in (W, b)]
        order = torch.randperm(total, generator=shuffle)
        for part in order.split(specs[0]["batch"]) if epoch < epochs else ():
            step(part.to(place))
    log = torch.stack(records).double().numpy()  # (records, 3, C)

    def layers_of(i: int, sides: list[list[np.ndarray]]) -> Layers:
        return [
            (Ws[i, :n, :m].astype(float), bs[i, 0, :m].astype(float))
            for Ws, bs, (n, m) in zip(*sides, pairwise(sizes(specs[i])), strict=True)
        ]

    return [
        {
            "spec": s,
            "at": np.array(at),
            "train": log[:, 0, i],
            "test": log[:, 1, i],
            "right": log[:, 2, i],
            "layers": {epoch: layers_of(i, sides) for epoch, sides in kept.items()},
        }
        for i, s in enumerate(specs)
    ]


def train_all(
    specs: Sequence[Spec], epochs: int, marks: Collection[int], every: int = 4
) -> list[dict[str, Any]]:
    """Train any networks, together those that can be, and return them as they were asked for."""

    def group_of(i: int) -> tuple[Any, ...]:
        s = specs[i]
        number = s["kind"] in HEIGHTS
        return len(s["hidden"]), s["act"], s["batch"], number, s["count"]

    runs: dict[int, dict[str, Any]] = {}
    for _, together in groupby(sorted(range(len(specs)), key=group_of), key=group_of):
        group = list(together)
        trained = train_together([specs[i] for i in group], epochs, marks, every)
        runs.update(zip(group, trained, strict=True))
    return [runs[i] for i in range(len(specs))]


def answers(layers: Layers, s: Spec, points: Tensor) -> list[np.ndarray]:
    """The output of each layer at the points; the last is the logit, or the number."""
    act, h, out = ACTS[s["act"]][0], measured(points, s["chosen"]).numpy(), []
    for k, (W, b) in enumerate(layers):
        h = h @ W + b
        h = act(torch.from_numpy(h)).numpy() if k < len(layers) - 1 else h
        out.append(h)
    return out
