"""Small books built with the real `jupyter-book build`: determinism, the cache, and errors that name the place."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
WAVES = '''
import numpy as np
from sawaru import explore
from sawaru.figure import figure

@explore(n=(1, 5), kind=["線", "点"])
def waves(n, kind):
    """波"""
    fig = figure(title=f"{n} の波")
    x = np.linspace(0, 6, 100)
    y = np.sin(n * x) + np.random.default_rng(n).normal(size=100)
    return fig.add_scatter(x=x, y=y, mode="lines" if kind == "線" else "markers")
'''
SUMS = """
import torch
torch.manual_seed(0)
A, v = torch.randn(5, 1000), torch.randn(1000)

def moved(t, by):
    room = torch.empty(t.numel() + by)[by:]
    return room.copy_(t.flatten()).view(t.shape)

products = [moved(A, by) @ moved(v, by) for by in range(16)]
print("alike:", all(torch.equal(p, products[0]) for p in products), torch.get_num_threads())
"""
pytestmark = pytest.mark.timeout(900)  # each builds a book, and the machine may be busy
CHAPTERS = {"waves": WAVES, "again": WAVES.replace("100", "10"), "sums": SUMS}


def book(folder: Path, chapters: dict[str, str]) -> Path:
    """A book with the project's own settings, each chapter one cell."""
    folder.mkdir()
    shutil.copy(ROOT / "_config.yml", folder)
    shutil.copytree(ROOT / "assets", folder / "assets")
    files = "".join(f"  - file: {name}\n" for name in chapters)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{files}")
    (folder / "index.md").write_text("# 表紙\n\n本文です。\n")
    for name, cell in chapters.items():
        notebook: Any = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_markdown_cell("# 章", id="title"),
                nbformat.v4.new_code_cell(cell, id="cell"),
            ],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def page(folder: Path, name: str) -> str:
    return (folder / f"_build/html/{name}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A book with nothing wrong: its folder, and what the build said."""
    folder = book(tmp_path_factory.mktemp("built") / "book", CHAPTERS)
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout + done.stderr


def test_progress_is_shown(built: tuple[Path, str]) -> None:
    assert "waves: 100%" in built[1]


def test_only_pages_with_explorers_load_their_script(built: tuple[Path, str]) -> None:
    folder, _ = built
    assert (folder / "_build/html/_static/sawaru/plotly-cartesian.min.js").exists()
    assert "explorer.js" in page(folder, "waves")
    assert "explorer.js" not in page(folder, "index") + page(folder, "sums")


def test_a_sum_is_rounded_alike_wherever_it_lies(built: tuple[Path, str]) -> None:
    assert "alike: True 1" in page(built[0], "sums")


def test_chapters_run_side_by_side(built: tuple[Path, str]) -> None:
    assert "running 3 chapters" in built[1]
    assert "Executed notebook" not in built[1], "MyST-NB finds them in its cache"


def test_two_builds_give_the_same_table(built: tuple[Path, str], tmp_path: Path) -> None:
    tables = re.compile(r'class="sawaru-table">([^<]+)<')
    first = tables.findall(page(built[0], "waves"))
    folder = book(tmp_path / "twin", CHAPTERS)
    assert build(folder).returncode == 0
    assert len(first) == 1
    assert tables.findall(page(folder, "waves")) == first


def test_only_a_changed_chapter_is_run_anew(built: tuple[Path, str]) -> None:
    folder, _ = built
    path = folder / "again.ipynb"
    path.write_text(path.read_text().replace("np.sin", "np.cos"))
    done = build(folder)
    assert done.returncode == 0
    said = done.stdout + done.stderr
    assert "chapters, " not in said
    assert said.count("Executed notebook") == 1


def test_a_moved_book_runs_anew_what_uses_something_changed(built: tuple[Path, str], tmp_path: Path) -> None:
    folder = shutil.copytree(built[0], tmp_path / "moved")
    known = folder / "_build" / ".jupyter_cache" / "digests.json"
    known.write_text(json.dumps(json.loads(known.read_text()) | {"waves": "of another library"}))
    done = build(folder)
    assert done.returncode == 0
    assert (done.stdout + done.stderr).count("Executed notebook") == 1


def test_a_declaration_that_cannot_work_fails_the_build_and_names_the_chapter(tmp_path: Path) -> None:
    cell = "from sawaru import explore\n@explore(x=[])\ndef f(x):\n    '図'"
    done = build(book(tmp_path / "book", {"chapter": cell}))
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "選べる値が一つもありません" in said
    assert "chapter" in said


def test_a_notebook_edited_into_invalid_json_names_the_place(tmp_path: Path) -> None:
    folder = book(tmp_path / "book", {"chapter": "1 + 1"})
    path = folder / "chapter.ipynb"
    lines = json.dumps(json.loads(path.read_text()), indent=1).splitlines()
    lines[4] = lines[4].rstrip(",") + " oops"
    path.write_text("\n".join(lines))
    done = build(folder)
    assert done.returncode != 0
    assert re.search(r"chapter\.ipynb：5 行 \d+ 文字目で JSON が壊れています", done.stdout + done.stderr)
