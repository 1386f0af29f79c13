"""The checks of the chapter 特徴量エンジニアリングと汎化."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sawaru.exercise import Wrong, exercise, expect, unchanged


def _tensor(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _fixed(rows: int, columns: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generator, dtype=torch.float64)


def _with_one(Phi: Tensor) -> Tensor:
    return torch.cat([Phi, torch.ones(len(Phi), 1).to(Phi)], dim=1)


@exercise(
    "features.with_products",
    praise="どの 2 つの入力についても、そろったときだけの効きめを書けるようになりました。scikit-learn では PolynomialFeatures(interaction_only=True) です。",
)
def _(with_products: Callable[..., Any]) -> None:
    for X in (_tensor([1, 2, 5], [3, -1, 2], [0, 4, -2], [2, 3, 0.5]), _fixed(5, 4, 0)):
        P = X.shape[1]
        pairs = [(i, j) for i in range(P) for j in range(i + 1, P)]

        def columns(of: list[tuple[int, int]], X: Tensor = X) -> Tensor:
            return torch.stack([X[:, i] * X[:, j] for i, j in of], dim=1)

        products = columns(pairs)
        everything = [(i, j) for i in range(P) for j in range(P)]
        mistakes = [
            (products, "元の入力の列がありません。入力を残し、その右に積を並べましょう。"),
            (
                torch.cat([X, columns([(i, j) for i in range(P) for j in range(i, P)])], dim=1),
                "同じ入力どうしの積（二乗）が混ざっています。組は、異なる 2 つの入力だけです。",
            ),
            (
                torch.cat([X, columns([(i, j) for i, j in everything if i != j])], dim=1),
                "同じ組が、順番を変えて 2 度ずつ入っています。i < j の組だけにしましょう。",
            ),
            (
                torch.cat([X, columns(everything)], dim=1),
                "すべての i と j の積が入っています。二乗と、順番を入れ替えただけの組を除きましょう。",
            ),
            (
                torch.cat([X, torch.stack([X[:, i] + X[:, j] for i, j in pairs], dim=1)], dim=1),
                "積ではなく和が並んでいます。和は、もとの一次式でも書けるので、新しい情報になりません。",
            ),
            (
                torch.cat([X, X.prod(dim=1, keepdim=True)], dim=1),
                "すべての入力を掛けた列が一つだけです。2 つずつの組ごとに、一列を作りましょう。",
            ),
            (
                torch.cat(
                    [X, columns([(i, i + 1) for i in range(P - 1)])],
                    dim=1,
                ),
                "隣り合う入力の積しかありません。離れた入力の組も要ります。",
            ),
            (torch.cat([products, X], dim=1), "積が左にあります。元の入力を左に、積を右に並べましょう。"),
        ]
        with unchanged(X, "X"):
            got = with_products(X)
        want = torch.cat([X, products], dim=1)
        expect(got, want, f"入力が {P} 個のときの with_products(X)", mistakes=mistakes)


@exercise(
    "features.clock",
    praise="「23 時半と 0 時半は近い」という知識が、2 個の特徴になりました。曜日や風向きも、同じように円に置けます。",
)
def _(clock: Callable[..., Any]) -> None:
    hour = _tensor(0, 0.5, 3, 6, 9, 12, 15, 21, 23.5)
    with unchanged(hour, "hour"):
        got = clock(hour)
    angle = 2 * math.pi * hour / 24

    def circle(a: Tensor) -> Tensor:
        return torch.stack([a.cos(), a.sin()], dim=1)

    def apart(points: Tensor) -> Tensor:
        return (points[:, None] - points).norm(dim=2)

    place = got
    if not isinstance(got, Tensor):
        try:
            place = torch.as_tensor(got, dtype=torch.float64)
        except Exception:
            place = None
    if not isinstance(place, Tensor) or place.shape != (9, 2) or not bool(place.isfinite().all()):
        if isinstance(place, Tensor) and place.shape == (2, 9):
            raise Wrong("形が (2, N) です。特徴を列に並べ、(N, 2) にしましょう。stack の dim を確かめます。")
        if isinstance(place, Tensor) and place.shape in ((9,), (9, 1)):
            raise Wrong("特徴が 1 個しかありません。1 個の sin や cos では、たとえば 3 時と 9 時、あるいは 3 時と 21 時が区別できません。")
        expect(got, circle(angle), "clock(hour)")
    place = place.detach().cpu().double()
    d, want = apart(place), apart(circle(angle))
    if torch.allclose(d, want, atol=1e-3):
        return
    for wrong, sentence in (
        (hour, "時刻をそのままラジアンとして使っています。24 時間で一周するように、角度に直しましょう。"),
        (
            15 * hour,
            "角度を度で計算していますが、cos と sin に渡すのはラジアンです。一周は 360 ではなく 2π です。",
        ),
    ):
        if torch.allclose(d, apart(circle(wrong)), atol=1e-3):
            raise Wrong(sentence)
    if d[0, 5] < 1e-3 and d[2, 6] < 1e-3:
        raise Wrong("0 時と 12 時が同じ点になっています。時計の文字盤と違い、一周を 24 時間にしましょう。")
    for i, j in ((2, 4), (2, 7), (3, 0), (0, 5)):
        if d[i, j] < 1e-3:
            raise Wrong(f"{hour[i]:g} 時と {hour[j]:g} 時が同じ点になっています。2 個の特徴を合わせると、どの時刻も区別できるようにしましょう。")
    if d[1, 8] > d[0, 2]:
        raise Wrong(f"23 時半と 0 時半の距離が {d[1, 8]:.3g} で、0 時と 3 時の距離 {d[0, 2]:.3g} より遠くなっています。夜中をまたいでもつながるように、円の上に置きましょう。")
    scale = float(d[0, 5] / want[0, 5])
    if torch.allclose(d, scale * want, atol=1e-3 * max(1.0, scale)):
        raise Wrong(f"円の上に並んでいます。半径が {scale:.3g} なので、1 にしましょう。")
    expect(d, want, "二つの時刻の距離の表", tol=1e-3)


@exercise(
    "features.effective_count",
    praise="正則化を強めると、数えられるパラメータが減っていきます。バイアスの 1 個だけは、いつも残ります。",
)
def _(effective_count: Callable[..., Any]) -> None:
    for rows, columns, lam in ((12, 3, 0.3), (9, 2, 0.05), (9, 2, 0.0)):
        Phi = _fixed(rows, columns, rows) + 1  # off centre: the bias matters
        A = _with_one(Phi)

        def hat(lam: float, A: Tensor = A, bias: float = 0.0) -> Tensor:
            penalty = lam * torch.eye(A.shape[1]).to(A)
            penalty[-1, -1] *= bias
            return A @ torch.linalg.solve(A.T @ A + penalty, A.T)

        H = hat(rows * lam)
        no_bias = Phi @ torch.linalg.solve(Phi.T @ Phi + rows * lam * torch.eye(columns).to(Phi), Phi.T)
        mistakes = [
            (
                columns + 1,
                "パラメータの個数をそのまま数えています。正則化で縮められた分は、1 個より少なく数えます。",
            ),
            (columns, "特徴の個数をそのまま数えています。観測を動かしたときの、予測の動きを足しましょう。"),
            (
                hat(lam).trace(),
                "正則化に N が掛かっていません。損失は平均なので、正規方程式では Nλ になります。",
            ),
            (
                hat(rows * lam, bias=1.0).trace(),
                "バイアスにも正則化が掛かっています。バイアスの行と列では、λ を 0 にしましょう。",
            ),
            (
                no_bias.trace(),
                "バイアスがありません。終わりに 1 の列を足してから計算しましょう。",
            ),
            (
                H.trace() - 1,
                "バイアスの分の 1 個が足りません。予測の平均も、観測から決めています。",
            ),
            (H.sum(), "行列のすべての成分を足しています。足すのは ∂ŷ_n/∂y_n、つまり対角だけです。"),
            ((H @ H).trace(), "観測を予測に移す行列を、2 度掛けています。掛けるのは一度です。"),
            (H.diagonal(), "n ごとの値が並んだままです。N 件を足しましょう。"),
            (H.trace() / rows, "合計ではなく平均になっています。"),
            (rows - H.trace(), "N から引いています。これは、残差の側に残る自由度です。"),
        ]
        if lam == 0:
            mistakes = []
        with unchanged(Phi, "Phi"):
            got = effective_count(Phi, lam)
        what = f"N = {rows}、特徴 {columns} 個、λ = {lam:g} の effective_count"
        expect(got, H.trace(), what, tol=1e-4, mistakes=mistakes)


def _fit(A: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.lstsq(A, y[:, None], driver="gels").solution[:, 0]


@exercise(
    "features.kfold_error",
    praise="どの件も、自分を見ていないモデルに一度だけ予測されました。k = N にすれば、1 つ抜きと一致します。",
)
def _(kfold_error: Callable[..., Any]) -> None:
    for rows, k in ((17, 3), (14, 4)):
        Phi, y = _fixed(rows, 2, rows), _fixed(rows, 1, rows + 1)[:, 0] + 2
        A, fold = _with_one(Phi), torch.arange(rows) % k

        def squares(train: Tensor, valid: Tensor, A: Tensor = A, y: Tensor = y) -> Tensor:
            return (A[valid] @ _fit(A[train], y[train]) - y[valid]) ** 2

        each = [squares(fold != i, fold == i) for i in range(k)]
        whole = torch.ones(rows, dtype=torch.bool)
        blocks = torch.cat([torch.full((len(part),), i) for i, part in enumerate(torch.arange(rows).chunk(k))])
        bare = [(Phi[fold == i] @ _fit(Phi[fold != i], y[fold != i]) - y[fold == i]) ** 2 for i in range(k)]
        want = torch.cat(each).mean()
        mistakes = [
            (
                squares(whole, whole).mean(),
                "全部の件で学習し、同じ件で測っています。これは訓練誤差です。",
            ),
            (
                torch.stack([squares(whole, fold == i).mean() for i in range(k)]).mean(),
                "全部の件で学習し、同じ件で測っています。組ごとに、その組を除いて学習し直しましょう。",
            ),
            (
                torch.cat([squares(fold == i, fold != i) for i in range(k)]).mean(),
                "学習と検証が入れ替わっています。1 組で学習するのではなく、1 組を除いた残りで学習しましょう。",
            ),
            (
                torch.cat([squares(fold != i, fold != i) for i in range(k)]).mean(),
                "学習に使った件で測っています。測るのは、除いておいた組です。",
            ),
            (
                torch.stack([e.mean() for e in each]).mean(),
                "組ごとの平均を、さらに平均しています。組の件数がそろわないので、N 件の二乗をまとめて平均しましょう。",
            ),
            (
                torch.cat([squares(blocks != i, blocks == i) for i in range(int(blocks.max()) + 1)]).mean(),
                "前から順に切り分けています。n 番目の件は、組 n % k に入れます。",
            ),
            (each[0].mean(), "最初の組でしか測っていません。k 個の組のすべてで測りましょう。"),
            (each[-1].mean(), "最後の組でしか測っていません。組ごとの結果をためておきましょう。"),
            (torch.cat(each).sum(), "平均ではなく合計になっています。"),
            (torch.cat(each), "件ごとの二乗が並んだままです。平均しましょう。"),
            (want.sqrt(), "平方根をとっています。二乗の平均のまま返しましょう。"),
            (
                torch.cat(bare).mean(),
                "バイアスがありません。終わりに 1 の列を足してから学習しましょう。",
            ),
        ]
        with unchanged(Phi, "Phi"), unchanged(y, "y"):
            got = kfold_error(Phi, y, k)
        expect(got, want, f"N = {rows}、k = {k} の kfold_error", tol=1e-4, mistakes=mistakes)


@exercise(
    "features.box_edge",
    praise="次元が高いと、わずかな点を囲むだけの箱が、ほとんど立方体いっぱいに広がります。近所が近所でなくなるのです。",
)
def _(box_edge: Callable[..., Any]) -> None:
    for share, d in ((0.01, 10), (0.2, 3), (0.01, 2), (0.05, 100)):
        want = share ** (1 / d)
        mistakes = [
            (share, "割合がそのまま返っています。辺の長さが e の箱の体積は、e の d 乗です。"),
            (share**d, "d 乗になっています。割合から辺を求めるには、逆に d 乗根をとります。"),
            (share / d, "次元で割っています。体積は、辺の長さの和ではなく積です。"),
            (1 - share ** (1 / d), "1 から引いています。これは、箱の外に残る辺の長さです。"),
            (math.sqrt(share), "平方根をとっています。それは 2 次元のときです。"),
            (share * d, "次元を掛けています。体積は、辺の長さの d 乗です。"),
            (
                share ** (1 / d) / 2,
                "半分になっています。求めるのは、中心から面までではなく、辺の全体の長さです。",
            ),
            (1 - (1 - share) ** (1 / d), "箱の外の割合から求めています。箱の体積が share です。"),
        ]
        expect(box_edge(share, d), want, f"box_edge({share:g}, {d})", tol=1e-4, mistakes=mistakes)
