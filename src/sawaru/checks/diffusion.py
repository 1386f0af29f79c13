"""The checks of the chapter 拡散モデル."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sawaru.exercise import Wrong, exercise, expect, unchanged


def _tensor(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@exercise(
    "diffusion.noisy",
    praise="絵ごとに違う時刻へ、一回で行けました。学習では、これで何百回もの足し算を省いています。",
)
def _(noisy: Callable[..., Any]) -> None:
    alpha_bar = _tensor(1, 0.9, 0.72, 0.5, 0.2, 0.06)
    # As many pictures as pixels across first, so that a wrong axis runs and shows in the values.
    for count, times in ((8, [1, 3, 5, 2, 4, 1, 5, 3]), (3, [5, 1, 3])):
        x0 = torch.linspace(-1, 1, count * 64, dtype=torch.float64).reshape(count, 1, 8, 8).cos()
        noise = torch.randn(count, 1, 8, 8, dtype=torch.float64)
        t = torch.tensor(times)
        with unchanged(x0, "x0"), unchanged(noise, "noise"), unchanged(alpha_bar, "alpha_bar"):
            got = noisy(x0, t, noise, alpha_bar)
        a = alpha_bar[t].reshape(-1, 1, 1, 1)
        earlier = alpha_bar[t - 1].reshape(-1, 1, 1, 1)
        first = alpha_bar[t[0]]
        mistakes = [
            (
                a * x0 + (1 - a) * noise,
                "係数に平方根がありません。ᾱ は分散の割合で、掛けるのは標準偏差のほうです。",
            ),
            (a.sqrt() * x0 + (1 - a) * noise, "ノイズの係数に平方根がありません。"),
            (a * x0 + (1 - a).sqrt() * noise, "信号の係数に平方根がありません。"),
            (
                (1 - a).sqrt() * x0 + a.sqrt() * noise,
                "信号とノイズの係数が逆です。t が小さいほど、元の絵が多く残ります。",
            ),
            (
                a.sqrt() * x0 + (1 - a.sqrt()) * noise,
                "ノイズの係数は 1 − √ᾱ ではありません。2 乗して足すと 1 になる係数です。",
            ),
            (
                earlier.sqrt() * x0 + (1 - earlier).sqrt() * noise,
                "時刻が一つずれています。alpha_bar[0] が 1 なので、番号は t のままで合います。",
            ),
            (x0 + (1 - a).sqrt() * noise, "元の絵が縮んでいません。信号にも係数が要ります。"),
            (
                first.sqrt() * x0 + (1 - first).sqrt() * noise,
                "すべての絵に最初の絵の時刻を使っています。時刻は絵ごとに違います。",
            ),
        ]
        if count == 8:
            across = alpha_bar[t]
            mistakes += [
                (
                    across.sqrt() * x0 + (1 - across).sqrt() * noise,
                    "ᾱ が、絵ごとではなく画素の列ごとに掛かっています。形 (B,) のままでは最後の軸にそろうので、(B, 1, 1, 1) に直しましょう。",
                ),
            ]
        expect(got, a.sqrt() * x0 + (1 - a).sqrt() * noise, f"noisy（B = {count}）", mistakes=mistakes)


@exercise(
    "diffusion.tweedie",
    praise="スコアだけから、元の値の期待値が出ました。ノイズを足したデータにいつも成り立つ、トゥイーディーの公式です。",
)
def _(tweedie: Callable[..., Any]) -> None:
    # x_0 ~ N(m, s²): both the score and E[x_0 | x_t] are known without the formula.
    m, s2 = _tensor(0.5, -2), 0.3
    for share in (0.6, 0.15):
        a = torch.tensor(share, dtype=torch.float64)
        x_t = _tensor([1, 0.5], [-0.3, 2], [0.1, -1.4])
        variance = a * s2 + 1 - a
        score = (a.sqrt() * m - x_t) / variance
        want = m + a.sqrt() * s2 / variance * (x_t - a.sqrt() * m)
        with unchanged(x_t, "x_t"), unchanged(score, "score"), unchanged(a, "a"):
            got = tweedie(x_t, score, a)
        noise = -(1 - a).sqrt() * score
        mistakes = [
            (
                (x_t - (1 - a) * score) / a.sqrt(),
                "スコアの符号が逆です。スコアは点の多い所を指し、ノイズとは反対を向きます。",
            ),
            (
                (x_t + (1 - a).sqrt() * score) / a.sqrt(),
                "スコアとノイズの予測では大きさが違います。ε = −√(1 − a) × スコア を x_t の式に入れると、1 − a の何乗が出るでしょうか。",
            ),
            (
                (x_t - (1 - a).sqrt() * score) / a.sqrt(),
                "スコアを、そのままノイズの予測として使っています。符号と倍率を直しましょう。",
            ),
            (x_t + (1 - a) * score, "最後に √a で割るのを忘れています。元の絵は √a 倍に縮んでいます。"),
            ((x_t + (1 - a) * score) / a, "a で割っています。信号が縮んだのは √a 倍です。"),
            (noise, "予測したノイズが返っています。そこから x̂_0 を求めましょう。"),
            (
                (x_t + score) / a.sqrt(),
                "スコアの係数がありません。ノイズの分散 1 − a を掛けます。",
            ),
            (
                (x_t + a * score) / a.sqrt(),
                "a と 1 − a が入れ替わっています。スコアに掛かるのは、ノイズの分散のほうです。",
            ),
        ]
        expect(got, want, f"tweedie（a = {share}）", mistakes=mistakes)


@exercise(
    "diffusion.ddim_step",
    praise="ノイズの少ないほうへも、多いほうへも進めました。同じ式で行き来できるのが、DDPM との違いです。",
)
def _(ddim_step: Callable[..., Any]) -> None:
    x0, noise = _tensor([0.8, -1.2], [0.1, 0.4], [-2, 1]), _tensor([0.3, -1], [1.5, 0.2], [-0.6, 0.9])
    for before, after in ((0.3, 0.7), (0.5, 1.0), (0.8, 0.25)):
        a_t, a_s = torch.tensor(before, dtype=torch.float64), torch.tensor(after, dtype=torch.float64)
        x_t = a_t.sqrt() * x0 + (1 - a_t).sqrt() * noise
        with unchanged(x_t, "x_t"), unchanged(noise, "noise"):
            got = ddim_step(x_t, noise, a_t, a_s)
            again = ddim_step(x_t, noise, a_t, a_s)
        want = a_s.sqrt() * x0 + (1 - a_s).sqrt() * noise
        swapped = (x_t - (1 - a_s).sqrt() * noise) / a_s.sqrt()
        unscaled = x_t - (1 - a_t).sqrt() * noise
        mistakes = [
            (x0, "x̂_0 まで一気に戻っています。時刻 s の割合でノイズを混ぜ直しましょう。"),
            (a_s.sqrt() * x0, "x̂_0 を縮めただけで、ノイズが混ざっていません。"),
            (
                a_s.sqrt() * x0 + (1 - a_t).sqrt() * noise,
                "ノイズの係数に a_t を使っています。混ぜ直す割合は、行き先の時刻 s のものです。",
            ),
            (
                a_t.sqrt() * swapped + (1 - a_t).sqrt() * noise,
                "a_t と a_s が逆です。いまの時刻が t で、行き先が s です。",
            ),
            (
                a_s.sqrt() * unscaled + (1 - a_s).sqrt() * noise,
                "x̂_0 を求めるときの √a_t の割り算がありません。",
            ),
            (
                a_s * x0 + (1 - a_s) * noise,
                "混ぜ直す係数に平方根がありません。",
            ),
            (x0 + (1 - a_s).sqrt() * noise, "x̂_0 に √a_s が掛かっていません。"),
            (
                (x_t - (1 - a_t) * noise) / a_t.sqrt() * a_s.sqrt() + (1 - a_s).sqrt() * noise,
                "x̂_0 を求めるときのノイズの係数に平方根がありません。",
            ),
        ]
        if isinstance(got, Tensor) and isinstance(again, Tensor) and got.shape == again.shape and not got.equal(again):
            raise Wrong("2 回呼ぶと違う値が返りました。DDIM は乱数を使いません。新しいノイズを混ぜるのは DDPM です。")
        expect(got, want, f"ddim_step（a_t = {before}、a_s = {after}）", mistakes=mistakes)


@exercise(
    "diffusion.guided",
    praise="w = 0 で条件付き、w = −1 で条件なし、w > 0 では条件の効き目が上乗せされます。",
)
def _(guided: Callable[..., Any]) -> None:
    null = 10
    seen: list[Tensor] = []

    def model(x: Tensor, t: Tensor, y: Any) -> Tensor:
        if not isinstance(y, Tensor) or y.dim() != 1 or len(y) != len(x):
            shape = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
            raise Wrong(f"model に渡した y が {shape} です。x と同じ枚数の、形 ({len(x)},) の整数を渡しましょう。null も、枚数だけ並べます。")
        if len(t) != len(x):
            raise Wrong(f"model に渡した x は {len(x)} 枚なのに、t は {len(t)} 個です。枚数をそろえましょう。")
        seen.append(y.clone())
        table = torch.arange(11, dtype=torch.float64) ** 2 / 20 - 1
        return table[y].reshape(-1, 1, 1, 1) * x.cos() + 0.1 * t.reshape(-1, 1, 1, 1)

    x = torch.linspace(-2, 2, 4 * 64, dtype=torch.float64).reshape(4, 1, 8, 8)
    t, y = torch.tensor([3, 7, 7, 1]), torch.tensor([3, 0, 9, 5])
    told, untold = model(x, t, y), model(x, t, torch.full_like(y, null))
    zero = model(x, t, torch.zeros_like(y))
    for w in (2.0, 0.5, 0.0, -1.0):
        seen.clear()
        with unchanged(x, "x"), unchanged(y, "y"), unchanged(t, "t"):
            got = guided(model, x, t, y, w, null)
        if not seen:
            raise Wrong("model が一度も呼ばれていません。条件付きと条件なしの予測を、model から求めましょう。")
        want = (1 + w) * told - w * untold
        mistakes = [
            (
                w * told + (1 - w) * untold,
                "w = 1 で条件付きになる約束で書かれています。この本では、w = 0 で条件付きです。",
            ),
            (
                (1 - w) * told + w * untold,
                "w を上げると条件なしに近づきます。上乗せの向きが逆です。",
            ),
            (
                (1 + w) * untold - w * told,
                "条件付きと条件なしが入れ替わっています。",
            ),
            (
                (1 + w) * told + w * untold,
                "条件なしの予測の符号が違います。2 つの係数は、足すと 1 になります。",
            ),
            (
                w * (told - untold),
                "上乗せする分だけが返っています。条件付きの予測に足しましょう。",
            ),
            (
                (1 + w) * told - w * zero,
                "条件なしのつもりで、クラス 0 を渡しています。数字の 0 ではなく、null を渡しましょう。",
            ),
            (
                (1 + w) * (told - untold),
                "条件付きの予測そのものが抜けています。2 つの係数を足すと 1 になるはずです。",
            ),
        ]
        if w in (2.0, 0.5):
            mistakes += [
                (told, "条件付きの予測だけが返っています。w が使われていません。"),
                (untold, "条件なしの予測だけが返っています。"),
            ]
        expect(got, want, f"guided（w = {w:g}）", mistakes=mistakes)


@exercise(
    "diffusion.coverage",
    praise="同じ絵ばかりなら 0 に近づく物差しができました。正答率と一緒に見ると、ごまかしが利きません。",
)
def _(coverage: Callable[..., Any]) -> None:
    spread = torch.randn(7, 64, dtype=torch.float64)
    for name, images in (("ばらばらの 7 枚", spread), ("同じ絵が混ざった 5 枚", spread[[0, 0, 1, 2, 3]])):
        with unchanged(images, "images"):
            got = coverage(images)
        distances = torch.cdist(images, images, compute_mode="donot_use_mm_for_euclid_dist")
        off = ~torch.eye(len(images), dtype=torch.bool)
        among = torch.where(off, distances, torch.inf)
        nearest = among.min(dim=1).values
        mistakes = [
            (nearest, "絵ごとの距離が並んだままです。平均して数一つにしましょう。"),
            (nearest.min(), "一番近い一組の距離です。絵ごとに最小を取ってから、平均しましょう。"),
            (nearest.sum(), "平均ではなく合計になっています。"),
            (distances[off].mean(), "すべての組の距離の平均です。絵ごとに、一番近い絵だけを選びましょう。"),
            (distances.mean(), "すべての組の距離の平均です。絵ごとに、一番近い絵だけを選びましょう。"),
            (
                distances.max(dim=1).values.mean(),
                "一番遠い絵までの距離です。一番近い絵を選びましょう。",
            ),
            (
                (nearest**2).mean(),
                "距離の 2 乗を平均しています。ユークリッド距離は、2 乗の和の平方根です。",
            ),
            (
                nearest.mean() / 8,
                "画素の数で割っています。ユークリッド距離は、64 画素の 2 乗の和の平方根です。",
            ),
        ]
        if name.startswith("ばらばら"):
            mistakes.append(
                (
                    torch.zeros(()),
                    "自分自身との距離 0 を数えています。対角を無限大にしてから最小を取りましょう。",
                )
            )
        expect(got, nearest.mean(), f"coverage（{name}）", tol=1e-4, mistakes=mistakes)
