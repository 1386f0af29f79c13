"""The checks of the chapter 線形回帰と最尤法."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor

from sawaru.exercise import Wrong, exercise, expect, unchanged


def _column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _called(function: Callable[..., Any], **arguments: Any) -> Any:
    """The answer's result; no tensor that it is given may change."""
    with ExitStack() as guards:
        for name, value in arguments.items():
            if isinstance(value, Tensor):
                guards.enter_context(unchanged(value, name))
        return function(*arguments.values())


@exercise(
    "linear_regression.mse_many",
    praise="K 本の直線を一度に測れました。等高線は、この計算を平面のすべての点で行ったものです。",
)
def _(mse_many: Callable[..., Any]) -> None:
    x, y = _column(1, 2, 4, 5), _column(2.5, 6, 8, 12)
    # As many lines as points, then fewer: a wrong axis first shows in the values, then in the shape.
    a, b = _column(0, 2, 3, -1), _column(5, 1, -1, 4)
    misses = a[:, None] * x + b[:, None] - y  # (lines, points)
    squares = misses**2
    pairs = a * x + b - y
    one_each = "k 番目の直線を k 番目のデータにだけ当てています。直線とデータのすべての組を作りましょう。"
    for lines in (4, 3):
        got = _called(mse_many, a=a[:lines].clone(), b=b[:lines].clone(), x=x.clone(), y=y.clone())
        part, parts = squares[:lines], misses[:lines]
        mistakes = [
            (part.sum(1), "平均ではなく合計になっています。データの件数 N で割ってみましょう。"),
            (
                part.mean(0),
                "直線の方向に平均しています。行が直線、列がデータの表で、残すのは直線のほうです。",
            ),
            (part.sum(0), "直線の方向に足しています。行が直線、列がデータの表で、残すのは直線のほうです。"),
            (
                part.mean(),
                "直線もデータもまとめて平均し、数一つになっています。平均する軸を dim で選びましょう。",
            ),
            (part.mean(1).sqrt(), "平方根が付いています。MSE は二乗のまま平均したものです。"),
            (parts.abs().mean(1), "絶対値を平均しています。MSE は残差の二乗を平均したものです。"),
            (parts.mean(1), "正の残差と負の残差が打ち消し合っています。平均する前に二乗しましょう。"),
            (parts.mean(1) ** 2, "平均してから二乗しています。順番を入れ替えてみましょう。"),
            (part.mean(1) / 2, "ちょうど半分です。この章の MSE には 1/2 が付きません。"),
            (part, "平均する前の表が返っています。データの方向に平均して、直線ごとに数一つにしましょう。"),
            (pairs**2, one_each),
            ((pairs**2).mean(), one_each),
            (
                (a[:lines, None] * x + b[:lines].mean() - y).pow(2).mean(1),
                "切片が直線ごとに違うことを確かめましょう。",
            ),
        ]
        expect(got, part.mean(1), f"直線 {lines} 本の mse_many(a, b, x, y)", tol=1e-4, mistakes=mistakes)


@exercise(
    "linear_regression.slope_through_origin",
    praise="条件が一つなので、残差と x の積の和だけが 0 になります。",
)
def _(slope_through_origin: Callable[..., Any]) -> None:
    x, y = _column(1, 2, 3, 4, 6), _column(4, 3, 7, 11, 12)
    dx, dy = x - x.mean(), y - y.mean()
    best = (x * y).sum() / (x * x).sum()
    with_intercept = (dx * dy).sum() / (dx * dx).sum()
    got = _called(slope_through_origin, x=x.clone(), y=y.clone())
    mistakes = [
        (
            with_intercept,
            "切片も動かしたときの傾きです。ここでは直線が原点を通ります。重心を引かずに条件を立て直しましょう。",
        ),
        (
            (y / x).mean(),
            "一件ごとの y/x を平均しています。MSE を a で微分して 0 とおくと、近い配達と遠い配達は同じ重みになりません。",
        ),
        (
            y.mean() / x.mean(),
            "原点と重心を結ぶ傾きです。残差の平均は 0 になりますが、それは切片を動かせるときの条件です。",
        ),
        (
            (x * y).sum() / (y * y).sum(),
            "割る数が y の二乗の和になっています。未知数 a に掛かっているのはどちらでしょうか。",
        ),
        ((x * y).sum(), "x と y の積の和のままです。a に掛かっている係数で割りましょう。"),
        ((x * y).mean(), "x と y の積の平均のままです。a に掛かっている係数で割りましょう。"),
        (1 / best, "分子と分母が逆です。"),
        (-best, "符号が逆です。残差は y − ax です。"),
        (
            torch.stack([with_intercept, y.mean() - with_intercept * x.mean()]),
            "傾きと切片の組が返っています。切片は 0 に固定し、傾きだけを返しましょう。",
        ),
    ]
    if isinstance(got, (int, float)) or (isinstance(got, Tensor) and got.dim() == 0):
        slope = float(got)
        known = any(wrong.dim() == 0 and math.isclose(slope, wrong.item(), rel_tol=1e-4) for wrong, _ in mistakes)
        if math.isfinite(slope) and not known and not math.isclose(slope, best.item(), rel_tol=1e-4):
            loss, way = ((slope * x - y) ** 2).mean().item(), "増やす" if slope < best else "減らす"
            raise Wrong(f"a = {slope:.4g} を返しました。このときの MSE は {loss:.4g} で、a を少し{way}と、もっと小さくなります。MSE を a で微分した式を 0 とおき、a について解き直してみましょう。")
    expect(got, best, "slope_through_origin(x, y)", tol=1e-4, mistakes=mistakes)


