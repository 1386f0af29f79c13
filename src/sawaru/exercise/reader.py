"""What a reader's notebook calls: whatever the answer does, a sentence is printed and the notebook goes on."""

from __future__ import annotations

import sys
import types
from typing import Any

from sawaru.exercise.answer import STUB, watched
from sawaru.exercise.registry import Unknown, chapters, find, names
from sawaru.exercise.run import run
from sawaru.exercise.tally import Progress, note, of
from sawaru.exercise.verdict import Result


def check(name: str, answer: Any = None) -> None:
    """Print whether `answer` solves the exercise `name`, and if not, what to try next. Never raises."""
    result = evaluate(name, answer)
    if result.printed:
        print(result.printed)
    print(result)
    cell = sys._getframe(1).f_code.co_filename
    if result.status != "unknown" and note(name, result.label, result.message, cell) and result.correct:
        chapter = name.partition(".")[0]
        print(f"この章の演習：{of(names(chapter)).count}")


def progress(chapter: str) -> Progress | None:
    """The chapter's exercises and how far they are solved, from the checks that have run in this kernel."""
    if exercises := names(chapter):
        return of(exercises)
    print(f"「{chapter}」という章の演習はありません。演習のある章は {'、'.join(chapters())} です。")
    return None


def evaluate(name: str, answer: Any = None, seconds: float | None = None) -> Result:
    """Check `answer` and return the `Result`. `seconds` overrides the exercise's own time limit."""
    try:
        found = find(name)
    except Unknown as unknown:
        return Result("unknown", str(unknown))
    if answer is None or answer is ...:
        return Result("unsolved", STUB)
    if isinstance(answer, types.FunctionType):
        answer = watched(answer, may_return_none=found.in_place)
    return run(found, answer, found.seconds if seconds is None else seconds)
