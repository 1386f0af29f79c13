"""A check as a table: first what is right, then what each known mistake gives, with the sentence that helps.

    @exercise("chapter.mse", praise="当てはまりを一つの数にしました。", cases=[(tensor(1, 2), tensor(0, 4)), (…, …)])
    def _(y_hat, y):
        r = y_hat - y
        yield (r**2).mean()
        yield (r**2).sum(), "平均ではなく合計になっています。"
        yield r.abs().mean(), "二乗ではなく絶対値です。"
        yield r.abs().sum(), "二乗ではなく絶対値です。"
        yield otherwise(lambda v: f"{v:.4g} を返しました。二乗の平均は負になりません。" if v < 0 else None)

The table is read once a case, with the case's own arguments. An answer is right if it is right in every case, and a mistake is named
only if every case follows it, so a case that cannot tell two mistakes apart accuses nobody. Rows with the same sentence are one mistake,
within a case and from case to case; a case that leaves a row out is not asked about it, and an answer may also fail there.

- `cases` holds the arguments of each call (a tuple, or the argument where there is only one). They are copied for every call, and none may
  be changed by the answer unless the exercise is `in_place`. They are made when the chapter's checks are loaded: draw from a generator of
  your own. Without `cases` the answer is no function but the value itself.
- `yield either(a, b)` where several values are right.
- `otherwise(say)` is asked about any other finite number, `otherwise(say, Tensor)` about any other number or tensor, and
  `otherwise(say, object)` about whatever else there is. It returns its sentence, or None where it knows nothing.
- `what` is how messages call the value: text, or a function of the case's arguments. Without it the call is written as in `mse(y_hat, y)`,
  numbers by value, tensors by name, with their shape where that differs between the cases.
- `call(answer, *case)` asks the answer in another way than `answer(*case)`, and may raise `Wrong`.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from sawaru.exercise.compare import Unsolved, Wrong, as_array, beside, expect, same, unchanged

What = str | Callable[..., str] | None
_CHANGEABLE = (torch.Tensor, torch.nn.Module, np.ndarray, Mapping, list, tuple)


@dataclass(frozen=True)
class Either:
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Otherwise:
    say: Callable[[Any], str | None]
    kind: type


def tensor(*values: Any) -> torch.Tensor:
    """These numbers, or rows of numbers, in double precision: what a case or a row is made of."""
    return torch.tensor(values, dtype=torch.float64)


def either(*values: Any) -> Either:
    """Any of these values."""
    return Either(values)


def otherwise(say: Callable[[Any], str | None], kind: type = float) -> Otherwise:
    """A sentence about a value that no row knows. `kind` is what the value must be: float, torch.Tensor or object."""
    return Otherwise(say, kind)


def asked(answer: Any, *case: Any) -> Any:
    return answer(*case)


@dataclass(frozen=True)
class Table:
    name: str
    rows: Callable[..., Iterator[Any]]
    cases: Sequence[Any] | None
    what: What
    tol: float
    call: Callable[..., Any]
    in_place: bool

    @property
    def arguments(self) -> list[tuple[Any, ...]]:
        """Each case's arguments, fresh."""
        cases = [()] if self.cases is None else self.cases
        return [copy.deepcopy(case if isinstance(case, tuple) else (case,)) for case in cases]

    def read(self, case: tuple[Any, ...]) -> tuple[Either, dict[str, Either], list[Otherwise]]:
        """What is right in this case, the wrong values by their sentence, and who is asked about others."""
        right, *rows = self.rows(*case)
        wrong: dict[str, Either] = {}
        for row in rows:
            if not isinstance(row, Otherwise):
                value, sentence = row
                wrong[sentence] = Either(wrong.get(sentence, Either(())).values + _either(value).values)
        return _either(right), wrong, [row for row in rows if isinstance(row, Otherwise)]

    def judge(self, answer: Any) -> None:
        """Raise `Wrong`, `Unsolved` or what the answer raises, unless `answer` is right."""
        self.compare(map(lambda case: self._ask(answer, case), self.arguments))

    def compare(self, values: Iterator[Any]) -> None:
        """Judge what an answer gives in each case."""
        misses: list[tuple[Any, Any, str, list[Otherwise]]] = []
        named: dict[str, tuple[Any, Any, str]] = {}  # the mistakes that were followed, and where first
        cleared: set[str] = set()  # those that were not
        for i, case in enumerate(self.arguments):
            right, wrong, others = self.read(case)
            try:
                got = next(values)
            except (Wrong, Unsolved):
                raise
            except Exception:
                if not misses:
                    raise
                cleared |= wrong.keys()
                break
            fits = self.fits(got, right)
            if not fits:
                misses.append((got, right.values[0], self._what(i), others))
            for sentence, value in wrong.items():
                if not self.fits(got, value):
                    cleared.add(sentence)
                elif not fits:
                    named.setdefault(sentence, misses[-1][:3])
        for sentence, place in named.items():
            if sentence not in cleared:
                raise Wrong(beside(*place) + sentence)
        for got, want, what, others in misses:
            for other in others:
                seen = _seen(got, other.kind)
                if seen is not None and (said := other.say(seen)):
                    raise Wrong(said)
            expect(got, want, what, self.tol)

    def fits(self, got: Any, value: Either) -> bool:
        return any(same(got, one, self.tol) for one in value.values)

    def _ask(self, answer: Any, case: tuple[Any, ...]) -> Any:
        if self.cases is None:
            return answer
        with contextlib.ExitStack() as guards:
            for name, value in zip(inspect.signature(self.rows).parameters, case, strict=True):
                if isinstance(value, _CHANGEABLE) and not self.in_place:
                    guards.enter_context(unchanged(value, name))
            return self.call(answer, *case)

    def _what(self, i: int) -> str:
        cases = self.arguments
        if callable(self.what):
            return self.what(*cases[i])
        if self.what or self.cases is None:
            return self.what or "答え"
        shown, shapes = [], []
        for position, name in enumerate(inspect.signature(self.rows).parameters):
            value = cases[i][position]
            shown.append(f"{value:g}" if isinstance(value, int | float) else name)
            if len({getattr(case[position], "shape", ()) for case in cases}) > 1:
                shapes.append(f"{name} の形は {tuple(value.shape)}")
        return f"{self.name}({', '.join(shown)})" + (f"（{'、'.join(shapes)}）" if shapes else "")


def _either(value: Any) -> Either:
    return value if isinstance(value, Either) else Either((value,))


def _seen(got: Any, kind: type) -> Any:
    """`got` as an `otherwise` of this kind sees it, or None where it does not."""
    if got is None or got is ... or kind is object:
        return None if got is ... else got
    array = as_array(got)
    if array is None:
        return None
    if kind is torch.Tensor:
        return torch.from_numpy(array.copy())
    number = array.ndim == 0 and array.dtype.kind in "iuf" and math.isfinite(array)
    return float(array) if number else None
