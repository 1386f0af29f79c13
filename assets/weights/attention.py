"""Train the networks of the chapter 自己注意機構 and write their weights and what they can do.

Four networks of the same shape: the reader, the same without positions, the same under the causal mask, and a writer that
predicts the next word. The stories of the test are drawn with another seed, and none of them stands in the training.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from sawaru import device, seed_everything
from sawaru.models.attention import Reader, antecedents, make_story, vocabulary

HERE = Path(__file__).parent
SEED, STEPS, BATCH, RATE, TESTED = 0, 1500, 64, 1e-3, 2000
NETWORKS = {
    "reader": {},
    "unordered": {"positions": False},
    "causal": {},
    "writer": {},
}
WORDS = vocabulary()
NUMBER = {word: i for i, word in enumerate(WORDS)}


def numbers(stories: list[list[str]]) -> Tensor:
    return torch.tensor([[NUMBER[word] for word in story] for story in stories])  # (batch, 15)


def questions(stories: list[list[str]]) -> Tensor:
    """Story, place and antecedent's place of every word that points back. (questions, 3)"""
    return torch.tensor([[k, i, j] for k, story in enumerate(stories) for i, j in antecedents(story).items()])


def repeated(stories: list[list[str]]) -> Tensor:
    """Story, place and first place of the thing whose owner comes back: what follows 「健太は」 is determined."""
    return torch.tensor(
        [[k, i, story.index(story[i + 1])] for k, story in enumerate(stories) for i in (9, 12)]
    )


def loss_of(name: str, model: Reader, tokens: Tensor, asked: Tensor, mask: Tensor | None) -> Tensor:
    logits, _ = model(tokens, mask)
    if name == "writer":
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    story, place, source = asked.T
    return F.cross_entropy(logits[story, place], tokens[story, source])


def train(name: str, seen: set[tuple[str, ...]]) -> tuple[Reader, list[float], float]:
    seed_everything(SEED)
    rng = random.Random(SEED)
    where = device()
    model = Reader(len(WORDS), **NETWORKS[name]).to(where)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / 100) * (1 - step / STEPS)
    )
    mask = torch.ones(15, 15, dtype=torch.bool, device=where).tril() if name in ("causal", "writer") else None
    losses, start = [], time.perf_counter()
    for _ in range(STEPS):
        stories = [make_story(rng, repeat=name == "writer") for _ in range(BATCH)]
        seen.update(map(tuple, stories))
        asked = questions(stories) if name != "writer" else repeated(stories)
        loss = loss_of(name, model, numbers(stories).to(where), asked.to(where), mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return model.eval().cpu(), losses, time.perf_counter() - start


@torch.no_grad()
def evaluate(name: str, model: Reader, seen: set[tuple[str, ...]]) -> dict[str, float]:
    rng = random.Random(SEED + 1)
    stories: list[list[str]] = []
    while len(stories) < TESTED:
        story = make_story(rng, repeat=name == "writer")
        if tuple(story) not in seen:
            stories.append(story)
    tokens = numbers(stories)
    mask = torch.ones(15, 15, dtype=torch.bool).tril() if name in ("causal", "writer") else None
    logits, _ = model(tokens, mask)
    story, place, source = (repeated(stories) if name == "writer" else questions(stories)).T
    right = logits[story, place].argmax(dim=-1) == tokens[story, source]
    if name != "writer":
        kind = [WORDS[i] for i in tokens[story, place]]
        kinds = {"彼は・彼女は": "彼", "それを": "それを", "その一冊を など": "その"}
        return {
            label: right[torch.tensor([word.startswith(start) for word in kind])].float().mean().item()
            for label, start in kinds.items()
        }
    return {"くり返しの次の語": right.float().mean().item()}


def clock() -> dict[str, float]:
    """Milliseconds for all pairs of n tokens on one core, d_k = 64: scores, softmax and the weighted sum."""
    generator, fastest = torch.Generator().manual_seed(SEED), {}
    for n in (64, 128, 256, 512, 1024, 2048):
        q = torch.randn(n, 64, generator=generator)
        scores, weights, z = (
            torch.empty(n, n),
            torch.empty(n, n),
            torch.empty(n, 64),
        )  # used again: no time to allocate
        took = []
        for _ in range(30):
            start = time.perf_counter()
            torch.matmul(q, q.T, out=scores)
            torch.softmax(scores, dim=-1, out=weights)
            torch.matmul(weights, q, out=z)
            took.append(time.perf_counter() - start)
        fastest[str(n)] = float(f"{1000 * min(took):.3g}")
    return fastest


def main() -> None:
    torch.set_num_threads(1)
    weights, report = {}, {"seed": SEED, "steps": STEPS, "batch": BATCH, "rate": RATE, "tested": TESTED}
    for name in NETWORKS:
        seen: set[tuple[str, ...]] = set()
        model, losses, seconds = train(name, seen)
        weights |= {f"{name}.{key}": value.contiguous() for key, value in model.state_dict().items()}
        report[name] = {
            "seconds": round(seconds, 1),
            "parameters": sum(p.numel() for p in model.parameters()),
            "loss": [round(loss, 4) for loss in losses[::25]],
            "accuracy": {label: round(value, 4) for label, value in evaluate(name, model, seen).items()},
        }
        print(name, report[name]["seconds"], report[name]["accuracy"], flush=True)
    report["milliseconds"] = clock()
    save_file(weights, HERE / "attention.safetensors")
    (HERE / "attention.json").write_text(
        json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
