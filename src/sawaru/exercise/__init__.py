"""Exercises: a reader's answer goes in, one kind Japanese sentence comes out. Nothing here knows a chapter.

A chapter's checks live in `sawaru/checks/<chapter>.py`: tables of what is right and what known mistakes give (`table`), or, where structure
is judged, functions that receive the answer and raise `Wrong`. In a notebook `check("chapter.name", answer)` runs them.
"""

from sawaru.exercise.compare import Unsolved, Wrong, expect, unchanged
from sawaru.exercise.reader import check, evaluate, progress
from sawaru.exercise.registry import exercise, names
from sawaru.exercise.table import either, otherwise, tensor
from sawaru.exercise.verdict import Result

__all__ = [
    "Result",
    "Unsolved",
    "Wrong",
    "check",
    "either",
    "evaluate",
    "exercise",
    "expect",
    "names",
    "otherwise",
    "progress",
    "tensor",
    "unchanged",
]
