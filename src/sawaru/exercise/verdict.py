"""What is said about an answer: the words of the verdicts stand here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CORRECT, WRONG, UNSOLVED, UNCHECKED = "正解", "もう少し", "未解答", "未確認"
_LABELS = {"correct": CORRECT, "wrong": WRONG, "unsolved": UNSOLVED, "unknown": "演習が見つかりません"}


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
        return _LABELS[self.status]

    def __str__(self) -> str:
        return f"{self.label}：{self.message}"
