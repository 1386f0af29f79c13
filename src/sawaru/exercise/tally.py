"""How far a reader has come in a chapter: counted from what `check` said in this kernel, kept nowhere else."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from html import escape

from sawaru.exercise.verdict import CORRECT, UNCHECKED

SOLUTION = "#@title 解答例"  # how the cells with the book's own answers begin; they are not the reader's work

_verdicts: dict[str, tuple[str, str]] = {}  # exercise → the label and the message of its last check


def note(exercise: str, label: str, message: str, cell: str) -> bool:
    """Remember what a check said, and say whether it counts: not where it was called from the book's own answer.

    `cell` is the name under which IPython compiled the calling cell, and keeps its text.
    """
    if "".join(linecache.getlines(cell)).startswith(SOLUTION):
        return False
    _verdicts[exercise] = (label, message)
    return True


def verdicts() -> dict[str, tuple[str, str]]:
    """Every exercise checked in this kernel, with the label and the message of its last check."""
    return dict(_verdicts)


@dataclass(frozen=True)
class Progress:
    """A chapter's exercises in order, each with the label of its last check. Shown as a table in a notebook."""

    labels: dict[str, str]

    @property
    def count(self) -> str:
        return f"{list(self.labels.values()).count(CORRECT)}/{len(self.labels)}"

    @property
    def advice(self) -> str:
        if UNCHECKED in self.labels.values():
            return f"{UNCHECKED}の演習は、そのセルを実行すると数えられます。"
        if set(self.labels.values()) == {CORRECT}:
            return "この章の演習がすべて解けました。"
        return "演習のセルを実行し直してから、このセルをもう一度実行すると、表が新しくなります。"

    def __repr__(self) -> str:
        rows = [f"{i}　{label}　{name}" for i, (name, label) in enumerate(self.labels.items(), start=1)]
        return "\n".join([f"演習 {self.count}", *rows, self.advice])

    def _repr_html_(self) -> str:
        left = '<td style="text-align: left">'  # JupyterLab sets tables to the right
        rows = "".join(
            f"<tr>{left}演習 {i}</td>{left}<code>{escape(name)}</code></td>{left}{escape(label)}</td></tr>"
            for i, (name, label) in enumerate(self.labels.items(), start=1)
        )
        return f"<p><strong>演習 {self.count}</strong></p><table>{rows}</table><p>{escape(self.advice)}</p>"


def of(exercises: list[str]) -> Progress:
    """The progress in these exercises, each named "<chapter>.<exercise>"."""
    return Progress({e.partition(".")[2]: _verdicts.get(e, (UNCHECKED, ""))[0] for e in exercises})
