"""The checks of the chapter 自己注意機構."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sawaru.exercise import Wrong, exercise, expect, unchanged


def _drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@exercise(
    "attention.lookup_one",
    praise="`F.scaled_dot_product_attention` と同じ値です。クエリを n 本並べれば、そのまま自己注意になります。",
)
def _(lookup_one: Callable[..., Any]) -> None:
    for n, d, m in ((5, 4, 3), (4, 4, 4)):
        q, K, V = 2 * _drawn(d, seed=n), _drawn(n, d, seed=n + 1), _drawn(n, m, seed=n + 2)
        scores = K @ q / math.sqrt(d)
        alpha = torch.softmax(scores, dim=0)
        want = (F.scaled_dot_product_attention(q[None], K, V)[0], alpha)
        with unchanged(q, "q"), unchanged(K, "K"), unchanged(V, "V"):
            got = lookup_one(q, K, V)
        plain, small, flat = (torch.softmax(K @ q / by, dim=0) for by in (1, d, math.sqrt(n)))
        mistakes: list[tuple[Any, str]] = [
            ((plain @ V, plain), "内積がそのまま使われています。√d で割りましょう。"),
            ((small @ V, small), "d で割っています。割るのは √d です。標準偏差が √d だからです。"),
            (
                (flat @ V, flat),
                "キーの個数 n の平方根で割っています。割るのは、ベクトルの次元 d の平方根です。",
            ),
            ((alpha, want[0]), "順が逆です。出力 z、重み alpha の順に返しましょう。"),
            (
                (scores @ V, scores),
                "点数のまま混ぜています。ソフトマックスで、足して 1 の重みに変えましょう。",
            ),
            (
                (V.mean(dim=0), alpha),
                "重みは合っていますが、バリューを等しく平均しています。重みを掛けて足しましょう。",
            ),
            (
                (V.sum(dim=0), alpha),
                "重みは合っていますが、バリューをそのまま足しています。重みを掛けてから足しましょう。",
            ),
            (
                (alpha[:, None] * V, alpha),
                "重みを掛けたバリューが並んだままです。n 本を足して、形を (m,) にしましょう。",
            ),
            (want[0], "出力 z だけが返りました。重み alpha も、組にして返しましょう。"),
            (alpha, "重みだけが返りました。バリューを混ぜた z と、組にして返しましょう。"),
        ]
        if m == d:
            mistakes.append(((alpha @ K, alpha), "キーを混ぜています。混ぜるのは中身、つまりバリューです。"))
            mistakes.append(((V @ alpha, alpha), "V の列ではなく行の向きに混ぜています。alpha @ V としましょう。"))
        expect(got, want, f"lookup_one（n = {n}、d = {d}、m = {m}）の結果", tol=1e-4, mistakes=mistakes)


@exercise(
    "attention.split_heads",
    praise="どのヘッドも、すべての語から、同じ幅の切れ端を受け取りました。値は一つも混ざっていません。",
)
def _(split_heads: Callable[..., Any]) -> None:
    for batch, n, d_model, h in ((2, 3, 8, 4), (1, 5, 6, 2), (2, 4, 16, 4)):
        x = torch.arange(batch * n * d_model, dtype=torch.float32).reshape(batch, n, d_model)
        want = torch.stack(x.chunk(h, dim=-1), dim=1)
        with unchanged(x, "x"):
            got = split_heads(x, h)
        width = d_model // h
        mistakes = [
            (
                x.reshape(batch, h, n, width),
                "形は合っていますが、語が混ざっています。reshape だけでは値の並び順が変わりません。先に (batch, n, h, d_model // h) に切ってから、軸を入れ替えましょう。",
            ),
            (
                x.reshape(batch, n, h, width),
                "切り分けるところまでは合っています。ヘッドの軸を、語の軸の前へ移しましょう。",
            ),
            (
                x.reshape(batch, n, width, h).permute(0, 3, 1, 2),
                "成分が飛び飛びに配られています。前から順に、続いた d_model // h 個を一つのヘッドに渡しましょう。",
            ),
            (
                x.reshape(batch, n, h, width).permute(2, 0, 1, 3),
                "ヘッドの軸が先頭に来ています。batch を先頭に、その次にヘッドを置きましょう。",
            ),
            (
                x.reshape(batch, n, h, width).permute(0, 2, 3, 1),
                "語と成分の軸が逆です。最後の軸が、ヘッドの中の成分です。",
            ),
            (
                x.reshape(batch, n, h, width).transpose(1, 2).reshape(batch * h, n, width),
                "batch とヘッドが一つの軸にまとまっています。4 つの軸のまま返しましょう。",
            ),
        ]
        expect(got, want, f"split_heads（x の形 {tuple(x.shape)}、h = {h}）", tol=1e-6, mistakes=mistakes)


def _waves(n: int, d: int, exponent: Tensor, start: int = 0) -> tuple[Tensor, Tensor]:
    angle = torch.arange(start, n + start)[:, None] * 10_000.0**-exponent
    return angle.sin(), angle.cos()


def _woven(sine: Tensor, cosine: Tensor) -> Tensor:
    return torch.stack([sine, cosine], dim=-1).flatten(1)


@exercise(
    "attention.position_code",
    praise="どの位置も、速さの違う針の組で表されました。自分との内積は、いつも d / 2 です。",
)
def _(position_code: Callable[..., Any]) -> None:
    for n, d in ((7, 8), (12, 6)):
        m = torch.arange(0, d, 2) / d
        sine, cosine = _waves(n, d, m)
        want = _woven(sine, cosine)
        mistakes = [
            (
                torch.cat([sine, cosine], dim=1),
                "sin が前半、cos が後半に並んでいます。課題の式は、sin と cos を 1 列ずつ交互に置きます。",
            ),
            (_woven(cosine, sine), "sin と cos が逆です。偶数番目の列（0 列目から）が sin です。"),
            (
                _woven(*_waves(n, d, m / 2)),
                "針の回る速さが違います。指数の分子は m ではなく 2m です。",
            ),
            (
                _woven(*_waves(n, d, torch.arange(d // 2) / (d // 2) * 2)),
                "針の回る速さが違います。指数は 2m / d です。",
            ),
            (_woven(*_waves(n, d, -m)), "指数の符号が逆です。列が進むほど、針は遅くなります。"),
            (
                _woven(*_waves(n, d, m, start=1)),
                "位置が 1 から始まっています。一つ目の位置は 0 で、その行は 0, 1, 0, 1, … です。",
            ),
            (
                _woven(*_waves(n, d, torch.zeros(d // 2))),
                "どの列も同じ速さです。ω は、列の組ごとに変わります。",
            ),
            (want.T, "縦と横が逆です。行が位置、列が成分です。"),
        ]
        every = torch.arange(n)[:, None] * 10_000.0 ** (-torch.arange(d) / d)
        own = torch.where(torch.arange(d) % 2 == 0, every.sin(), every.cos())
        mistakes.append((own, "列ごとに速さが変わっています。sin と cos の 2 列ずつが、同じ速さの組です。"))
        expect(position_code(n, d), want, f"position_code({n}, {d})", tol=1e-4, mistakes=mistakes)


@exercise(
    "attention.causal_attention",
    praise="後ろの語を取り替えても、前の出力は動きません。`is_causal=True` とも一致しました。",
)
def _(causal_attention: Callable[..., Any]) -> None:
    for n, d in ((6, 4), (5, 9)):
        Q, K, V = 2 * _drawn(n, d, seed=1), _drawn(n, d, seed=2), _drawn(n, d, seed=3)
        want = F.scaled_dot_product_attention(Q, K, V, is_causal=True)
        with unchanged(Q, "Q"), unchanged(K, "K"), unchanged(V, "V"):
            got = causal_attention(Q, K, V)
        scores = Q @ K.T / math.sqrt(d)
        lower = torch.ones(n, n).tril()

        def mixed(scores: Tensor, seen: Tensor, fill: float = -math.inf, dim: int = -1, V: Tensor = V) -> Tensor:
            return torch.softmax(scores.masked_fill(seen == 0, fill), dim=dim) @ V

        weights = torch.softmax(scores, dim=-1)
        mistakes = [
            (weights @ V, "マスクが効いていません。後ろの語まで見えています。"),
            (
                mixed(scores, lower.T),
                "隠す側が逆です。いまは前の語が隠れ、後ろの語だけが見えています。",
            ),
            (
                (weights * lower) @ V,
                "ソフトマックスの後で 0 を掛けているので、行の和が 1 になりません。点数を −∞ にしてから、ソフトマックスを取りましょう。",
            ),
            (
                mixed(scores, lower, fill=0.0),
                "隠したい点数を 0 にしています。e⁰ = 1 なので、重みは 0 になりません。−∞ を入れましょう。",
            ),
            (mixed(scores * math.sqrt(d), lower), "√d で割るのを忘れています。"),
            (mixed(scores / math.sqrt(d), lower), "d で割っています。割るのは √d です。"),
            (
                mixed(scores, lower, dim=0),
                "ソフトマックスの軸が逆です。見る側の行ごとに、足して 1 にします（dim=-1）。",
            ),
            (
                torch.softmax(scores.masked_fill(lower == 0, -math.inf), dim=-1),
                "重みが返っています。バリューを混ぜた結果を返しましょう。",
            ),
        ]
        if isinstance(got, Tensor) and got.shape == want.shape and bool(got[0].isnan().any()):
            raise Wrong("最初の行が NaN になりました。自分まで隠すと、見てよい相手が一人もいなくなります。対角線は残しましょう。")
        expect(got, want, f"causal_attention（n = {n}、d = {d}）", tol=1e-4, mistakes=mistakes)
