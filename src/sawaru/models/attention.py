"""自己注意機構の章のことば（語彙と文法）とネットワーク。"""

from __future__ import annotations

import math
import random

import torch
from torch import Tensor, nn


class Words:
    people = {
        "彼は": ["健太", "直人", "大輔", "翔太"],
        "彼女は": ["美咲", "花子", "結衣", "陽菜"],
    }
    animals = ["犬", "猫", "サル", "カラス"]
    things = {  # 物の種類は、それを扱う動詞からも、数え方からも分かる
        ("食べた。", "その一個を"): ["りんごを", "パンを", "みかんを", "団子を"],
        ("読んだ。", "その一冊を"): ["絵本を", "小説を", "辞書を", "図鑑を"],
        ("飲んだ。", "その一杯を"): ["お茶を", "牛乳を", "水を", "麦茶を"],
        ("着た。", "その一着を"): ["上着を", "着物を", "コートを", "背広を"],
        ("飾った。", "その一枚を"): ["絵を", "写真を", "地図を", "賞状を"],
    }
    verbs = ["見つけた。", "運んだ。", "選んだ。"]  # 前半の動詞。物の種類は分からない
    later_verbs = ["見せた。", "渡した。", "隠した。"]  # 後半の動詞。やはり分からない


def vocabulary() -> list[str]:
    names = [
        name for group in (*Words.people.values(), Words.animals) for name in group
    ]
    words = [name + particle for particle in ("が", "は") for name in names]
    words += [*Words.people, "それを", *Words.verbs, *Words.later_verbs]
    for clues, things in Words.things.items():
        words += [*clues, *things]
    return words


def make_story(rng: random.Random, repeat: bool = False) -> list[str]:
    he, she, animal = (
        rng.choice(group) for group in (*Words.people.values(), Words.animals)
    )
    owners = rng.sample([he, she, animal], 3)
    clues = rng.sample(list(Words.things), 3)  # 3 つの物は、どれも種類が違う
    things = [rng.choice(Words.things[clue]) for clue in clues]
    story = [
        [f"{owner}が", thing, rng.choice(Words.verbs)]
        for owner, thing in zip(owners, things, strict=True)
    ]
    for pronoun, k in zip(
        rng.sample(list(Words.people), 2), rng.sample(range(3), 2), strict=True
    ):
        if repeat:
            story.append([f"{owners[k]}は", things[k], rng.choice(Words.later_verbs)])
        elif rng.random() < 0.7:
            story.append([pronoun, "それを", clues[k][0]])
        else:
            story.append([pronoun, clues[k][1], rng.choice(Words.later_verbs)])
    for sentence in story:
        if not repeat and rng.random() < 0.3:
            # 「りんごを健太が見つけた。」の語順
            sentence[:2] = sentence[1], sentence[0]
    return [word for sentence in story for word in sentence]


def antecedents(words: list[str]) -> dict[int, int]:
    kind = {
        word: clues
        for clues, things in Words.things.items()
        for word in (*clues, *things)
    }
    thing = {word for things in Words.things.values() for word in things}
    found = {}
    for i, word in enumerate(words):
        end = next(
            (j for j in range(i, len(words)) if words[j].endswith("。")), len(words) - 1
        )
        if word in Words.people:  # 彼は・彼女は → その性別の人
            right = [j for j in range(i) if words[j][:-1] in Words.people[word]]
        elif word == "それを":  # それを → 同じ文の動詞で扱える物
            right = [
                j
                for j in range(i)
                if words[j] in thing and kind[words[j]] == kind.get(words[end])
            ]
        elif word.startswith("その"):  # その一冊を → その数え方をする物
            right = [
                j
                for j in range(i)
                if words[j] in thing and kind[words[j]] == kind.get(word)
            ]
        else:
            right = []
        if right:
            found[i] = right[-1]
    return found


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    scale: float | None = None,
) -> tuple[Tensor, Tensor]:
    if scale is None:
        scale = 1 / math.sqrt(query.size(-1))
    # (..., n, n) 行が見る側、列が見られる側
    scores = query @ key.transpose(-2, -1) * scale
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)  # 見てはいけない相手
    weights = torch.softmax(scores, dim=-1)  # 行ごとに足して 1
    return weights @ value, weights


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_query, self.to_key, self.to_value, self.to_output = (
            nn.Linear(d_model, d_model) for _ in range(4)
        )

    def split(self, x: Tensor) -> Tensor:
        batch, n, d_model = x.shape
        # (batch, heads, n, d_k)
        return x.view(batch, n, self.heads, d_model // self.heads).transpose(1, 2)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        scale: float | None = None,
        keep: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        query, key, value = (
            self.split(to(x)) for to in (self.to_query, self.to_key, self.to_value)
        )
        # (batch, heads, n, d_k), (batch, heads, n, n)
        z, weights = attention(query, key, value, mask, scale)
        if keep is not None:
            z = z * keep[:, None, None]  # 0 を掛けたヘッドは何も運ばない
        # ヘッドを横につなぎ、W_O を掛ける
        return self.to_output(z.transpose(1, 2).flatten(2)), weights


class EncoderLayer(nn.Module):
    def __init__(self, d_model: int, heads: int, d_hidden: int) -> None:
        super().__init__()
        self.attend = MultiHeadAttention(d_model, heads)
        self.feed = nn.Sequential(
            nn.Linear(d_model, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_model)
        )
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        scale: float | None = None,
        keep: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        z, weights = self.attend(x, mask, scale, keep)
        x = self.norm1(x + z)  # 語どうしが混ざるのは、ここだけ
        return self.norm2(x + self.feed(x)), weights


def sinusoidal(n: int, d_model: int, base: float = 10_000.0) -> Tensor:
    position = torch.arange(n)[:, None]  # (n, 1)
    # (d_model / 2,) 1 から 1/10000 へ
    rate = base ** (-torch.arange(0, d_model, 2) / d_model)
    angle = position * rate  # (n, d_model / 2)
    # sin と cos を交互に
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class Reader(nn.Module):
    def __init__(
        self,
        n_tokens: int,
        d_model: int = 64,
        heads: int = 4,
        layers: int = 2,
        positions: bool = True,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(n_tokens, d_model)
        self.positions = positions
        self.layers = nn.ModuleList(
            EncoderLayer(d_model, heads, 2 * d_model) for _ in range(layers)
        )
        self.to_word = nn.Linear(d_model, n_tokens)

    def forward(
        self,
        tokens: Tensor,
        mask: Tensor | None = None,
        scale: float | None = None,
        keep: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        x = self.embed(tokens)  # (batch, n, d_model)
        if self.positions:
            x = x + sinusoidal(*x.shape[1:]).to(x)
        maps = []
        for i, layer in enumerate(self.layers):
            x, weights = layer(x, mask, scale, None if keep is None else keep[i])
            maps.append(weights)
        # (batch, n, 語の数) と、層ごとの (batch, heads, n, n)
        return self.to_word(x), maps
