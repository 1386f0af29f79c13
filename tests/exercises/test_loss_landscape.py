"""The checks of the chapter 損失地形: other right ways, and the mistakes that no row of a table foresees."""

import numpy as np
import torch
from answers import answer_tests

TOL = 1e-6


def classify(H):
    lam = np.linalg.eigvals(H.numpy()).real
    if lam.min() > TOL:
        return "極小"
    if lam.max() < -TOL:
        return "極大"
    return "鞍点" if lam.min() < -TOL and lam.max() > TOL else "不明"


def bent_by_loop(values):
    v = values.tolist()
    return sum(v[i - 1] + v[i + 1] < 2 * v[i] for i in range(1, len(v) - 1)) / (len(v) - 2)


def rescale(weights, biases, k, c):
    factor = {k: c, k + 1: 1 / c}
    return (
        tuple(W * factor.get(i, 1) for i, W in enumerate(weights)),
        tuple(b * (c if i == k else 1) for i, b in enumerate(biases)),
    )


RIGHT = {
    "classify": [classify],
    "bent_share": [bent_by_loop, lambda v: (torch.diff(v, n=2) < 0).float().mean()],
    "rescale": [rescale],
    "filter_normalize": [
        lambda d, W: torch.nn.functional.normalize(d) * (W**2).sum(1, True).sqrt(),
        lambda d, W: torch.stack([r / r.norm() * w.norm() for r, w in zip(d, W, strict=True)]),
    ],
    "project": [
        lambda t, c, d: (t - c) @ torch.linalg.pinv(d),
        lambda t, c, d: torch.linalg.solve(d @ d.T, d @ (t - c)),
    ],
}


def by_determinant(H):
    if torch.linalg.det(H) < 0:
        return "鞍点"
    return "極小" if H[0, 0] > 0 else "極大"


def without_zero(H):
    lam = torch.linalg.eigvalsh(H)
    return "極小" if (lam >= 0).all() else "極大" if (lam <= 0).all() else "鞍点"


def by_diagonal(H):
    d = H.diagonal()
    return "極小" if (d > 0).all() else "極大" if (d < 0).all() else "鞍点" if (d != 0).all() else "不明"


def upside_down(H):
    return {"極小": "極大", "極大": "極小"}.get(classify(H), classify(H))


def zero_wins(H):
    lam = torch.linalg.eigvalsh(H)
    return "不明" if (lam.abs() < TOL).any() else classify(H)


WRONG_CLASSES = [
    (by_determinant, "行列式の符号だけでは"),
    (without_zero, "二階微分だけでは"),
    (by_diagonal, "対角成分ではなく固有値"),
    (upside_down, "符号を逆に"),
    (zero_wins, "0 が混ざっていても鞍点"),
    (lambda H: "saddle", "返すのは"),
    (lambda H: True, "どれかの文字列"),
]


def in_place(weights, biases, k, c):
    weights[k].mul_(c)
    biases[k].mul_(c)
    weights[k + 1].div_(c)
    return weights, biases


def changed(**how):
    def answer(weights, biases, k, c):
        W, b = list(weights), list(biases)
        for name, (shift, power) in how.items():
            part = W if name.startswith("W") else b
            part[k + shift] = part[k + shift] * c**power
        return W, b

    return answer


WRONG_RESCALES = [
    (changed(W=(0, 1), b=(0, 1)), "次の層の weights"),
    (changed(W=(0, 1), W2=(1, -1)), "バイアスも c 倍"),
    (changed(W=(0, 1), b=(0, 1), W2=(1, -1), b2=(1, -1)), "次の層のバイアスも"),
    (changed(W=(0, 1), b=(0, 1), W2=(1, 1)), "次の層も c 倍"),
    (changed(W=(0, -1), b=(0, -1), W2=(1, 1)), "1/c 倍になりました"),
    (changed(W2=(1, 1), b2=(1, 1)), "番号は 0 から"),
    (lambda W, b, k, c: (list(W), list(b)), "もとのまま"),
    (lambda W, b, k, c: rescale(W, b, k, c)[0], "返すのは"),
    (lambda W, b, k, c: (W[:1], b), "1 個、バイアスが 3 個"),
    (lambda W, b, k, c: ([w.T for w in W], b), "weights[0] の形が"),
    (in_place, "中身が書き換わっています"),
]

WRONG = {
    "classify": WRONG_CLASSES,
    "bent_share": [(lambda v: bent_by_loop(v.sub_(1)), "values の中身が書き換わって")],
    "rescale": WRONG_RESCALES,
    "filter_normalize": [
        (
            lambda d, W: d.div_(d.norm(dim=1, keepdim=True)) * W.norm(dim=1, keepdim=True),
            "d の中身が書き換わって",
        )
    ],
    "project": [(lambda t, c, d: torch.linalg.lstsq(d, t - c).solution, "エラーが起きました")],
}


test_right, test_wrong, test_unsolved = answer_tests("loss_landscape", RIGHT, WRONG)
