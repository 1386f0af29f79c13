"""Exercises: a reader's answer goes in, one kind Japanese sentence comes out.

A chapter's checks live in `sawaru/checks/<chapter>.py`. Each is a plain function that receives the answer and
returns when it is right:

    @exercise("linear_regression.mse", seconds=5, praise="残差を 2 乗して平均するだけで、当てはまりを測れます。")
    def _(mse):
        y_hat, y = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0])
        with unchanged(y_hat, "y_hat"):
            got = mse(y_hat, y)
        expect(got, 2.5, "mse(y_hat, y)", mistakes=[(5.0, "平均ではなく合計になっています。")])

In a notebook `check("linear_regression.mse", mse)` runs it. Whatever the answer does (raises, loops for ever,
returns something odd, prints a novel), `check` prints a sentence and the notebook goes on.
"""

from __future__ import annotations

import ast
import contextlib
import contextvars
import ctypes
import difflib
import functools
import importlib
import inspect
import io
import pkgutil
import random
import re
import sys
import textwrap
import threading
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from sawaru.device import seed_everything
from sawaru.exercise.compare import Unsolved, Wrong, expect, unchanged
from sawaru.exercise.explain import explain, place_in_thread
from sawaru.exercise.tally import Progress, note, of

__all__ = ["Result", "Wrong", "check", "evaluate", "exercise", "expect", "names", "progress", "unchanged"]

UNSOLVED = "まだ書かれていません。`...` を消して書いてみましょう。"
NO_RETURN = "None が返りました。結果を `return` で返しているか確かめてみましょう。"
PRINT_LIMIT = 2000  # characters of the answer's own printing that are kept


# ---------------------------------------------------------------------------------------------- for the reader


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
    print(f"「{chapter}」という章の演習はありません。演習のある章は {'、'.join(_chapters())} です。")
    return None


@dataclass(frozen=True)
class Result:
    """What a check found. `str(result)` is what the reader sees."""

    status: Literal["correct", "wrong", "unsolved", "unknown"]
    message: str
    printed: str = ""  # what the answer itself printed while it was checked

    @property
    def correct(self) -> bool:
        return self.status == "correct"

    @property
    def label(self) -> str:
        return {
            "correct": "正解",
            "wrong": "もう少し",
            "unsolved": "未解答",
            "unknown": "演習が見つかりません",
        }[self.status]

    def __str__(self) -> str:
        return f"{self.label}：{self.message}"


def evaluate(name: str, answer: Any = None, seconds: float | None = None) -> Result:
    """Check `answer` and return the `Result`. `seconds` overrides the exercise's own time limit."""
    found = _find(name)
    if isinstance(found, Result):
        return found
    if answer is None or answer is ...:
        return Result("unsolved", UNSOLVED)
    if isinstance(answer, types.FunctionType):
        answer = _watched(answer, may_return_none=found.in_place)
    with _random_state_kept():
        return _run(found, answer, found.seconds if seconds is None else seconds)


# --------------------------------------------------------------------------------- for the author of a check


@dataclass(frozen=True)
class _Exercise:
    name: str
    function: Callable[[Any], None]
    seconds: float
    praise: str
    in_place: bool


_registry: dict[str, _Exercise] = {}


def exercise(
    name: str, seconds: float = 5, praise: str = "そのとおりです。", in_place: bool = False
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Register a check under "<chapter>.<exercise>".

    `seconds` is the time limit, `praise` a sentence printed after 正解 that says what the result means. `in_place`
    declares that the answer works by changing its arguments, so that a function returning None is not a stub.
    """
    if not re.fullmatch(r"\w+\.\w+", name):
        raise ValueError(f'an exercise is named "<chapter>.<exercise>", not {name!r}')

    def register(function: Callable[[Any], None]) -> Callable[[Any], None]:
        _registry[name] = _Exercise(name, function, seconds, praise, in_place)
        return function

    return register


# ------------------------------------------------------------------------------------------------ the registry


def names(chapter: str) -> list[str]:
    """The chapter's exercises, in its order. Empty where there is no such chapter, or its checks cannot be loaded."""
    _find(f"{chapter}.")
    return [n for n in _registry if n.partition(".")[0] == chapter]


def _chapters() -> list[str]:
    package = importlib.import_module("sawaru.checks")
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def _find(name: Any) -> _Exercise | Result:
    """The exercise called `name`, or the sentence that says which ones there are."""
    if not isinstance(name, str):
        return Result(
            "unknown", "`check` には、演習の名前（引用符で囲んだもの）と答えをこの順に渡してください。"
        )
    chapter, chapters = name.partition(".")[0], _chapters()
    if chapter in chapters:
        try:
            importlib.import_module(f"sawaru.checks.{chapter}")
        except Exception as error:  # a broken installation must not stop the notebook either
            return Result(
                "unknown", f"{chapter} の演習を読み込めませんでした（{type(error).__name__}: {error}）。"
            )
    if name in _registry:
        return _registry[name]
    known = [n for n in _registry if n.partition(".")[0] == chapter]
    if not known:
        return Result(
            "unknown", f"「{name}」という演習はありません。演習のある章は {'、'.join(chapters)} です。"
        )
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"{close[0]} のことでしょうか。" if close else ""
    return Result(
        "unknown", f"「{name}」という演習はありません。{hint}この章の演習は {'、'.join(known)} です。"
    )


# ---------------------------------------------------------------------------- running an answer that may do anything


class _Stop(SystemExit):
    """Sent into an answer whose time is up. A SystemExit, because threads end on it without a word.

    An answer may swallow it with a bare `except:`. So as it arises, in the answer's own thread, it sees to it that the next line
    which that thread reaches, be it inside the `except:`, raises it once more.
    """

    def __init__(self) -> None:
        frame = sys._getframe().f_back
        while frame is not None:
            frame.f_trace = _stop_again
            frame = frame.f_back
        sys.settrace(_stop_again)


def _stop_again(*_: object) -> None:
    raise _Stop


def _run(exercise: _Exercise, answer: Any, seconds: float) -> Result:
    """Run the check in a thread of its own: that can be stopped on every platform, from every thread."""
    results: list[Result] = []
    prints = _Prints(sys.stdout)

    def work() -> None:
        prints.thread = threading.get_ident()
        with contextlib.suppress(_Stop):
            results.append(_judge(exercise, answer))

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name=exercise.name, daemon=True)
    with contextlib.redirect_stdout(prints):
        try:
            thread.start()
            thread.join(seconds)
            late, place = thread.is_alive(), place_in_thread(thread, exercise.function)
        finally:  # also when the reader interrupts the kernel
            stopped = _stop(thread)
    if late or not results:
        text = f"{seconds:g} 秒たっても終わらないので、途中で止めました。"
        text += f"そのとき実行していたのは {place}です。" if place else ""
        text += "繰り返しが必ず終わるか、計算の回数が多すぎないかを確かめてみましょう。"
        if not stopped:
            text += "計算がまだ裏で続いています。動きが重いときはカーネルを再起動してください。"
        return Result("wrong", text, prints.text())
    return replace(results[0], printed=prints.text())


