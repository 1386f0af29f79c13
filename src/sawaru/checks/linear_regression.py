"""The checks of the chapter 線形回帰と最尤法."""

from __future__ import annotations

import math

import torch

from sawaru.exercise import exercise, otherwise, tensor

_A, _B = tensor(0, 2, 3, -1), tensor(5, 1, -1, 4)
_X, _Y = tensor(1, 2, 4, 5), tensor(2.5, 6, 8, 12)


@exercise(
    "linear_regression.mse_many",
    praise="K 本の直線を一度に測れました。等高線は、この計算を平面のすべての点で行ったものです。",
    # As many lines as points, then fewer: a wrong axis first shows in the values, then in the shape.
    cases=[(_A, _B, _X, _Y), (_A[:3], _B[:3], _X, _Y)],
    what=lambda a, b, x, y: f"直線 {len(a)} 本の mse_many(a, b, x, y)",
)
def _(a, b, x, y):
    misses = a[:, None] * x + b[:, None] - y  # (lines, points)
    squares = misses**2
    yield squares.mean(1)
    yield squares.sum(1), "平均ではなく合計になっています。データの件数 N で割ってみましょう。"
    yield squares.mean(0), "直線の方向に平均しています。行が直線、列がデータの表で、残すのは直線のほうです。"
    yield squares.sum(0), "直線の方向に足しています。行が直線、列がデータの表で、残すのは直線のほうです。"
    yield squares.mean(), "直線もデータもまとめて平均し、数一つになっています。平均する軸を dim で選びましょう。"
    yield squares.mean(1).sqrt(), "平方根が付いています。MSE は二乗のまま平均したものです。"
    yield misses.abs().mean(1), "絶対値を平均しています。MSE は残差の二乗を平均したものです。"
    yield misses.mean(1), "正の残差と負の残差が打ち消し合っています。平均する前に二乗しましょう。"
    yield misses.mean(1) ** 2, "平均してから二乗しています。順番を入れ替えてみましょう。"
    yield squares.mean(1) / 2, "ちょうど半分です。この章の MSE には 1/2 が付きません。"
    yield squares, "平均する前の表が返っています。データの方向に平均して、直線ごとに数一つにしましょう。"
    if len(a) == len(x):
        for wrong in ((a * x + b - y) ** 2, ((a * x + b - y) ** 2).mean()):
            yield wrong, "k 番目の直線を k 番目のデータにだけ当てています。直線とデータのすべての組を作りましょう。"
    yield (a[:, None] * x + b.mean() - y).pow(2).mean(1), "切片が直線ごとに違うことを確かめましょう。"


@exercise(
    "linear_regression.slope_through_origin",
    praise="条件が一つなので、残差と x の積の和だけが 0 になります。",
    cases=[(tensor(1, 2, 3, 4, 6), tensor(4, 3, 7, 11, 12))],
)
def _(x, y):
    dx, dy = x - x.mean(), y - y.mean()
    best = (x * y).sum() / (x * x).sum()
    tilted = (dx * dy).sum() / (dx * dx).sum()
    yield best
    yield tilted, "切片も動かしたときの傾きです。ここでは直線が原点を通ります。重心を引かずに条件を立て直しましょう。"
    yield (y / x).mean(), "一件ごとの y/x を平均しています。MSE を a で微分して 0 とおくと、近い配達と遠い配達は同じ重みになりません。"
    yield y.mean() / x.mean(), "原点と重心を結ぶ傾きです。残差の平均は 0 になりますが、それは切片を動かせるときの条件です。"
    yield (x * y).sum() / (y * y).sum(), "割る数が y の二乗の和になっています。未知数 a に掛かっているのはどちらでしょうか。"
    yield (x * y).sum(), "x と y の積の和のままです。a に掛かっている係数で割りましょう。"
    yield (x * y).mean(), "x と y の積の平均のままです。a に掛かっている係数で割りましょう。"
    yield 1 / best, "分子と分母が逆です。"
    yield -best, "符号が逆です。残差は y − ax です。"
    yield torch.stack([tilted, y.mean() - tilted * x.mean()]), "傾きと切片の組が返っています。切片は 0 に固定し、傾きだけを返しましょう。"
    yield otherwise(
        lambda slope: (
            f"a = {slope:.4g} を返しました。このときの MSE は {((slope * x - y) ** 2).mean():.4g} で、a を少し{'増やす' if slope < best else '減らす'}と、"
            "もっと小さくなります。MSE を a で微分した式を 0 とおき、a について解き直してみましょう。"
        )
    )


