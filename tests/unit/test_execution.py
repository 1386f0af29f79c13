"""Which chapters a change makes run anew: those that use what changed, and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sawaru.sphinxext import execution, uses

ROOT = Path(__file__).parents[2]
BOOK = sorted(p for p in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
# A made-up library and its chapters: each text, then what else stands in its folder.
LIBRARY = {
    "__init__": "from sawaru.exercise import check, progress\nfrom sawaru.explorer.declare import explore",
    "theme": "",
    "assets": "",
    "exercise/__init__": "from .run import check, progress",
    "exercise/run": "import importlib",
    "exercise/table": "",
    "explorer/__init__": "",
    "explorer/declare": "def explore():\n    from ..explorer import pack",
    "explorer/pack": "import json, sawaru.theme",
    "checks/__init__": "",
    "checks/one": "import sawaru.exercise.table as table",
    "checks/two": "from sawaru.models.two import Net",
    "models/__init__": "",
    "models/one": "from sawaru.data.clouds import moons\nfrom sawaru.assets import weights\nweights('one')",
    "models/two": "",
    "data/__init__": "",
    "data/clouds": "",
    "data/stories": "",
    "classroom/__init__": "from sawaru.exercise import check",
    "sphinxext/__init__": "from . import lines",
    "sphinxext/lines": "",
}
ONE = ["%matplotlib inline\nfrom sawaru import explore", "for", "check('one.loss', 3)\nprogress('one')"]
TWO = [
    "from sawaru import check\nfrom sawaru.assets import asset\nfrom sawaru.models import one",
    "check(f'{chapter}.loss', 3)\ncheck('two.loss', 3)\nasset('weights/two.json')",
]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in LIBRARY.items():
        path = tmp_path / "sawaru" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("sawaru/theme.json", "sawaru/explorer/draw.js", "one.safetensors", "two.json"):
        (tmp_path / name).write_text("")

    def asset(name: str) -> Path:
        if not (path := tmp_path / Path(name).name).is_file():
            raise FileNotFoundError(name)
        return path

    monkeypatch.setattr(uses, "PACKAGE", tmp_path / "sawaru")
    monkeypatch.setattr(uses, "LOADERS", {"asset", "weights"})
    monkeypatch.setattr(uses.assets, "asset", asset)
    return tmp_path


def chapter(folder: Path, name: str, sources: list[str]) -> Path:
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    text = {"cell_type": "markdown", "metadata": {}, "source": "import sawaru.data.stories"}
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": [text, *cells]}))
    return path


@pytest.mark.parametrize(
    ("changed", "concerned"),
    [
        ("sawaru/__init__.py", "one two"),
        ("sawaru/theme.json", "one two"),
        ("sawaru/theme.py", "one two"),  # through an import inside a function
        ("sawaru/explorer/pack.py", "one two"),
        ("sawaru/explorer/draw.js", ""),  # no kernel reads it
        ("sawaru/exercise/run.py", "one two"),
        ("sawaru/exercise/table.py", "one"),
        ("sawaru/checks/__init__.py", "one two"),
        ("sawaru/checks/one.py", "one"),
        ("sawaru/checks/two.py", "two"),
        ("sawaru/models/__init__.py", "two"),
        ("sawaru/models/one.py", "two"),  # its own chapter shows the same text, and does not import it
        ("sawaru/models/two.py", "two"),  # through its checks
        ("sawaru/data/clouds.py", "two"),  # through a model
        ("sawaru/data/stories.py", ""),
        ("one.safetensors", "two"),
        ("two.json", "two"),
        ("sawaru/classroom/__init__.py", ""),
        ("sawaru/sphinxext/lines.py", ""),
    ],
)
def test_a_chapter_runs_anew_when_what_it_uses_changes(library: Path, changed: str, concerned: str) -> None:
    chapters = {"one": chapter(library, "one", ONE), "two": chapter(library, "two", TWO)}
    before = {name: execution.digest(path) for name, path in chapters.items()}
    assert (library / changed).exists()
    (library / changed).write_text("changed = True")
    assert {n for n, path in chapters.items() if execution.digest(path) != before[n]} == set(
        concerned.split()
    )


def test_a_broken_notebook_is_left_to_those_who_say_so(library: Path) -> None:
    path = library / "broken.ipynb"
    path.write_text("{")
    assert uses.uses(path) == {library / "sawaru/theme.json"}


SHARED = sorted(p for room in ("models", "data") for p in (uses.PACKAGE / room).glob("[!_]*.py"))


def shared_by_text(path: Path) -> set[Path]:
    """The models and data that a chapter's text names, or its checks' text, or that of one so named."""
    text = path.read_text() + (uses.PACKAGE / "checks" / f"{path.stem}.py").read_text()
    found: set[Path] = set()
    while more := {
        p
        for p in SHARED
        if p not in found and re.search(rf"sawaru\.{p.parent.name}(\.| import [\w, ]*\b){p.stem}\b", text)
    }:
        found |= more
        text += "".join(p.read_text() for p in more)
    return found


@pytest.mark.parametrize("path", BOOK, ids=lambda path: path.stem)
def test_a_model_concerns_exactly_the_chapters_that_import_it(path: Path) -> None:
    assert uses.uses(path) & set(SHARED) == shared_by_text(path)


def test_every_chapter_uses_its_own_checks_and_nobody_elses() -> None:
    for path in BOOK:
        checks = {f.stem for f in uses.uses(path) if f.parent.name == "checks"}
        assert checks == {"__init__", path.stem}


@pytest.mark.parametrize(
    ("code", "concerned"), [("```{code-cell}\nimport sawaru.figure\n```\n", True), ("", False)]
)
def test_a_page_in_markdown_is_followed_where_it_has_code_cells(
    tmp_path: Path, code: str, concerned: bool
) -> None:
    page = tmp_path / "index.md"
    page.write_text(f"---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n\n# 本\n\n{code}")
    assert (uses.PACKAGE / "figure.py" in uses.uses(page)) == concerned
