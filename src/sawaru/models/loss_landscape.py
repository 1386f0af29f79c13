"""The networks of the chapter 損失地形, their training, and the slices through their losses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, vmap


def softmax_regression() -> nn.Sequential:
    return nn.Sequential(nn.Linear(64, 10))


def mlp(width: int = 22) -> nn.Sequential:
    sizes = [64, width, width, width, width, 10]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])  # 出力はロジットなので、最後の ReLU を外す


class Block(nn.Module):
    def __init__(self, width: int, skip: bool) -> None:
        super().__init__()
        self.skip = skip
        self.linear1, self.norm1 = nn.Linear(width, width), nn.BatchNorm1d(width)
        self.linear2, self.norm2 = nn.Linear(width, width), nn.BatchNorm1d(width)

    def forward(self, h: Tensor) -> Tensor:  # (N, width)
        f = self.norm2(self.linear2(torch.relu(self.norm1(self.linear1(h)))))
        return torch.relu(h + f if self.skip else f)  # 近道の有無は、この一行だけの違い


def deep(layers: int = 56, width: int = 22, skip: bool = True) -> nn.Sequential:
    # ブロック一つに 2 層
    blocks = [Block(width, skip) for _ in range((layers - 2) // 2)]
    first = [nn.Linear(64, width), nn.BatchNorm1d(width), nn.ReLU()]
    return nn.Sequential(*first, *blocks, nn.Linear(width, 10))


def training(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    epochs: int,
    seed: int = 0,
) -> Iterator[float]:
    generator = torch.Generator().manual_seed(seed)
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator).to(x.device)
        for batch in order.split(100):
            loss = F.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()  # 一歩ごとに、呼び出した側へ戻る


def random_direction(model: nn.Module, normalize: str, seed: int) -> dict[str, Tensor]:
    # 乱数は CPU で作り、どの装置でも同じ向きにする
    generator = torch.Generator().manual_seed(seed)
    direction = {}
    for name, parameter in model.named_parameters():
        w = parameter.detach()
        if w.dim() < 2:
            continue  # バイアスと正規化層の係数は動かさない
        d = torch.randn(w.shape, generator=generator).to(w)  # (出力の数, 入力の数)
        if normalize == "filter":
            d = d / d.norm(dim=1, keepdim=True) * w.norm(dim=1, keepdim=True)
        elif normalize == "layer":
            d = d / d.norm() * w.norm()
        else:
            d = 0.1 * d  # 図の目盛りに合わせた定数。重みの大きさは見ない
        direction[name] = d
    return direction


def slice_loss(
    model: nn.Module,
    directions: list[dict[str, Tensor]],
    steps: Tensor,
    x: Tensor,
    y: Tensor,
    chunk: int | None = 32,
) -> Tensor:
    model.eval()  # 正規化層には、学習中に測った平均と分散を使わせる
    everything = (*model.named_parameters(), *model.named_buffers())
    center = {name: value.detach() for name, value in everything}

    def loss_at(step: Tensor) -> Tensor:  # (向きの数,) から数一つへ
        moved = dict(center)
        for s, direction in zip(step, directions, strict=True):
            moved.update({name: moved[name] + s * d for name, d in direction.items()})
        return F.cross_entropy(functional_call(model, moved, (x,)), y)

    with torch.no_grad():
        # (点の数, 向きの数) から (点の数,) へ
        return vmap(loss_at, chunk_size=chunk)(steps)
