"""Exercises: a reader's answer goes in, one kind Japanese sentence comes out. Nothing here knows a chapter."""

from sawaru.exercise.compare import Wrong, expect, unchanged
from sawaru.exercise.run import Result, check, evaluate, exercise, names, progress

__all__ = ["Result", "Wrong", "check", "evaluate", "exercise", "expect", "names", "progress", "unchanged"]
