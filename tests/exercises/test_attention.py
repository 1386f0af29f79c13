"""The checks of 自己注意機構: other right ways, and the mistakes that are no row of a table."""

import math

import torch
import torch.nn.functional as F
from answers import answer_tests


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
        by_hand,
        lambda q, K, V: [F.scaled_dot_product_attention(q[None], K, V)[0], by_hand(q, K, V)[1]],
    ],
    "split_heads": [
        lambda x, h: torch.stack(x.chunk(h, dim=-1), dim=1),
        lambda x, h: x.unflatten(-1, (h, -1)).permute(0, 2, 1, 3),
    ],
    "position_code": [by_loops],
    "causal_attention": [
        row_by_row,
        lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V, is_causal=True),
    ],
}


def scaled_in_place(q, K, V):
    K /= math.sqrt(len(q))
    alpha = torch.softmax(K @ q, dim=0)
    return alpha @ V, alpha


def along_the_rows(q, K, V):
    """It fails unless V is square."""
    alpha = torch.softmax(K @ q / math.sqrt(len(q)), dim=0)
    return V @ alpha, alpha


def own_word_hidden(Q, K, V):
    seen = torch.ones(len(Q), len(Q)).tril(-1)
    return torch.softmax((Q @ K.T).masked_fill(seen == 0, -math.inf), dim=-1) @ V


WRONG = {
    "lookup_one": [
        (scaled_in_place, "K の中身が書き換わっています"),
        (along_the_rows, "alpha @ V としましょう"),
    ],
    "split_heads": [(lambda x, h: x, "形")],
    "causal_attention": [(own_word_hidden, "最初の行が NaN")],
}


test_right, test_wrong, test_unsolved = answer_tests("attention", RIGHT, WRONG)
