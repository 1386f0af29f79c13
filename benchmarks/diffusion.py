"""The chapter 拡散モデル: its U-Net beside the plainest one of PyTorch's own modules, and what each sampler costs.

The plain network computes the same function from the same weights (checked before anything is timed), one `nn` module a step;
its guided sampling calls the network twice, where the chapter's calls it once with both conditions in one batch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import torch
from report import Report, median, table
from safetensors.torch import load_file
from torch import Tensor, nn

from sawaru import device, seed_everything
from sawaru.assets import asset
from sawaru.models.diffusion import (
    UNet,
    add_noise,
    cosine_schedule,
    embed_time,
    guided_noise,
    jump,
    sample,
    split_digits,
)

T = 200


class PlainBlock(nn.Module):
    """The chapter's `Block`, a module for each operation."""

    def __init__(self, c_in: int, c_out: int, c_condition: int = 64) -> None:
        super().__init__()
        self.norm1, self.act1 = nn.GroupNorm(8, c_in), nn.SiLU()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, padding=1)
        self.norm2, self.act2 = nn.GroupNorm(8, c_out), nn.SiLU()
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1)
        self.condition = nn.Linear(c_condition, 2 * c_out)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.conv1(self.act1(self.norm1(x)))
        scale, shift = self.condition(condition).chunk(2, dim=1)
        h = self.norm2(h) * (1 + scale[:, :, None, None]) + shift[:, :, None, None]
        return self.skip(x) + self.conv2(self.act2(h))


class PlainUNet(nn.Module):
    """The chapter's `UNet`, a module for each operation."""

    def __init__(self, c: int = 16) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 64))
        self.label, self.act = nn.Embedding(11, 64), nn.SiLU()
        self.first = nn.Conv2d(1, c, 3, padding=1)
        self.down1, self.pool, self.down2 = PlainBlock(c, c), nn.AvgPool2d(2), PlainBlock(c, 2 * c)
        self.middle = PlainBlock(2 * c, 2 * c)
        self.up2, self.grow = PlainBlock(4 * c, 2 * c), nn.Upsample(scale_factor=2)
        self.up1 = PlainBlock(3 * c, c)
        self.last = nn.Sequential(nn.GroupNorm(8, c), nn.SiLU(), nn.Conv2d(c, 1, 3, padding=1))

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        condition = self.act(self.time(embed_time(t, 64)) + self.label(y))
        h1 = self.down1(self.first(x), condition)
        h2 = self.down2(self.pool(h1), condition)
        h = self.up2(torch.cat([self.middle(h2, condition), h2], dim=1), condition)
        return self.last(self.up1(torch.cat([self.grow(h), h1], dim=1), condition))


def seconds(work: Callable[[], object], repeats: int = 15) -> float:
    """The median time of `work`, after two calls that do not count."""
    times = []
    for i in range(repeats + 2):
        start = time.perf_counter()
        work()
        if device().type == "cuda":
            torch.cuda.synchronize()
        if i >= 2:
            times.append(time.perf_counter() - start)
    return median(times)


def training_step(net: nn.Module, x: Tensor, y: Tensor, alpha_bar: Tensor) -> Callable[[], None]:
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)

    def step() -> None:
        t = torch.randint(1, T + 1, (len(x),))
        noise = torch.randn(x.shape).to(x)
        loss = ((net(add_noise(x, t, noise, alpha_bar), t.to(x.device), y) - noise) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def sampling_step(
    net: nn.Module, x: Tensor, y: Tensor, alpha_bar: Tensor, one_call: bool
) -> Callable[[], Tensor]:
    a_t, a_s = alpha_bar[100].to(x), alpha_bar[90].to(x)
    t, null = torch.full((len(x),), 100, device=x.device), torch.full_like(y, 10)

    @torch.no_grad()
    def step() -> Tensor:
        noise = guided_noise(net, x, t, y, 1) if one_call else 2 * net(x, t, y) - net(x, t, null)
        return jump(x, noise, a_t, a_s)

    return step


def measure() -> Report:
    seed_everything(0)
    alpha_bar = cosine_schedule(T)
    saved = load_file(asset("weights/diffusion.safetensors"))
    ours, plain = UNet().to(device()), PlainUNet().to(device())
    for net in (ours, plain):
        net.load_state_dict(
            {k.removeprefix("digits."): v for k, v in saved.items() if k.startswith("digits.")}
        )
    (x, y), *_ = split_digits()
    x, y = x[:128].to(device()), y[:128].to(device())
    t = torch.randint(1, T + 1, (128,), device=device())
    with torch.no_grad():
        off = float((ours(x, t, y) - plain(x, t, y)).abs().max())
    if off > 1e-4:
        raise RuntimeError(f"the two networks differ by {off:.1e}")
    rows = []
    for batch in (10, 128):
        some, labels = x[:batch], y[:batch]
        guided = [
            seconds(sampling_step(net, some, labels, alpha_bar, one_call=net is ours))
            for net in (ours, plain)
        ]
        trained = [
            seconds(training_step(type(net)().to(device()), some, labels, alpha_bar)) for net in (ours, plain)
        ]
        for what, (a, b) in (("学習の 1 歩", trained), ("生成の 1 歩（ガイダンスあり）", guided)):
            rows.append((what, f"{batch}", f"{1000 * a:.1f}", f"{1000 * b:.1f}", f"{b / a:.2f}"))
    first = table(("", "枚数", "この本 [ms]", "素朴な実装 [ms]", "比"), rows)

    rates = json.loads(asset("weights/diffusion.json").read_text(encoding="utf-8"))["evaluation"][
        "by sampler"
    ]
    storm = torch.randn(100, 1, 8, 8, generator=torch.Generator().manual_seed(0)).to(device())
    labels = torch.arange(10, device=device()).repeat(10)
    rows = []
    for method, counts in (("DDPM", (10, 20, 50)), ("DDIM", (10, 20, 50)), ("Heun", (5, 10, 20))):
        for steps in counts:
            taken = seconds(
                lambda method=method, steps=steps: sample(
                    lambda x, t: ours(x, t, labels),
                    storm,
                    alpha_bar,
                    steps,
                    method,
                    torch.Generator().manual_seed(0),
                ),
                repeats=3,
            )
            uses = 2 * steps - 1 if method == "Heun" else steps
            rows.append(
                (
                    method,
                    f"{steps}",
                    f"{uses}",
                    f"{1000 * taken / 100:.1f}",
                    f"{rates[method][str(steps)]['accuracy']:.1%}",
                    f"{rates[method][str(steps)]['diversity']:.2f}",
                )
            )
    second = table(("戻り方", "刻む数", "ネットワークの使用", "1 枚 [ms]", "判定役の正答率", "多様さ"), rows)
    note = (
        f"8×8 の数字の U-Net（パラメータ {sum(p.numel() for p in ours.parameters()):,} 個、{device().type}、{torch.get_num_threads()} スレッド）。"
        "素朴な実装は `nn` のモジュールを順に呼ぶだけの同じネットワークで、ガイダンスの 2 つの予測を別々に求める。"
    )
    return Report([], "\n\n".join((note, first, second)))


if __name__ == "__main__":
    print(measure())
