"""The checks of the chapter 誤差逆伝播と自動微分."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sawaru.exercise import Wrong, exercise, otherwise

_generator = torch.Generator().manual_seed(3)


def _drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=_generator, dtype=torch.float64)


@exercise(
    "backprop.hidden_delta",
    praise="次の層の誤差信号を、重みの転置で配り、活性化関数の微分を掛けられました。",
    # Square weights first: there a forgotten transpose has the right shape.
    cases=[(_drawn(5, 3), _drawn(3, 3), _drawn(5, 3)), (_drawn(4, 2), _drawn(2, 3), _drawn(4, 3)), (_drawn(3, 4), _drawn(4, 2), _drawn(3, 2))],
    tol=1e-6,
)
def _(delta_next, W_next, a):
    back, t = delta_next @ W_next, torch.tanh(a)
    yield back * (1 - t**2)
    yield back, "活性化関数の微分が掛かっていません。a を少し動かしたとき、tanh(a) がどれだけ動くかも要ります。"
    yield back * t, "tanh の値を掛けています。掛けるのは、tanh の微分です。"
    yield back * (1 - a**2), "1 − a² になっています。tanh の微分は、a ではなく tanh(a) の二乗を 1 から引きます。"
    yield back * (1 - t), "tanh(a) が二乗されていません。"
    yield back * (1 + t**2), "tanh の微分の符号が違います。"
    yield back * (t * (1 - t)), "シグモイドの微分の形になっています。tanh の微分は違います。"
    yield back * (a > 0), "ReLU の微分になっています。この層の活性化関数は tanh です。"
    yield back + (1 - t**2), "掛けるところを足しています。"
    yield (back * (1 - t**2)).sum(0), "件ごとの誤差信号が足し合わされています。返すのは、形が (N, d) のままのものです。"
    yield (back * (1 - t**2)) / len(a), "件数で割っています。平均の N は、出力の誤差信号にもう入っています。"
    yield back @ (1 - t**2).T, "活性化関数の微分は、行列の積ではなく、成分ごとに掛けます。"
    if W_next.shape[0] == W_next.shape[1]:
        yield (delta_next @ W_next.T) * (1 - t**2), "重みの向きが逆です。データが行に並んでいるので、W の転置を左から掛けることは、W を右から掛けることになります。"


_GRAPHS = [
    {"f": ["s", "t"], "s": ["ab", "a"], "t": ["ab"], "ab": ["a", "b"], "a": [], "b": []},
    {"y": ["h2"], "h2": ["h1", "x"], "h1": ["x"], "x": []},
    {"c": [], "d": ["c"], "e": ["c"], "g": ["d", "e", "c"], "z": []},
]


def _judged(topological: Callable[[dict[str, list[str]]], Any], parents: dict[str, list[str]]) -> Any:
    got = topological(parents)
    if got is None or got is ...:
        return got
    if not isinstance(got, list | tuple):
        raise Wrong(f"{type(got).__name__} が返りました。返すのは、名前を並べたリストです。")
    names = [*got]
    if missing := [name for name in parents if name not in names]:
        raise Wrong(f"{'、'.join(missing)} が並んでいません。親のない名前も、どこからも使われない名前も、すべて並べます。")
    if extra := [str(name) for name in names if name not in parents]:
        raise Wrong(f"記録にない {'、'.join(extra)} が入っています。")
    if twice := [name for name in parents if names.count(name) > 1]:
        raise Wrong(f"{twice[0]} が {names.count(twice[0])} 回並んでいます。並べ終えた名前は、二度並べないようにしましょう。")
    place = {name: i for i, name in enumerate(names)}
    early = [(name, parent) for name in parents for parent in parents[name] if place[parent] > place[name]]
    if early and all(place[parent] > place[name] for name in parents for parent in parents[name]):
        raise Wrong("順が逆です。子が親より先に来ています。")
    if early:
        raise Wrong(f"{early[0][0]} が、親の {early[0][1]} より先に来ています。親がすべて並んでから、並べましょう。")
    return True


@exercise(
    "backprop.topological",
    praise="親が必ず子より先に来ます。この逆にたどれば、道がすべて届いてから親へ渡せます。",
    cases=[(graph,) for graph in _GRAPHS],
    call=_judged,
)
def _(parents):
    yield True


@exercise(
    "backprop.sigmoid_pull",
    praise="シグモイドの値だけで、後ろ向きが書けました。エンジンに一行で足せます。",
    cases=[(torch.sigmoid(_drawn(3, 2)), _drawn(3, 2)), (torch.sigmoid(2 * _drawn(5)), _drawn(5))],
    tol=1e-6,
)
def _(s, g):
    yield g * s * (1 - s)
    yield s * (1 - s), "受け取った勾配 g が掛かっていません。連鎖律では、局所微分と受け取った勾配を掛けます。"
    yield g * s, "シグモイドの値を掛けています。掛けるのは、シグモイドの微分です。"
    yield g * (1 - s), "シグモイドの微分の半分だけです。値 s も掛かります。"
    yield g * (1 - s**2), "tanh の微分の形になっています。シグモイドの微分は違います。"
    yield g + s * (1 - s), "足しています。連鎖律では、掛けます。"
    yield (g * s * (1 - s)).sum(), "足し合わされて、数一つになっています。親の形は s と同じです。"
    yield g * torch.sigmoid(s) * (1 - torch.sigmoid(s)), "s にもう一度シグモイドを通しています。s は、もう通したあとの値です。"
    yield g * s * (s - 1), "符号が逆です。シグモイドは増える関数なので、局所微分は正です。"
    yield g / (s * (1 - s)), "局所微分で割っています。後ろへ渡すときは、掛けます。"


@exercise(
    "backprop.dual_divide",
    praise="商の微分が、値と一緒に運ばれました。",
    cases=[(3.0, 0.5, 2.0, -1.5), (-1.2, 2.0, 0.8, 0.7), (2.5, -0.4, -1.6, 1.1)],
    tol=1e-6,
)
def _(u, du, v, dv):
    q = u / v
    yield (q, (du * v - u * dv) / v**2)
    yield (q, du / dv), "変化の割合どうしを割っています。商の微分は、商の公式で求めます。"
    yield (q, (du * v + u * dv) / v**2), "分子の符号が違います。分母の v が増えると、商は小さくなります。"
    yield (q, (u * dv - du * v) / v**2), "分子の引き算の順が逆です。"
    yield (q, (du * v - u * dv) / v), "分母が二乗されていません。"
    yield (q, du * v - u * dv), "v の二乗で割っていません。"
    yield (q, du / v), "v が動く分が入っていません。"
    yield (q, du * v + u * dv), "積の微分になっています。"
    yield ((du * v - u * dv) / v**2, q), "値と変化の割合の順が逆です。(値, 変化の割合) の順に返します。"

    def say(got):
        if isinstance(got, tuple | list) and len(got) == 2:
            return None
        return "返すのは、商の値と変化の割合の組です。`return 値, 変化の割合` の形で返しましょう。"

    yield otherwise(say, object)
