"""The tests that every chapter's tables of right and wrong answers go through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sawaru.exercise import evaluate


def answer_tests(
    chapter: str, right: dict[str, list[Any]], wrong: dict[str, list[tuple[Any, str]]]
) -> tuple[Callable[..., None], ...]:
    """test_right, test_wrong and test_unsolved of a chapter.

    Args:
        chapter: its file's name.
        right: answers that must pass, by exercise.
        wrong: answers with a part of the message that leads to their cause, by exercise.
    """

    @pytest.mark.parametrize(("name", "answer"), [(n, a) for n, answers in right.items() for a in answers])
    def test_right(name: str, answer: Any) -> None:
        result = evaluate(f"{chapter}.{name}", answer)
        assert result.status == "correct", result.message

    @pytest.mark.parametrize(
        ("name", "answer", "cause"), [(n, a, c) for n, cases in wrong.items() for a, c in cases]
    )
    def test_wrong(name: str, answer: Any, cause: str) -> None:
        result = evaluate(f"{chapter}.{name}", answer)
        assert result.status == "wrong", result.message
        assert cause in result.message, result.message

    @pytest.mark.parametrize("name", list(right))
    def test_unsolved(name: str) -> None:
        assert evaluate(f"{chapter}.{name}", lambda *args: ...).status == "unsolved"
        assert evaluate(f"{chapter}.{name}", ...).status == "unsolved"

    return test_right, test_wrong, test_unsolved