def _judge(exercise: _Exercise, answer: Any) -> Result:
    try:
        exercise.function(answer)
    except _Stop:
        raise
    except Wrong as error:
        return Result("wrong", str(error))
    except Unsolved as error:
        return Result("unsolved", str(error))
    except BaseException as error:  # SystemExit and KeyboardInterrupt from inside an answer, too
        try:
            return Result("wrong", explain(error, exercise.function))
        except Unsolved as unsolved:
            return Result("unsolved", str(unsolved))
    return Result("correct", exercise.praise)


def _stop(thread: threading.Thread, patience: float = 2.0) -> bool:
    """Raise `_Stop` inside `thread` until it ends, and say whether it did. Code outside Python cannot be interrupted."""
    deadline = time.monotonic() + patience
    while thread.is_alive() and time.monotonic() < deadline:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Stop))
        thread.join(0.02)
    return not thread.is_alive()


class _Prints(io.TextIOBase):
    """Stands in for `sys.stdout`: keeps the beginning of what the answer prints, passes on what others print."""

    def __init__(self, target: Any) -> None:
        self.target = target
        self.thread: int | None = None
        self.kept = ""
        self.full = False

    def write(self, text: str) -> int:
        if threading.get_ident() != self.thread:
            return int(self.target.write(text) or 0)
        if not self.full:
            self.kept += text[: PRINT_LIMIT + 1 - len(self.kept)]
            self.full = len(self.kept) > PRINT_LIMIT
        return len(text)

    def flush(self) -> None:
        if threading.get_ident() != self.thread:
            self.target.flush()

    def text(self) -> str:
        if self.full:
            return self.kept[:PRINT_LIMIT] + "\n（表示が長いので、ここまでにしました）"
        return self.kept.rstrip("\n")


@contextlib.contextmanager
def _random_state_kept() -> Iterator[None]:
    """Checks run from a fixed seed and leave no trace: the cells after them draw the same random numbers either way."""
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    seed_everything(0)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)


def _watched(function: types.FunctionType, may_return_none: bool) -> Callable[..., Any]:
    """The reader's function, noticing a wrong number of arguments and a missing return where they happen."""

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        signature = inspect.signature(function)
        try:
            signature.bind(*args, **kwargs)
        except TypeError:
            raise Wrong(
                f"あなたの関数は {function.__name__}{signature} ですが、この演習では引数を {len(args) + len(kwargs)} 個"
                "渡して呼び出します。課題の関数の 1 行目と見比べてみましょう。"
            ) from None
        result = function(*args, **kwargs)
        if result is ... or (result is None and _is_stub(function)):
            raise Unsolved(UNSOLVED)
        if result is None and not may_return_none:
            raise Wrong(f"{function.__name__} から {NO_RETURN}")
        return result

    return watched


def _is_stub(function: types.FunctionType) -> bool:
    """Whether a line is still `...`, `x = ...` or `return ...` (but `x[..., 0]` is an index), or there is no code at all."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # typed into a console, or part of a longer expression
        return function.__code__.co_code == (lambda: None).__code__.co_code
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return) and _is_constant(
            node.value, ...
        ):
            return True
        if isinstance(node, ast.FunctionDef) and all(
            isinstance(line, ast.Pass) or _is_docstring(line) for line in node.body
        ):
            return True
        if isinstance(node, ast.Lambda) and _is_constant(node.body, None):
            return True
    return False


def _is_constant(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
