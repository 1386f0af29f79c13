"""勾配降下法: other right ways, and wrong answers that no row of a table foresees."""

import torch
from answers import answer_tests


def autograd(theta, X, y):
    theta = theta.clone().requires_grad_()
    ((X @ theta - y) ** 2).mean().backward()
    return theta.grad


def in_place(theta, X, y):
    y -= X @ theta
    return -2 * X.T @ y / len(y)


def design(x):
    return torch.stack([x, torch.ones_like(x)], dim=1)


def largest_rate(x):
    return 2 / torch.linalg.eigvalsh(2 * design(x).T @ design(x) / len(x))[-1]


def bisected(x):
    X, low, high = design(x), 0.0, 10.0
    for _ in range(50):
        middle = (low + high) / 2
        largest = (1 - middle * torch.linalg.eigvalsh(2 * X.T @ X / len(x))).abs().max()
        low, high = (low, middle) if largest > 1 else (middle, high)
    return low


def three_way(x, y, n_valid, n_test):
    order = torch.randperm(len(x))
    valid, test, train = order[:n_valid], order[n_valid : n_valid + n_test], order[n_valid + n_test :]
    return (x[train], y[train]), (x[valid], y[valid]), (x[test], y[test])


def by_list(x, y, n_valid, n_test):
    order = torch.randperm(len(x)).tolist()
    pick = lambda part: (x[part], y[part])  # noqa: E731
    return [pick(order[n_valid + n_test :]), pick(order[:n_valid]), pick(order[n_valid : n_valid + n_test])]


RIGHT = {
    "mse_gradient": [autograd, lambda theta, X, y: 2 * (X * (X @ theta - y)[:, None]).mean(dim=0)],
    "largest_rate": [
        bisected,
        lambda x: len(x) / torch.linalg.svdvals(design(x))[0] ** 2,
        lambda x: 2 / torch.linalg.eigvals(2 * design(x).T @ design(x) / len(x)).real.max(),
    ],
    "original_units": [lambda a, b, m, s: torch.stack([a / s, b + a * (0 - m) / s])],
    "three_way": [by_list],
    "standardize_both": [lambda a, b: ((a - a.mean()) / a.std(), (b - a.mean()) / a.std())],
}


def no_shuffle(x, y, n_valid, n_test):
    cut = len(x) - n_valid - n_test
    return (
        (x[:cut], y[:cut]),
        (x[cut : cut + n_valid], y[cut : cut + n_valid]),
        (x[len(x) - n_test :], y[len(y) - n_test :]),
    )


def shuffled_apart(x, y, n_valid, n_test):
    x, y = x[torch.randperm(len(x))], y[torch.randperm(len(y))]
    v, t = n_valid, n_valid + n_test
    return (x[t:], y[t:]), (x[:v], y[:v]), (x[v:t], y[v:t])


def overlapping(x, y, n_valid, n_test):
    o = torch.randperm(len(x))
    v, t, r = o[:n_valid], o[:n_test], o[n_valid + n_test :]
    return (x[r], y[r]), (x[v], y[v]), (x[t], y[t])


def trained_on_all(x, y, n_valid, n_test):
    _, valid, test = three_way(x, y, n_valid, n_test)
    return (x, y), valid, test


def rows_lost(x, y, n_valid, n_test):
    train, valid, test = three_way(x, y, n_valid, n_test)
    return (train[0][1:], train[1][1:]), valid, test


def flat(x, y, n_valid, n_test):
    return tuple(value for pair in three_way(x, y, n_valid, n_test) for value in pair)


def reordered(x, y, n_valid, n_test):
    train, valid, test = three_way(x, y, n_valid, n_test)
    return valid, test, train


WRONG_SPLITS = [
    (no_shuffle, "並び順のまま"),
    (shuffled_apart, "組が崩れています"),
    (overlapping, "2 か所に入りました"),
    (trained_on_all, "2 か所に入りました"),
    (rows_lost, "使われていない日"),
    (flat, "平らに並んでいます"),
    (reordered, "返す順番"),
    (lambda x, y, v, t: three_way(x, y, t, v), "検証とテストの数が逆"),
    (lambda x, y, v, t: three_way(x, y, v, t)[:2], "2 個の値"),
    (lambda x, y, v, t: tuple(p[0] for p in three_way(x, y, v, t)), "(x, y) の組ではなく"),
    (lambda x, y, v, t: x, "組ではなく Tensor"),
    (lambda x, y, v, t: [(px, py[1:]) for px, py in three_way(x, y, v, t)], "同じ長さの"),
    (lambda x, y, v, t: by_list(x, y, v - 1, t + 1), "切る位置を確かめましょう"),
]

WRONG = {
    "mse_gradient": [
        (lambda theta, X, y: 2 * X @ (X @ theta - y) / len(y), "エラーが起きました"),
        (in_place, "y の中身が書き換わっています"),
    ],
    "largest_rate": [
        (lambda x: 0.9 * largest_rate(x), "1.02 倍で 2000 歩進んでも、まだ収束"),
        (lambda x: 1.3 * largest_rate(x), "0.98 倍で 2000 歩進むと、もう発散"),
        (lambda x: -0.1, "正の数"),
        (lambda x: float("nan"), "NaN"),
    ],
    "original_units": [
        (lambda a, b, m, s: a / s, "2 個の値の組"),
        (lambda a, b, m, s: (a.div_(s), b - a * m), "a_z の中身が書き換わっています"),
    ],
    "three_way": WRONG_SPLITS,
    "standardize_both": [
        (lambda a, b: (a.sub_(a.mean()), b), "x_train の中身が書き換わっています"),
        (lambda a, b: (a - a.mean()) / a.std(), "組"),
    ],
}


test_right, test_wrong, test_unsolved = answer_tests("gradient_descent", RIGHT, WRONG)
