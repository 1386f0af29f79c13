"""The checks of the chapter 自己注意機構."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sawaru.exercise import Wrong, exercise


def _drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _lookup(n: int, d: int, m: int) -> tuple[Tensor, Tensor, Tensor]:
    return 2 * _drawn(d, seed=n), _drawn(n, d, seed=n + 1), _drawn(n, m, seed=n + 2)


@exercise(
    "attention.lookup_one",
    praise="`F.scaled_dot_product_attention` と同じ値です。クエリを n 本並べれば、そのまま自己注意になります。",
    cases=[_lookup(4, 4, 4), _lookup(5, 4, 3)],  # the square one first, where a wrong axis runs
    what=lambda q, K, V: f"lookup_one（n = {len(K)}、d = {len(q)}、m = {V.shape[1]}）の結果",
    tol=1e-4,
)
def _(q, K, V):
    (n, d), m = K.shape, V.shape[1]

    def looked_up(divisor: float) -> tuple[Tensor, Tensor]:
        alpha = torch.softmax(K @ q / divisor, dim=0)
        return alpha @ V, alpha

    scores = K @ q / math.sqrt(d)
    z, alpha = F.scaled_dot_product_attention(q[None], K, V)[0], torch.softmax(scores, dim=0)
    yield z, alpha
    yield looked_up(1), "内積がそのまま使われています。√d で割りましょう。"
    yield looked_up(d), "d で割っています。割るのは √d です。標準偏差が √d だからです。"
    yield looked_up(math.sqrt(n)), "キーの個数 n の平方根で割っています。割るのは、ベクトルの次元 d の平方根です。"
    yield (alpha, z), "順が逆です。出力 z、重み alpha の順に返しましょう。"
    yield (scores @ V, scores), "点数のまま混ぜています。ソフトマックスで、足して 1 の重みに変えましょう。"
    yield (V.mean(0), alpha), "重みは合っていますが、バリューを等しく平均しています。重みを掛けて足しましょう。"
    yield (V.sum(0), alpha), "重みは合っていますが、バリューをそのまま足しています。重みを掛けてから足しましょう。"
    yield (alpha[:, None] * V, alpha), "重みを掛けたバリューが並んだままです。n 本を足して、形を (m,) にしましょう。"
    yield z, "出力 z だけが返りました。重み alpha も、組にして返しましょう。"
    yield alpha, "重みだけが返りました。バリューを混ぜた z と、組にして返しましょう。"
    if n == m:
        yield (alpha @ K, alpha), "キーを混ぜています。混ぜるのは中身、つまりバリューです。"
        yield (V @ alpha, alpha), "V の列ではなく行の向きに混ぜています。alpha @ V としましょう。"


def _counted(*shape: int) -> Tensor:
    return torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)


@exercise(
    "attention.split_heads",
    praise="どのヘッドも、すべての語から、同じ幅の切れ端を受け取りました。値は一つも混ざっていません。",
    cases=[(_counted(2, 3, 8), 4), (_counted(1, 5, 6), 2), (_counted(2, 4, 16), 4)],
    what=lambda x, h: f"split_heads（x の形 {tuple(x.shape)}、h = {h}）",
    tol=1e-6,
)
def _(x, h):
    batch, n, d_model = x.shape
    width = d_model // h
    cut = x.reshape(batch, n, h, width)
    want = torch.stack(x.chunk(h, dim=-1), dim=1)
    yield want
    yield (
        x.reshape(batch, h, n, width),
        "形は合っていますが、語が混ざっています。reshape だけでは値の並び順が変わりません。先に (batch, n, h, d_model // h) に切ってから、軸を入れ替えましょう。",
    )
    yield cut, "切り分けるところまでは合っています。ヘッドの軸を、語の軸の前へ移しましょう。"
    yield (
        x.reshape(batch, n, width, h).permute(0, 3, 1, 2),
        "成分が飛び飛びに配られています。前から順に、続いた d_model // h 個を一つのヘッドに渡しましょう。",
    )
    yield cut.permute(2, 0, 1, 3), "ヘッドの軸が先頭に来ています。batch を先頭に、その次にヘッドを置きましょう。"
    yield want.mT, "語と成分の軸が逆です。最後の軸が、ヘッドの中の成分です。"
    yield want.flatten(0, 1), "batch とヘッドが一つの軸にまとまっています。4 つの軸のまま返しましょう。"


@exercise(
    "attention.position_code",
    praise="どの位置も、速さの違う針の組で表されました。自分との内積は、いつも d / 2 です。",
    cases=[(7, 8), (12, 6)],
    tol=1e-4,
)
def _(n, d):
    def waves(exponent: Tensor, start: int = 0) -> tuple[Tensor, Tensor]:
        angle = torch.arange(start, n + start)[:, None] * 10_000.0**-exponent
        return angle.sin(), angle.cos()

    def woven(sine: Tensor, cosine: Tensor) -> Tensor:
        return torch.stack([sine, cosine], dim=-1).flatten(1)

    m, pair, column = torch.arange(0, d, 2) / d, torch.arange(d // 2), torch.arange(d)
    sine, cosine = waves(m)
    want = woven(sine, cosine)
    yield want
    yield torch.cat([sine, cosine], dim=1), "sin が前半、cos が後半に並んでいます。課題の式は、sin と cos を 1 列ずつ交互に置きます。"
    yield woven(cosine, sine), "sin と cos が逆です。偶数番目の列（0 列目から）が sin です。"
    yield woven(*waves(m / 2)), "針の回る速さが違います。指数の分子は m ではなく 2m です。"
    yield woven(*waves(pair / (d // 2) * 2)), "針の回る速さが違います。指数は 2m / d です。"
    yield woven(*waves(-m)), "指数の符号が逆です。列が進むほど、針は遅くなります。"
    yield woven(*waves(m, start=1)), "位置が 1 から始まっています。一つ目の位置は 0 で、その行は 0, 1, 0, 1, … です。"
    yield woven(*waves(0 * m)), "どの列も同じ速さです。ω は、列の組ごとに変わります。"
    yield want.T, "縦と横が逆です。行が位置、列が成分です。"
    yield torch.where(column % 2 == 0, *waves(column / d)), "列ごとに速さが変わっています。sin と cos の 2 列ずつが、同じ速さの組です。"


def _own_word_left(causal_attention, Q, K, V):
    got = causal_attention(Q, K, V)
    if isinstance(got, Tensor) and got.shape == V.shape and got[0].isnan().any():
        raise Wrong("最初の行が NaN になりました。自分まで隠すと、見てよい相手が一人もいなくなります。対角線は残しましょう。")
    return got


@exercise(
    "attention.causal_attention",
    praise="後ろの語を取り替えても、前の出力は動きません。`is_causal=True` とも一致しました。",
    cases=[tuple(scale * _drawn(n, d, seed=s) for s, scale in enumerate((2, 1, 1), start=1)) for n, d in ((6, 4), (5, 9))],
    what=lambda Q, K, V: f"causal_attention（n = {len(Q)}、d = {Q.shape[1]}）",
    tol=1e-4,
    call=_own_word_left,
)
def _(Q, K, V):
    n, d = Q.shape
    scores, lower = Q @ K.T / math.sqrt(d), torch.ones(n, n).tril()

    def weights(scores: Tensor, seen: Tensor = lower, hidden: float = -math.inf, dim: int = -1) -> Tensor:
        return torch.softmax(scores.masked_fill(seen == 0, hidden), dim=dim)

    every = torch.softmax(scores, dim=-1)
    yield F.scaled_dot_product_attention(Q, K, V, is_causal=True)
    yield every @ V, "マスクが効いていません。後ろの語まで見えています。"
    yield weights(scores, lower.T) @ V, "隠す側が逆です。いまは前の語が隠れ、後ろの語だけが見えています。"
    yield (
        (every * lower) @ V,
        "ソフトマックスの後で 0 を掛けているので、行の和が 1 になりません。点数を −∞ にしてから、ソフトマックスを取りましょう。",
    )
    yield weights(scores, hidden=0.0) @ V, "隠したい点数を 0 にしています。e⁰ = 1 なので、重みは 0 になりません。−∞ を入れましょう。"
    yield weights(scores * math.sqrt(d)) @ V, "√d で割るのを忘れています。"
    yield weights(scores / math.sqrt(d)) @ V, "d で割っています。割るのは √d です。"
    yield weights(scores, dim=0) @ V, "ソフトマックスの軸が逆です。見る側の行ごとに、足して 1 にします（dim=-1）。"
    yield weights(scores), "重みが返っています。バリューを混ぜた結果を返しましょう。"
