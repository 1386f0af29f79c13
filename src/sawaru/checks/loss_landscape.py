"""The checks of the chapter 損失地形."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor

from sawaru.exercise import exercise, otherwise, tensor

_generator = torch.Generator().manual_seed(1)


def _drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=_generator, dtype=torch.float64)


_NAMES = ("極小", "極大", "鞍点", "不明")
_TURN = torch.linalg.qr(tensor([1, 2, 0], [-1, 1, 3], [2, 0, 1])).Q


def _with(*eigenvalues: float) -> Tensor:
    turn = _TURN if len(eigenvalues) == 3 else torch.eye(2, dtype=torch.float64)
    H = turn @ torch.diag(tensor(*eigenvalues)) @ turn.T
    return (H + H.T) / 2


@exercise(
    "loss_landscape.classify",
    praise="固有値の符号だけで見分けられました。0 が混ざると、二階微分までの情報では決まりません。",
    # First what the diagonal does not tell ([1, 2], [2, 1]), then what the determinant does not tell, zeros at the end.
    cases=[_with(2, 1), _with(-1, -3), _with(2, -1), tensor([1, 2], [2, 1]), _with(1, -2, -3), _with(3, 0.5, 2), _with(-3, -0.5, -2), _with(2, 0), _with(0, -1), _with(1, -1, 0)],
)
def _(H):
    eigenvalues = [round(v, 2) + 0.0 for v in torch.linalg.eigvalsh(H).tolist()]
    low, high = min(eigenvalues), max(eigenvalues)
    want = "鞍点" if low < 0 < high else "不明" if 0 in eigenvalues else "極小" if low > 0 else "極大"
    yield want

    def say(got):
        if not isinstance(got, str) or got not in _NAMES:
            return f"{got!r} が返りました。返すのは {'、'.join(_NAMES)} のどれかの文字列です。"
        hints = {
            "固有値が正なら、その向きには谷です。符号を逆に読んでいないか、行列式だけで決めていないかを確かめましょう。": {got, want} == {"極小", "極大"},
            "0 の向きには、二階微分だけでは上りとも下りとも言えません。丸め誤差があるので、0 かどうかは 1e-6 ほどの幅を持たせて調べましょう。": want == "不明",
            "対角成分は 2 つとも正ですが、斜めの向きに下っています。対角成分ではなく固有値を見ましょう。": low < 0 < H.diagonal().min(),
            "正の向きと負の向きが一つずつあれば、0 が混ざっていても鞍点です。": got == "不明",
            "上る向きと下る向きの両方があります。行列式の符号だけでは、3 次元から先は見分けられません。": want == "鞍点" and len(H) == 3,
            "正の固有値と負の固有値の、どちらがあるかを順に調べてみましょう。": True,
        }
        return f"固有値が {eigenvalues} の行列を「{got}」と答えました。" + next(hint for hint, fits in hints.items() if fits)

    yield otherwise(say, object)


_S = torch.linspace(-2, 2, 21, dtype=torch.float64)


@exercise(
    "loss_landscape.bent_share",
    praise="二階差分の符号を数えるだけで、断面が凸かどうかを測れます。",
    cases=[
        (torch.cos(3 * _S) + 0.3 * _S**2, "波打つ断面"),
        (torch.where(_S < 0, _S**2, -0.2 * _S**2), "片側だけ曲がった断面"),
        ((_S - 0.5) ** 2, "放物線"),
        (-(_S**2), "上に凸の山"),
    ],
    call=lambda bent_share, values, name: bent_share(values),
    what=lambda values, name: f"{name}の bent_share(values)",
    tol=1e-6,
)
def _(values, name):
    first, second = values.diff(), values.diff(n=2)
    bent = (second < 0).double()
    yield bent.mean()
    yield 1 - bent.mean(), "割合が逆です。数えるのは、二階差分が負になる点です。"
    yield (first < 0).double().mean(), "一階差分（傾き）の符号を数えています。曲がり方は、差分の差分に現れます。"
    yield bent.sum(), "個数が返っています。二階差分を計算できる点の数で割り、割合にしましょう。"
    yield bent.sum() / len(values), "点の総数で割っています。両端では二階差分を計算できないので、2 つ少ない数で割ります。"
    yield bent.sum() / (len(values) - 1), "割る数が一つ多いようです。二階差分の数は、点の数より 2 つ少なくなります。"
    yield (values < 0).double().mean(), "損失の値そのものの符号を数えています。隣り合う 3 点の二階差分を調べましょう。"
    yield 100 * bent.mean(), "パーセントではなく、0 から 1 の割合で返しましょう。"


_SIZES = (3, 5, 4, 2)
_WEIGHTS, _BIASES = [_drawn(o, i) for i, o in pairwise(_SIZES)], [_drawn(o) for o in _SIZES[1:]]


@exercise(
    "loss_landscape.rescale",
    praise="重みは変わったのに、どの入力に対する出力も変わりません。関数としては同じネットワークです。",
    cases=[(_WEIGHTS, _BIASES, 0, 2.0), (_WEIGHTS, _BIASES, 1, 0.25)],
    call=lambda rescale, weights, biases, k, c: rescale(list(weights), list(biases), k, c),
    what=lambda weights, biases, k, c: f"k = {k}、c = {c:g} のときの rescale",
    tol=1e-6,
)
def _(weights, biases, k, c):
    W, b = list(weights), list(biases)
    W[k], b[k], W[k + 1] = c * W[k], c * b[k], W[k + 1] / c
    yield W, b

    def say(got):
        if not isinstance(got, tuple | list) or len(got) != 2:
            return "返すのは (重みのリスト, バイアスのリスト) の組です。`return W, b` の形で返しましょう。"
        W, b = map(list, got)
        if len(W) != len(weights) or len(b) != len(biases):
            return f"重みが {len(W)} 個、バイアスが {len(b)} 個返りました。どちらも {len(weights)} 個のはずです。"
        for name, mine, theirs in (("weights", W, weights), ("biases", b, biases)):
            for i, (m, t) in enumerate(zip(mine, theirs, strict=True)):
                if m.shape != t.shape:
                    return f"{name}[{i}] の形が {tuple(m.shape)} になりました（期待する形は {tuple(t.shape)}）。"
        of_W, next_W, of_b, next_b = (float((m[i] / t[i]).median()) for m, t in ((W, weights), (b, biases)) for i in (k, k + 1))
        near = partial(math.isclose, rel_tol=1e-6, abs_tol=1e-6)
        hints = {
            f"weights[{k}] がもとのままです。番号は 0 から数えます。c 倍するのは weights[{k}] です。": near(of_W, 1) and not near(next_W, 1),
            f"weights[{k}] がもとのままです。まず第 k 層の重みを c 倍しましょう。": near(of_W, 1),
            f"weights[{k}] が 1/c 倍になりました。c 倍するのが第 k 層、1/c 倍がその次の層です。": near(of_W, 1 / c),
            f"次の層の weights[{k + 1}] がもとのままです。大きくした分を、どこかで元に戻さないと出力が変わります。": near(of_W, c) and near(next_W, 1),
            "次の層も c 倍になりました。打ち消すには逆数を掛けます。": near(next_W, c),
            f"biases[{k}] がもとのままです。relu に入る前の値 Wx + b の全体を c 倍するには、バイアスも c 倍します。": near(of_b, 1),
            "次の層のバイアスも 1/c 倍になりました。次の層で打ち消すのは、前の層から来る値に掛かる重みだけです。": near(next_b, 1 / c),
        }
        return next((f"k = {k}、c = {c:g} で、{hint}" for hint, fits in hints.items() if fits), None)

    yield otherwise(say, object)


_SCALE = tensor(0.1, 1, 5, 2, 0)[:, None]


@exercise(
    "loss_landscape.filter_normalize",
    praise="どのユニットも、自分の重みと同じ長さだけ動きます。これで、つまみの 1 が「重みと同じ大きさ」を意味します。",
    cases=[(_drawn(rows, columns), _SCALE[:rows] * _drawn(rows, columns)) for rows, columns in ((4, 4), (4, 3), (5, 3))],
    what=lambda d, W: f"filter_normalize(d, W)（W の形は {tuple(W.shape)}）" if W[-1].any() else "重みがすべて 0 の行があるときの filter_normalize(d, W)",
    tol=1e-6,
)
def _(d, W):
    rows, mine = W.norm(dim=1, keepdim=True), d.norm(dim=1, keepdim=True)
    yield d / mine * rows
    yield d / d.norm() * W.norm(), "層ごとの正規化になっています。行（出力のユニット）ごとに長さをそろえましょう。"
    yield d / d.norm(dim=0) * W.norm(dim=0), "列ごとにそろえています。一つのユニットに入る重みは、W の一つの行です。"
    if d.shape[0] == d.shape[1]:
        yield d / d.norm(dim=1) * W.norm(dim=1), "行の長さが、列の方向に掛かっています。形 (4,) は列に合わせて広がるので、keepdim=True で (4, 1) にしましょう。"
    yield d / mine, "長さ 1 で止まっています。そこに、W の行の長さを掛けます。"
    yield d * rows, "W の行の長さを掛けただけです。その前に、d の行を自分の長さで割ります。"
    yield W / rows * mine, "d と W が入れ替わっています。向きは d、長さは W です。"
    yield d / mine * rows**2, "長さの二乗を掛けています。ノルムは二乗和の平方根です。"
    yield d / mine**2 * rows**2, "長さの二乗でそろえています。ノルムは二乗和の平方根です。"
    yield d / d.abs().sum(1, keepdim=True) * W.abs().sum(1, keepdim=True), "絶対値の和でそろえています。ここでのノルムは、二乗和の平方根です。"
    yield W, "W がそのまま返っています。向きは乱数の d のものです。"


_CENTER, _FIRST = _drawn(7), 2 * _drawn(7)
_PLANES = [torch.stack([_FIRST, second]) for second in (_drawn(7), _FIRST / 2 + 0.5 * _drawn(7))]


@exercise(
    "loss_landscape.project",
    praise="2 本の向きが直交していなくても、平面の中で一番近い点が求まりました。",
    cases=[(_CENTER + tensor(0.7, -1.2) @ plane + 0.1 * _drawn(7), _CENTER, plane) for plane in _PLANES],
    tol=1e-6,
)
def _(theta, center, directions):
    dots, gram, lengths = directions @ (theta - center), directions @ directions.T, directions.norm(dim=1)
    want = torch.linalg.solve(gram, dots)
    yield want
    yield dots, "内積をとっただけです。向きの長さが 1 でないので、このままでは座標になりません。"
    yield dots / lengths, "向きの長さで一度だけ割っています。これは長さ 1 の向きで測った値で、座標ではありません。"
    yield dots / lengths**2, "向きを一本ずつ別々に扱っています。直交していない 2 本では、互いの分を引き合うので、まとめて解きます。"
    yield torch.linalg.solve(gram, directions @ theta), "中心 center が引かれていません。座標は center から測ります。"
    yield -want, "符号が逆です。測るのは theta − center です。"
    yield want.flip(0), "2 つの座標の順番が逆です。directions の行の順に返しましょう。"
    yield center + want @ directions, "平面に写した点（D 個の数）が返っています。求めたいのは、その座標の 2 個です。"
    yield want[:, None], "形が (2, 1) です。余分な軸を落として (2,) にしましょう。"
