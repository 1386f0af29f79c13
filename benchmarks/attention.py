"""The chapter 自己注意機構 against PyTorch's own modules: attention, an encoder, a training step, and how time grows with length."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from report import Report, median, table
from torch import nn

from sawaru import device, seed_everything
from sawaru.models.attention import Reader, antecedents, attention, make_story, sinusoidal, vocabulary

BATCH, LENGTH, D_MODEL, HEADS, ROUNDS = 64, 15, 64, 4, 15
LENGTHS = (64, 128, 256, 512, 1024)


class Plain(nn.Module):
    """The reader with `nn.TransformerEncoder`; its weights cannot be looked at."""

    def __init__(self, n_tokens: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(n_tokens, D_MODEL)
        layer = nn.TransformerEncoderLayer(D_MODEL, HEADS, 2 * D_MODEL, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.to_word = nn.Linear(D_MODEL, n_tokens)

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, None]:
        x = self.embed(tokens)
        return self.to_word(self.encoder(x + sinusoidal(*x.shape[1:]).to(x))), None


def milliseconds(*ways: Callable[[], Any]) -> list[float]:
    """The median time of each way, measured in turn."""
    times: list[list[float]] = [[] for _ in ways]
    for turn in range(ROUNDS + 3):
        for way, taken in zip(ways, times, strict=True):
            _wait()
            start = time.perf_counter()
            way()
            _wait()
            if turn >= 3:
                taken.append(1000 * (time.perf_counter() - start))
    return [median(taken) for taken in times]


def _wait() -> None:
    if device().type == "cuda":
        torch.cuda.synchronize()


def training_step(network: nn.Module, tokens: torch.Tensor, asked: torch.Tensor) -> Callable[[], None]:
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    story, place, source = asked.T

    def step() -> None:
        logits, _ = network(tokens)
        loss = F.cross_entropy(logits[story, place], tokens[story, source])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def measure() -> Report:
    seed_everything(0)
    where, rng, words = device(), random.Random(0), vocabulary()
    stories = [make_story(rng) for _ in range(BATCH)]
    tokens = torch.tensor([[words.index(word) for word in story] for story in stories], device=where)
    asked = torch.tensor(
        [[k, i, j] for k, story in enumerate(stories) for i, j in antecedents(story).items()], device=where
    )
    ours, plain = Reader(len(words)).to(where), Plain(len(words)).to(where)
    q, k, v = (torch.randn(BATCH, HEADS, LENGTH, 16, device=where) for _ in range(3))
    head = ("自己注意機構", "この本 [ms]", "PyTorch の部品 [ms]", "比")
    rows = []
    with torch.no_grad():
        one = milliseconds(lambda: attention(q, k, v), lambda: F.scaled_dot_product_attention(q, k, v))
        rows.append(("注意 1 回（`F.scaled_dot_product_attention`）", one))
        forward = milliseconds(lambda: ours(tokens), lambda: plain(tokens))
        rows.append(("読み手の予測（`nn.TransformerEncoder`）", forward))
    steps = milliseconds(training_step(ours, tokens, asked), training_step(plain, tokens, asked))
    rows.append(("読み手の学習 1 歩（`nn.TransformerEncoder`）", steps))
    compared = table(head, [(name, f"{a:.2f}", f"{b:.2f}", f"{a / b:.2f} 倍") for name, (a, b) in rows])

    grown: list[list[float]] = []
    with torch.no_grad():
        for n in LENGTHS:
            q = torch.randn(1, HEADS, n, 16, device=where)
            grown.append(
                milliseconds(
                    lambda q=q: attention(q, q, q), lambda q=q: F.scaled_dot_product_attention(q, q, q)
                )
            )
    lengths = table(
        ("系列の長さ", "この本 [ms]", "`F.scaled_dot_product_attention` [ms]"),
        [(n, f"{a:.2f}", f"{b:.2f}") for n, (a, b) in zip(LENGTHS, grown, strict=True)],
    )
    machine = (
        torch.cuda.get_device_name() if where.type == "cuda" else f"CPU、{torch.get_num_threads()} スレッド"
    )
    notes = [
        f"{BATCH} の物語を一度に、{ROUNDS} 回の中央値（{machine}）。この本の読み手は、図にするために注意の重みも返します。",
        compared,
        f"語どうしの計算だけを、長さを変えて（{HEADS} ヘッド、$d_k = 16$）：",
        lengths,
    ]
    return Report([], "\n\n".join(notes))


if __name__ == "__main__":
    print(measure())
