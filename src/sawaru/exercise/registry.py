"""Which exercises there are: a chapter's checks register themselves, and are found by name."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sawaru.exercise.table import Table, What, asked


@dataclass(frozen=True)
class Exercise:
    name: str
    judge: Callable[[Any], None]  # raises Wrong, Unsolved, or what the answer raised
    seconds: float
    praise: str
    in_place: bool
    table: Table | None


class Unknown(Exception):
    """There is no such exercise; the message says which ones there are."""


registry: dict[str, Exercise] = {}


def exercise(
    name: str,
    seconds: float = 5,
    praise: str = "そのとおりです。",
    in_place: bool = False,
    cases: Sequence[Any] | None = None,
    what: What = None,
    tol: float = 1e-4,
    call: Callable[..., Any] = asked,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a check under "<chapter>.<exercise>".

    The check is a table (see `sawaru.exercise.table`, also for `cases`, `what`, `tol` and `call`), or a function that receives
    the answer and returns where it is right.

    Args:
        name: "<chapter>.<exercise>".
        seconds: the time limit.
        praise: a sentence printed after 正解 that says what the result means.
        in_place: the answer works by changing its arguments, so that a function returning None is not a stub.
        cases: for a table, the arguments of each call.
        what: for a table, what the messages call the answer's value.
        tol: for a table, how far a value may be off.
        call: for a table, how an answer is asked about a case.
    """
    if not re.fullmatch(r"\w+\.\w+", name):
        raise ValueError(f'an exercise is named "<chapter>.<exercise>", not {name!r}')

    def register(check: Callable[..., Any]) -> Callable[..., Any]:
        table = None
        if inspect.isgeneratorfunction(check):
            table = Table(name.partition(".")[2], check, cases, what, tol, call, in_place)
        judge = table.judge if table else check
        registry[name] = Exercise(name, judge, seconds, praise, in_place, table)
        return check

    return register


def names(chapter: str) -> list[str]:
    """The chapter's exercises, in its order. Empty where there is no such chapter, or its checks cannot be loaded."""
    with contextlib.suppress(Unknown):
        _load(chapter)
    return [n for n in registry if n.partition(".")[0] == chapter]


def chapters() -> list[str]:
    package = importlib.import_module("sawaru.checks")
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def find(name: Any) -> Exercise:
    """The exercise called `name`.

    Raises:
        Unknown: there is none.
    """
    if not isinstance(name, str):
        raise Unknown("`check` には、演習の名前（引用符で囲んだもの）と答えをこの順に渡してください。")
    chapter = name.partition(".")[0]
    _load(chapter)
    if name in registry:
        return registry[name]
    known = [n for n in registry if n.partition(".")[0] == chapter]
    if not known:
        raise Unknown(f"「{name}」という演習はありません。演習のある章は {'、'.join(chapters())} です。")
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"{close[0]} のことでしょうか。" if close else ""
    raise Unknown(f"「{name}」という演習はありません。{hint}この章の演習は {'、'.join(known)} です。")


def _load(chapter: str) -> None:
    if chapter not in chapters():
        return
    try:
        importlib.import_module(f"sawaru.checks.{chapter}")
    except Exception as error:  # a broken installation must not stop the notebook either
        raise Unknown(
            f"{chapter} の演習を読み込めませんでした（{type(error).__name__}: {error}）。"
        ) from None
