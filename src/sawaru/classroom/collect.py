"""Handed-in notebooks: run each one's checks in a fresh kernel, shut in, and gather what they say."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sawaru.classroom import sandbox
from sawaru.classroom.handout import NAME_FIELDS, is_solution, text_of
from sawaru.exercise import names
from sawaru.exercise.verdict import CORRECT, UNCHECKED, UNSOLVED, WRONG
from sawaru.notebook import NotebookError, load

MAX_NOTEBOOK = 50_000_000  # bytes
GRADING = Path(__file__).with_name("grading.py")
_CHECK = re.compile(r"""\bcheck\(\s*["'](\w+)\.\w+["']""")


@dataclass(frozen=True)
class Limits:
    """What one notebook may use. A single cell gets a third of the time, so that an endless one leaves some for the rest."""

    seconds: float = 300
    memory: int = 2_000_000_000


@dataclass
class Row:
    """One handed-in notebook: who and what it is, what its checks said, and what went wrong with it."""

    file: str
    name: str = ""
    number: str = ""
    chapter: str = ""
    verdicts: dict[str, tuple[str, str]] = field(default_factory=dict)  # exercise → label and message
    remarks: list[str] = field(default_factory=list)

    @property
    def solved(self) -> int:
        return sum(label == CORRECT for label, _ in self.verdicts.values())


@dataclass(frozen=True)
class Summary:
    """One exercise over all notebooks of its chapter."""

    exercise: str
    notebooks: int
    solved: int
    tried: int
    mistake: str  # the message that most of the wrong answers got, "" if there was none
    times: int


def collect(
    folder: Path,
    limits: Limits,
    *,
    jobs: int = 1,
    unprotected: bool = False,
    progress: Callable[[int, int, Row], None] = lambda done, total, row: None,
) -> list[Row]:
    """Run every notebook under `folder`; the rows come in the order of the files' names.

    Raises:
        SandboxError: the notebooks cannot be shut in here, and `unprotected` was not asked for.
    """
    sandbox.require(unprotected=unprotected)
    files = sorted(notebooks(folder))
    rows, halt = [], threading.Event()
    with ThreadPoolExecutor(1 if unprotected else jobs) as pool:
        try:
            for row in pool.map(lambda file: run(file, folder, limits, halt, unprotected), files):
                rows.append(row)
                progress(len(rows), len(files), row)
        except BaseException:  # the teacher has interrupted it
            halt.set()
            pool.shutdown(cancel_futures=True)
            raise
    return rows


def notebooks(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.ipynb"):
        if not {".ipynb_checkpoints", "__MACOSX"} & set(path.parts) and (path.is_file() or path.is_symlink()):
            yield path


def run(path: Path, folder: Path, limits: Limits, halt: threading.Event, unprotected: bool) -> Row:
    """One notebook's row. Whatever the file holds, it costs this row only."""
    row = Row(file=str(path.relative_to(folder)))
    try:
        cells = _prepare(path, row)
    except NotebookError as error:
        row.remarks.append(str(error).replace(f"{path}：", ""))
        return row
    except Exception as error:  # a file made up by hand may break anything that reads it
        row.remarks.append(f"ノートブックとして読めません（{type(error).__name__}）。")
        return row
    row.verdicts = {exercise: (UNCHECKED, "") for exercise in names(row.chapter)}
    job = {"cells": [text for _, text in cells], "cell_seconds": limits.seconds / 3}
    outcome = sandbox.run(
        [sys.executable, "-P", str(GRADING)],
        json.dumps(job).encode(),
        seconds=limits.seconds,
        memory=limits.memory,
        halt=halt,
        unprotected=unprotected,
    )
    _read_report(outcome.report, row, [place for place, _ in cells], limits)
    if outcome.stopped:
        row.remarks.append(outcome.stopped)
    elif outcome.code and not row.remarks:
        row.remarks.append(
            "途中で動かなくなりました。ノートブックが Python そのものを終わらせたか、メモリが足りません。"
        )
    return row


def _prepare(path: Path, row: Row) -> list[tuple[int, str]]:
    """Fill in what the file says of itself, and return the code cells to run, each with its place in the notebook."""
    if path.is_symlink():
        raise NotebookError("リンクなので開きませんでした。ノートブックそのものを提出してもらってください。")
    if path.stat().st_size > MAX_NOTEBOOK:
        raise NotebookError(
            "大きすぎます（50 MB を越えています）。出力を消して提出し直してもらってください。"
        )
    notebook = load(path)
    cells = [
        (place, text_of(cell))
        for place, cell in enumerate(notebook["cells"], start=1)
        if cell["cell_type"] == "code" and not is_solution(cell)
    ]
    code = "\n".join(text for _, text in cells)
    row.name, row.number = (_field(label, code) for label in NAME_FIELDS)
    chapters = Counter(chapter for chapter in _CHECK.findall(code) if names(chapter))
    if not chapters:
        raise NotebookError("この本の演習（check の呼び出し）が見つかりません。")
    row.chapter = chapters.most_common(1)[0][0]
    return cells


def _field(label: str, code: str) -> str:
    """What a student wrote behind `氏名 = `, with or without quotation marks."""
    found = re.search(rf"^{label}[ \t]*=[ \t]*(.*)$", code, re.M)
    text = re.sub(r"\s+#.*$", "", found[1]) if found else ""
    return text.strip().strip("\"'“”‘’「」").strip()[:100]


def _read_report(report: bytes, row: Row, places: list[int], limits: Limits) -> None:
    """Take what the grading program said; the notebook's code may have written there too, so nothing is trusted."""

    def place(number: Any) -> str:
        known = isinstance(number, int) and 0 < number <= len(places)
        return f"{places[number - 1]} 番目のセル" if known else "あるセル"

    started = False
    for line in report.decode(errors="replace").splitlines():
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(said, dict):
            continue
        started |= "started" in said
        if isinstance(said.get("verdicts"), dict):
            for exercise, verdict in said["verdicts"].items():
                if exercise in row.verdicts and isinstance(verdict, list) and len(verdict) == 2:
                    label, message = map(str, verdict)
                    if label in (CORRECT, WRONG, UNSOLVED):
                        row.verdicts[exercise] = (label, message[:1000])
        if "late" in said:
            row.remarks.append(
                f"{place(said['late'])}が {limits.seconds / 3:g} 秒で終わらないので、飛ばしました。"
            )
        if "stuck" in said:
            row.remarks.append(f"{place(said['stuck'])}を止められないので、そこで終えました。")
        if "dead" in said:
            row.remarks.append(
                f"{place(said['dead'])}で Python が終わってしまいました（メモリ不足か、終了の呼び出し）。"
            )
        if "error" in said:
            what = f"{said.get('kind', '')}: {said.get('text', '')}"[:200]
            row.remarks.append(f"{place(said['error'])}でエラーが起きました（{what}）。")
    del row.remarks[20:]
    if not started:
        row.remarks.append("Python を始められませんでした。")


def summarize(rows: list[Row]) -> dict[str, list[Summary]]:
    """For each chapter, its exercises: how many solved, how many tried, and the typical mistake."""
    chapters: dict[str, list[Summary]] = {}
    for chapter in sorted({row.chapter for row in rows if row.chapter}):
        its = [row for row in rows if row.chapter == chapter and row.verdicts]
        for exercise in names(chapter):
            verdicts = [row.verdicts[exercise] for row in its]
            mistakes = Counter(_cause(message) for label, message in verdicts if label == WRONG)
            cause, times = mistakes.most_common(1)[0] if mistakes else ("", 0)
            example = next((m for label, m in verdicts if label == WRONG and _cause(m) == cause), "")
            chapters.setdefault(chapter, []).append(
                Summary(
                    exercise=exercise,
                    notebooks=len(its),
                    solved=sum(label == CORRECT for label, _ in verdicts),
                    tried=sum(label in (CORRECT, WRONG) for label, _ in verdicts),
                    mistake=example,
                    times=times,
                )
            )
    return chapters


def _cause(message: str) -> str:
    """A message without the student's own code and values, so that the same mistake counts as the same."""
    return re.sub(r"`[^`]*`|[-+−]?\d[\d.,]*(?:e[-+]?\d+)?", "…", message)
