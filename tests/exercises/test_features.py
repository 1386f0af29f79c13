"""The checks of 特徴量エンジニアリングと汎化: right answers pass, typical wrong ones are led to their cause."""

import math
from itertools import combinations, product

import numpy as np
import torch
from answers import answer_tests
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import PolynomialFeatures


def with_products(X):
    i, j = torch.combinations(torch.arange(X.shape[1])).T
    return torch.cat([X, X[:, i] * X[:, j]], dim=1)


def products_by_loop(X):
    columns = list(X.T)
    for i, j in combinations(range(X.shape[1]), 2):
        columns.append(X[:, i] * X[:, j])
    return torch.stack(columns, dim=1)


def clock(hour):
    angle = 2 * torch.pi * hour / 24
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def with_one(Phi):
    return torch.cat([Phi, torch.ones(len(Phi), 1).to(Phi)], dim=1)


def hat(Phi, lam, bias=0.0, n=True):
    A = with_one(Phi)
    penalty = (len(Phi) if n else 1) * lam * torch.eye(A.shape[1]).to(Phi)
    penalty[-1, -1] *= bias
    return A @ torch.linalg.solve(A.T @ A + penalty, A.T)


def effective_count(Phi, lam):
    return torch.trace(hat(Phi, lam))


def count_by_singular_values(Phi, lam):
    s = torch.linalg.svdvals(Phi - Phi.mean(dim=0))
    return 1 + float((s**2 / (s**2 + len(Phi) * lam)).sum())


def count_by_moving(Phi, lam):
    """Moves each observation by one and adds up how far its own prediction moves."""
    H = hat(Phi, lam)
    y = torch.zeros(len(Phi)).to(Phi)
    total = 0.0
    for n in range(len(Phi)):
        moved = y.clone()
        moved[n] = 1
        total += float((H @ moved - H @ y)[n])
    return total


def squares(Phi, y, train, valid):
    A = with_one(Phi)
    theta = torch.linalg.lstsq(A[train], y[train][:, None]).solution[:, 0]
    return (A[valid] @ theta - y[valid]) ** 2


def kfold_error(Phi, y, k):
    fold = torch.arange(len(y)) % k
    return torch.cat([squares(Phi, y, fold != i, fold == i) for i in range(k)]).mean()


def kfold_by_sklearn(Phi, y, k):
    X, t, total = Phi.numpy(), y.numpy(), 0.0
    for i in range(k):
        valid = np.arange(len(t)) % k == i
        model = LinearRegression().fit(X[~valid], t[~valid])
        total += ((model.predict(X[valid]) - t[valid]) ** 2).sum()
    return total / len(t)


def box_edge(share, d):
    return share ** (1 / d)


RIGHT = {
    "with_products": [
        with_products,
        products_by_loop,
        lambda X: PolynomialFeatures(2, interaction_only=True, include_bias=False).fit_transform(X.numpy()),
    ],
    "clock": [
        clock,
        lambda h: torch.stack([torch.sin(h * torch.pi / 12), torch.cos(h * torch.pi / 12)], 1),
        lambda h: np.stack(
            [np.cos(2 * np.pi * (h.numpy() - 6) / 24), np.sin(2 * np.pi * (h.numpy() - 6) / 24)], 1
        ),
    ],
    "effective_count": [effective_count, count_by_singular_values, count_by_moving],
    "kfold_error": [kfold_error, kfold_by_sklearn],
    "box_edge": [
        box_edge,
        lambda share, d: math.exp(math.log(share) / d),
        lambda share, d: torch.tensor(share).pow(1 / d),
    ],
}


def in_place(X):
    X[:, 0] *= 1.5
    return with_products(X)


def all_pairs(X):
    P = X.shape[1]
    return torch.cat([X, torch.stack([X[:, i] * X[:, j] for i, j in product(range(P), range(P))], 1)], 1)


def both_orders(X):
    P = X.shape[1]
    pairs = [(i, j) for i in range(P) for j in range(P) if i != j]
    return torch.cat([X, torch.stack([X[:, i] * X[:, j] for i, j in pairs], 1)], 1)


def with_squares(X):
    i, j = torch.combinations(torch.arange(X.shape[1]), with_replacement=True).T
    return torch.cat([X, X[:, i] * X[:, j]], 1)


def sums(X):
    i, j = torch.combinations(torch.arange(X.shape[1])).T
    return torch.cat([X, X[:, i] + X[:, j]], 1)


def on_training(Phi, y, k):
    everything = torch.ones(len(y), dtype=torch.bool)
    return squares(Phi, y, everything, everything).mean()