@exercise("linear_regression.sigma_mle", praise="σ の最尤推定は、残差の二乗平均の平方根です。")
def _(sigma_mle: Callable[..., Any]) -> None:
    y, y_hat = _column(3, 5, 4, 9, 8), _column(2, 4.5, 5, 6, 6.5)
    r = y - y_hat  # its mean is not 0
    best = r.pow(2).mean().sqrt()
    deviation = "残差の平均を引いてから二乗しています。ノイズの平均は 0 と仮定しているので、残差をそのまま二乗しましょう。"
    fewer = "N より小さい数で割っています。偏りを除く工夫としては正しいのですが、尤度を最大にするのは N で割ったものです。"
    mistakes = [
        (r.pow(2).mean(), "分散 σ² が返っています。σ に直しましょう。"),
        (r.std(correction=1), deviation),
        (r.std(correction=0), deviation),
        ((r.pow(2).sum() / (len(r) - 1)).sqrt(), fewer),
        ((r.pow(2).sum() / (len(r) - 2)).sqrt(), fewer),
        (r.abs().mean(), "残差の絶対値の平均です。正規分布の指数の肩にあるのは、残差の何乗でしょうか。"),
        (r.pow(2).sum().sqrt(), "二乗の和の平方根です。N で割るのを忘れていないでしょうか。"),
        (r.pow(2).sum(), "二乗の和のままです。v = σ² で微分した式を 0 とおいて解きましょう。"),
        (best / math.sqrt(2), "2 で余分に割っています。微分したときの係数 1/2 は、両方の項にあります。"),
        (y.std(correction=1), "観測 y そのもののばらつきです。ばらつきは予測 y_hat のまわりで測ります。"),
        (y.std(correction=0), "観測 y そのもののばらつきです。ばらつきは予測 y_hat のまわりで測ります。"),
    ]
    expect(
        _called(sigma_mle, y=y.clone(), y_hat=y_hat.clone()),
        best,
        "sigma_mle(y, y_hat)",
        tol=1e-4,
        mistakes=mistakes,
    )


@exercise(
    "linear_regression.laplace_nll",
    praise="分布を替えても手順は同じです。対数密度を書き、足し、符号を変えます。",
)
def _(laplace_nll: Callable[..., Any]) -> None:
    y, y_hat, s = _column(3, 5, 4, 9), _column(2, 6, 4.5, 6), 0.7
    r, count = y - y_hat, 4
    constant = count * math.log(2 * s)
    best = r.abs().sum() / s + constant
    normal = (r**2).sum() / (2 * s**2) + count / 2 * math.log(2 * math.pi * s**2)
    mistakes = [
        (-best, "符号が逆です。これは対数尤度で、小さくしたいのはその符号を変えたものです。"),
        (r.abs().sum() / s, "定数の項 N log 2s がありません。s を推定するときには、この項が効きます。"),
        (best / count, "和ではなく平均になっています。積の対数は、対数の何になるでしょうか。"),
        (
            r.abs().sum() / s + count * math.log(s),
            "定数の項の 2 が抜けています。密度の 1/(2s) の対数を書き下してみましょう。",
        ),
        (r.abs().sum() / s + math.log(2 * s), "定数の項が 1 件分しかありません。N 件の和をとりましょう。"),
        (r.abs().sum() / s - constant, "定数の項の符号が逆です。密度の 1/(2s) の対数は −log 2s です。"),
        (r.abs().sum() + constant, "残差が s で割られていません。"),
        (r.sum() / s + constant, "残差の絶対値をとっていません。正負が打ち消し合っています。"),
        ((r**2).sum() / s + constant, "残差を二乗しています。ラプラス分布の肩にあるのは絶対値です。"),
        (normal, "正規分布の負の対数尤度になっています。ラプラス分布の密度から書き直しましょう。"),
        (torch.exp(-best), "尤度そのものが返っています。対数をとり、符号を変えましょう。"),
        (r.abs() / s + math.log(2 * s), "記録ごとの値が返っています。N 件の和をとりましょう。"),
    ]
    expect(
        _called(laplace_nll, y=y.clone(), y_hat=y_hat.clone(), s=s),
        best,
        "laplace_nll(y, y_hat, 0.7)",
        tol=1e-4,
        mistakes=mistakes,
    )

    many = torch.linspace(-30, 30, 5000, dtype=torch.float64)
    got = _called(laplace_nll, y=many.clone(), y_hat=torch.zeros_like(many), s=2.5)
    if isinstance(got, (float, Tensor)) and bool(torch.as_tensor(got).isinf().all()):
        raise Wrong("4 件では合いましたが、5000 件では inf になりました。密度の積が 0 に潰れています。密度を掛けずに、対数密度を足しましょう。")
    expect(got, many.abs().sum() / 2.5 + 5000 * math.log(5), "5000 件の laplace_nll(y, y_hat, 2.5)", tol=1e-4)
