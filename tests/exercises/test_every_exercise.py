"""Every exercise has its typical wrong answers: at least three, each led to a cause of its own.

`WRONG` in `test_<chapter>.py` holds them, as {exercise: [(answer, part of the message), …]}; the tests there run them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from sawaru.exercise import names

HERE = Path(__file__).parent
CHAPTERS = sorted(p.stem for p in (HERE.parents[1] / "book").rglob("*.ipynb") if p.parent.name[0] != ".")


def wrong_answers(chapter: str) -> Iterator[tuple[str, str]]:
    """Each wrong answer's exercise, and the part of the message that names its cause."""
    spec = importlib.util.spec_from_file_location(chapter, HERE / f"test_{chapter}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, cases in module.WRONG.items():
        for _, cause in cases:
            yield f"{chapter}.{name}", cause


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_three_typical_mistakes_are_led_to_their_cause(chapter: str) -> None:
    causes: dict[str, set[str]] = {name: set() for name in names(chapter)}
    assert causes, f"{chapter} の演習がありません"
    for name, cause in wrong_answers(chapter):
        assert name in causes, f"{name} という演習はありません"
        causes[name].add(cause)
    few = {name: len(found) for name, found in causes.items() if len(found) < 3}
    assert not few, f"よくある間違いとその理由が三つに足りません：{few}"
