"""Noise predictors and samplers of the chapter 拡散モデル: 2-D points and 8×8 digits share one noise schedule and one family of samplers."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sawaru.data.digits import digits


def cosine_schedule(T: int) -> Tensor:
    t = torch.arange(T + 1, dtype=torch.float64) / T
    # 最後の 2% は使わず、信号を少しだけ残す
    angle = (0.98 * t + 0.008) / 1.008 * math.pi / 2
    # ᾱ_0 = 1 から始まる (T + 1,)
    return torch.cos(angle) ** 2 / torch.cos(angle[0]) ** 2


def linear_schedule(T: int) -> Tensor:
    # β_1 から β_T まで等間隔
    beta = torch.linspace(0.1, 20, T, dtype=torch.float64) / T
    return torch.cat([torch.ones(1, dtype=torch.float64), (1 - beta).cumprod(dim=0)])


def add_noise(x0: Tensor, t: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    # (B, 1, …) 画素すべてに同じ値を掛ける
    a = alpha_bar[t].to(x0).reshape(-1, *[1] * (x0.dim() - 1))
    return a.sqrt() * x0 + (1 - a).sqrt() * noise


def embed_time(t: Tensor, dim: int) -> Tensor:
    step = torch.arange(dim // 2, device=t.device) / (dim // 2)  # 0 から 1 の手前まで
    frequency = torch.exp(-math.log(1000) * step)
    angle = t[:, None] * frequency  # (B, dim / 2) 速い波から遅い波まで
    return torch.cat([angle.sin(), angle.cos()], dim=1)  # (B, dim)


class Mixture:
    """平面の混合ガウス分布。成分 k は、重み w_k、中心 m_k、どの向きにも標準偏差 0.2"""

    weights = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    means = torch.tensor([[-1.2, -0.5], [1.0, -0.9], [0.5, 1.3]], dtype=torch.float64)
    std = 0.2

    def sample(
        self, n: int, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        k = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        z = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        return self.means[k] + self.std * z, k


class PointNet(nn.Module):
    """平面の点 (B, 2) に入っているノイズを予測する、小さな多層パーセプトロン"""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 + 32, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2),
        )  # fmt: skip

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.layers(torch.cat([x, embed_time(t, 32)], dim=1))


def split_digits() -> list[tuple[Tensor, Tensor]]:
    images, y = digits()
    x = 2 * images[:, None] - 1  # (N, 1, 8, 8) 濃さ 0…1 を −1…1 に
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    # 生成モデルの訓練、判定役の訓練、判定役のテスト
    parts = order.split([1000, 600, 197])
    return [(x[part], y[part]) for part in parts]


class Block(nn.Module):
    """畳み込み 2 枚の残差ブロック。時刻とクラスは、チャネルの倍率とずらしで混ぜる"""

    def __init__(self, c_in: int, c_out: int, c_condition: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, c_in), nn.GroupNorm(8, c_out)
        self.conv1 = nn.Conv2d(c_in, c_out, 3, padding=1)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1)
        self.condition = nn.Linear(c_condition, 2 * c_out)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        # (B, c_out, 1, 1)
        scale, shift = self.condition(condition)[:, :, None, None].chunk(2, dim=1)
        h = self.norm2(h) * (1 + scale) + shift
        return self.skip(x) + self.conv2(F.silu(h))


class UNet(nn.Module):
    """8×8 の画像 (B, 1, 8, 8) に入っているノイズを、時刻 t とクラス y から予測する"""

    def __init__(self, c: int = 16, c_condition: int = 64, classes: int = 10) -> None:
        super().__init__()
        self.time = nn.Sequential(
            nn.Linear(c_condition, c_condition),
            nn.SiLU(),
            nn.Linear(c_condition, c_condition),
        )
        # 最後の一つは「クラスを知らない」∅
        self.label = nn.Embedding(classes + 1, c_condition)
        self.first = nn.Conv2d(1, c, 3, padding=1)
        self.down1 = Block(c, c, c_condition)  # 8×8
        self.down2 = Block(c, 2 * c, c_condition)  # 4×4
        self.middle = Block(2 * c, 2 * c, c_condition)
        self.up2 = Block(4 * c, 2 * c, c_condition)
        self.up1 = Block(3 * c, c, c_condition)  # 8×8 に戻る
        self.last = nn.Sequential(
            nn.GroupNorm(8, c), nn.SiLU(), nn.Conv2d(c, 1, 3, padding=1)
        )

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        time = self.time(embed_time(t, self.label.embedding_dim))
        condition = F.silu(time + self.label(y))  # (B, 64)
        h1 = self.down1(self.first(x), condition)  # (B, c, 8, 8)
        h2 = self.down2(F.avg_pool2d(h1, 2), condition)  # (B, 2c, 4, 4)
        h = self.middle(h2, condition)
        h = self.up2(torch.cat([h, h2], dim=1), condition)
        h = F.interpolate(h, scale_factor=2)  # (B, 2c, 8, 8)
        return self.last(self.up1(torch.cat([h, h1], dim=1), condition))


def guided_noise(
    model: nn.Module, x: Tensor, t: Tensor, y: Tensor, w: float | Tensor
) -> Tensor:
    null = torch.full_like(y, 10)  # ∅
    # 2 つの予測を 1 回で
    both = model(torch.cat([x, x]), torch.cat([t, t]), torch.cat([y, null]))
    conditional, unconditional = both.chunk(2)
    return (1 + w) * conditional - w * unconditional


def jump(
    x: Tensor, noise: Tensor, a_t: Tensor, a_s: Tensor, fresh: Tensor | None = None
) -> Tensor:
    """時刻 t の x から s < t へ。fresh（新しいノイズ）があれば DDPM、なければ DDIM"""
    x0 = (x - (1 - a_t).sqrt() * noise) / a_t.sqrt()  # 予測した x̂_0
    variance = (
        (1 - a_s) / (1 - a_t) * (1 - a_t / a_s)
        if fresh is not None
        else torch.zeros_like(a_t)
    )
    x = a_s.sqrt() * x0 + (1 - a_s - variance).sqrt() * noise
    return x if fresh is None else x + variance.sqrt() * fresh


@torch.no_grad()
def sample(
    predict: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    alpha_bar: Tensor,
    steps: int,
    method: str = "DDIM",
    generator: torch.Generator | None = None,
) -> Tensor:
    """ノイズ x から始めて、途中の x をすべて返す (steps + 1, B, …)

    predict(x, t) は、時刻 t の x に入っているノイズの予測
    """
    T = len(alpha_bar) - 1
    times = torch.linspace(T, 0, steps + 1).round().long().tolist()
    path = [x]
    for t, s in pairwise(times):
        a_t, a_s = alpha_bar[t].to(x), alpha_bar[s].to(x)
        noise = predict(x, torch.full((len(x),), t, device=x.device))
        if method == "DDPM":  # 乱数は CPU で作り、どの装置でも同じにする
            fresh = torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x)
            x = jump(x, noise, a_t, a_s, fresh)
        else:
            ahead = jump(x, noise, a_t, a_s)
            if method == "Heun" and s > 0:  # 行った先の予測との平均で、進み直す
                there = torch.full((len(x),), s, device=x.device)
                noise = (noise + predict(ahead, there)) / 2
                ahead = jump(x, noise, a_t, a_s)
            x = ahead
        path.append(x)
    return torch.stack(path)
