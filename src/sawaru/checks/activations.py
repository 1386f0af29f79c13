"""The checks of the chapter 活性化関数と勾配消失・爆発."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sawaru.exercise import exercise, otherwise, tensor

_Z = tensor(-4, -1.3, -0.2, 0, 0.4, 1.1, 2.5, 6)


@exercise(
    "activations.swish_slope",
    praise="積の微分で、Swish の微分が書けました。0 で 0.5、正の側で 1 を少し越えます。",
    cases=[_Z, _Z / 2 + 0.3],
    tol=1e-6,
)
def _(z):
    s = torch.sigmoid(z)
    yield s + z * s * (1 - s)
    yield s, "σ(z) だけです。z も動くので、積の微分の二つ目の項が要ります。"
    yield z * s * (1 - s), "σ(z) の項が抜けています。積の微分では、片方ずつ微分して足します。"
    yield s * (1 - s), "シグモイドの微分です。Swish は、z を掛けた関数です。"
    yield z * s, "Swish の値そのものです。求めるのは微分です。"
    yield s + z * (1 - s), "σ(z) の微分は σ(z)(1 − σ(z)) です。σ(z) が一つ足りません。"
    yield s + z * s, "σ(z) の微分に、1 − σ(z) が掛かっていません。"
    yield s - z * s * (1 - s), "二つの項の符号を確かめましょう。積の微分では足します。"
    yield s + s * (1 - s), "二つ目の項に z が掛かっていません。"
    yield (z > 0).double(), "ReLU の微分になっています。Swish は角が丸い関数です。"
    yield 1 - torch.tanh(z) ** 2, "tanh の微分になっています。"
    yield (s + z * s * (1 - s)).sum(), "足し合わされて、数一つになっています。z と同じ形で返しましょう。"


_SAMPLE = torch.linspace(-8, 8, 200_001, dtype=torch.float64)
_DENSITY = torch.exp(-(_SAMPLE**2) / 2) / math.sqrt(2 * math.pi) * (_SAMPLE[1] - _SAMPLE[0])


def _leaky(z: Tensor) -> Tensor:
    return F.leaky_relu(z, 0.3)


_GAINS = {torch.relu: "torch.relu", torch.tanh: "torch.tanh", _leaky: "傾き 0.3 の Leaky ReLU", torch.sigmoid: "torch.sigmoid"}


@exercise(
    "activations.gain",
    praise="どの活性化関数でも、釣り合う重みの大きさが分かります。",
    cases=[(phi,) for phi in _GAINS],
    what=lambda phi: f"{_GAINS[phi]} の gain(phi)",
    tol=0.02,
)
def _(phi):
    h = phi(_SAMPLE)
    square, mean = (h**2 * _DENSITY).sum(), (h * _DENSITY).sum()
    yield 1 / square.sqrt()
    yield square.sqrt(), "逆数になっていません。値が小さくなる関数ほど、重みは大きくします。"
    yield 1 / square, "平方根を取っていません。返すのは、標準偏差に掛ける倍率です。"
    yield square, "二乗の平均そのものです。その逆数の平方根を返しましょう。"
    if not math.isclose(mean, 0, abs_tol=1e-6):
        yield 1 / (square - mean**2).sqrt(), "分散を使っています。平均を引かない、二乗の平均を使いましょう。次の層の和の分散は、二乗の平均で決まります。"
        yield 1 / mean, "値の平均の逆数になっています。二乗してから平均しましょう。"
    yield 1 / (h.abs() * _DENSITY).sum(), "絶対値の平均の逆数になっています。二乗の平均の平方根を使いましょう。"
    uniform = ((phi(_SAMPLE.clamp(-1, 1)) ** 2) * (_SAMPLE.abs() <= 1)).sum() / (_SAMPLE.abs() <= 1).sum()
    yield 1 / uniform.sqrt(), "−1 から 1 の一様な乱数で平均したようです。z は標準正規分布です。"
    positive = (phi(_SAMPLE.abs() / 8) ** 2).mean()
    yield 1 / positive.sqrt(), "0 から 1 の一様な乱数（torch.rand）で平均したようです。標準正規分布は torch.randn です。"

    def say(got):
        if isinstance(got, Tensor) and got.numel() > 1:
            return "数が一つではありません。二乗を平均して、一つの数にしましょう。"
        return None

    yield otherwise(say, object)


_PRE = tensor([-1, 2, -3, 0, -0.5, -2], [-2, -1, -1, 0, 0.1, -1], [-0.1, 3, -2, 0, -4, -3], [-5, 1, -0.2, -1, -1, -7])


@exercise(
    "activations.count_dead",
    praise="列ごとに、すべてのデータを調べられました。",
    cases=[_PRE, torch.cat([_PRE, _PRE[:, [1, 0]] - 0.5], dim=1), _PRE[:3, 1:5]],
    what=lambda A: f"形が {tuple(A.shape)} の A の count_dead(A)",
)
def _(A):
    yield int((A <= 0).all(0).sum())
    yield int((A <= 0).any(0).sum()), "一件でも 0 以下なら数えています。死んでいるのは、すべてのデータで 0 以下のユニットです。"
    yield int((A <= 0).all(1).sum()), "行（データ）を数えています。調べる軸を入れ替えましょう。列がユニットです。"
    yield int((A > 0).any(0).sum()), "生きているユニットを数えています。"
    yield int((A < 0).all(0).sum()), "ちょうど 0 の値を、生きているとみなしています。ReLU は 0 以下で 0 を返します。"
    yield int((A <= 0).sum()), "0 以下の値の個数です。ユニットごとにまとめましょう。"
    yield int((A.mean(0) <= 0).sum()), "平均が 0 以下のユニットを数えています。平均が負でも、どれかのデータで正なら生きています。"
    yield float((A <= 0).all(0).double().mean()), "割合が返っています。求めるのは個数です。"


_SMALL = [tensor(0.3, -0.4), tensor([0.1, 0.2], [0, -0.1])]
_LARGE = [tensor(3, -4), tensor([0, 12], [0.5, -1])]
_HUGE = [tensor([30, -40, 0.2]), tensor(5.0), tensor([[-7, 2]])]


@exercise(
    "activations.clip",
    praise="向きを変えずに、長さだけを抑えました。",
    cases=[(_LARGE, 5.0), (_HUGE, 2.0), (_SMALL, 1.0)],
    call=lambda clip, grads, limit: clip(grads, limit),
    what=lambda grads, limit: f"長さ {_length(grads):.3g} の勾配の clip(grads, {limit:g})",
    tol=1e-5,
)
def _(grads, limit):
    length = _length(grads)
    short = length <= limit
    yield [g * min(1.0, limit / length) for g in grads]
    yield [g * limit / length for g in grads], "短い勾配まで伸ばしています。上限を越えていないときは、そのまま返します。"
    if not short:
        yield list(grads), "縮められていません。全体の長さを、上限と比べましょう。"
        yield [g.clamp(-limit, limit) for g in grads], "成分ごとに切っています。向きが変わらないように、すべてに同じ数を掛けます。"
        yield [g * min(1.0, limit / float(g.norm())) for g in grads], "テンソルごとに切っています。長さは、すべてのテンソルを合わせて測ります。"
        yield [g * limit / length**2 for g in grads], "長さの二乗で割っています。二乗和の平方根で割りましょう。"
        yield [g * limit for g in grads], "長さで割っていません。上限 ÷ 長さ を掛けます。"
        yield [g / length for g in grads], "長さを 1 にそろえています。上限 limit の長さにします。"
        total = float(sum(g.norm() for g in grads))
        yield [g * limit / total for g in grads], "テンソルごとの長さを足しています。二乗和を足してから、平方根にします。"
        ones = float(sum(g.abs().sum() for g in grads))
        yield [g * limit / ones for g in grads], "絶対値の和で割っています。長さは、二乗和の平方根です。"

    def say(got):
        if isinstance(got, Tensor):
            return "テンソル一つが返りました。grads と同じ形のテンソルを、リストで返しましょう。"
        if isinstance(got, list | tuple) and len(got) != len(grads):
            return f"{len(got)} 個のテンソルが返りました（期待するのは {len(grads)} 個）。"
        return None

    yield otherwise(say, object)


def _length(grads: list[Tensor]) -> float:
    return math.sqrt(sum(float(g.square().sum()) for g in grads))
