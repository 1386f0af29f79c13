"""Small books built with the real `jupyter-book build`: determinism, caps, and errors that name the place."""

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
EXPLORER = '''
import numpy as np
from sawaru import explore
from sawaru.figure import figure

@explore(n={n}, kind=["線", "点"])
def waves(n, kind):
    """波"""
    fig = figure(title=f"{{n}} の波")
    x = np.linspace(0, 6, {points})
    fig.add_scatter(x=x, y=np.sin(n * x) + np.random.default_rng(n).normal(size={points}), mode="lines" if kind == "線" else "markers")
    return fig
'''


def book(folder: Path, *cells: str, name: str = "chapter") -> Path:
    """A book of one chapter with the project's own settings."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "_config.yml", folder)
    shutil.copytree(ROOT / "assets", folder / "assets", dirs_exist_ok=True)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n  - file: {name}\n")
    (folder / "index.md").write_text("# 表紙\n\n本文です。\n")
    notebook: Any = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# 章", id="title")]
        + [nbformat.v4.new_code_cell(c, id=f"cell{i}") for i, c in enumerate(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def table(folder: Path) -> str:
    html = (folder / "_build/html/chapter.html").read_text(encoding="utf-8")
    found = re.search(r'class="sawaru-table">([^<]*)<', html)
    assert found
    return found.group(1)


def test_two_builds_give_the_same_table(tmp_path: Path) -> None:
    tables = []
    for name in ("one", "two"):
        folder = book(tmp_path / name, EXPLORER.format(n="(1, 5)", points=100))
        built = build(folder)
        assert built.returncode == 0, built.stdout + built.stderr
        assert "waves" in built.stderr, "進み具合の棒が出ます"
        tables.append(table(folder))
    assert tables[0] == tables[1]
    assert (folder / "_build/html/_static/sawaru/plotly-cartesian.min.js").exists()
    assert "explorer.js" not in (folder / "_build/html/index.html").read_text(encoding="utf-8")


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


def test_a_sum_is_rounded_alike_wherever_it_lies(tmp_path: Path) -> None:
    folder = book(tmp_path / "book", SUMS)
    built = build(folder)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "alike: True 1" in (folder / "_build/html/chapter.html").read_text(encoding="utf-8")


def test_chapters_run_side_by_side_and_only_once(tmp_path: Path) -> None:
    folder = book(tmp_path / "book", EXPLORER.format(n="(1, 3)", points=10), name="chapter")
    book(folder, EXPLORER.format(n="(1, 4)", points=10), name="second")
    toc = "format: jb-book\nroot: index\nchapters:\n  - file: chapter\n  - file: second\n"
    (folder / "_toc.yml").write_text(toc)
    first = build(folder)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "running 2 chapters" in first.stdout
    assert "Executed notebook" not in first.stdout + first.stderr, "MyST-NB finds both in its cache"
    path = folder / "second.ipynb"
    path.write_text(path.read_text().replace("np.sin", "np.cos"))
    again = build(folder)
    assert again.returncode == 0
    said = again.stdout + again.stderr
    assert "chapters, " not in said and said.count("Executed notebook") == 1


def test_too_many_states_fail_the_build(tmp_path: Path) -> None:
    built = build(book(tmp_path / "book", EXPLORER.format(n="(1, 3000)", points=10)))
    assert built.returncode != 0
    said = built.stdout + built.stderr
    assert "chapter" in said
    assert "explore「waves」：状態が 6,000 通りあります（上限 2,000）" in said
    assert "一番多いのは n（3000 通り）" in said


def test_too_heavy_a_snapshot_fails_the_build(tmp_path: Path) -> None:
    built = build(book(tmp_path / "book", EXPLORER.format(n="(1, 60)", points=6000)))
    assert built.returncode != 0
    assert re.search(
        r"explore「waves」：スナップショットが [\d,]+ バイトあります（上限 500,000）",
        built.stdout + built.stderr,
    )


def test_too_heavy_a_chapter_fails_the_build(tmp_path: Path) -> None:
    part = EXPLORER.format(n="(1, 40)", points=4000)
    cells = [part.replace("waves", f"waves{i}") for i in range(4)]
    built = build(book(tmp_path / "book", *cells))
    assert built.returncode != 0
    said = built.stdout + built.stderr
    assert re.search(r"chapter：スナップショットが合わせて [\d,]+ バイトあります（上限 1,500,000）", said), (
        said[-3000:]
    )
    assert "waves0" in said


def test_two_explorers_of_one_name_fail_the_build(tmp_path: Path) -> None:
    part = EXPLORER.format(n="(1, 3)", points=10)
    built = build(book(tmp_path / "book", part, part))
    assert built.returncode != 0
    assert "chapter：explore の関数名 waves が二度使われています" in built.stdout + built.stderr


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("from sawaru import explore\n@explore(x=[])\ndef f(x):\n    '図'", "選べる値が一つもありません"),
        (
            "from sawaru import explore\n@explore(x=(0, 3))\ndef f(x):\n    '図'\n    return x",
            "関数が図ではなく int を返しました",
        ),
    ],
)
def test_a_bad_declaration_fails_the_build_and_names_the_chapter(
    tmp_path: Path, cell: str, says: str
) -> None:
    built = build(book(tmp_path / "book", cell))
    assert built.returncode != 0
    said = built.stdout + built.stderr
    assert says in said
    assert "chapter" in said


def test_a_notebook_edited_into_invalid_json_names_the_place(tmp_path: Path) -> None:
    folder = book(tmp_path / "book", "1 + 1")
    path = folder / "chapter.ipynb"
    lines = json.dumps(json.loads(path.read_text()), indent=1).splitlines()
    lines[4] = lines[4].rstrip(",") + " oops"
    path.write_text("\n".join(lines))
    built = build(folder)
    assert built.returncode != 0
    assert re.search(r"chapter\.ipynb：5 行 \d+ 文字目で JSON が壊れています", built.stdout + built.stderr)