def folds(Phi, y, k):
    fold = torch.arange(len(y)) % k
    return [squares(Phi, y, fold != i, fold == i) for i in range(k)]


def swapped(Phi, y, k):
    fold = torch.arange(len(y)) % k
    return torch.cat([squares(Phi, y, fold == i, fold != i) for i in range(k)]).mean()


def in_blocks(Phi, y, k):
    parts = torch.arange(len(y)).chunk(k)
    out = []
    for part in parts:
        valid = torch.zeros(len(y), dtype=torch.bool)
        valid[part] = True
        out.append(squares(Phi, y, ~valid, valid))
    return torch.cat(out).mean()


def no_bias(Phi, y, k):
    fold, out = torch.arange(len(y)) % k, []
    for i in range(k):
        w = torch.linalg.lstsq(Phi[fold != i], y[fold != i][:, None]).solution[:, 0]
        out.append((Phi[fold == i] @ w - y[fold == i]) ** 2)
    return torch.cat(out).mean()


WRONG = {
    "with_products": [
        (lambda X: with_products(X)[:, X.shape[1] :], "元の入力の列"),
        (with_squares, "二乗）が混ざって"),
        (both_orders, "2 度ずつ"),
        (all_pairs, "すべての i と j"),
        (sums, "和が並んで"),
        (lambda X: torch.cat([X, X.prod(dim=1, keepdim=True)], 1), "一つだけ"),
        (lambda X: torch.cat([X, X[:, :-1] * X[:, 1:]], 1), "隣り合う"),
        (lambda X: torch.cat([with_products(X)[:, X.shape[1] :], X], 1), "積が左"),
        (in_place, "X の中身が書き換わって"),
    ],
    "clock": [
        (lambda h: torch.stack([h.cos(), h.sin()], 1), "そのままラジアン"),
        (lambda h: torch.stack([(15 * h).cos(), (15 * h).sin()], 1), "一周は 360 ではなく"),
        (lambda h: clock(2 * h), "0 時と 12 時が同じ点"),
        (lambda h: torch.stack([h / 24, (h / 24) ** 2], 1), "夜中をまたいでも"),
        (lambda h: torch.sin(2 * torch.pi * h / 24), "1 個しかありません"),
        (lambda h: torch.stack([torch.sin(torch.pi * h / 12)] * 2, 1), "3 時と 9 時が同じ点"),
        (lambda h: clock(h).T, "(2, N)"),
        (lambda h: 12 * clock(h), "半径が 12"),
    ],
    "effective_count": [
        (lambda Phi, lam: Phi.shape[1] + 1, "1 個より少なく"),
        (lambda Phi, lam: hat(Phi, lam, n=False).trace(), "N が掛かって"),
        (lambda Phi, lam: hat(Phi, lam, bias=1.0).trace(), "バイアスにも正則化"),
        (lambda Phi, lam: count_by_singular_values(Phi, lam) - 1, "1 個が足りません"),
        (lambda Phi, lam: hat(Phi, lam).sum(), "すべての成分"),
        (lambda Phi, lam: hat(Phi, lam).diagonal(), "並んだまま"),
        (lambda Phi, lam: len(Phi) - effective_count(Phi, lam), "N から引いて"),
        (lambda Phi, lam: effective_count(Phi, lam) / len(Phi), "平均になって"),
    ],
    "kfold_error": [
        (on_training, "訓練誤差です"),
        (swapped, "入れ替わって"),
        (lambda Phi, y, k: torch.stack([e.mean() for e in folds(Phi, y, k)]).mean(), "さらに平均"),
        (in_blocks, "前から順に"),
        (lambda Phi, y, k: folds(Phi, y, k)[0].mean(), "最初の組でしか"),
        (lambda Phi, y, k: folds(Phi, y, k)[-1].mean(), "最後の組でしか"),
        (lambda Phi, y, k: torch.cat(folds(Phi, y, k)).sum(), "合計"),
        (lambda Phi, y, k: torch.cat(folds(Phi, y, k)), "並んだまま"),
        (no_bias, "バイアスがありません"),
        (lambda Phi, y, k: kfold_error(Phi, y, k).sqrt(), "平方根"),
    ],
    "box_edge": [
        (lambda share, d: share, "そのまま返って"),
        (lambda share, d: share**d, "d 乗根"),
        (lambda share, d: share / d, "次元で割って"),
        (lambda share, d: 1 - share ** (1 / d), "1 から引いて"),
        (lambda share, d: math.sqrt(share), "2 次元のとき"),
        (lambda share, d: share ** (1 / d) / 2, "半分になって"),
    ],
}


test_right, test_wrong, test_unsolved = answer_tests("features", RIGHT, WRONG)
