"""Each notebook run from a cold kernel, and the whole book built: seconds and memory.

The book is built in a temporary copy of the project, once from clean and once more after one chapter has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from report import ROOT, Promise, Report, table

WHOLE = 44  # chapters, when all are written
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "_build", ".*_cache", ".hypothesis", "__pycache__", ".ipynb_checkpoints"
)


def run(path: Path) -> tuple[float, float]:
    """Run a notebook: seconds with its kernel's start, and the kernel's peak resident memory in bytes."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}})
    peak = 0
    done = threading.Event()

    def watch(pid: int) -> None:
        nonlocal peak
        while not done.wait(0.05):
            try:
                kernel = psutil.Process(pid)
                family = [kernel, *kernel.children(recursive=True)]
                peak = max(peak, sum(process.memory_info().rss for process in family))
            except psutil.NoSuchProcess:
                pass

    start = time.perf_counter()
    with client.setup_kernel():
        watcher = threading.Thread(target=watch, args=(client.km.provisioner.pid,), daemon=True)
        watcher.start()
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        seconds = time.perf_counter() - start
        done.set()
        watcher.join()
    return seconds, peak


def build(project: Path) -> float:
    """Build the book as `make book` does: seconds."""
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", ".", "--all"]
    start = time.perf_counter()
    built = subprocess.run(command, cwd=project, capture_output=True, text=True)
    if built.returncode:
        raise SystemExit(built.stdout[-2000:] + built.stderr[-2000:])
    return time.perf_counter() - start


def change(path: Path) -> None:
    """Change the text of a chapter's last code cell, so that all of the chapter runs again."""
    notebook = nbformat.read(path, as_version=4)
    cell = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    cell.source += "\n# 変更"
    nbformat.write(notebook, path)


def measure() -> Report:
    os.environ.pop("SAWARU_SNAPSHOT", None)
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    files = re.findall(r"(?:file|root): *(\S+)", contents)
    chapters = sorted(path for file in files if (path := ROOT / f"{file}.ipynb").exists())
    ran = {path: run(path) for path in chapters}
    slowest = max(chapters, key=lambda path: ran[path][0])
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "book"
        shutil.copytree(ROOT, project, ignore=LEFT_OUT)
        clean = build(project)
        change(project / slowest.relative_to(ROOT))
        again = build(project)
    whole = clean / len(chapters) * WHOLE
    most = max(seconds for seconds, _ in ran.values())
    memory = max(peak for _, peak in ran.values())
    rows = [
        (path.relative_to(ROOT).as_posix(), f"{seconds:.1f}", f"{peak / 1e6:.0f}")
        for path, (seconds, peak) in ran.items()
    ]
    builds = [
        (f"はじめから（{len(chapters)} 章）", f"{clean:.0f}"),
        (f"`{slowest.name}` の最後のセルを変えたあと", f"{again:.0f}"),
    ]
    return Report(
        [
            Promise(
                "ノートブックの実行",
                "カーネルの起動を含めて 40 秒以下、1 GB 以下",
                f"最も長い章 {most:.1f} 秒、最も多い章 {memory / 1e6:.0f} MB",
                most <= 40 and memory <= 1e9,
            ),
            Promise(
                "本全体の組み立て",
                f"はじめから {WHOLE} 章で 12 分以下",
                f"{len(chapters)} 章で {clean:.0f} 秒（{WHOLE} 章なら {whole / 60:.1f} 分）",
                whole <= 12 * 60,
            ),
            Promise("1 章を変えたあとの組み立て", "45 秒以下", f"{again:.0f} 秒", again <= 45),
        ],
        "\n\n".join(
            [
                table(("ノートブック", "秒", "メモリの最大 [MB]"), rows),
                table(("本の組み立て", "秒"), builds),
            ]
        ),
    )


if __name__ == "__main__":
    print(measure())
