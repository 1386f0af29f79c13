"""Train the noise predictors of the chapter 拡散モデル, and judge what they draw: `python assets/weights/diffusion.py`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from sklearn.svm import SVC
from torch import Tensor, nn

from sawaru import device, seed_everything
from sawaru.models.diffusion import (
    Mixture,
    PointNet,
    UNet,
    add_noise,
    cosine_schedule,
    guided_noise,
    sample,
    split_digits,
)

HERE = Path(__file__)
SEED, T = 0, 200


def train(model: nn.Module, batch: Callable[[], tuple[Tensor, ...]], steps: int, lr: float) -> list[float]:
    """Fit `model` to predict noise; `batch` gives x_0 and what else the model takes. Returns the loss, averaged by twentieths."""
    alpha_bar = cosine_schedule(T)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.05)
    losses = []
    for _ in range(steps):
        x0, *condition = (part.to(device()) for part in batch())
        t = torch.randint(1, T + 1, (len(x0),))
        noise = torch.randn(x0.shape).to(x0)
        loss = ((model(add_noise(x0, t, noise, alpha_bar), t.to(device()), *condition) - noise) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return torch.tensor(losses).reshape(20, -1).mean(dim=1).tolist()


def point_batch() -> tuple[Tensor, ...]:
    return (Mixture().sample(512)[0].float(),)


def digit_batches(x: Tensor, y: Tensor) -> Callable[[], tuple[Tensor, ...]]:
    def batch() -> tuple[Tensor, ...]:
        i = torch.randint(len(x), (128,))
        unknown = torch.rand(128) < 0.15  # 条件なしの予測も、同じネットワークに覚えさせる
        return x[i], y[i].masked_fill(unknown, 10)

    return batch


def draw(model: nn.Module, w: float, steps: int, method: str = "DDIM", per_class: int = 50) -> Tensor:
    """Samples of the classes 0…9, 0…9, … (10 · per_class, 64); without guidance the model runs once a step."""
    y = torch.arange(10, device=device()).repeat(per_class)
    storm = torch.randn(len(y), 1, 8, 8, generator=torch.Generator().manual_seed(SEED + 1)).to(device())
    generator = torch.Generator().manual_seed(SEED + 2)

    def predict(x: Tensor, t: Tensor) -> Tensor:
        return model(x, t, y) if w == 0 else guided_noise(model, x, t, y, w)

    drawn = sample(predict, storm, cosine_schedule(T), steps, method, generator)[-1]
    return drawn.clamp(-1, 1).reshape(len(y), 64).cpu()


def accuracy(images: Tensor, judge: SVC) -> float:
    """The share of samples in which the judge, who never met the model, sees the class that was asked for."""
    return float((judge.predict(images) == torch.arange(10).repeat(len(images) // 10).numpy()).mean())


def coverage(images: Tensor) -> float:
    """The mean distance from an image to the nearest other one of its class; images come as 0…9, 0…9, …"""
    by_class = images.reshape(-1, 10, 64).transpose(0, 1)
    distances = torch.cdist(by_class, by_class)
    distances.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    return float(distances.min(dim=2).values.mean())


def evaluate(model: nn.Module, x: Tensor, x_real: Tensor, y_real: Tensor, judge: SVC) -> dict[str, Any]:
    """Accuracy and diversity of guided samples, and of each sampler: what the chapter's figures and prose quote."""
    per_class = int(torch.bincount(y_real).min())
    real = torch.stack([x_real[y_real == k][:per_class].reshape(-1, 64) for k in range(10)], dim=1)
    among_real = coverage(real.reshape(-1, 64))
    by_w = {}
    for w in (-1, 0, 1, 2, 3, 4):
        images = draw(model, w, steps=50)
        by_w[str(w)] = {
            "accuracy": round(accuracy(images, judge), 3),
            "diversity": round(coverage(images[: 10 * per_class]) / among_real, 3),
            "to training data": round(
                float(torch.cdist(images, x.reshape(-1, 64)).min(dim=1).values.mean()), 2
            ),
        }
    by_sampler: dict[str, dict[str, dict[str, float]]] = {"DDPM": {}, "DDIM": {}, "Heun": {}}
    for method, rows in by_sampler.items():
        for steps in (5, 10, 20, 50):
            images = draw(model, 0, steps, method)
            rows[str(steps)] = {
                "accuracy": round(accuracy(images, judge), 3),
                "diversity": round(coverage(images[: 10 * per_class]) / among_real, 3),
            }
    to_training = torch.cdist(real.reshape(-1, 64), x.reshape(-1, 64)).min(dim=1).values.mean()
    return {
        "real digits to training data": round(float(to_training), 2),
        "by w": by_w,
        "by sampler": by_sampler,
    }


def main(steps_points: int = 6000, steps_digits: int = 4000) -> None:
    seed_everything(SEED)
    (x, y), (x_judge, y_judge), (x_test, y_test) = split_digits()
    judge = SVC(gamma=0.02).fit(x_judge.reshape(-1, 64), y_judge)
    points, digits = PointNet().to(device()), UNet().to(device())
    start = time.perf_counter()
    loss_points = train(points, point_batch, steps_points, 3e-3)
    between = time.perf_counter()
    loss_digits = train(digits, digit_batches(x, y), steps_digits, 3e-3)
    end = time.perf_counter()
    digits.eval()
    record = {
        "seed": SEED,
        "device": device().type,
        "seconds": {"points": round(between - start, 1), "digits": round(end - between, 1)},
        "steps": {"points": steps_points, "digits": steps_digits},
        "parameters": {
            name: sum(p.numel() for p in model.parameters())
            for name, model in (("points", points), ("digits", digits))
        },
        "loss": {
            name: [round(value, 4) for value in losses]
            for name, losses in (("points", loss_points), ("digits", loss_digits))
        },
        "evaluation": {
            "judge on real digits": round(judge.score(x_test.reshape(-1, 64), y_test), 3),
            **evaluate(digits, x, x_judge, y_judge, judge),
        },
    }
    weights = {
        f"{name}.{key}": value.cpu().contiguous()
        for name, model in (("points", points), ("digits", digits))
        for key, value in model.state_dict().items()
    }
    save_file(weights, HERE.with_suffix(".safetensors"))
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    HERE.with_suffix(".json").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
