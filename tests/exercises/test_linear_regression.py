"""The checks of 線形回帰と最尤法: right answers pass, and each typical mistake is told its cause."""

import math

import torch
from answers import answer_tests


def mse_many(a, b, x, y):
    return ((a[:, None] * x + b[:, None] - y) ** 2).mean(dim=1)


def mse_many_changing_its_input(a, b, x, y):
    y *= -1
    return ((a[:, None] * x + b[:, None] + y) ** 2).mean(dim=1)


def slope_through_origin(x, y):
    return (x * y).sum() / (x * x).sum()


def slope_with_intercept(x, y):
    dx = x - x.mean()
    return (dx * y).sum() / (dx * dx).sum()


def sigma_mle(y, y_hat):
    return ((y - y_hat) ** 2).mean().sqrt()


def laplace_nll(y, y_hat, s):
    return (y - y_hat).abs().sum() / s + len(y) * math.log(2 * s)


def laplace_nll_by_product(y, y_hat, s):
    return -(torch.exp(-(y - y_hat).abs() / s) / (2 * s)).prod().log()


RIGHT = {
    "mse_many": [
        mse_many,
        lambda a, b, x, y: torch.stack([((p * x + q - y) ** 2).mean() for p, q in zip(a, b, strict=True)]),
    ],
    "slope_through_origin": [
        slope_through_origin,
        lambda x, y: float(torch.linalg.lstsq(x[:, None], y[:, None]).solution),
        lambda x, y: torch.dot(x, y) / torch.dot(x, x),
    ],
    "sigma_mle": [sigma_mle, lambda y, y_hat: math.sqrt(float(((y - y_hat) ** 2).mean()))],
    "laplace_nll": [
        laplace_nll,
        lambda y, y_hat, s: -torch.distributions.Laplace(y_hat, s).log_prob(y).sum(),
    ],
}

WRONG = {
    "mse_many": [
        (lambda a, b, x, y: ((a[:, None] * x + b[:, None] - y) ** 2).sum(1), "合計"),
        (lambda a, b, x, y: ((a[:, None] * x + b[:, None] - y) ** 2).mean(0), "直線の方向に平均"),
        (lambda a, b, x, y: ((a[:, None] * x + b[:, None] - y) ** 2).mean(), "dim"),
        (lambda a, b, x, y: mse_many(a, b, x, y).sqrt(), "平方根"),
        (lambda a, b, x, y: (a[:, None] * x + b[:, None] - y).abs().mean(1), "絶対値"),
        (lambda a, b, x, y: (a[:, None] * x + b[:, None] - y).mean(1), "打ち消し"),
        (lambda a, b, x, y: mse_many(a, b, x, y) / 2, "半分"),
        (lambda a, b, x, y: (a * x + b - y) ** 2, "すべての組"),
        (lambda a, b, x, y: (a[:, None] * x + b[:, None] - y) ** 2, "平均する前"),
        (mse_many_changing_its_input, "書き換わって"),
    ],
    "slope_through_origin": [
        (slope_with_intercept, "切片も動かした"),
        (lambda x, y: (y / x).mean(), "y/x を平均"),
        (lambda x, y: y.mean() / x.mean(), "重心"),
        (lambda x, y: (x * y).sum() / (y * y).sum(), "y の二乗"),
        (lambda x, y: (x * y).sum(), "係数で割りましょう"),
        (lambda x, y: torch.tensor(2.0), "増やす"),
        (lambda x, y: 3.0, "減らす"),
        (lambda x, y: torch.nan, "NaN"),
    ],
    "sigma_mle": [
        (lambda y, y_hat: ((y - y_hat) ** 2).mean(), "分散"),
        (lambda y, y_hat: (y - y_hat).std(), "平均を引いて"),
        (lambda y, y_hat: (((y - y_hat) ** 2).sum() / (len(y) - 2)).sqrt(), "N より小さい"),
        (lambda y, y_hat: (y - y_hat).abs().mean(), "絶対値"),
        (lambda y, y_hat: ((y - y_hat) ** 2).sum().sqrt(), "N で割る"),
        (lambda y, y_hat: y.std(), "観測 y そのもの"),
    ],
    "laplace_nll": [
        (lambda y, y_hat, s: -laplace_nll(y, y_hat, s), "符号が逆"),
        (lambda y, y_hat, s: (y - y_hat).abs().sum() / s, "定数の項"),
        (lambda y, y_hat, s: laplace_nll(y, y_hat, s) / len(y), "平均"),
        (lambda y, y_hat, s: (y - y_hat).abs().sum() / s + len(y) * math.log(s), "2 が抜け"),
        (lambda y, y_hat, s: ((y - y_hat) ** 2).sum() / s + len(y) * math.log(2 * s), "二乗"),
        (lambda y, y_hat, s: (y - y_hat).sum() / s + len(y) * math.log(2 * s), "打ち消し"),
        (lambda y, y_hat, s: -torch.distributions.Normal(y_hat, s).log_prob(y).sum(), "正規分布"),
        (laplace_nll_by_product, "inf"),
    ],
}


test_right, test_wrong, test_unsolved = answer_tests("linear_regression", RIGHT, WRONG)
