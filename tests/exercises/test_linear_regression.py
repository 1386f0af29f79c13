"""線形回帰と最尤法: other right ways, and wrong answers that no row of a table foresees."""

import math

import torch
from answers import answer_tests


def mse_many_changing_its_input(a, b, x, y):
    y *= -1
    return ((a[:, None] * x + b[:, None] + y) ** 2).mean(dim=1)


def laplace_nll_by_product(y, y_hat, s):
    return -(torch.exp(-(y - y_hat).abs() / s) / (2 * s)).prod().log()


RIGHT = {
    "mse_many": [
        lambda a, b, x, y: torch.stack([((p * x + q - y) ** 2).mean() for p, q in zip(a, b, strict=True)])
    ],
    "slope_through_origin": [
        lambda x, y: float(torch.linalg.lstsq(x[:, None], y[:, None]).solution),
        lambda x, y: torch.dot(x, y) / torch.dot(x, x),
    ],
    "sigma_mle": [lambda y, y_hat: math.sqrt(float(((y - y_hat) ** 2).mean()))],
    "laplace_nll": [lambda y, y_hat, s: -torch.distributions.Laplace(y_hat, s).log_prob(y).sum()],
}

WRONG = {
    "mse_many": [
        (lambda a, b, x, y: (a * x + b - y) ** 2, "すべての組"),  # it fails where there are fewer lines
        (mse_many_changing_its_input, "書き換わって"),
    ],
    "slope_through_origin": [
        (lambda x, y: torch.tensor(2.0), "増やす"),
        (lambda x, y: 3.0, "減らす"),
        (lambda x, y: torch.nan, "NaN"),
    ],
    "laplace_nll": [(laplace_nll_by_product, "inf")],
}


test_right, test_wrong, test_unsolved = answer_tests("linear_regression", RIGHT, WRONG)
