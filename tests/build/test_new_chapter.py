"""A new chapter costs its author the chapter: what `tools/new_chapter.py` writes builds and passes every test but one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import new_chapter
import pytest
import yaml

ROOT = Path(__file__).parents[2]
NAME, CAPTION = "sample", "第9部　試し"
NOTEBOOK = f"book/trial/{NAME}.ipynb"
LEFT_TO_WRITE = "test_nothing_is_left_to_write"


def run(copy: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of this environment, in the copy and with the copy's library."""
    whole = os.environ | {"PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1", **environment}
    program = Path(sys.executable).with_name(command[0])
    return subprocess.run(
        [str(program), *command[1:]], cwd=copy, env=whole, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with a chapter begun in a part of its own."""
    folder = tmp_path_factory.mktemp("copy") / "book"
    unneeded = shutil.ignore_patterns(
        ".*_cache", ".git", ".venv", ".hypothesis", "_build", "node_modules", "__pycache__"
    )
    shutil.copytree(ROOT, folder, ignore=unneeded)
    begun = run(folder, "python", "tools/new_chapter.py", f"trial/{NAME}", "見本", "--caption", CAPTION)
    assert begun.returncode == 0, begun.stderr
    assert f"{NOTEBOOK}：「〔書く…〕」を" in begun.stdout and "book/notation.md" in begun.stdout
    return folder


def test_its_line_stands_in_the_contents(copy: Path) -> None:
    before, after = (yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8")) for root in (ROOT, copy))
    part = next(part for part in after["parts"] if part["caption"] == CAPTION)
    assert part["chapters"] == [{"file": f"book/trial/{NAME}"}]
    assert [p for p in after["parts"] if p is not part] == before["parts"]


def test_a_chapter_of_a_known_part_comes_last_there() -> None:
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    before, after = (
        yaml.safe_load(text)["parts"] for text in (toc, new_chapter.listed(toc, "book/basics/again", ""))
    )
    before[1]["chapters"].append({"file": "book/basics/again"})
    assert after == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["new/other", "題"], "--caption"),
        (["basics/induction", "題"], "もうあります"),
        (["Basics", "題"], "部/名前"),
    ],
)
def test_what_cannot_be_begun(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        new_chapter.main(arguments)
    assert says in capsys.readouterr().err


def test_it_is_written_as_the_book_is(copy: Path) -> None:
    for command in (
        ["ruff", "check", "."],
        ["ruff", "check", "--isolated", "--select", "F401,F811,F841", "book/trial"],
        ["ruff", "format", "--check", "."],
        ["python", "tools/notebooks.py", "--check", "book/trial"],
    ):
        done = run(copy, *command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_only_what_is_left_to_write_fails(copy: Path) -> None:
    """Every test that asks each chapter finds it by itself, and its cells print what is stored."""
    places = [
        *(f"tests/unit/test_{name}.py" for name in ("prose", "notebooks", "references")),
        "tests/exercises",
    ]
    done = run(copy, "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", *places, NOTEBOOK, "-k", NAME)
    failed = re.findall(r"^FAILED (\S+)", done.stdout, re.M)
    assert failed == [f"tests/unit/test_prose.py::{LEFT_TO_WRITE}[{NAME}]"], done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[-1]) >= 35


def test_it_builds_and_the_list_of_chapters_has_it(copy: Path) -> None:
    (copy / "front.md").write_text("# 表紙\n\n```{chapters}\n```\n", encoding="utf-8")
    part = {"caption": CAPTION, "chapters": [{"file": NOTEBOOK.removesuffix(".ipynb")}]}
    contents = {"format": "jb-book", "root": "front", "parts": [part]}
    (copy / "_toc.yml").write_text(yaml.safe_dump(contents), encoding="utf-8")
    built = run(copy, "jupyter-book", "build", ".")
    assert built.returncode == 0, built.stdout + built.stderr
    page = (copy / "_build/html" / NOTEBOOK).with_suffix(".html").read_text(encoding="utf-8")
    assert page.count("<sawaru-explorer ") == 3
    front = (copy / "_build/html/front.html").read_text(encoding="utf-8")
    assert CAPTION in front
    assert re.search(
        rf'href="book/trial/{NAME}.html">.*?見本.*?</a>　〔書く：この章を貫く問い〕でしょうか。', front, re.S
    )
