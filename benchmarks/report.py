"""What a benchmark hands back, and how it is written: promises kept or not, and tables in Markdown."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("plotly", "ipywidgets", "jupyterlab", "jupyter-book", "torch", "matplotlib", "panel")


@dataclass(frozen=True)
class Promise:
    """One promise of the book with what was measured.

    Attributes:
        what: what is promised, e.g. "つまみを動かしてから描き終わるまで（本のページ）".
        limit: the promise, in words and numbers.
        measured: the same, as measured.
        met: whether it holds.
    """

    what: str
    limit: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Report:
    """The outcome of one benchmark: its promises, and its tables as Markdown."""

    promises: list[Promise]
    details: str

    def __str__(self) -> str:
        return "\n\n".join(([promise_table(self.promises)] if self.promises else []) + [self.details])


def promise_table(promises: Sequence[Promise]) -> str:
    rows = [(p.what, p.limit, p.measured, "達成" if p.met else "**未達**") for p in promises]
    return table(("項目", "約束", "測った値", ""), rows)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; columns after the first are aligned right when they hold numbers."""
    numeric = [all(str(row[i])[:1].isdigit() for row in rows) for i in range(len(head))]
    rule = ["---:" if number and i else "---" for i, number in enumerate(numeric)]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (head, rule, *rows))


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """The smallest value that at least 95 % of the values do not exceed."""
    return sorted(values)[-(-len(values) * 95 // 100) - 1]


def ms(values: Sequence[float]) -> tuple[str, str, str]:
    """Median, 95th percentile and number of moves, as cells of a table."""
    return f"{median(values):.1f}", f"{p95(values):.1f}", f"{len(values)}"


def kb(size: float) -> str:
    return f"{size / 1000:,.1f}" if size < 99_950 else f"{size / 1000:,.0f}"


def machine() -> str:
    """One line: the day, the computer and the versions."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line[:10] == "model name"
        ]
        cpu = names[0] if names else cpu
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    said = (
        subprocess.run([browser, "--version"], capture_output=True, text=True).stdout.split()
        if browser
        else []
    )
    chromium = next((word for word in said if word[0].isdigit()), "なし")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = "、".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return (
        f"{datetime.date.today():%Y 年 %-m 月 %-d 日}、{cpu}（{cores} コア）、{platform.system()}、"
        f"Python {platform.python_version()}、Chromium {chromium}、{versions}"
    )