@exercise(
    "linear_regression.sigma_mle",
    praise="σ の最尤推定は、残差の二乗平均の平方根です。",
    cases=[(tensor(3, 5, 4, 9, 8), tensor(2, 4.5, 5, 6, 6.5))],  # the residuals' mean is not 0
)
def _(y, y_hat):
    r, N = y - y_hat, len(y)
    best = r.pow(2).mean().sqrt()
    yield best
    yield r.pow(2).mean(), "分散 σ² が返っています。σ に直しましょう。"
    for correction in (0, 1):
        yield r.std(correction=correction), "残差の平均を引いてから二乗しています。ノイズの平均は 0 と仮定しているので、残差をそのまま二乗しましょう。"
        yield y.std(correction=correction), "観測 y そのもののばらつきです。ばらつきは予測 y_hat のまわりで測ります。"
    for fewer in (N - 1, N - 2):
        yield (r.pow(2).sum() / fewer).sqrt(), "N より小さい数で割っています。偏りを除く工夫としては正しいのですが、尤度を最大にするのは N で割ったものです。"
    yield r.abs().mean(), "残差の絶対値の平均です。正規分布の指数の肩にあるのは、残差の何乗でしょうか。"
    yield r.pow(2).sum().sqrt(), "二乗の和の平方根です。N で割るのを忘れていないでしょうか。"
    yield r.pow(2).sum(), "二乗の和のままです。v = σ² で微分した式を 0 とおいて解きましょう。"
    yield best / math.sqrt(2), "2 で余分に割っています。微分したときの係数 1/2 は、両方の項にあります。"


@exercise(
    "linear_regression.laplace_nll",
    praise="分布を替えても手順は同じです。対数密度を書き、足し、符号を変えます。",
    cases=[
        (tensor(3, 5, 4, 9), tensor(2, 6, 4.5, 6), 0.7),
        (torch.linspace(-30, 30, 5000, dtype=torch.float64), torch.zeros(5000, dtype=torch.float64), 2.5),
    ],
    what=lambda y, y_hat, s: ("5000 件の " if len(y) == 5000 else "") + f"laplace_nll(y, y_hat, {s})",
)
def _(y, y_hat, s):
    r, N = y - y_hat, len(y)
    constant = N * math.log(2 * s)
    best = r.abs().sum() / s + constant
    yield best
    yield (
        best if N == 4 else math.inf,
        "4 件では合いましたが、5000 件では inf になりました。密度の積が 0 に潰れています。密度を掛けずに、対数密度を足しましょう。",
    )
    yield -best, "符号が逆です。これは対数尤度で、小さくしたいのはその符号を変えたものです。"
    yield r.abs().sum() / s, "定数の項 N log 2s がありません。s を推定するときには、この項が効きます。"
    yield best / N, "和ではなく平均になっています。積の対数は、対数の何になるでしょうか。"
    yield r.abs().sum() / s + N * math.log(s), "定数の項の 2 が抜けています。密度の 1/(2s) の対数を書き下してみましょう。"
    yield r.abs().sum() / s + math.log(2 * s), "定数の項が 1 件分しかありません。N 件の和をとりましょう。"
    yield r.abs().sum() / s - constant, "定数の項の符号が逆です。密度の 1/(2s) の対数は −log 2s です。"
    yield r.abs().sum() + constant, "残差が s で割られていません。"
    yield r.sum() / s + constant, "残差の絶対値をとっていません。正負が打ち消し合っています。"
    yield (r**2).sum() / s + constant, "残差を二乗しています。ラプラス分布の肩にあるのは絶対値です。"
    yield (r**2).sum() / (2 * s**2) + N / 2 * math.log(2 * math.pi * s**2), "正規分布の負の対数尤度になっています。ラプラス分布の密度から書き直しましょう。"
    yield torch.exp(-best), "尤度そのものが返っています。対数をとり、符号を変えましょう。"
    yield r.abs() / s + math.log(2 * s), "記録ごとの値が返っています。N 件の和をとりましょう。"
