"""The checks of the chapter 損失地形."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from sawaru.exercise import Wrong, exercise, expect, unchanged


def _tensor(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


NAMES = ("極小", "極大", "鞍点", "不明")


@exercise(
    "loss_landscape.classify",
    praise="固有値の符号だけで見分けられました。0 が混ざると、二階微分までの情報では決まりません。",
)
def _(classify: Callable[..., Any]) -> None:
    turn = torch.linalg.qr(_tensor([1, 2, 0], [-1, 1, 3], [2, 0, 1])).Q
    cases = [
        (_tensor([2, 0], [0, 1]), "極小"),
        (_tensor([-1, 0], [0, -3]), "極大"),
        (_tensor([2, 0], [0, -1]), "鞍点"),
        (_tensor([1, 2], [2, 1]), "鞍点"),  # the diagonal is positive
        (turn @ torch.diag(_tensor(1, -2, -3)) @ turn.T, "鞍点"),  # the determinant is positive
        (turn @ torch.diag(_tensor(3, 0.5, 2)) @ turn.T, "極小"),
        (turn @ torch.diag(_tensor(-3, -0.5, -2)) @ turn.T, "極大"),  # the determinant is negative
        (_tensor([2, 0], [0, 0]), "不明"),
        (_tensor([0, 0], [0, -1]), "不明"),
        (turn @ torch.diag(_tensor(1, -1, 0)) @ turn.T, "鞍点"),  # one of each: the zero does not matter
    ]
    for H, want in cases:
        H = (H + H.T) / 2
        with unchanged(H, "H"):
            got = classify(H)
        if got == want:
            continue
        eigenvalues = [round(v, 2) + 0.0 for v in torch.linalg.eigvalsh(H).tolist()]
        if not isinstance(got, str) or got not in NAMES:
            raise Wrong(f"{got!r} が返りました。返すのは {'、'.join(NAMES)} のどれかの文字列です。")
        seen = f"固有値が {eigenvalues} の行列を「{got}」と答えました。"
        flipped = {"極小": "極大", "極大": "極小"}.get(want)
        if got == flipped:
            raise Wrong(f"{seen}固有値が正なら、その向きには谷です。符号を逆に読んでいないか、行列式だけで決めていないかを確かめましょう。")
        if want == "不明":
            raise Wrong(f"{seen}0 の向きには、二階微分だけでは上りとも下りとも言えません。丸め誤差があるので、0 かどうかは 1e-6 ほどの幅を持たせて調べましょう。")
        if bool((H.diagonal() > 0).all()) and min(eigenvalues) < 0:
            raise Wrong(f"{seen}対角成分は 2 つとも正ですが、斜めの向きに下っています。対角成分ではなく固有値を見ましょう。")
        if got == "不明" and want == "鞍点":
            raise Wrong(f"{seen}正の向きと負の向きが一つずつあれば、0 が混ざっていても鞍点です。")
        if want == "鞍点" and len(H) == 3:
            raise Wrong(f"{seen}上る向きと下る向きの両方があります。行列式の符号だけでは、3 次元から先は見分けられません。")
        raise Wrong(f"{seen}正の固有値と負の固有値の、どちらがあるかを順に調べてみましょう。")


@exercise(
    "loss_landscape.bent_share",
    praise="二階差分の符号を数えるだけで、断面が凸かどうかを測れます。",
)
def _(bent_share: Callable[..., Any]) -> None:
    s = torch.linspace(-2, 2, 21, dtype=torch.float64)
    slices = {
        "波打つ断面": torch.cos(3 * s) + 0.3 * s**2,
        "片側だけ曲がった断面": torch.where(s < 0, s**2, -0.2 * s**2),
        "放物線": (s - 0.5) ** 2,
        "上に凸の山": -(s**2),
    }
    for name, values in slices.items():
        second = values[2:] - 2 * values[1:-1] + values[:-2]
        first = values[1:] - values[:-1]
        want = (second < 0).double().mean()
        with unchanged(values, "values"):
            got = bent_share(values)
        mistakes = [
            (1 - want, "割合が逆です。数えるのは、二階差分が負になる点です。"),
            (
                (first < 0).double().mean(),
                "一階差分（傾き）の符号を数えています。曲がり方は、差分の差分に現れます。",
            ),
            (
                (second < 0).double().sum(),
                "個数が返っています。二階差分を計算できる点の数で割り、割合にしましょう。",
            ),
            (
                (second < 0).double().sum() / len(values),
                "点の総数で割っています。両端では二階差分を計算できないので、2 つ少ない数で割ります。",
            ),
            (
                (second < 0).double().sum() / (len(values) - 1),
                "割る数が一つ多いようです。二階差分の数は、点の数より 2 つ少なくなります。",
            ),
            (
                (values < 0).double().mean(),
                "損失の値そのものの符号を数えています。隣り合う 3 点の二階差分を調べましょう。",
            ),
            (100 * want, "パーセントではなく、0 から 1 の割合で返しましょう。"),
        ]
        expect(got, want, f"{name}の bent_share(values)", tol=1e-6, mistakes=mistakes)


def _forward(weights: Sequence[Tensor], biases: Sequence[Tensor], x: Tensor) -> Tensor:
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        x = torch.relu(x @ W.T + b)
    return x @ weights[-1].T + biases[-1]


@exercise(
    "loss_landscape.rescale",
    praise="重みは変わったのに、どの入力に対する出力も変わりません。関数としては同じネットワークです。",
)
def _(rescale: Callable[..., Any]) -> None:
    generator = torch.Generator().manual_seed(1)
    sizes = (3, 5, 4, 2)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    weights = [drawn(o, i) for i, o in pairwise(sizes)]
    biases = [drawn(o) for o in sizes[1:]]
    x = drawn(40, sizes[0])
    want = _forward(weights, biases, x)
    for k, c in ((0, 2.0), (1, 0.25)):
        with unchanged(weights, "weights"), unchanged(biases, "biases"):
            got = rescale(list(weights), list(biases), k, c)
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Wrong("返すのは (重みのリスト, バイアスのリスト) の組です。`return W, b` の形で返しましょう。")
        W, b = (list(part) for part in got)
        if len(W) != len(weights) or len(b) != len(biases):
            raise Wrong(f"重みが {len(W)} 個、バイアスが {len(b)} 個返りました。どちらも {len(weights)} 個のはずです。")
        for i, (mine, theirs) in enumerate(zip((*W, *b), (*weights, *biases), strict=True)):
            what = f"weights[{i}]" if i < len(W) else f"biases[{i - len(W)}]"
            if tuple(mine.shape) != tuple(theirs.shape):
                raise Wrong(f"{what} の形が {tuple(mine.shape)} になりました（期待する形は {tuple(theirs.shape)}）。")
        where = f"k = {k}、c = {c:g} で、"
        ratio = [float((m / t).median()) for m, t in zip(W, weights, strict=True)]
        tilt = [float((m / t).median()) for m, t in zip(b, biases, strict=True)]

        def close(value: float, target: float) -> bool:
            return abs(value - target) < 1e-6 * max(1, abs(target))

        if close(ratio[k], 1):
            if k + 1 < len(ratio) and not close(ratio[k + 1], 1):
                raise Wrong(f"{where}weights[{k}] がもとのままです。番号は 0 から数えます。c 倍するのは weights[{k}] です。")
            raise Wrong(f"{where}weights[{k}] がもとのままです。まず第 k 層の重みを c 倍しましょう。")
        if close(ratio[k], 1 / c):
            raise Wrong(f"{where}weights[{k}] が 1/c 倍になりました。c 倍するのが第 k 層、1/c 倍がその次の層です。")
        if close(ratio[k], c) and close(ratio[k + 1], 1):
            raise Wrong(f"{where}次の層の weights[{k + 1}] がもとのままです。大きくした分を、どこかで元に戻さないと出力が変わります。")
        if close(ratio[k + 1], c):
            raise Wrong(f"{where}次の層も c 倍になりました。打ち消すには逆数を掛けます。")
        if close(tilt[k], 1):
            raise Wrong(f"{where}biases[{k}] がもとのままです。relu に入る前の値 Wx + b の全体を c 倍するには、バイアスも c 倍します。")
        if close(tilt[k + 1], 1 / c):
            raise Wrong(f"{where}次の層のバイアスも 1/c 倍になりました。次の層で打ち消すのは、前の層から来る値に掛かる重みだけです。")
        expect(_forward(W, b, x), want, f"{where}書き換えたネットワークの出力", tol=1e-6)
        expect(W[k], c * weights[k], f"{where}weights[{k}]", tol=1e-6)


@exercise(
    "loss_landscape.filter_normalize",
    praise="どのユニットも、自分の重みと同じ長さだけ動きます。これで、つまみの 1 が「重みと同じ大きさ」を意味します。",
)
def _(filter_normalize: Callable[..., Any]) -> None:
    generator = torch.Generator().manual_seed(2)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    scale = _tensor(0.1, 1, 5, 2)[:, None]
    for columns in (4, 3):
        W, d = scale * drawn(4, columns), drawn(4, columns)
        with unchanged(W, "W"), unchanged(d, "d"):
            got = filter_normalize(d, W)
        rows, mine = W.norm(dim=1, keepdim=True), d.norm(dim=1, keepdim=True)
        want = d / mine * rows
        mistakes = [
            (
                d / d.norm() * W.norm(),
                "層ごとの正規化になっています。行（出力のユニット）ごとに長さをそろえましょう。",
            ),
            (
                d / d.norm(dim=0) * W.norm(dim=0),
                "列ごとにそろえています。一つのユニットに入る重みは、W の一つの行です。",
            ),
            (
                d / d.norm(dim=1) * W.norm(dim=1) if columns == 4 else W,
                "行の長さが、列の方向に掛かっています。形 (4,) は列に合わせて広がるので、keepdim=True で (4, 1) にしましょう。",
            ),
            (d / mine, "長さ 1 で止まっています。そこに、W の行の長さを掛けます。"),
            (d * rows, "W の行の長さを掛けただけです。その前に、d の行を自分の長さで割ります。"),
            (W / rows * mine, "d と W が入れ替わっています。向きは d、長さは W です。"),
            (d / mine * rows**2, "長さの二乗を掛けています。ノルムは二乗和の平方根です。"),
            (d / mine**2 * rows**2, "長さの二乗でそろえています。ノルムは二乗和の平方根です。"),
            (
                d / d.abs().sum(1, keepdim=True) * W.abs().sum(1, keepdim=True),
                "絶対値の和でそろえています。ここでのノルムは、二乗和の平方根です。",
            ),
            (W, "W がそのまま返っています。向きは乱数の d のものです。"),
        ]
        what = f"filter_normalize(d, W)（W の形は (4, {columns})）"
        expect(got, want, what, tol=1e-6, mistakes=mistakes)
    W = torch.cat([scale * drawn(4, 3), torch.zeros(1, 3, dtype=torch.float64)])
    d = drawn(5, 3)
    got = filter_normalize(d, W)
    want = d / d.norm(dim=1, keepdim=True) * W.norm(dim=1, keepdim=True)
    expect(got, want, "重みがすべて 0 の行があるときの filter_normalize(d, W)", tol=1e-6)


@exercise(
    "loss_landscape.project",
    praise="2 本の向きが直交していなくても、平面の中で一番近い点が求まりました。",
)
def _(project: Callable[..., Any]) -> None:
    generator = torch.Generator().manual_seed(3)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    center = drawn(7)
    first = 2 * drawn(7)
    for second in (drawn(7), first / 2 + 0.5 * drawn(7)):
        directions = torch.stack([first, second])  # (2, 7)
        theta = center + _tensor(0.7, -1.2) @ directions + 0.1 * drawn(7)
        with unchanged(theta, "theta"), unchanged(center, "center"), unchanged(directions, "directions"):
            got = project(theta, center, directions)
        moved = theta - center
        dots = directions @ moved
        gram = directions @ directions.T
        want = torch.linalg.solve(gram, dots)
        lengths = directions.norm(dim=1)
        mistakes = [
            (dots, "内積をとっただけです。向きの長さが 1 でないので、このままでは座標になりません。"),
            (
                dots / lengths,
                "向きの長さで一度だけ割っています。これは長さ 1 の向きで測った値で、座標ではありません。",
            ),
            (
                dots / lengths**2,
                "向きを一本ずつ別々に扱っています。直交していない 2 本では、互いの分を引き合うので、まとめて解きます。",
            ),
            (
                torch.linalg.solve(gram, directions @ theta),
                "中心 center が引かれていません。座標は center から測ります。",
            ),
            (-want, "符号が逆です。測るのは theta − center です。"),
            (want.flip(0), "2 つの座標の順番が逆です。directions の行の順に返しましょう。"),
            (
                center + want @ directions,
                "平面に写した点（D 個の数）が返っています。求めたいのは、その座標の 2 個です。",
            ),
            (
                want[:, None],
                "形が (2, 1) です。余分な軸を落として (2,) にしましょう。",
            ),
        ]
        expect(got, want, "project(theta, center, directions)", tol=1e-6, mistakes=mistakes)
