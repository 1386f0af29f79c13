"""The checks of 帰納推論と汎化: right answers pass, and each typical mistake is told its cause."""

from fractions import Fraction
from itertools import product

import torch
from answers import answer_tests

from sawaru.exercise import evaluate


def sunny_share(hypotheses, days_seen, weather):
    return hypotheses[(hypotheses[:, days_seen] == weather).all(dim=1)].double().mean(dim=0)


def sunny_share_day_by_day(hypotheses, days_seen, weather):
    for day, seen in zip(days_seen.tolist(), weather.tolist(), strict=True):
        hypotheses = hypotheses[hypotheses[:, day] == seen]
    return [sum(column) / len(hypotheses) for column in hypotheses.T.tolist()]


def sunny_share_in_place(hypotheses, days_seen, weather):
    share = sunny_share(hypotheses, days_seen, weather)
    hypotheses[~(hypotheses[:, days_seen] == weather).all(dim=1)] = 0
    return share


def worst_world(learner, seen, days):
    return torch.cat([seen, 1 - learner(seen[None, :], days - len(seen))[0]])


def worst_world_as_list(learner, seen, days):
    predicted = learner(seen.unsqueeze(0), days - len(seen)).squeeze(0)
    return seen.tolist() + [0 if p else 1 for p in predicted.tolist()]


def committee(predictions, y):
    mean = predictions.mean(dim=0)
    return ((mean - y) ** 2).mean(), ((predictions - y) ** 2).mean(), ((predictions - mean) ** 2).mean()


def committee_by_identity(predictions, y):
    error_of_mean = torch.nn.functional.mse_loss(predictions.mean(0), y).item()
    mean_of_errors = sum(((h - y) ** 2).mean().item() for h in predictions) / len(predictions)
    return [error_of_mean, mean_of_errors, mean_of_errors - error_of_mean]


def same_weather(q, k):
    same = 1
    for _ in range(k):
        same = q * same + (1 - q) * (1 - same)
    return same


def same_weather_by_matrix(q, k):
    q = float(q)
    return torch.linalg.matrix_power(torch.tensor([[q, 1 - q], [1 - q, q]], dtype=torch.float64), k)[0, 0]


def same_weather_by_counting(q, k):
    paths = product([True, False], repeat=k)
    total = 0
    for path in paths:
        if path.count(False) % 2 == 0:
            total += q ** path.count(True) * (1 - q) ** path.count(False)
    return total


CARDS = ("アキク", "イカコ", "ウエサ")

RIGHT = {
    "choose_cards": [lambda: CARDS, lambda: ["ア、キ、ク", "イ カ コ", "ウエサ"]],
    "sunny_share": [sunny_share, sunny_share_day_by_day],
    "worst_world": [worst_world, worst_world_as_list],
    "committee": [
        committee,
        committee_by_identity,
        lambda h, y: torch.stack([*committee(h, y)[:2], h.var(0, correction=0).mean()]),
    ],
    "same_weather": [
        same_weather,
        same_weather_by_matrix,
        same_weather_by_counting,
        lambda q, k: (1 + (2 * q - 1) ** k) / 2,
        lambda q, k: same_weather(Fraction(q), k),
    ],
}

