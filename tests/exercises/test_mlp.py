"""The checks of the chapter 多層パーセプトロンと万能近似: other right ways, and the mistakes that no row of a table foresees."""

from itertools import pairwise

import numpy as np
import torch
from answers import answer_tests


def counted_by_hand(sizes):
    total = 0
    for i in range(1, len(sizes)):
        for _ in range(sizes[i]):
            total += sizes[i - 1] + 1
    return total


def counted_by_modules(sizes):
    layers = [torch.nn.Linear(n, m) for n, m in pairwise(sizes)]
    return sum(p.numel() for layer in layers for p in layer.parameters())


def by_or_and_and():
    return [[1, 1], [1, 1]], [0, -1], [2, -4], 0.5


def by_two_directions():
    return torch.tensor([[1, -1], [-1, 1]]), np.zeros(2), (1, 1), 0


def pieces_by_loop(x, y):
    slopes = np.diff(y.numpy()) / np.diff(x.numpy())
    return 1 + sum(abs(a - b) > 1e-6 for a, b in pairwise(slopes))


RIGHT = {
    "count_parameters": [counted_by_hand, counted_by_modules],
    "xor_weights": [by_two_directions, lambda: ([[1, 1], [1, 1]], [0, -1], [1, -2], 0)],
    "bump": [
        lambda x, left, right, height, k: (
            height * (1 / (1 + np.exp(-k * (x.numpy() - left))) - 1 / (1 + np.exp(-k * (x.numpy() - right))))
        ),
        lambda x, left, right, height, k: (
            height / 2 * (torch.tanh(k * (x - left) / 2) - torch.tanh(k * (x - right) / 2))
        ),
    ],
    "count_pieces": [
        pieces_by_loop,
        lambda x, y: len(x) - int(torch.isclose(y.diff(n=2), 0 * y[2:], atol=1e-9).sum()) - 1,
    ],
}

WRONG = {
    "count_parameters": [
        (lambda sizes: sum(a * b for a, b in pairwise(sizes)), "バイアス"),
        (lambda sizes: sum(sizes), "ユニットの数の和"),
        (lambda sizes: sum((a + 1) * b for a, b in pairwise(sizes[:-1])), "出力層"),
        (lambda sizes: sum(a * b + 1 for a, b in pairwise(sizes)), "一つだけ"),
    ],
    "xor_weights": [
        (by_or_and_and, "分けられています"),
        (lambda: ([[1, 1], [1, 1]], [0, -1], [1, -1], 0), "論理和"),
        (lambda: ([[1, 1], [1, 1]], [0, -1], [0, 1], 0), "論理積"),
        (lambda: ([[1, 1], [1, 1]], [0, -1], [-1, 2], 1), "逆"),
        (lambda: ([[1, 1], [1, 1]], [0, 0], [1, 0], 0), "入力の和"),
        (lambda: ([[1, 1], [1, 1]], [-5, -5], [1, 0], 0), "4 点とも"),
        (lambda: ([[1, 1]], [0, -1], [1, -2], 0), "W1 の形"),
        (lambda: ([[1, 1], [1, 1]], [0, -1], [1, -2]), "4 つ"),
        (lambda: ("a", [0, -1], [1, -2], 0), "W1"),
    ],
    "bump": [
        (
            lambda x, left, right, height, k: torch.sigmoid(k * (x - left)) - torch.sigmoid(k * (x - right)),
            "height",
        ),
        (lambda x, left, right, height, k: height * torch.sigmoid(k * (x - left)), "下る段"),
        (
            lambda x, left, right, height, k: (
                height * (torch.sigmoid(k * x - left) - torch.sigmoid(k * x - right))
            ),
            "括弧",
        ),
        (
            lambda x, left, right, height, k: (
                height * torch.sigmoid(k * (x - left)) - torch.sigmoid(k * (x - right))
            ),
            "上る段だけ",
        ),
    ],
    "count_pieces": [
        (lambda x, y: int((y.diff(n=2).abs() > 1e-9).sum()), "一つ多く"),
        (lambda x, y: len(x) - 1, "一つの区間"),
        (lambda x, y: int(((y.diff()[1:] * y.diff()[:-1]) < 0).sum()) + 1, "上りのまま"),
        (lambda x, y: len({round(v, 4) for v in (y.diff() / x.diff()).tolist()}), "種類"),
    ],
}

test_right, test_wrong, test_unsolved = answer_tests("mlp", RIGHT, WRONG)
