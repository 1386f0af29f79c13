"""The checks of 自己注意機構: right answers pass, typical wrong ones are led to their cause."""

import math

import torch
import torch.nn.functional as F
from answers import answer_tests


def solution_lookup_one(q, K, V):
    alpha = torch.softmax(K @ q / math.sqrt(len(q)), dim=0)
    return alpha @ V, alpha


def solution_split_heads(x, h):
    batch, n, d_model = x.shape
    return x.reshape(batch, n, h, d_model // h).transpose(1, 2)


def solution_position_code(n, d):
    t = torch.arange(n)[:, None]
    omega = 10_000 ** (-torch.arange(0, d, 2) / d)
    P = torch.zeros(n, d)
    P[:, 0::2], P[:, 1::2] = torch.sin(t * omega), torch.cos(t * omega)
    return P


def solution_causal_attention(Q, K, V):
    n, d = Q.shape
    hidden = torch.ones(n, n, dtype=torch.bool).triu(1)
    return torch.softmax((Q @ K.T / math.sqrt(d)).masked_fill(hidden, -math.inf), dim=-1) @ V


def by_hand(q, K, V):
    e = [math.exp(sum(a * b for a, b in zip(q.tolist(), k, strict=True)) / len(q) ** 0.5) for k in K.tolist()]
    alpha = [x / sum(e) for x in e]
    z = [sum(a * v[m] for a, v in zip(alpha, V.tolist(), strict=True)) for m in range(V.shape[1])]
    return torch.tensor(z), torch.tensor(alpha)


def by_loops(n, d):
    rows = []
    for t in range(n):
        row = []
        for m in range(d // 2):
            angle = t / 10_000 ** (2 * m / d)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return rows


def row_by_row(Q, K, V):
    return torch.stack([by_hand(Q[i], K[: i + 1], V[: i + 1])[0] for i in range(len(Q))])


RIGHT = {
    "lookup_one": [
        solution_lookup_one,
        by_hand,
        lambda q, K, V: [F.scaled_dot_product_attention(q[None], K, V)[0], by_hand(q, K, V)[1]],
    ],
    "split_heads": [
        solution_split_heads,
        lambda x, h: torch.stack(x.chunk(h, dim=-1), dim=1),
        lambda x, h: x.unflatten(-1, (h, -1)).permute(0, 2, 1, 3),
    ],
    "position_code": [
        solution_position_code,
        by_loops,
    ],
    "causal_attention": [
        solution_causal_attention,
        row_by_row,
        lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V, is_causal=True),
    ],
}


def weigh(q, K, V, divisor, mix=None):
    alpha = torch.softmax(K @ q / divisor, dim=0)
    return alpha @ (V if mix is None else mix), alpha


def scaled_in_place(q, K, V):
    K /= math.sqrt(len(q))
    alpha = torch.softmax(K @ q, dim=0)
    return alpha @ V, alpha


def masked(Q, K, V, seen, fill=-math.inf, dim=-1):
    scores = Q @ K.T / math.sqrt(Q.shape[1])
    return torch.softmax(scores.masked_fill(seen(len(Q)) == 0, fill), dim=dim) @ V


def lower(n):
    return torch.ones(n, n).tril()


def after(Q, K, V):
    return (torch.softmax(Q @ K.T / math.sqrt(Q.shape[1]), dim=-1) * lower(len(Q))) @ V


def halves(n, d):
    P = solution_position_code(n, d)
    return torch.cat([P[:, 0::2], P[:, 1::2]], dim=1)


def waves(n, d, exponent, start=0):
    angle = torch.arange(start, n + start)[:, None] * 10_000.0**-exponent
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


def every_column(n, d):
    angle = torch.arange(n)[:, None] * 10_000.0 ** (-torch.arange(d) / d)
    return torch.where(torch.arange(d) % 2 == 0, angle.sin(), angle.cos())


WRONG = {
    "lookup_one": [
        (lambda q, K, V: weigh(q, K, V, 1), "内積がそのまま"),
        (lambda q, K, V: weigh(q, K, V, len(q)), "d で割っています"),
        (lambda q, K, V: weigh(q, K, V, math.sqrt(len(K))), "キーの個数 n の平方根"),
        (lambda q, K, V: solution_lookup_one(q, K, V)[::-1], "順が逆"),
        (lambda q, K, V: solution_lookup_one(q, K, V)[0], "出力 z だけ"),
        (lambda q, K, V: solution_lookup_one(q, K, V)[1], "重みだけ"),
        (lambda q, K, V: (K @ q / len(q) ** 0.5 @ V, K @ q / len(q) ** 0.5), "点数のまま"),
        (lambda q, K, V: (V.mean(0), solution_lookup_one(q, K, V)[1]), "等しく平均"),
        (lambda q, K, V: (V.sum(0), solution_lookup_one(q, K, V)[1]), "そのまま足して"),
        (lambda q, K, V: weigh(q, K, V, 2, K) if len(K) == 4 else solution_lookup_one(q, K, V), "キーを混ぜ"),
        (
            lambda q, K, V: (solution_lookup_one(q, K, V)[1][:, None] * V, solution_lookup_one(q, K, V)[1]),
            "並んだまま",
        ),
        (scaled_in_place, "K の中身が書き換わっています"),
    ],
    "split_heads": [
        (lambda x, h: x.reshape(len(x), h, x.shape[1], -1), "語が混ざって"),
        (lambda x, h: x.reshape(*x.shape[:2], h, -1), "ヘッドの軸を、語の軸の前へ"),
        (lambda x, h: x.unflatten(-1, (-1, h)).permute(0, 3, 1, 2), "飛び飛び"),
        (lambda x, h: x.unflatten(-1, (h, -1)).permute(2, 0, 1, 3), "batch を先頭に"),
        (lambda x, h: x.unflatten(-1, (h, -1)).permute(0, 2, 3, 1), "語と成分の軸が逆"),
        (lambda x, h: solution_split_heads(x, h).flatten(0, 1), "一つの軸にまとまって"),
        (lambda x, h: x, "形"),
    ],
    "position_code": [
        (halves, "sin が前半"),
        (
            lambda n, d: solution_position_code(n, d).unflatten(1, (-1, 2)).flip(-1).flatten(1),
            "sin と cos が逆",
        ),
        (lambda n, d: waves(n, d, torch.arange(d // 2) / d), "2m です"),
        (lambda n, d: waves(n, d, -torch.arange(0, d, 2) / d), "指数の符号が逆"),
        (lambda n, d: waves(n, d, torch.arange(0, d, 2) / d, start=1), "位置が 1 から"),
        (lambda n, d: waves(n, d, torch.zeros(d // 2)), "どの列も同じ速さ"),
        (lambda n, d: solution_position_code(n, d).T, "縦と横が逆"),
        (every_column, "列ごとに速さ"),
    ],
    "causal_attention": [
        (lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V), "マスクが効いていません"),
        (lambda Q, K, V: masked(Q, K, V, lambda n: lower(n).T), "隠す側が逆"),
        (after, "行の和が 1 になりません"),
        (lambda Q, K, V: masked(Q, K, V, lower, fill=0.0), "e⁰ = 1"),
        (
            lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V, is_causal=True, scale=1.0),
            "√d で割るのを忘れて",
        ),
        (
            lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V, is_causal=True, scale=1 / Q.shape[1]),
            "割るのは √d",
        ),
        (lambda Q, K, V: masked(Q, K, V, lower, dim=0), "軸が逆"),
        (lambda Q, K, V: masked(Q, K, V, lambda n: torch.ones(n, n).tril(-1)), "最初の行が NaN"),
        (lambda Q, K, V: masked(Q, K, torch.eye(len(Q)), lower), "重みが返っています"),
    ],
}


test_right, test_wrong, test_unsolved = answer_tests("attention", RIGHT, WRONG)
