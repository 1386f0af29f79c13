"""The checks of パーセプトロンとロジスティック回帰: right answers pass, typical wrong ones are led to their cause."""

import math

import torch
import torch.nn.functional as F
from answers import answer_tests


def signed_distance(X, w, b):
    return (X @ w + b) / w.norm()


def one_pass(X, s, w, b):
    updates = 0
    for x_n, s_n in zip(X, s, strict=True):
        if s_n * (w @ x_n + b) <= 0:
            w, b, updates = w + s_n * x_n, b + s_n, updates + 1
    return w, b, updates


def one_pass_augmented(X, s, w, b):
    A = torch.cat([X, torch.ones(len(X), 1).to(X)], dim=1)
    theta, updates = torch.cat([w, torch.as_tensor([b]).to(w)]), torch.tensor(0)
    for n in range(len(A)):
        if s[n] * torch.dot(theta, A[n]) <= 0:
            theta = theta + s[n] * A[n]
            updates += 1
    return theta[:-1], theta[-1], updates


def stock_for(q, temperature, w, b):
    return (math.log(q / (1 - q)) - b - w[0] * temperature) / w[1]


def stock_by_bisection(q, temperature, w, b):
    low, high = -100.0, 100.0
    for _ in range(80):
        middle = (low + high) / 2
        p = torch.sigmoid(w[0] * temperature + w[1] * middle + b)
        low, high = (middle, high) if p > q else (low, middle)
    return low


def bce(z, y):
    a = (1 - 2 * y) * z
    return (a.clamp(min=0) + torch.log1p(torch.exp(-a.abs()))).mean()


def logistic_gradient(X, y, w, b):
    off = torch.sigmoid(X @ w + b) - y
    return X.T @ off / len(y), off.mean()


def gradient_by_autograd(X, y, w, b):
    w, b = w.clone().requires_grad_(), torch.tensor(b, dtype=X.dtype).requires_grad_()
    F.binary_cross_entropy_with_logits(X @ w + b, y).backward()
    return w.grad, b.grad


