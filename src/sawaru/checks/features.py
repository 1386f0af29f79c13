"""The checks of the chapter 特徴量エンジニアリングと汎化."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sawaru.exercise import Wrong, exercise, expect, tensor, unchanged
from sawaru.exercise.compare import as_array


def _fixed(rows: int, columns: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generator, dtype=torch.float64)


def _with_one(Phi: Tensor) -> Tensor:
    return torch.cat([Phi, torch.ones(len(Phi), 1).to(Phi)], dim=1)


@exercise(
    "features.with_products",
    praise="どの 2 つの入力についても、そろったときだけの効きめを書けるようになりました。scikit-learn では PolynomialFeatures(interaction_only=True) です。",
    cases=[tensor([1, 2, 5], [3, -1, 2], [0, 4, -2], [2, 3, 0.5]), _fixed(5, 4, 0)],
    what=lambda X: f"入力が {X.shape[1]} 個のときの with_products(X)",
)
def _(X):
    P = X.shape[1]
    everything = [(i, j) for i in range(P) for j in range(P)]
    pairs = [(i, j) for i, j in everything if i < j]

    def products(of: Iterable[tuple[int, int]]) -> Tensor:
        return torch.stack([X[:, i] * X[:, j] for i, j in of], dim=1)

    def beside(new: Tensor) -> Tensor:
        return torch.cat([X, new], dim=1)

    yield beside(products(pairs))
    yield products(pairs), "元の入力の列がありません。入力を残し、その右に積を並べましょう。"
    yield beside(products((i, j) for i, j in everything if i <= j)), "同じ入力どうしの積（二乗）が混ざっています。組は、異なる 2 つの入力だけです。"
    yield beside(products((i, j) for i, j in everything if i != j)), "同じ組が、順番を変えて 2 度ずつ入っています。i < j の組だけにしましょう。"
    yield beside(products(everything)), "すべての i と j の積が入っています。二乗と、順番を入れ替えただけの組を除きましょう。"
    yield beside(torch.stack([X[:, i] + X[:, j] for i, j in pairs], dim=1)), "積ではなく和が並んでいます。和は、もとの一次式でも書けるので、新しい情報になりません。"
    yield beside(X.prod(dim=1, keepdim=True)), "すべての入力を掛けた列が一つだけです。2 つずつの組ごとに、一列を作りましょう。"
    yield beside(X[:, :-1] * X[:, 1:]), "隣り合う入力の積しかありません。離れた入力の組も要ります。"
    yield torch.cat([products(pairs), X], dim=1), "積が左にあります。元の入力を左に、積を右に並べましょう。"


_HOUR = tensor(0, 0.5, 3, 6, 9, 12, 15, 21, 23.5)


def _apart(points: Tensor) -> Tensor:
    """The distance of any two points."""
    return (points[:, None] - points).norm(dim=2)


def _circle(angle: Tensor) -> Tensor:
    return torch.stack([angle.cos(), angle.sin()], dim=1)


@exercise(
    "features.clock",
    praise="「23 時半と 0 時半は近い」という知識が、2 個の特徴になりました。曜日や風向きも、同じように円に置けます。",
)
def _(clock: Callable[..., Any]) -> None:
    hour, right = _HOUR.clone(), _circle(2 * math.pi * _HOUR / 24)
    with unchanged(hour, "hour"):
        got = clock(hour)
    place = as_array(got)
    if place is not None and place.shape == (2, 9):
        raise Wrong("形が (2, N) です。特徴を列に並べ、(N, 2) にしましょう。stack の dim を確かめます。")
    if place is not None and place.shape in ((9,), (9, 1)):
        raise Wrong("特徴が 1 個しかありません。1 個の sin や cos では、たとえば 3 時と 9 時、あるいは 3 時と 21 時が区別できません。")
    if place is None or place.shape != (9, 2) or not np.isfinite(place).all():
        expect(got, right, "clock(hour)")
        return
    d, want = _apart(torch.tensor(place, dtype=torch.float64)), _apart(right)  # the circle may begin anywhere and turn either way
    if torch.allclose(d, want, atol=1e-3):
        return
    for angle, sentence in (
        (_HOUR, "時刻をそのままラジアンとして使っています。24 時間で一周するように、角度に直しましょう。"),
        (15 * _HOUR, "角度を度で計算していますが、cos と sin に渡すのはラジアンです。一周は 360 ではなく 2π です。"),
    ):
        if torch.allclose(d, _apart(_circle(angle)), atol=1e-3):
            raise Wrong(sentence)
    if d[0, 5] < 1e-3 and d[2, 6] < 1e-3:
        raise Wrong("0 時と 12 時が同じ点になっています。時計の文字盤と違い、一周を 24 時間にしましょう。")
    for i, j in ((2, 4), (2, 7), (3, 0), (0, 5)):
        if d[i, j] < 1e-3:
            raise Wrong(f"{_HOUR[i]:g} 時と {_HOUR[j]:g} 時が同じ点になっています。2 個の特徴を合わせると、どの時刻も区別できるようにしましょう。")
    if d[1, 8] > d[0, 2]:
        raise Wrong(f"23 時半と 0 時半の距離が {d[1, 8]:.3g} で、0 時と 3 時の距離 {d[0, 2]:.3g} より遠くなっています。夜中をまたいでもつながるように、円の上に置きましょう。")
    scale = float(d[0, 5] / want[0, 5])
    if torch.allclose(d, scale * want, atol=1e-3 * max(1.0, scale)):
        raise Wrong(f"円の上に並んでいます。半径が {scale:.3g} なので、1 にしましょう。")
    expect(d, want, "二つの時刻の距離の表", tol=1e-3)


@exercise(
    "features.effective_count",
    praise="正則化を強めると、数えられるパラメータが減っていきます。バイアスの 1 個だけは、いつも残ります。",
    # Off centre, so that the bias matters.
    cases=[(_fixed(N, P, N) + 1, lam) for N, P, lam in ((12, 3, 0.3), (9, 2, 0.05), (9, 2, 0.0))],
    what=lambda Phi, lam: f"N = {len(Phi)}、特徴 {Phi.shape[1]} 個、λ = {lam:g} の effective_count",
)
def _(Phi, lam):
    N, P = Phi.shape
    A, shrunk = _with_one(Phi), torch.eye(P + 1).to(Phi)
    shrunk[-1, -1] = 0

    def hat(A: Tensor, penalty: Tensor) -> Tensor:
        return A @ torch.linalg.solve(A.T @ A + penalty, A.T)

    H = hat(A, N * lam * shrunk)
    d_eff = H.trace()
    yield d_eff
    yield P + 1, "パラメータの個数をそのまま数えています。正則化で縮められた分は、1 個より少なく数えます。"
    yield P, "特徴の個数をそのまま数えています。観測を動かしたときの、予測の動きを足しましょう。"
    yield hat(A, lam * shrunk).trace(), "正則化に N が掛かっていません。損失は平均なので、正規方程式では Nλ になります。"
    yield hat(A, N * lam * torch.eye(P + 1).to(Phi)).trace(), "バイアスにも正則化が掛かっています。バイアスの行と列では、λ を 0 にしましょう。"
    yield hat(Phi, N * lam * torch.eye(P).to(Phi)).trace(), "バイアスがありません。終わりに 1 の列を足してから計算しましょう。"
    yield d_eff - 1, "バイアスの分の 1 個が足りません。予測の平均も、観測から決めています。"
    yield H.sum(), "行列のすべての成分を足しています。足すのは ∂ŷ_n/∂y_n、つまり対角だけです。"
    yield (H @ H).trace(), "観測を予測に移す行列を、2 度掛けています。掛けるのは一度です。"
    yield H.diagonal(), "n ごとの値が並んだままです。N 件を足しましょう。"
    yield d_eff / N, "合計ではなく平均になっています。"
    yield N - d_eff, "N から引いています。これは、残差の側に残る自由度です。"


@exercise(
    "features.kfold_error",
    praise="どの件も、自分を見ていないモデルに一度だけ予測されました。k = N にすれば、1 つ抜きと一致します。",
    cases=[(_fixed(N, 2, N), _fixed(N, 1, N + 1)[:, 0] + 2, k) for N, k in ((17, 3), (14, 4))],
    what=lambda Phi, y, k: f"N = {len(y)}、k = {k} の kfold_error",
)
def _(Phi, y, k):
    N, A = len(y), _with_one(Phi)
    n = torch.arange(N)

    def squares(train: Tensor, valid: Tensor, A: Tensor = A) -> Tensor:
        theta = torch.linalg.lstsq(A[train], y[train, None], driver="gels").solution[:, 0]
        return (A[valid] @ theta - y[valid]) ** 2

    folds, whole = [n % k == i for i in range(k)], n >= 0
    each = [squares(~fold, fold) for fold in folds]
    want = torch.cat(each).mean()
    yield want
    yield squares(whole, whole).mean(), "全部の件で学習し、同じ件で測っています。これは訓練誤差です。"
    again = "全部の件で学習し、同じ件で測っています。組ごとに、その組を除いて学習し直しましょう。"
    yield torch.stack([squares(whole, fold).mean() for fold in folds]).mean(), again
    swapped = "学習と検証が入れ替わっています。1 組で学習するのではなく、1 組を除いた残りで学習しましょう。"
    yield torch.cat([squares(fold, ~fold) for fold in folds]).mean(), swapped
    yield torch.cat([squares(~fold, ~fold) for fold in folds]).mean(), "学習に使った件で測っています。測るのは、除いておいた組です。"
    yield torch.stack([e.mean() for e in each]).mean(), "組ごとの平均を、さらに平均しています。組の件数がそろわないので、N 件の二乗をまとめて平均しましょう。"
    blocks = [torch.isin(n, block) for block in n.chunk(k)]
    yield torch.cat([squares(~block, block) for block in blocks]).mean(), "前から順に切り分けています。n 番目の件は、組 n % k に入れます。"
    yield each[0].mean(), "最初の組でしか測っていません。k 個の組のすべてで測りましょう。"
    yield each[-1].mean(), "最後の組でしか測っていません。組ごとの結果をためておきましょう。"
    yield torch.cat(each).sum(), "平均ではなく合計になっています。"
    yield torch.cat(each), "件ごとの二乗が並んだままです。平均しましょう。"
    yield want.sqrt(), "平方根をとっています。二乗の平均のまま返しましょう。"
    yield torch.cat([squares(~fold, fold, Phi) for fold in folds]).mean(), "バイアスがありません。終わりに 1 の列を足してから学習しましょう。"


@exercise(
    "features.box_edge",
    praise="次元が高いと、わずかな点を囲むだけの箱が、ほとんど立方体いっぱいに広がります。近所が近所でなくなるのです。",
    cases=[(0.01, 10), (0.2, 3), (0.01, 2), (0.05, 100)],
)
def _(share, d):
    want = share ** (1 / d)
    yield want
    yield share, "割合がそのまま返っています。辺の長さが e の箱の体積は、e の d 乗です。"
    yield share**d, "d 乗になっています。割合から辺を求めるには、逆に d 乗根をとります。"
    yield share / d, "次元で割っています。体積は、辺の長さの和ではなく積です。"
    yield 1 - want, "1 から引いています。これは、箱の外に残る辺の長さです。"
    yield math.sqrt(share), "平方根をとっています。それは 2 次元のときです。"
    yield share * d, "次元を掛けています。体積は、辺の長さの d 乗です。"
    yield want / 2, "半分になっています。求めるのは、中心から面までではなく、辺の全体の長さです。"
    yield 1 - (1 - share) ** (1 / d), "箱の外の割合から求めています。箱の体積が share です。"
