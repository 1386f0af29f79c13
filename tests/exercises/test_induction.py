"""帰納推論と汎化: other right ways, and wrong answers that no row of a table foresees."""

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


def worst_world_as_list(learner, seen, days):
    predicted = learner(seen.unsqueeze(0), days - len(seen)).squeeze(0)
    return seen.tolist() + [0 if p else 1 for p in predicted.tolist()]


def committee_by_identity(predictions, y):
    error_of_mean = torch.nn.functional.mse_loss(predictions.mean(0), y).item()
    mean_of_errors = sum(((h - y) ** 2).mean().item() for h in predictions) / len(predictions)
    return [error_of_mean, mean_of_errors, mean_of_errors - error_of_mean]


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


RIGHT = {
    "choose_cards": [
        lambda: ["ア、キ、ク", "イ カ コ", "ウエサ"],
        lambda: ("ｱｷｸ", "イ・カ・コ", "ウエサ\n"),
    ],
    "sunny_share": [sunny_share_day_by_day],
    "worst_world": [worst_world_as_list],
    "committee": [
        committee_by_identity,
        lambda h, y: torch.tensor([*committee_by_identity(h, y)[:2], h.var(0, correction=0).mean()]),
    ],
    "same_weather": [
        same_weather_by_matrix,
        same_weather_by_counting,
        lambda q, k: (1 + (2 * q - 1) ** k) / 2,
        lambda q, k: (1 + (2 * Fraction(q) - 1) ** k) / 2,
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
        (lambda h, d, w: h[(h[:, d] == w).all(1)].mean(0), "dtype"),
        (sunny_share_in_place, "書き換わって"),
    ],
    "worst_world": [(lambda f, s, n: torch.cat([s, 1 - f(s, n - len(s))[0]]), "seen[None, :]")],
    "same_weather": [(lambda q, k: q**k + (1 - q) ** k, "小さな例を手で計算し")],
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
