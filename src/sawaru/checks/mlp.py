"""The checks of the chapter 多層パーセプトロンと万能近似."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from sawaru.exercise import Wrong, exercise, otherwise, tensor


@exercise(
    "mlp.count_parameters",
    praise="隣り合う層ごとに、行列とバイアスを数えられました。",
    cases=[[2, 4, 1], [3, 5, 4, 2], [4, 7], [6, 3, 3, 3, 2]],
)
def _(sizes):
    pairs = list(pairwise(sizes))
    yield sum(n * m + m for n, m in pairs)
    yield sum(n * m for n, m in pairs), "重みの行列だけを数えています。層ごとに、出力のユニットと同じ数のバイアスがあります。"
    yield sum(n * m + n for n, m in pairs), "バイアスが、層の入力の数だけ足されています。バイアスはユニット（出力の側）に一つずつです。"
    yield sum(n * m for n, m in pairs) + sum(sizes), "入力の数までバイアスに入っています。入力は計算をしないので、バイアスを持ちません。"
    yield sum(n * m + 1 for n, m in pairs), "層ごとにバイアスを一つだけ足しています。バイアスは、その層のユニット一つずつにあります。"
    yield sum(n * m + m for n, m in pairs[:-1]), "最後の層（出力層）が入っていません。"
    yield sum(n * m + m for n, m in pairs[1:]), "最初の隠れ層へ入る重みとバイアスが入っていません。"
    yield sum(n * m + m for n, m in pairs) - sizes[-1], "出力層のバイアスが入っていません。出力のユニットにもバイアスがあります。"
    yield sum(sizes), "ユニットの数の和です。数えるのは、ユニットのあいだの線（重み）とバイアスです。"


_CORNERS = tensor([0, 0], [1, 1], [1, 0], [0, 1])
_SHAPES = {"W1": (2, 2), "b1": (2,), "w2": (2,), "b2": ()}


def _network(answer: Callable[[], Any], corners: Tensor) -> Any:
    got = answer()
    if got is None or got is ...:
        return got
    if not isinstance(got, tuple | list) or len(got) != len(_SHAPES):
        raise Wrong("返すのは (W1, b1, w2, b2) の 4 つです。`return W1, b1, w2, b2` の形で返しましょう。")
    made = []
    for (name, shape), value in zip(_SHAPES.items(), got, strict=True):
        try:
            value = torch.as_tensor(value, dtype=torch.float64)
        except (TypeError, ValueError) as error:
            raise Wrong(f"{name} が数の並びとして読めません。テンソルかリストで書きましょう。") from error
        if tuple(value.shape) != shape and not (name == "b2" and value.numel() == 1):
            raise Wrong(f"{name} の形が {tuple(value.shape)} です（期待する形は {shape or '数一つ'}）。")
        made.append(value)
    W1, b1, w2, b2 = made
    return torch.relu(corners @ W1.T + b1) @ w2 + b2.reshape(())


@exercise(
    "mlp.xor_weights",
    praise="2 個の ReLU で折り曲げ、出力の一次式で 4 点を分けました。",
    cases=[_CORNERS],
    call=_network,
    what=lambda corners: "4 点 (0, 0), (1, 1), (1, 0), (0, 1) への答え",
    tol=1e-5,
)
def _(corners):
    yield tensor(0, 0, 1, 1)
    yield tensor(1, 1, 0, 0), "0 と 1 が逆です。2 つの入力が違うときだけ 1 になるようにしましょう。"
    yield tensor(0, 1, 0, 0), "両方が 1 のときだけ 1 になる、論理積になっています。"
    yield tensor(0, 1, 1, 1), "(1, 1) でも 1 になる、論理和になっています。(1, 1) の分を打ち消すユニットが要ります。"
    yield tensor(0, 2, 1, 1), "入力の和になっています。(1, 1) の分を打ち消すには、そこだけで働くユニットに負の重みを付けます。"

    def say(got):
        if not isinstance(got, Tensor) or got.shape != (4,):
            return None
        if torch.allclose(got, got[:1].expand(4)):
            return f"4 点とも {got[0]:.3g} になりました。どの点でユニットが働く（正になる）かを、図で確かめましょう。"
        if (got[2:].min() > got[:2].max()).item():
            return "オレンジの 2 点のほうが大きくなり、分けられています。あとは、出力の重みとバイアスで、ちょうど 0 と 1 に合わせます。"
        return None

    yield otherwise(say, object)


_X = torch.linspace(0, 1, 21, dtype=torch.float64)


@exercise(
    "mlp.bump",
    praise="二つのシグモイドの差で、山が一つできました。",
    cases=[(_X, 0.3, 0.6, 2.0, 20.0), (_X, 0.1, 0.85, -0.5, 35.0)],
    tol=1e-6,
)
def _(x, left, right, height, k):
    up, down = torch.sigmoid(k * (x - left)), torch.sigmoid(k * (x - right))
    yield height * (up - down)
    yield up - down, "高さ height が掛かっていません。差は、山の中でほぼ 1 です。"
    yield height * (down - up), "符号が逆です。先に上る（left の）段から、right の段を引きます。"
    yield height * (up + down), "二つの段を足しています。right で下がるようにするには、引きます。"
    yield height * up - down, "height が、上る段だけに掛かっています。下る段も同じ高さだけ下げないと、右側が 0 に戻りません。"
    yield height * up, "right で下る段がありません。left を越えると、上がったままになります。"
    yield height * up * down, "二つの段を掛けています。どちらの段も上りなので、積は right で上る段になります。"
    yield height * (torch.sigmoid(k * x - left) - torch.sigmoid(k * x - right)), "k * x - left になっています。場所をずらしてから k 倍するように、括弧を付けましょう。"
    yield height * (torch.sigmoid(k * (x + left)) - torch.sigmoid(k * (x + right))), "場所の符号が逆です。left で立ち上がるのは、x - left が 0 になるところです。"
    yield height * (torch.sigmoid(x - left) - torch.sigmoid(x - right)), "急さ k が使われていません。"
    yield height * (torch.tanh(k * (x - left)) - torch.tanh(k * (x - right))), "tanh は -1 から 1 まで上るので、山の高さが 2 倍になります。シグモイドを使いましょう。"
    yield height * ((x > left).double() - (x > right).double()), "角のある段になっています。シグモイドで、k に応じたなめらかな坂にしましょう。"


def _bent(slopes: list[float], points: int) -> tuple[Tensor, Tensor]:
    x = torch.linspace(-1, 1, points * len(slopes) + 1, dtype=torch.float64)
    steps = torch.tensor(slopes, dtype=torch.float64).repeat_interleave(points) * x.diff()
    return x, 0.3 + torch.cat([torch.zeros(1, dtype=torch.float64), steps.cumsum(0)])


@exercise(
    "mlp.count_pieces",
    praise="傾きの変わるところを数えて、まっすぐな区間の数が分かりました。",
    cases=[_bent([1, -2, 0.5, 0.5, 3], 4), _bent([2, 1, 3, -1, 0, -2], 3), _bent([-1.5, -1.5, -1.5], 5), _bent([-1, 1, -1, 1], 1)],
    what=lambda x, y: f"{len(x)} 個の点の折れ線の count_pieces(x, y)",
)
def _(x, y):
    slope = y.diff() / x.diff()
    bends = int((slope.diff().abs() > 1e-6).sum())
    turns = int(((slope[1:] * slope[:-1]) < 0).sum())
    yield bends + 1
    yield bends, "折れ目の数が返っています。区間は、折れ目より一つ多くなります。"
    yield bends + 2, "区間の端の点まで数えています。折れ目の数に 1 を足すと、区間の数です。"
    yield len(slope), "点と点のあいだの数が返っています。傾きが同じ隣どうしは、一つの区間です。"
    yield len(slope) - 1, "二階差分の数が返っています。傾きが変わったところだけを数えましょう。"
    yield turns + 1, "上りと下りの入れ替わりだけを数えています。上りのまま傾きが変わるところも、折れ目です。"
    yield turns, "上りと下りの入れ替わりだけを数えています。上りのまま傾きが変わるところも、折れ目です。"
    yield len(torch.unique(slope.round(decimals=6))), "違う傾きの種類を数えています。同じ傾きでも、離れたところにあれば別の区間です。"
    yield int((slope.diff() > 1e-6).sum()) + 1, "傾きが増えるところだけを数えています。減るところも折れ目なので、差の絶対値を見ます。"
    yield int((slope.diff() < -1e-6).sum()) + 1, "傾きが減るところだけを数えています。増えるところも折れ目なので、差の絶対値を見ます。"