RIGHT = {
    "signed_distance": [
        signed_distance,
        lambda X, w, b: X @ (w / w.norm()) + b / w.norm(),
        lambda X, w, b: torch.stack([(torch.dot(x, w) + b) / math.sqrt(sum(w**2)) for x in X]),
    ],
    "one_pass": [one_pass, one_pass_augmented],
    "stock_for": [
        stock_for,
        stock_by_bisection,
        lambda q, t, w, b: (torch.logit(torch.tensor(q)) - b - w[0] * t) / w[1],
    ],
    "bce": [
        bce,
        lambda z, y: torch.logaddexp(torch.zeros_like(z), (1 - 2 * y) * z).mean(),
        lambda z, y: -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean(),
        lambda z, y: torch.where(y == 1, F.softplus(-z), F.softplus(z)).mean(),
    ],
    "logistic_gradient": [
        logistic_gradient,
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


def only_wrong_below_zero(X, s, w, b):
    updates = 0
    for x_n, s_n in zip(X, s, strict=True):
        if s_n * (w @ x_n + b) < 0:
            w, b, updates = w + s_n * x_n, b + s_n, updates + 1
    return w, b, updates


def every_point(X, s, w, b):
    return w + (s[:, None] * X).sum(0), b + s.sum(), len(X)


def all_at_once(X, s, w, b):
    wrong = s * (X @ w + b) <= 0
    return w + (s[wrong, None] * X[wrong]).sum(0), b + s[wrong].sum(), int(wrong.sum())


def bias_forgotten(X, s, w, b):
    updates = 0
    for x_n, s_n in zip(X, s, strict=True):
        if s_n * (w @ x_n + b) <= 0:
            w, updates = w + s_n * x_n, updates + 1
    return w, b, updates


def wrong_way(X, s, w, b):
    updates = 0
    for x_n, s_n in zip(X, s, strict=True):
        if s_n * (w @ x_n + b) <= 0:
            w, b, updates = w - s_n * x_n, b - s_n, updates + 1
    return w, b, updates


def naive_bce(z, y):
    p = 1 / (1 + torch.exp(-z))
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


def clipped_bce(z, y):
    p = torch.sigmoid(z).clamp(1e-12, 1 - 1e-12)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


def off(X, y, w, b):
    return torch.sigmoid(X @ w + b) - y


WRONG = {
    "signed_distance": [
        (lambda X, w, b: X @ w + b, "z のまま"),
        (lambda X, w, b: X @ w / w.norm() + b, "バイアスが割られて"),
        (lambda X, w, b: X @ w / w.norm(), "バイアスが入って"),
        (lambda X, w, b: (X @ w + b).abs() / w.norm(), "絶対値"),
        (lambda X, w, b: (X @ w + b) / (w @ w), "二乗で割って"),
        (lambda X, w, b: (X @ w + b) / math.sqrt(w @ w + b * b), "バイアスまで"),
        (lambda X, w, b: -(X @ w + b) / w.norm(), "符号が逆"),
        (lambda X, w, b: (X @ w + b) / w.abs().sum(), "平方根"),
    ],
    "one_pass": [
        (only_wrong_below_zero, "境界の上"),
        (every_point, "当たっている点でも"),
        (all_at_once, "直した後の重み"),
        (bias_forgotten, "b が直されて"),
        (wrong_way, "向きが逆"),
        (moving_its_argument, "w の中身が書き換わって"),
        (lambda X, s, w, b: (*one_pass(X, s, w, b)[:2], len(X)), "直した回数"),
        (lambda X, s, w, b: one_pass(X, s, w, b)[:2], "3 個の値の組"),
    ],
    "stock_for": [
        (lambda q, t, w, b: (-b - w[0] * t) / w[1], "決定境界の上"),
        (lambda q, t, w, b: (q - b - w[0] * t) / w[1], "そのまま入れて"),
        (lambda q, t, w, b: (math.log((1 - q) / q) - b - w[0] * t) / w[1], "売れ残る確率"),
        (lambda q, t, w, b: (math.log(q) - b - w[0] * t) / w[1], "log q"),
        (lambda q, t, w, b: (q / (1 - q) - b - w[0] * t) / w[1], "オッズのまま"),
        (lambda q, t, w, b: (math.log(q / (1 - q)) - b) / w[1], "気温の項"),
        (lambda q, t, w, b: -stock_for(q, t, w, b), "符号が逆"),
        (lambda q, t, w, b: 2.0, "少なすぎ"),
        (lambda q, t, w, b: 5.0, "多すぎ"),
    ],
    "bce": [
        (naive_bce, "exp が溢れたか"),
        (clipped_bce, "頭打ち"),
        (lambda z, y: bce(z, y) * len(z), "合計"),
        (lambda z, y: -bce(z, y), "符号が逆"),
        (lambda z, y: bce(-z, y), "扱いが逆"),
        (lambda z, y: -(y * F.logsigmoid(z)).mean(), "結果が 0 の日"),
        (lambda z, y: ((torch.sigmoid(z) - y) ** 2).mean(), "二乗して"),
        (lambda z, y: F.softplus((1 - 2 * y) * z), "日ごとの値"),
        (lambda z, y: F.binary_cross_entropy_with_logits(torch.sigmoid(z), y), "一度だけ"),
    ],
    "logistic_gradient": [
        (lambda X, y, w, b: tuple(-g for g in logistic_gradient(X, y, w, b)), "符号が逆"),
        (lambda X, y, w, b: tuple(len(y) * g for g in logistic_gradient(X, y, w, b)), "合計の勾配"),
        (lambda X, y, w, b: (X.T @ (X @ w + b - y) / len(y), (X @ w + b - y).mean()), "シグモイドを通して"),
        (
            lambda X, y, w, b: (
                X.T @ ((X @ w + b >= 0).double() - y) / len(y),
                ((X @ w + b >= 0).double() - y).mean(),
            ),
            "パーセプトロンの更新",
        ),
        (lambda X, y, w, b: (off(X, y, w, b)[:, None] * X, off(X, y, w, b)), "並んだまま"),
        (lambda X, y, w, b: logistic_gradient(X, y, w, b)[0], "w の勾配だけ"),
        (lambda X, y, w, b: logistic_gradient(X, y, w, 0.0), "バイアスが入って"),
        (lambda X, y, w, b: (X.T @ off(X, y, w, b) / len(y), off(X, y, w, b).sum()), "b の勾配も"),
    ],
}


test_right, test_wrong, test_unsolved = answer_tests("classification", RIGHT, WRONG)
