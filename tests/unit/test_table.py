"""Checks written as tables: who is right, which mistake is named, and when nobody is accused."""

import pytest
import torch
from torch import Tensor

from sawaru.exercise import Wrong, either, evaluate, exercise, otherwise, registry


@pytest.fixture(autouse=True)
def _exercises(monkeypatch):
    """Exercises that exist only here."""
    monkeypatch.setattr(registry, "registry", {})


def said(name, answer):
    result = evaluate(name, answer)
    assert result.status == "wrong", result
    return result.message


def power():
    @exercise("demo.power", cases=[(2.0, 2), (3.0, 2), (2.0, 3)])
    def _(x, n):
        yield x**n
        yield x * n, "掛けています。"
        yield x**2, "二乗です。"
        yield -(x**n), "逆です。"
        yield otherwise(lambda v: f"{v:g} は大きすぎます。" if v > 100 else None)


def test_every_case_must_be_right():
    power()
    assert evaluate("demo.power", lambda x, n: x**n).correct
    assert said("demo.power", lambda x, n: x**n if n == 2 else 0.0).startswith(
        "power(2, 3) は 0 になりました"
    )


def test_a_mistake_is_named_at_the_first_case_that_shows_it():
    power()
    assert (
        said("demo.power", lambda x, n: x * n)
        == "power(3, 2) は 6 になりました（期待する値は 9）。掛けています。"
    )
    assert (
        said("demo.power", lambda x, n: x**2) == "power(2, 3) は 4 になりました（期待する値は 8）。二乗です。"
    )


def test_a_mistake_that_one_case_denies_is_not_named():
    power()
    message = said("demo.power", lambda x, n: x * n if x == 3 else x**2)
    assert "掛けて" not in message and "二乗" not in message


def test_other_numbers():
    power()
    assert said("demo.power", lambda x, n: 300) == "300 は大きすぎます。"
    assert said("demo.power", lambda x, n: torch.tensor(300.0)) == "300 は大きすぎます。"
    for other in (50, torch.nan, torch.inf, True, 300j, torch.ones(2), "300", [300, 1]):
        assert "大きすぎます" not in said("demo.power", lambda x, n, other=other: other)
    assert evaluate("demo.power", lambda x, n: ...).status == "unsolved"


def test_other_tensors_and_other_things():
    @exercise("demo.rows", cases=[torch.ones(2, 3)])
    def _(x):
        yield x.sum(0)
        yield otherwise(lambda t: f"形は {tuple(t.shape)} です。" if t.dim() == 2 else None, Tensor)
        yield otherwise(lambda v: "文字です。" if isinstance(v, str) else None, object)

    assert said("demo.rows", lambda x: x) == "形は (2, 3) です。"
    assert said("demo.rows", lambda x: x.tolist()) == "形は (2, 3) です。"
    assert said("demo.rows", lambda x: "a") == "文字です。"
    assert "期待する形は (3,)" in said("demo.rows", lambda x: x.sum(1))


def test_several_values_may_be_right_and_one_mistake_may_have_several():
    @exercise("demo.deviation", cases=[torch.tensor([1.0, 2, 4]), torch.tensor([1.0, 5])])
    def _(x):
        yield either(x.std(), x.std(correction=0))
        for correction in (0, 1):
            yield x.var(correction=correction), "分散です。"

    assert evaluate("demo.deviation", lambda x: x.std()).correct
    assert evaluate("demo.deviation", lambda x: x.std(correction=0)).correct
    assert said("demo.deviation", lambda x: x.var()).endswith("分散です。")
    assert said("demo.deviation", lambda x: x.var(correction=0)).endswith("分散です。")


