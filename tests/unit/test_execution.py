"""Which chapters a change makes run anew."""

import json
from pathlib import Path

import pytest

from sawaru.sphinxext import execution


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with the folders of the real one."""
    for name in (
        "snapshot",
        "checks/__init__",
        "checks/one",
        "checks/two",
        "models/__init__",
        "models/one",
        "models/two",
        "sphinxext/lines",
    ):
        path = tmp_path / "sawaru" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "sawaru/theme.json").write_text("{}")
    monkeypatch.setattr(execution, "PACKAGE", tmp_path / "sawaru")
    return tmp_path / "sawaru"


def chapter(folder: Path, name: str, source: str = "") -> Path:
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"cells": [{"source": [source]}]}))
    return path


@pytest.mark.parametrize(
    ("changed", "one", "two"),
    [
        ("snapshot.py", True, True),
        ("theme.json", True, True),
        ("checks/one.py", True, False),
        ("checks/two.py", False, True),
        ("models/one.py", True, True),  # chapter two names it
        ("models/two.py", False, True),
        ("sphinxext/lines.py", False, False),
    ],
)
def test_a_chapter_runs_anew_when_what_it_uses_changes(
    tmp_path: Path, library: Path, changed: str, one: bool, two: bool
) -> None:
    chapters = [
        chapter(tmp_path, "one"),
        chapter(tmp_path, "two", "from sawaru.models.one import Encoder"),
    ]
    before = [execution.digest(path) for path in chapters]
    (library / changed).write_text("changed")
    after = [execution.digest(path) for path in chapters]
    assert [a != b for a, b in zip(before, after, strict=True)] == [one, two]


def test_the_weights_that_a_chapter_loads_count(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "net.safetensors"
    weights.write_bytes(b"1")
    monkeypatch.setattr(execution, "asset", lambda name: tmp_path / Path(name).name)
    path = chapter(tmp_path, "one", 'load_file(asset("weights/net.safetensors"))')
    before = execution.digest(path)
    weights.write_bytes(b"2")
    assert execution.digest(path) != before
