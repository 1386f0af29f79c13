"""The checks of 勾配降下法: right answers pass, typical wrong ones are led to their cause."""

import torch
from answers import answer_tests


def solution_mse_gradient(theta, X, y):
    return 2 * X.T @ (X @ theta - y) / len(y)


def design(x):
    return torch.stack([x, torch.ones_like(x)], dim=1)


def solution_largest_rate(x):
    X = design(x)
    return 2 / torch.linalg.eigvalsh(2 * X.T @ X / len(x))[-1]


def solution_original_units(a_z, b_z, mean, std):
    return a_z / std, b_z - a_z / std * mean


def solution_three_way(x, y, n_valid, n_test):
    order = torch.randperm(len(x))
    valid, test, train = order[:n_valid], order[n_valid : n_valid + n_test], order[n_valid + n_test :]
    return (x[train], y[train]), (x[valid], y[valid]), (x[test], y[test])


def solution_standardize_both(x_train, x_test):
    mean, std = x_train.mean(), x_train.std(correction=0)
    return (x_train - mean) / std, (x_test - mean) / std


def autograd(theta, X, y):
    theta = theta.clone().requires_grad_()
    ((X @ theta - y) ** 2).mean().backward()
    return theta.grad


def by_list(x, y, n_valid, n_test):
    order = torch.randperm(len(x)).tolist()
    pick = lambda part: (x[part], y[part])  # noqa: E731
    return [pick(order[n_valid + n_test :]), pick(order[:n_valid]), pick(order[n_valid : n_valid + n_test])]


def bisected(x):
    X, low, high = design(x), 0.0, 10.0
    for _ in range(50):
        middle = (low + high) / 2
        largest = (1 - middle * torch.linalg.eigvalsh(2 * X.T @ X / len(x))).abs().max()
        low, high = (low, middle) if largest > 1 else (middle, high)
    return low


RIGHT = {
    "mse_gradient": [
        solution_mse_gradient,
        autograd,
        lambda theta, X, y: 2 * (X * (X @ theta - y)[:, None]).mean(dim=0),
    ],
    "largest_rate": [
        solution_largest_rate,
        bisected,
        lambda x: len(x) / torch.linalg.svdvals(design(x))[0] ** 2,
        lambda x: 2 / torch.linalg.eigvals(2 * design(x).T @ design(x) / len(x)).real.max(),
    ],
    "original_units": [
        solution_original_units,
        lambda a, b, m, s: torch.stack([a / s, b + a * (0 - m) / s]),
    ],
    "three_way": [
        solution_three_way,
        by_list,
    ],
    "standardize_both": [
        solution_standardize_both,
        lambda a, b: ((a - a.mean()) / a.std(), (b - a.mean()) / a.std()),
    ],
}


def in_place(theta, X, y):
    y -= X @ theta
    return -2 * X.T @ y / len(y)


WRONG_GRADIENTS = [
    (lambda theta, X, y: X.T @ (X @ theta - y) / len(y), "ちょうど半分"),
    (lambda theta, X, y: 2 * X.T @ (X @ theta - y), "合計の勾配"),
    (lambda theta, X, y: X.T @ (X @ theta - y), "2 も出ます"),
    (lambda theta, X, y: 2 * X.T @ (y - X @ theta) / len(y), "符号が逆"),
    (lambda theta, X, y: 2 * X.T @ (X @ theta - y) / len(theta), "割るのはデータの件数 N"),
    (lambda theta, X, y: 2 * X * (X @ theta - y)[:, None], "データごとの勾配"),
    (lambda theta, X, y: 2 * (X @ theta - y).mean(), "対応する X の列"),
    (lambda theta, X, y: 2 * X.T @ X @ theta / len(y), "観測 y が使われていません"),
    (lambda theta, X, y: ((X @ theta - y) ** 2).mean(), "損失の値が返っています"),
    (lambda theta, X, y: 2 * X @ (X @ theta - y) / len(y), "エラーが起きました"),
    (lambda theta, X, y: 2 * X.T @ (X @ theta[:, None] - y) / len(y), "theta の形は (D,) のまま"),
    (in_place, "y の中身が書き換わっています"),
]

