"""What the tables of パーセプトロンとロジスティック回帰 do not say: other right ways, and wrong answers that no row foresees."""

import math

import torch
import torch.nn.functional as F
from answers import answer_tests


def one_pass_augmented(X, s, w, b):
    A = torch.cat([X, torch.ones(len(X), 1).to(X)], dim=1)
    theta, updates = torch.cat([w, torch.as_tensor([b]).to(w)]), torch.tensor(0)
    for n in range(len(A)):
        if s[n] * torch.dot(theta, A[n]) <= 0:
            theta = theta + s[n] * A[n]
            updates += 1
    return theta[:-1], theta[-1], updates


def stock_by_bisection(q, temperature, w, b):
    low, high = -100.0, 100.0
    for _ in range(80):
        middle = (low + high) / 2
        p = torch.sigmoid(w[0] * temperature + w[1] * middle + b)
        low, high = (middle, high) if p > q else (low, middle)
    return low


def logistic_gradient(X, y, w, b):
    off = torch.sigmoid(X @ w + b) - y
    return X.T @ off / len(y), off.mean()


def gradient_by_autograd(X, y, w, b):
    w, b = w.clone().requires_grad_(), torch.tensor(b, dtype=X.dtype).requires_grad_()
    F.binary_cross_entropy_with_logits(X @ w + b, y).backward()
    return w.grad, b.grad


RIGHT = {
    "signed_distance": [
        lambda X, w, b: X @ (w / w.norm()) + b / w.norm(),
        lambda X, w, b: torch.stack([(torch.dot(x, w) + b) / math.sqrt(sum(w**2)) for x in X]),
    ],
    "one_pass": [one_pass_augmented],
    "stock_for": [
        stock_by_bisection,
        lambda q, t, w, b: (torch.logit(torch.tensor(q)) - b - w[0] * t) / w[1],
        lambda q, t, w, b: (torch.logit(torch.tensor([q])) - b - w[0] * t) / w[1],
    ],
    "bce": [
        lambda z, y: torch.logaddexp(torch.zeros_like(z), (1 - 2 * y) * z).mean(),
        lambda z, y: -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean(),
        lambda z, y: torch.where(y == 1, F.softplus(-z), F.softplus(z)).mean(),
    ],
    "logistic_gradient": [
        gradient_by_autograd,
        lambda X, y, w, b: [
            ((torch.sigmoid(X @ w + b) - y)[:, None] * X).mean(0),
            float((torch.sigmoid(X @ w + b) - y).mean()),
        ],
    ],
}


def moving_its_argument(X, s, w, b):
    for x_n, s_n in zip(X, s, strict=True):
        if s_n * (w @ x_n + b) <= 0:
            w += s_n * x_n
            b += s_n
    return w, b, 0


def naive_bce(z, y):
    p = 1 / (1 + torch.exp(-z))
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


def clipped_bce(z, y):
    p = torch.sigmoid(z).clamp(1e-12, 1 - 1e-12)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


WRONG = {
    "one_pass": [
        (moving_its_argument, "w の中身が書き換わって"),
        (lambda X, s, w, b: one_pass_augmented(X, s, w, b)[:2], "3 個の値の組"),
    ],
    "stock_for": [
        (lambda q, t, w, b: 2.0, "少なすぎ"),
        (lambda q, t, w, b: 5.0, "多すぎ"),
        (
            lambda q, t, w, b: (math.log(q / (1 - q)) - w[0] * t) / w[1],
            "バイアスの項",
        ),  # not the temperature's
    ],
    "bce": [
        (naive_bce, "NaN になりました"),
        (lambda z, y: -(y * torch.sigmoid(z).log() + (1 - y) * torch.sigmoid(-z).log()).mean(), "溢れたか"),
        (lambda z, y: ((1 - 2 * y) * z).exp().add(1).log().mean().item(), "inf になりました"),
        (clipped_bce, "頭打ち"),
    ],
    "logistic_gradient": [
        (lambda X, y, w, b: logistic_gradient(X, y, w, b)[0], "w の勾配だけ"),
        (lambda X, y, w, b: torch.hstack(logistic_gradient(X, y, w, b)), "形 (4,) のテンソルが一つ"),
    ],
}


test_right, test_wrong, test_unsolved = answer_tests("classification", RIGHT, WRONG)
