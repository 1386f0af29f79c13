"""The checks of the chapter 損失地形: right answers in several styles, and the mistakes that people make."""

import numpy as np
import torch
from answers import answer_tests

TOL = 1e-6


def solution_classify(H):
    lam = torch.linalg.eigvalsh(H)
    up, down, flat = (lam > TOL).any(), (lam < -TOL).any(), (lam.abs() <= TOL).any()
    if up and down:
        return "鞍点"
    if flat:
        return "不明"
    return "極小" if up else "極大"


def classify_numpy(H):
    lam = np.linalg.eigvals(H.numpy()).real
    if lam.min() > TOL:
        return "極小"
    if lam.max() < -TOL:
        return "極大"
    return "鞍点" if lam.min() < -TOL and lam.max() > TOL else "不明"


def solution_bent_share(values):
    return (values[2:] - 2 * values[1:-1] + values[:-2] < 0).double().mean()


def bent_by_loop(values):
    v = values.tolist()
    return sum(v[i - 1] + v[i + 1] < 2 * v[i] for i in range(1, len(v) - 1)) / (len(v) - 2)


def solution_rescale(weights, biases, k, c):
    W, b = list(weights), list(biases)
    W[k], b[k], W[k + 1] = c * W[k], c * b[k], W[k + 1] / c
    return W, b


def rescale_by_comprehension(weights, biases, k, c):
    factor = {k: c, k + 1: 1 / c}
    return (
        tuple(W * factor.get(i, 1) for i, W in enumerate(weights)),
        tuple(b * (c if i == k else 1) for i, b in enumerate(biases)),
    )


def solution_filter_normalize(d, W):
    return d / d.norm(dim=1, keepdim=True) * W.norm(dim=1, keepdim=True)


def solution_project(theta, center, directions):
    return torch.linalg.lstsq(directions.T, (theta - center)[:, None]).solution[:, 0]


RIGHT = {
    "classify": [
        solution_classify,
        classify_numpy,
    ],
    "bent_share": [
        solution_bent_share,
        bent_by_loop,
        lambda v: (torch.diff(v, n=2) < 0).float().mean(),
    ],
    "rescale": [
        solution_rescale,
        rescale_by_comprehension,
    ],
    "filter_normalize": [
        solution_filter_normalize,
        lambda d, W: torch.nn.functional.normalize(d) * (W**2).sum(1, True).sqrt(),
        lambda d, W: torch.stack([r / r.norm() * w.norm() for r, w in zip(d, W, strict=True)]),
    ],
    "project": [
        solution_project,
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
    return {"極小": "極大", "極大": "極小"}.get(solution_classify(H), solution_classify(H))


def zero_wins(H):
    lam = torch.linalg.eigvalsh(H)
    return "不明" if (lam.abs() < TOL).any() else solution_classify(H)


WRONG_CLASSES = [
    (by_determinant, "行列式の符号だけでは"),
    (without_zero, "二階微分だけでは"),
    (by_diagonal, "対角成分ではなく固有値"),
    (upside_down, "符号を逆に"),
    (zero_wins, "0 が混ざっていても鞍点"),
    (lambda H: "saddle", "返すのは"),
    (lambda H: True, "どれかの文字列"),
]

WRONG_SHARES = [
    (lambda v: (torch.diff(v, n=2) > 0).double().mean(), "割合が逆"),
    (lambda v: (torch.diff(v) < 0).double().mean(), "一階差分"),
    (lambda v: (torch.diff(v, n=2) < 0).sum(), "個数が返って"),
    (lambda v: (torch.diff(v, n=2) < 0).sum() / len(v), "両端では"),
    (lambda v: (torch.diff(v, n=2) < 0).sum() / (len(v) - 1), "一つ多い"),
    (lambda v: (v < 0).double().mean(), "値そのものの符号"),
    (lambda v: 100 * solution_bent_share(v), "0 から 1 の割合"),
    (lambda v: solution_bent_share(v.sub_(1)), "values の中身が書き換わって"),
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
    (lambda W, b, k, c: solution_rescale(W, b, k, c)[0], "返すのは"),
    (lambda W, b, k, c: (W[:1], b), "1 個、バイアスが 3 個"),
    (in_place, "中身が書き換わっています"),
]

WRONG_NORMALIZED = [
    (lambda d, W: d / d.norm() * W.norm(), "層ごとの正規化"),
    (lambda d, W: d / d.norm(dim=0) * W.norm(dim=0), "列ごと"),
    (lambda d, W: d / d.norm(dim=1, keepdim=True), "長さ 1 で止まって"),
    (lambda d, W: d * W.norm(dim=1, keepdim=True), "自分の長さで割ります"),
    (lambda d, W: solution_filter_normalize(W, d), "入れ替わって"),
    (lambda d, W: d / (d**2).sum(1, True) * (W**2).sum(1, True), "二乗でそろえて"),
    (lambda d, W: d / d.abs().sum(1, True) * W.abs().sum(1, True), "絶対値の和"),
    (lambda d, W: d / d.norm(dim=1) * W.norm(dim=1), "keepdim=True"),
    (lambda d, W: W, "W がそのまま"),
    (
        lambda d, W: d.div_(d.norm(dim=1, keepdim=True)) * W.norm(dim=1, keepdim=True),
        "d の中身が書き換わって",
    ),
]

WRONG_PROJECTIONS = [
    (lambda t, c, d: d @ (t - c), "内積をとっただけ"),
    (lambda t, c, d: d @ (t - c) / d.norm(dim=1), "一度だけ割って"),
    (lambda t, c, d: d @ (t - c) / (d**2).sum(1), "一本ずつ別々"),
    (lambda t, c, d: solution_project(t, 0 * c, d), "center が引かれていません"),
    (lambda t, c, d: -solution_project(t, c, d), "符号が逆"),
    (lambda t, c, d: solution_project(t, c, d).flip(0), "順番が逆"),
    (lambda t, c, d: c + solution_project(t, c, d) @ d, "座標の 2 個"),
    (lambda t, c, d: torch.linalg.lstsq(d.T, (t - c)[:, None]).solution, "(2, 1)"),
    (lambda t, c, d: torch.linalg.lstsq(d, t - c).solution, "エラーが起きました"),
]

WRONG = {
    "classify": WRONG_CLASSES,
    "bent_share": WRONG_SHARES,
    "rescale": WRONG_RESCALES,
    "filter_normalize": WRONG_NORMALIZED,
    "project": WRONG_PROJECTIONS,
}


test_right, test_wrong, test_unsolved = answer_tests("loss_landscape", RIGHT, WRONG)
