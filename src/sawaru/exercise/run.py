"""Running an answer that may do anything: a time limit, its prints kept, the random state put back."""

from __future__ import annotations

import contextlib
import contextvars
import ctypes
import io
import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from sawaru.device import seed_everything
from sawaru.exercise.compare import Unsolved, Wrong
from sawaru.exercise.explain import explain, place_in_thread
from sawaru.exercise.registry import Exercise
from sawaru.exercise.verdict import Result

IMPORT_LIMIT = 60.0  # seconds that modules may take to load, beside the answer's own time
PATIENCE = 2.0  # seconds that a stopped answer has to end
TICK = 0.02  # seconds between two looks at it
PRINT_LIMIT = 2000  # characters of the answer's own printing that are kept


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


def run(exercise: Exercise, answer: Any, seconds: float) -> Result:
    """Run the check in a thread of its own: that can be stopped on every platform, from every thread."""
    results: list[Result] = []
    prints = _Prints(sys.stdout)

    def work() -> None:
        prints.thread = threading.get_ident()
        with contextlib.suppress(_Stop):
            results.append(_judge(exercise, answer))

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name=exercise.name, daemon=True)
    with _random_state_kept(), contextlib.redirect_stdout(prints):
        importing = False
        try:
            thread.start()
            importing = _wait(thread, seconds)
            late, place = thread.is_alive(), place_in_thread(thread, exercise.judge)
        finally:  # also when the reader interrupts the kernel
            stopped = _stop(thread, spare_imports=not importing)
    if late or not results:
        what = f"読み込み（import）が {IMPORT_LIMIT:g} 秒" if importing else f"{seconds:g} 秒"
        text = f"{what}たっても終わらないので、途中で止めました。"
        text += f"そのとき実行していたのは {place}です。" if place else ""
        if not importing:
            text += "繰り返しが必ず終わるか、計算の回数が多すぎないかを確かめてみましょう。"
        if not stopped:
            text += "計算がまだ裏で続いています。動きが重いときはカーネルを再起動してください。"
        return Result("wrong", text, prints.text())
    return replace(results[0], printed=prints.text())


def _wait(thread: threading.Thread, seconds: float) -> bool:
    """Wait until `thread` ends or has run for `seconds`, imports aside. Returns whether an import is what took too long."""
    own = imports = 0.0
    importing, now = False, time.monotonic()
    while thread.is_alive() and own < seconds and imports < IMPORT_LIMIT:
        thread.join(min(TICK, seconds - own))
        before, importing = importing, _is_importing(thread)
        elapsed, now = time.monotonic() - now, time.monotonic()
        if before or importing:
            imports += elapsed
        else:
            own += elapsed
    return imports >= IMPORT_LIMIT


def _is_importing(thread: threading.Thread) -> bool:
    """Whether `thread` is loading a module. Stopped there, it would leave half a library behind for the cells to come."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _judge(exercise: Exercise, answer: Any) -> Result:
    try:
        exercise.judge(answer)
    except _Stop:
        raise
    except Wrong as error:
        return Result("wrong", str(error))
    except Unsolved as error:
        return Result("unsolved", str(error))
    except BaseException as error:  # SystemExit and KeyboardInterrupt from inside an answer, too
        try:
            return Result("wrong", explain(error, exercise.judge))
        except Unsolved as unsolved:
            return Result("unsolved", str(unsolved))
    return Result("correct", exercise.praise)


def _stop(thread: threading.Thread, spare_imports: bool) -> bool:
    """Raise `_Stop` inside `thread` until it ends, and say whether it did. Code outside Python cannot be interrupted."""
    patience, imports = PATIENCE, IMPORT_LIMIT if spare_imports else 0.0
    while thread.is_alive() and patience > 0:
        if imports > 0 and _is_importing(thread):
            imports -= TICK
        else:
            patience -= TICK
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Stop)
            )
        thread.join(TICK)
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