WRONG = {
    "choose_cards": [
        (lambda: ("アオク", "イカコ", "ウエサ"), "札オは、学習に使ったメール"),
        (lambda: ("アキク", "ケカコ", "ウエサ"), "札ケは、予測に使う式"),
        (lambda: ("アキク", "イカコ", "ウシサ"), "札シは測ると"),
        (lambda: ("クキア", "イカコ", "ウエサ"), "順番が違います。札ク"),
        (lambda: ("アキク", "イエコ", "ウカサ"), "札エは別の課題"),
        (lambda: ("アキキ", "イカコ", "ウエサ"), "2 回"),
        (lambda: ("アキ", "イカコ", "ウエサ"), "3 枚並べた文字列"),
        (lambda: "アキクイカコウエサ", "3 つの文字列"),
    ],
    "sunny_share": [
        (lambda h, d, w: h.double().mean(0), "まだ絞られて"),
        (lambda h, d, w: h[(h[:, d] == w).any(1)].double().mean(0), "一日でも合えば"),
        (lambda h, d, w: h[(h[:, d] == w).all(1)].sum(0), "数になって"),
        (lambda h, d, w: h[(h[:, d] == w).all(1)].sum(0) / len(h), "分母"),
        (lambda h, d, w: h[(h[:, d] == w).all(1)].double().mean(1), "dim=0"),
        (lambda h, d, w: 1 - sunny_share(h, d, w), "雨と言う"),
        (lambda h, d, w: h[(h[:, : len(d)] == w).all(1)].double().mean(0), "days_seen の列"),
        (lambda h, d, w: sunny_share(h, d, w).round(), "割合のまま"),
        (lambda h, d, w: h[(h[:, d] == w).all(1)].mean(0), "dtype"),
        (sunny_share_in_place, "書き換わって"),
    ],
    "worst_world": [
        (lambda f, s, n: torch.cat([s, f(s[None], n - len(s))[0]]), "すべて当たる世界"),
        (lambda f, s, n: 1 - torch.cat([s, f(s[None], n - len(s))[0]]), "見た日の天気まで"),
        (lambda f, s, n: 1 - f(s[None], n - len(s))[0], "前につなげて"),
        (lambda f, s, n: torch.cat([s[None], 1 - f(s[None], n - len(s))], dim=1), "(1, days)"),
        (lambda f, s, n: torch.cat([s, (1 - s[-1:]).expand(n - len(s))]), "「続く」とは限りません"),
        (lambda f, s, n: torch.cat([s, 1 - f(s, n - len(s))[0]]), "seen[None, :]"),
        (lambda f, s, n: torch.cat([s, 1 - f(s[None], n)[0]]), "days − n 日"),
    ],
    "committee": [
        (lambda h, y: (committee(h, y)[1], committee(h, y)[0], committee(h, y)[2]), "順番"),
        (lambda h, y: (*committee(h, y)[:2], h.var(0).mean()), "K − 1"),
        (lambda h, y: (committee(h, y)[1], *committee(h, y)[1:]), "先に予測を平均"),
        (lambda h, y: (committee(h, y)[0], committee(h, y)[0], committee(h, y)[2]), "先に仮説ごとの誤差"),
        (lambda h, y: (*committee(h, y)[:2], h.var(1, correction=0).mean()), "点の方向"),
        (lambda h, y: (*committee(h, y)[:2], h.var(correction=0)), "まとめた平均"),
        (lambda h, y: tuple(v * len(y) for v in committee(h, y)), "合計"),
        (lambda h, y: tuple(v.sqrt() for v in committee(h, y)), "平方根"),
        (
            lambda h, y: (
                (h.mean(0) - y) ** 2,
                ((h - y) ** 2).mean(0),
                ((h - h.mean(0)) ** 2).mean(0),
            ),
            "並んだまま",
        ),
    ],
    "same_weather": [
        (lambda q, k: q**k, "変わって、また戻る"),
        (lambda q, k: 1 - same_weather(q, k), "違う天気"),
        (lambda q, k: q, "k が使われて"),
        (lambda q, k: 1 - (1 - q) ** k, "の逆は"),
        (lambda q, k: (2 * q - 1) ** k, "確率そのもの"),
        (lambda q, k: (2 * q - 1) ** k / 2, "1/2 を足す"),
        (lambda q, k: same_weather(q, k + 1), "1 日分多く"),
        (lambda q, k: same_weather(q, max(k - 1, 0)), "1 日分足りません"),
        (lambda q, k: q * k, "足しています"),
    ],
}


test_right, test_wrong, test_unsolved = answer_tests("induction", RIGHT, WRONG)


def test_the_cards_are_asked_for_one_by_one():
    def empty():
        mail = ...
        weather = ...
        game = ...
        return mail, weather, game

    assert evaluate("induction.choose_cards", empty).status == "unsolved"
    partly = evaluate("induction.choose_cards", lambda: ("アキク", ..., ...))
    assert partly.status == "unsolved"
    assert "気温" in partly.message