WRONG_RATES = [
    (lambda x: 2 / torch.linalg.eigvalsh(2 * design(x).T @ design(x) / len(x))[0], "一番緩い向き"),
    (lambda x: solution_largest_rate(x) / 2, "倍率が −1"),
    (lambda x: 2 / torch.trace(2 * design(x).T @ design(x) / len(x)), "一番速い学習率"),
    (lambda x: 2 / solution_largest_rate(x), "固有値が返っています"),
    (lambda x: 2 / torch.linalg.eigvalsh(2 * design(x).T @ design(x))[-1], "二乗の合計"),
    (lambda x: 2 / torch.linalg.eigvalsh(design(x).T @ design(x))[-1], "XᵀX そのもの"),
    (lambda x: 2 * solution_largest_rate(x), "ちょうど 2 倍"),
    (lambda x: 1 / (x**2).mean(), "切片 b がない"),
    (lambda x: 2 / torch.linalg.eigvalsh(2 * design(x).T @ design(x) / len(x)), "向きごとの境"),
    (lambda x: 2 / torch.linalg.svdvals(design(x))[0], "特異値"),
    (lambda x: 0.9 * solution_largest_rate(x), "1.02 倍で 2000 歩進んでも、まだ収束"),
    (lambda x: 1.3 * solution_largest_rate(x), "0.98 倍で 2000 歩進むと、もう発散"),
    (lambda x: -0.1, "正の数"),
    (lambda x: float("nan"), "NaN"),
]

WRONG_UNITS = [
    (lambda a, b, m, s: (a / s, b), "平均を引いた分"),
    (lambda a, b, m, s: (a * s, b - a * s * m), "std を掛けています"),
    (lambda a, b, m, s: (a / s, b + a / s * m), "符号が違います"),
    (lambda a, b, m, s: (a / s, b - a * m), "引く量にも、割り算"),
    (lambda a, b, m, s: (a / s, (b - a * m) / s), "b_z まで std で"),
    (lambda a, b, m, s: (b - a / s * m, a / s), "順が逆"),
    (lambda a, b, m, s: a / s, "2 個の値の組"),
    (lambda a, b, m, s: (a, b), "値が変わっていません"),
    (lambda a, b, m, s: (a.div_(s), b - a * m), "a_z の中身が書き換わっています"),
]


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
    _, valid, test = solution_three_way(x, y, n_valid, n_test)
    return (x, y), valid, test


def rows_lost(x, y, n_valid, n_test):
    train, valid, test = solution_three_way(x, y, n_valid, n_test)
    return (train[0][1:], train[1][1:]), valid, test


def flat(x, y, n_valid, n_test):
    return tuple(value for pair in solution_three_way(x, y, n_valid, n_test) for value in pair)


def reordered(x, y, n_valid, n_test):
    train, valid, test = solution_three_way(x, y, n_valid, n_test)
    return valid, test, train


WRONG_SPLITS = [
    (no_shuffle, "並び順のまま"),
    (shuffled_apart, "組が崩れています"),
    (overlapping, "2 か所に入りました"),
    (trained_on_all, "2 か所に入りました"),
    (rows_lost, "使われていない日"),
    (flat, "平らに並んでいます"),
    (reordered, "返す順番"),
    (lambda x, y, v, t: solution_three_way(x, y, t, v), "検証とテストの数が逆"),
    (lambda x, y, v, t: solution_three_way(x, y, v, t)[:2], "2 個の値"),
    (lambda x, y, v, t: tuple(p[0] for p in solution_three_way(x, y, v, t)), "(x, y) の組ではなく"),
    (lambda x, y, v, t: x, "組ではなく Tensor"),
]

WRONG_SCALES = [
    (lambda a, b: ((a - a.mean()) / a.std(), (b - b.mean()) / b.std()), "テストデータ自身"),
    (lambda a, b: tuple((v - torch.cat([a, b]).mean()) / torch.cat([a, b]).std() for v in (a, b)), "リーク"),
    (lambda a, b: ((a - a.mean()) / a.std(), b), "テストデータが標準化されていません"),
    (lambda a, b: (a - a.mean(), b - a.mean()), "標準偏差でも割りましょう"),
    (lambda a, b: ((a - a.mean()) / a.var(), (b - a.mean()) / a.var()), "単位が消えるのは"),
    (lambda a, b: (a / a.std(), b / a.std()), "割る前に何を引きますか"),
    (lambda a, b: solution_standardize_both(a, b)[::-1], "順番が逆"),
    (lambda a, b: (a.sub_(a.mean()), b), "x_train の中身が書き換わっています"),
    (lambda a, b: (a - a.mean()) / a.std(), "組"),
]

WRONG = {
    "mse_gradient": WRONG_GRADIENTS,
    "largest_rate": WRONG_RATES,
    "original_units": WRONG_UNITS,
    "three_way": WRONG_SPLITS,
    "standardize_both": WRONG_SCALES,
}


test_right, test_wrong, test_unsolved = answer_tests("gradient_descent", RIGHT, WRONG)
