"""The checks of the chapter 拡散モデル."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sawaru.exercise import Wrong, exercise, tensor


def _drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _noisy(times: list[int]) -> tuple[Tensor, ...]:
    shape = (len(times), 1, 8, 8)
    x0 = torch.linspace(-1, 1, len(times) * 64, dtype=torch.float64).reshape(shape).cos()
    return x0, torch.tensor(times), _drawn(*shape), tensor(1, 0.9, 0.72, 0.5, 0.2, 0.06)


@exercise(
    "diffusion.noisy",
    praise="絵ごとに違う時刻へ、一回で行けました。学習では、これで何百回もの足し算を省いています。",
    # As many pictures as pixels across first, so that a wrong axis runs and shows in the values.
    cases=[_noisy([1, 3, 5, 2, 4, 1, 5, 3]), _noisy([5, 1, 3])],
    what=lambda x0, t, noise, alpha_bar: f"noisy（B = {len(x0)}）",
)
def _(x0, t, noise, alpha_bar):
    def mixed(a: Tensor) -> Tensor:
        return a.sqrt() * x0 + (1 - a).sqrt() * noise

    a, earlier = (alpha_bar[when].reshape(-1, 1, 1, 1) for when in (t, t - 1))
    signal, rest = a.sqrt(), (1 - a).sqrt()
    yield mixed(a)
    yield a * x0 + (1 - a) * noise, "係数に平方根がありません。ᾱ は分散の割合で、掛けるのは標準偏差のほうです。"
    yield signal * x0 + (1 - a) * noise, "ノイズの係数に平方根がありません。"
    yield a * x0 + rest * noise, "信号の係数に平方根がありません。"
    yield rest * x0 + signal * noise, "信号とノイズの係数が逆です。t が小さいほど、元の絵が多く残ります。"
    yield signal * x0 + (1 - signal) * noise, "ノイズの係数は 1 − √ᾱ ではありません。2 乗して足すと 1 になる係数です。"
    yield mixed(earlier), "時刻が一つずれています。alpha_bar[0] が 1 なので、番号は t のままで合います。"
    yield x0 + rest * noise, "元の絵が縮んでいません。信号にも係数が要ります。"
    yield mixed(a[:1]), "すべての絵に最初の絵の時刻を使っています。時刻は絵ごとに違います。"
    if len(t) == 8:
        yield (
            mixed(alpha_bar[t]),
            "ᾱ が、絵ごとではなく画素の列ごとに掛かっています。形 (B,) のままでは最後の軸にそろうので、(B, 1, 1, 1) に直しましょう。",
        )


def _tweedie(share: float) -> tuple[Tensor, Tensor, Tensor]:
    a, x_t = torch.tensor(share, dtype=torch.float64), tensor([1, 0.5], [-0.3, 2], [0.1, -1.4])
    return x_t, (a.sqrt() * _MEAN - x_t) / (a * _VARIANCE + 1 - a), a


# x_0 ~ N(_MEAN, _VARIANCE): both the score and E[x_0 | x_t] are known without the formula.
_MEAN, _VARIANCE = tensor(0.5, -2), 0.3


@exercise(
    "diffusion.tweedie",
    praise="スコアだけから、元の値の期待値が出ました。ノイズを足したデータにいつも成り立つ、トゥイーディーの公式です。",
    cases=[_tweedie(0.6), _tweedie(0.15)],
    what=lambda x_t, score, a: f"tweedie（a = {a:g}）",
)
def _(x_t, score, a):
    rest = (1 - a).sqrt()
    yield _MEAN + a.sqrt() * _VARIANCE / (a * _VARIANCE + 1 - a) * (x_t - a.sqrt() * _MEAN)
    yield (x_t - (1 - a) * score) / a.sqrt(), "スコアの符号が逆です。スコアは点の多い所を指し、ノイズとは反対を向きます。"
    yield (
        (x_t + rest * score) / a.sqrt(),
        "スコアとノイズの予測では大きさが違います。ε = −√(1 − a) × スコア を x_t の式に入れると、1 − a の何乗が出るでしょうか。",
    )
    yield (x_t - rest * score) / a.sqrt(), "スコアを、そのままノイズの予測として使っています。符号と倍率を直しましょう。"
    yield x_t + (1 - a) * score, "最後に √a で割るのを忘れています。元の絵は √a 倍に縮んでいます。"
    yield (x_t + (1 - a) * score) / a, "a で割っています。信号が縮んだのは √a 倍です。"
    yield -rest * score, "予測したノイズが返っています。そこから x̂_0 を求めましょう。"
    yield (x_t + score) / a.sqrt(), "スコアの係数がありません。ノイズの分散 1 − a を掛けます。"
    yield (x_t + a * score) / a.sqrt(), "a と 1 − a が入れ替わっています。スコアに掛かるのは、ノイズの分散のほうです。"


_X0, _NOISE = tensor([0.8, -1.2], [0.1, 0.4], [-2, 1]), tensor([0.3, -1], [1.5, 0.2], [-0.6, 0.9])


def _step(before: float, after: float) -> tuple[Tensor, ...]:
    a_t, a_s = tensor(before, after)
    return a_t.sqrt() * _X0 + (1 - a_t).sqrt() * _NOISE, _NOISE, a_t, a_s


def _twice(ddim_step, *case):
    got, again = (ddim_step(*case) for _ in range(2))
    if isinstance(got, Tensor) and isinstance(again, Tensor) and got.shape == again.shape and not got.equal(again):
        raise Wrong("2 回呼ぶと違う値が返りました。DDIM は乱数を使いません。新しいノイズを混ぜるのは DDPM です。")
    return got


@exercise(
    "diffusion.ddim_step",
    praise="ノイズの少ないほうへも、多いほうへも進めました。同じ式で行き来できるのが、DDPM との違いです。",
    cases=[_step(0.3, 0.7), _step(0.5, 1), _step(0.8, 0.25)],
    what=lambda x_t, noise, a_t, a_s: f"ddim_step（a_t = {a_t:g}、a_s = {a_s:g}）",
    call=_twice,
)
def _(x_t, noise, a_t, a_s):
    def mixed(x0: Tensor, a: Tensor) -> Tensor:
        return a.sqrt() * x0 + (1 - a).sqrt() * noise

    yield mixed(_X0, a_s)
    yield _X0, "x̂_0 まで一気に戻っています。時刻 s の割合でノイズを混ぜ直しましょう。"
    yield a_s.sqrt() * _X0, "x̂_0 を縮めただけで、ノイズが混ざっていません。"
    yield a_s.sqrt() * _X0 + (1 - a_t).sqrt() * noise, "ノイズの係数に a_t を使っています。混ぜ直す割合は、行き先の時刻 s のものです。"
    yield mixed((x_t - (1 - a_s).sqrt() * noise) / a_s.sqrt(), a_t), "a_t と a_s が逆です。いまの時刻が t で、行き先が s です。"
    yield mixed(a_t.sqrt() * _X0, a_s), "x̂_0 を求めるときの √a_t の割り算がありません。"
    yield a_s * _X0 + (1 - a_s) * noise, "混ぜ直す係数に平方根がありません。"
    yield _X0 + (1 - a_s).sqrt() * noise, "x̂_0 に √a_s が掛かっていません。"
    yield mixed((x_t - (1 - a_t) * noise) / a_t.sqrt(), a_s), "x̂_0 を求めるときのノイズの係数に平方根がありません。"


def _network(x: Tensor, t: Tensor, y: Any) -> Tensor:
    if not isinstance(y, Tensor) or y.dim() != 1 or len(y) != len(x):
        shape = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise Wrong(f"model に渡した y が {shape} です。x と同じ枚数の、形 ({len(x)},) の整数を渡しましょう。null も、枚数だけ並べます。")
    if len(t) != len(x):
        raise Wrong(f"model に渡した x は {len(x)} 枚なのに、t は {len(t)} 個です。枚数をそろえましょう。")
    by_class = torch.arange(11, dtype=torch.float64) ** 2 / 20 - 1
    return by_class[y].reshape(-1, 1, 1, 1) * x.cos() + 0.1 * t.reshape(-1, 1, 1, 1)


def _asked(guided, model, *case):
    calls = []

    def counted(x: Tensor, t: Tensor, y: Any) -> Tensor:
        calls.append(y)
        return model(x, t, y)

    got = guided(counted, *case)
    if not calls:
        raise Wrong("model が一度も呼ばれていません。条件付きと条件なしの予測を、model から求めましょう。")
    return got


_PICTURES = torch.linspace(-2, 2, 4 * 64, dtype=torch.float64).reshape(4, 1, 8, 8)


@exercise(
    "diffusion.guided",
    praise="w = 0 で条件付き、w = −1 で条件なし、w > 0 では条件の効き目が上乗せされます。",
    cases=[(_network, _PICTURES, torch.tensor([3, 7, 7, 1]), torch.tensor([3, 0, 9, 5]), w, 10) for w in (2.0, 0.5, 0.0, -1.0)],
    what=lambda model, x, t, y, w, null: f"guided（w = {w:g}）",
    call=_asked,
)
def _(model, x, t, y, w, null):
    told, untold, zero = model(x, t, y), model(x, t, torch.full_like(y, null)), model(x, t, 0 * y)
    yield (1 + w) * told - w * untold
    yield w * told + (1 - w) * untold, "w = 1 で条件付きになる約束で書かれています。この本では、w = 0 で条件付きです。"
    yield (1 - w) * told + w * untold, "w を上げると条件なしに近づきます。上乗せの向きが逆です。"
    yield (1 + w) * untold - w * told, "条件付きと条件なしが入れ替わっています。"
    yield (1 + w) * told + w * untold, "条件なしの予測の符号が違います。2 つの係数は、足すと 1 になります。"
    yield w * (told - untold), "上乗せする分だけが返っています。条件付きの予測に足しましょう。"
    yield (1 + w) * told - w * zero, "条件なしのつもりで、クラス 0 を渡しています。数字の 0 ではなく、null を渡しましょう。"
    yield (1 + w) * (told - untold), "条件付きの予測そのものが抜けています。2 つの係数を足すと 1 になるはずです。"
    yield told, "条件付きの予測だけが返っています。w が使われていません。"
    yield untold, "条件なしの予測だけが返っています。"


_SPREAD = _drawn(7, 64)


@exercise(
    "diffusion.coverage",
    praise="同じ絵ばかりなら 0 に近づく物差しができました。正答率と一緒に見ると、ごまかしが利きません。",
    cases=[_SPREAD, _SPREAD[[0, 0, 1, 2, 3]]],
    what=lambda images: "coverage（" + ("ばらばらの 7 枚" if len(images) == 7 else "同じ絵が混ざった 5 枚") + "）",
    tol=1e-4,
)
def _(images):
    distances = torch.cdist(images, images, compute_mode="donot_use_mm_for_euclid_dist")
    others = distances[~torch.eye(len(images), dtype=torch.bool)].reshape(len(images), -1)
    nearest = others.min(dim=1).values
    yield nearest.mean()
    yield nearest, "絵ごとの距離が並んだままです。平均して数一つにしましょう。"
    yield nearest.min(), "一番近い一組の距離です。絵ごとに最小を取ってから、平均しましょう。"
    yield nearest.sum(), "平均ではなく合計になっています。"
    for every in (others, distances):
        yield every.mean(), "すべての組の距離の平均です。絵ごとに、一番近い絵だけを選びましょう。"
    yield distances.max(dim=1).values.mean(), "一番遠い絵までの距離です。一番近い絵を選びましょう。"
    yield (nearest**2).mean(), "距離の 2 乗を平均しています。ユークリッド距離は、2 乗の和の平方根です。"
    yield nearest.mean() / 8, "画素の数で割っています。ユークリッド距離は、64 画素の 2 乗の和の平方根です。"
    yield 0.0, "自分自身との距離 0 を数えています。対角を無限大にしてから最小を取りましょう。"