def test_a_case_is_not_asked_about_a_row_that_it_leaves_out():
    @exercise(
        "demo.columns",
        cases=[(torch.arange(9.0).reshape(3, 3), torch.arange(3.0)), (torch.ones(3, 2), torch.arange(3.0))],
    )
    def _(X, w):
        yield w @ X
        if X.shape[0] == X.shape[1]:
            yield X @ w, "軸が違います。"
        yield X.sum(0), "重みがありません。"

    assert said("demo.columns", lambda X, w: X @ w).endswith("軸が違います。"), (
        "its failure in the second case is foreseen"
    )
    fails_late = said("demo.columns", lambda X, w: X.sum(0) if X.shape == (3, 3) else X @ w)
    assert "重みがありません" not in fails_late, "the second case does list this row"
    assert "エラーが起きました" in said("demo.columns", lambda X, w: w @ X if X.shape == (3, 3) else X @ w)
    right_once = said("demo.columns", lambda X, w: w @ X if X.shape == (3, 3) else -(w @ X))
    assert "軸が違います" not in right_once


def test_an_answers_own_exception_is_explained():
    power()
    assert "`next` で取り出す値がもう残っていません" in said("demo.power", lambda x, n: next(iter([])))


def test_arguments_are_guarded_and_fresh_in_every_case():
    seen, ones = [], torch.ones(2)

    @exercise("demo.twice", cases=[(ones, [1]), (ones, [1])])
    def _(x, parts):
        yield 2 * x
        yield x, "そのままです。"

    def keeps(x, parts):
        seen.append(x)
        return 2 * x

    assert said("demo.twice", lambda x, parts: x.mul_(2)).startswith("引数の x の中身が書き換わっています。")
    assert said("demo.twice", lambda x, parts: parts.append(1) or 2 * x).startswith("引数の parts の中身が")
    assert evaluate("demo.twice", keeps).correct and evaluate("demo.twice", keeps).correct
    assert len({id(x) for x in seen}) == 4 and all(x.sum() == 2 for x in seen)


def test_an_answer_that_works_in_place():
    @exercise("demo.step", cases=[torch.ones(2)], in_place=True, call=lambda step, x: (step(x), x)[1])
    def _(x):
        yield x - 1
        yield x + 1, "逆です。"

    assert evaluate("demo.step", lambda x: x.sub_(1)).correct
    assert said("demo.step", lambda x: x.add_(1)).endswith("逆です。")


def test_an_answer_may_be_a_value_or_a_class():
    @exercise("demo.number")
    def _():
        yield 3
        yield 4, "一つ多いです。"

    @exercise("demo.layer", cases=[(2, 3)], call=lambda layer, i, o: asked(layer(i, o)), what="層の出力の形")
    def _(i, o):
        yield [1, o]
        yield [1, i], "逆です。"

    def asked(layer):
        if not isinstance(layer, torch.nn.Module):
            raise Wrong("nn.Module ではありません。")
        return list(layer(torch.zeros(1, 2)).shape)

    assert evaluate("demo.number", 3.0).correct
    assert said("demo.number", 4) == "答えは 4 になりました（期待する値は 3）。一つ多いです。"
    assert evaluate("demo.layer", torch.nn.Linear).correct
    assert (
        said("demo.layer", lambda i, o: torch.nn.Linear(i, i))
        == "層の出力の形は [1, 2] になりました（期待する値は [1, 3]）。逆です。"
    )
    assert said("demo.layer", lambda i, o: 3) == "nn.Module ではありません。"


@pytest.mark.parametrize(
    ("cases", "what", "shown"),
    [
        ([(0.75, torch.ones(2))], None, "named(0.75, x)"),
        ([(2, torch.ones(2)), (2, torch.ones(3))], None, "named(2, x)（x の形は (2,)）"),
        ([(2, torch.ones(2))], "結果", "結果"),
        ([(2, torch.ones(2))], lambda k, x: f"k = {k} の結果", "k = 2 の結果"),
    ],
)
def test_what_the_call_is_named(cases, what, shown):
    @exercise("demo.named", cases=cases, what=what)
    def _(k, x):
        yield 1

    assert said("demo.named", lambda k, x: 7.0).startswith(
        f"{shown} は 7 に".replace("結果 は", "結果は").replace("） は", "）は")
    )
