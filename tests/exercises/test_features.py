"""What the tables of 特徴量エンジニアリングと汎化 do not say: other right ways, and wrong answers that no row foresees."""

import math
from itertools import combinations

import numpy as np
import torch
from answers import answer_tests
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import PolynomialFeatures


def products_by_loop(X):
    columns = list(X.T)
    for i, j in combinations(range(X.shape[1]), 2):
        columns.append(X[:, i] * X[:, j])
    return torch.stack(columns, dim=1)


def clock(hour):
    angle = 2 * torch.pi * hour / 24
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def count_by_singular_values(Phi, lam):
    s = torch.linalg.svdvals(Phi - Phi.mean(dim=0))
    return 1 + float((s**2 / (s**2 + len(Phi) * lam)).sum())


def count_by_moving(Phi, lam):
    """Moves each observation by one and adds up how far its own prediction moves."""
    A = torch.cat([Phi, torch.ones(len(Phi), 1).to(Phi)], dim=1)
    penalty = len(Phi) * lam * torch.eye(A.shape[1]).to(Phi)
    penalty[-1, -1] = 0
    total = 0.0
    for n, moved in enumerate(torch.eye(len(Phi)).to(Phi)):
        total += float(A[n] @ torch.linalg.solve(A.T @ A + penalty, A.T @ moved))
    return total


def kfold_by_sklearn(Phi, y, k):
    X, t, total = Phi.numpy(), y.numpy(), 0.0
    for i in range(k):
        valid = np.arange(len(t)) % k == i
        model = LinearRegression().fit(X[~valid], t[~valid])
        total += ((model.predict(X[valid]) - t[valid]) ** 2).sum()
    return total / len(t)


RIGHT = {
    "with_products": [
        products_by_loop,
        lambda X: PolynomialFeatures(2, interaction_only=True, include_bias=False).fit_transform(X.numpy()),
    ],
    "clock": [
        lambda h: torch.stack([torch.sin(h * torch.pi / 12), torch.cos(h * torch.pi / 12)], 1),
        lambda h: np.stack(
            [np.cos(2 * np.pi * (h.numpy() - 6) / 24), np.sin(2 * np.pi * (h.numpy() - 6) / 24)], 1
        ),
        lambda h: clock(h).tolist(),
    ],
    "effective_count": [count_by_singular_values, count_by_moving],
    "kfold_error": [kfold_by_sklearn],
    "box_edge": [
        lambda share, d: math.exp(math.log(share) / d),
        lambda share, d: torch.tensor(share).pow(1 / d),
    ],
}


def in_place(X):
    X[:, 0] *= 1.5
    return products_by_loop(X)


WRONG = {
    "with_products": [(in_place, "X の中身が書き換わって")],
    "clock": [
        (lambda h: torch.stack([h.cos(), h.sin()], 1), "そのままラジアン"),
        (lambda h: torch.stack([(15 * h).cos(), (15 * h).sin()], 1), "一周は 360 ではなく"),
        (lambda h: clock(2 * h), "0 時と 12 時が同じ点"),
        (lambda h: torch.stack([h / 24, (h / 24) ** 2], 1), "夜中をまたいでも"),
        (lambda h: torch.sin(2 * torch.pi * h / 24), "1 個しかありません"),
        (lambda h: torch.stack([torch.sin(torch.pi * h / 12)] * 2, 1), "3 時と 9 時が同じ点"),
        (lambda h: clock(h).T, "(2, N)"),
        (lambda h: (clock(h)[:, 0], clock(h)[:, 1]), "2 個の値の組"),
        (lambda h: clock(h).log(), "NaN"),
        (lambda h: 12 * clock(h), "半径が 12"),
        (lambda h: clock(h) * torch.tensor([1, 2]), "距離の表"),
    ],
    "box_edge": [  # each like another mistake in the first box
        (lambda share, d: share * d, "次元を掛けて"),
        (lambda share, d: 1 - (1 - share) ** (1 / d), "箱の外の割合"),
    ],
}


test_right, test_wrong, test_unsolved = answer_tests("features", RIGHT, WRONG)
