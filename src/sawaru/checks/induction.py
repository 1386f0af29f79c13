"""The checks of the chapter 帰納推論と汎化."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any
from unicodedata import normalize

import torch
from torch import Tensor

from sawaru.exercise import Unsolved, Wrong, exercise
from sawaru.exercise.answer import STUB

# -------------------------------------------------------------------------------------------------- T, P and E

_RIGHT = {"迷惑メールの振り分け": "アキク", "気温の予報": "イカコ", "将棋": "ウエサ"}
_BELONGS = {card: name for name, cards in _RIGHT.items() for card in cards}
_WHY = {
    "オ": "札オは、学習に使ったメールで測った成績です。丸暗記すれば満点になり、新しいメールに通じるかどうかは分かりません。",
    "ケ": "札ケは、予測に使う式、つまりモデルです。T、P、E のどれでもなく、それらを決めたあとで選ぶものです。",
    "シ": "札シは測ると一つの数になりますが、短ければ強いとは言えません。よくなってほしいのは何でしょうか。",
}


@exercise(
    "induction.choose_cards",
    praise="三つの課題を、同じ三つの言葉で書けました。P はどれも、学習に使っていないものについての数です。",
)
def _(choose_cards: Callable[..., Any]) -> None:
    got = choose_cards()
    if not isinstance(got, tuple | list) or len(got) != 3:
        raise Wrong('3 つの文字列の組が要ります。迷惑メール、気温、将棋の順に、それぞれ "アイウ" のような 3 文字で返しましょう。')
    if all(answer is ... for answer in got):
        raise Unsolved(STUB)
    for (name, want), answer in zip(_RIGHT.items(), got, strict=True):
        if answer is ... or answer is None:
            raise Unsolved(f"{name}がまだ {answer!r} のままです。札を 3 枚選んでみましょう。".replace("Ellipsis", "..."))
        cards = "".join(c for c in normalize("NFKC", answer) if c.isalnum()) if isinstance(answer, str) else ""
        unknown = [c for c in cards if c not in "アイウエオカキクケコサシ"]
        if len(cards) != 3 or unknown:
            raise Wrong(f"{name}の答えは {answer!r} です。アからシまでの札を、T、P、E の順に 3 枚並べた文字列にしましょう。")
        if cards == want:
            continue
        for card in cards:
            if card in _WHY:
                raise Wrong(f"{name}を {cards} としました。{_WHY[card]}")
        foreign = [c for c in cards if _BELONGS[c] != name]
        if foreign:
            raise Wrong(f"{name}を {cards} としました。札{foreign[0]}は別の課題の札です。何についての札かを読み直しましょう。")
        if sorted(cards) == sorted(want):
            wrong = next(c for c, w in zip(cards, want, strict=True) if c != w)
            raise Wrong(f"{name}を {cards} としました。3 枚は合っていますが、順番が違います。札{wrong}は、何をするか（T）、よさを測る数（P）、学習の前からある記録（E）のうち、どれでしょうか。")
        raise Wrong(f"{name}を {cards} としました。同じ札を 2 回使っています。")


# -------------------------------------------------------------------------------------------- the hypotheses left

_EVERY = torch.tensor(list(product([0, 1], repeat=5)))
_CHANGES = (_EVERY[:, 1:] != _EVERY[:, :-1]).sum(1)


@exercise(
    "induction.sunny_share",
    praise="見た日は 0 か 1 に決まり、見ていない日の割合は、仮説空間の選び方だけで決まります。",
    cases=[
        (_EVERY[_CHANGES <= 1], torch.tensor([0, 1]), torch.tensor([1, 1])),
        (_EVERY[_CHANGES <= 2], torch.tensor([1, 3]), torch.tensor([0, 1])),
        (_EVERY, torch.tensor([4, 0, 2]), torch.tensor([1, 0, 1])),
    ],
    what=lambda hypotheses, days_seen, weather: f"days_seen が {days_seen.tolist()}、weather が {weather.tolist()} のときの割合",
)
def _(hypotheses, days_seen, weather):
    match = hypotheses[:, days_seen] == weather
    left = hypotheses[match.all(1)].double()
    share = left.mean(0)
    first = hypotheses[:, : len(days_seen)] == weather
    yield share
    yield hypotheses.double().mean(0), "仮説がまだ絞られていません。見た日と合わない仮説を捨ててから平均しましょう。"
    yield hypotheses[match.any(1)].double().mean(0), "一日でも合えば残しています。見た日が一日でも違う仮説は、捨てます。"
    yield hypotheses[~match.all(1)].double().mean(0), "捨てるはずの仮説のほうを残しています。"
    yield left.sum(0), "割合ではなく、晴れと言う仮説の数になっています。残った仮説の数で割りましょう。"
    yield left.sum(0) / len(hypotheses), "分母が、はじめの仮説の数です。割るのは、残った仮説の数です。"
    yield left.mean(1), "仮説ごとの、晴れの日の割合になっています。平均する軸は、仮説の方向（dim=0）です。"
    yield 1 - share, "雨と言う仮説の割合です。晴れが 1、雨が 0 です。"
    yield hypotheses[first.all(1)].double().mean(0), "初めの n 日と比べています。見た日の番号 days_seen の列を抜き出しましょう。"
    yield (share > 0.5).double(), "多数決の結果ではなく、割合のまま返しましょう。"


# ------------------------------------------------------------------------------------------------ Hume's demon


def _keep(seen: Tensor, rest: int) -> Tensor:
    return seen[:, -1:].expand(-1, rest)


def _contrary(seen: Tensor, rest: int) -> Tensor:
    return (seen[:, -1:] + 1 + torch.arange(rest)) % 2


def _repeat(seen: Tensor, rest: int) -> Tensor:
    return seen[:, torch.arange(rest) % seen.shape[1]]


def _sunny(seen: Tensor, rest: int) -> Tensor:
    return torch.ones(1, rest, dtype=seen.dtype)


_LEARNERS = {_keep: "最後の天気が続く", _contrary: "毎日逆を言う", _repeat: "見た天気を繰り返す", _sunny: "いつも晴れ"}


def _asked_properly(learner: Callable[[Tensor, int], Tensor]) -> Callable[[Tensor, int], Tensor]:
    """The learner, explaining what it takes when it is given something else."""

    def asked(seen: Tensor, rest: int) -> Tensor:
        if not isinstance(seen, Tensor) or seen.dim() != 2 or seen.shape[0] != 1:
            shape = tuple(seen.shape) if isinstance(seen, Tensor) else type(seen).__name__
            raise Wrong(f"learner に渡した天気は {shape} です。learner が受け取るのは、形 (1, n) のテンソルです。seen[None, :] で軸を一つ増やしましょう。")
        return learner(seen, rest)

    return asked


@exercise(
    "induction.worst_world",
    praise="どの学習器に対しても、見た日とぴったり合い、残りがすべて外れる世界が作れました。その世界があり得ないとは、データからは言えません。",
    cases=[
        (_keep, torch.tensor([1, 1, 0]), 8),
        (_contrary, torch.tensor([0, 1, 1, 1]), 8),
        (_repeat, torch.tensor([1, 0, 0]), 7),
        (_sunny, torch.tensor([0, 1, 0]), 7),  # the only one that does not say the inverse to inverted days
    ],
    what=lambda learner, seen, days: f"「{_LEARNERS[learner]}」学習器に {seen.tolist()} を見せた {days} 日の世界",
    call=lambda worst_world, learner, seen, days: worst_world(_asked_properly(learner), seen, days),
)
def _(learner, seen, days):
    rest = days - len(seen)
    predicted, of_inverted_days = learner(seen[None], rest)[0], learner(1 - seen[None], rest)[0]
    want = torch.cat([seen, 1 - predicted])
    yield want
    yield torch.cat([seen, predicted]), "学習器の予測がすべて当たる世界です。予測の逆にしましょう。"
    yield (
        torch.cat([1 - seen, 1 - predicted]),
        "見た日の天気まで逆になっています。見た日と食い違う世界なら、学習器は「データと違う」と言えてしまいます。",
    )
    yield torch.cat([1 - seen, predicted]), "逆にする場所が逆です。見た日はそのまま、残りの日を予測の逆にします。"
    yield torch.cat([1 - seen, 1 - of_inverted_days]), "見た日の天気を逆にしてから予測させています。"
    yield 1 - predicted, "残りの日だけが返っています。見た日を前につなげて、形を (days,) にしましょう。"
    yield torch.cat([seen, 1 - learner(seen[None], days)[0]]), "残りの日数より多く予測させています。予測させるのは days − n 日です。"
    yield want[None], "形が (1, days) です。学習器の答えから 0 行目を取り出しましょう。"
    yield (
        torch.cat([seen, (1 - seen[-1:]).expand(rest)]),
        "最後に見た天気の逆を続けています。相手は「続く」とは限りません。学習器に予測させ、それを見てから決めましょう。",
    )


# ------------------------------------------------------------------------------------------------ the committee

_H, _Y = torch.tensor([[1.0, 2, 0, 5], [3, 2, -1, 1], [2, 5, 1, 0]]), torch.tensor([1.0, 4, 1, 2])


@exercise(
    "induction.committee",
    praise="平均の誤差は、誤差の平均から散らばりを引いたものです。食い違う仮説を集めるほど、平均の得は大きくなります。",
    cases=[(_H, _Y), (_H[:2], _Y)],
    what=lambda predictions, y: f"committee（K = {len(predictions)}、M = {len(y)}）",
)
def _(predictions, y):
    h, (K, M) = predictions, predictions.shape
    mean = h.mean(0)
    first, second, third = ((mean - y) ** 2).mean(), ((h - y) ** 2).mean(), ((h - mean) ** 2).mean()
    yield first, second, third
    for order in ((second, first, third), (first, third, second), (third, second, first)):
        yield order, "値は合っていますが、順番が違います。（平均の誤差、誤差の平均、散らばり）の順に返しましょう。"
    yield (
        (first, second, third * K / (K - 1)),
        "散らばりを K − 1 で割っています。等式が成り立つのは K で割ったときです。var には correction=0 を渡します。",
    )
    yield (second, second, third), "はじめの 2 つが同じです。平均の誤差は、先に予測を平均し、そのあとで正解との差を二乗します。"
    yield (first, first, third), "はじめの 2 つが同じです。誤差の平均は、先に仮説ごとの誤差を二乗し、そのあとで平均します。"
    yield (
        (first, second, h.var(1, correction=0).mean()),
        "散らばりを、点の方向の平均から測っています。仮説の方向（dim=0）の平均からのずれを使いましょう。",
    )
    yield (
        (first, second, h.var(correction=0)),
        "散らばりを、すべての予測をまとめた平均から測っています。点ごとに、仮説の平均からのずれを使いましょう。",
    )
    yield (first * M, second * M, third * M), "点について合計しています。M 個の点で平均しましょう。"
    yield (first * M, second * M * K, third * M * K), "合計になっています。どれも平均をとりましょう。"
    yield (
        ((mean - y) ** 2, ((h - y) ** 2).mean(0), ((h - mean) ** 2).mean(0)),
        "点ごとの値が並んだままです。最後に M 個の点で平均し、数一つずつにしましょう。",
    )
    yield (first.sqrt(), second.sqrt(), third.sqrt()), "平方根が付いています。等式が成り立つのは、二乗のままのときです。"
    yield ((mean - y).abs().mean(), (h - y).abs().mean(), (h - mean).abs().mean()), "絶対値を使っています。等式が成り立つのは、二乗のときです。"


# ---------------------------------------------------------------------------------------- the weather k days later


@exercise(
    "induction.same_weather",
    praise="1/2 からのずれは、毎日 2q − 1 倍に縮みます。遠い日ほど、今日の天気は手がかりになりません。",
    cases=[(0.75, 3), (0.75, 2), (0.75, 1), (0.75, 0), (0.9, 5), (0.25, 4), (0.5, 3), (1.0, 6)],
    tol=1e-6,
)
def _(q, k):
    shrunk = (2 * q - 1) ** k
    want = (1 + shrunk) / 2
    yield want
    yield 1 - want, "違う天気である確率です。同じである確率は、1 からこれを引いたものです。"
    yield q**k, "一度も変わらない道だけを数えています。変わって、また戻る道もあります。"
    yield (1 - q) ** k, "毎日変わる道だけを数えています。"
    yield 1 - (1 - q) ** k, "「一度も変わらない」の逆は「毎日変わる」ではありません。2 日分を表に書いてみましょう。"
    yield q, "k が使われていません。1 日後なら合っていますが、遠い日ほど 1/2 に近づくはずです。"
    yield q * k, "確率を足しています。2 日後まで続く確率は、足し算ではなく掛け算です。"
    yield shrunk, "1/2 からのずれの縮み方は合っています。ずれではなく、確率そのものを返しましょう。"
    yield shrunk / 2, "1/2 からのずれは合っています。それに 1/2 を足すと、確率になります。"
    yield (1 + shrunk * (2 * q - 1)) / 2, "1 日分多く進んでいます。k = 0 のとき 1 になるかを確かめましょう。"
    if k > 0:
        yield (1 + (2 * q - 1) ** (k - 1)) / 2, "1 日分足りません。k = 1 のとき q になるかを確かめましょう。"
