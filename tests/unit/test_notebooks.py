"""The normal form of notebooks: the book's are in it, and the tool that puts them there loses nothing that matters."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import nbformat
import notebooks as tool
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(p for p in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def notebook(*cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


def code(source: str, *outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": list(outputs),
        "execution_count": 3,
        **more,
    }


STREAM = {"output_type": "stream", "name": "stdout", "text": "1\n2\n"}
RESULT = {
    "output_type": "execute_result",
    "data": {"text/plain": "3", "text/html": "<b>3</b>"},
    "metadata": {"a": 1},
    "execution_count": 3,
}
FIGURE = {"output_type": "display_data", "data": {"image/png": "…"}, "metadata": {}}
WARNING = {"output_type": "stream", "name": "stderr", "text": "warning"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_books_notebooks_are_normal(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert tool.normal(json.loads(text), tool.library_of(path)) == text, "make format を実行してください"
    nbformat.validate(json.loads(text))
    assert len(text) < 200_000, "出力が入っていませんか"


def test_outputs_are_kept_only_where_they_are_compared() -> None:
    plain = code("1 + 2", STREAM, RESULT, FIGURE, id="plain")
    checked = code("# NBVAL_CHECK_OUTPUT\n1 + 2", STREAM, RESULT, FIGURE, WARNING, id="checked")
    cells = json.loads(tool.normal(notebook(plain, checked)))["cells"]
    assert cells[0]["outputs"] == []
    assert cells[1]["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": ["1\n", "2\n"]},
        {
            "data": {"text/plain": ["3"]},
            "execution_count": 1,
            "metadata": {},
            "output_type": "execute_result",
        },
    ]
    assert [cell["execution_count"] for cell in cells] == [None, 1], (
        "nbval compares only cells that have been run"
    )


LIBRARY = """import torch


@torch.no_grad()
def scores(query, key):  # (time, time)
    return query @ key.T


class Head:
    size = 4
"""


def test_cells_tagged_models_show_the_librarys_text() -> None:
    shown = code("@torch.no_grad()\ndef scores(q, k):\n    return q @ k.T\n\n\nscores(x, x)", id="a")
    shown["metadata"] = {"tags": ["models"]}
    cell = json.loads(tool.normal(notebook(shown), LIBRARY))["cells"][0]
    source = "".join(cell["source"])
    assert source.startswith("@torch.no_grad()\ndef scores(query, key):  # (time, time)\n")
    assert source.endswith("    return query @ key.T\n\n\nscores(x, x)")
    assert cell["metadata"]["tags"] == ["models"]


def test_cells_tagged_models_define_nothing_of_their_own() -> None:
    own = code("class Tail:\n    size = 4", id="a") | {"metadata": {"tags": ["models"]}}
    with pytest.raises(tool.NotebookError, match="Tail"):
        tool.normal(notebook(own), LIBRARY)


def test_metadata_that_no_reader_needs_is_dropped() -> None:
    metadata = {
        "tags": ["hide-input"],
        "cellView": "form",
        "jupyter": {"source_hidden": True},
        "colab": {"base_uri": "…"},
    }
    whole = notebook(code("1", id="a") | {"metadata": metadata})
    whole["metadata"] = {"widgets": {}, "kernelspec": {"name": "venv", "display_name": "mine"}}
    clean = json.loads(tool.normal(whole))
    assert clean["cells"][0]["metadata"] == {k: v for k, v in metadata.items() if k != "colab"}
    assert clean["metadata"] == tool.NOTEBOOK_METADATA


OLD_SETUP = """#@title 準備（最初に一度だけ実行します）
import sys

if "google.colab" in sys.modules:
    %pip install --quiet "sawaru @ git+https://example.org/old"

import math

from sawaru import check"""
OWN = "import math\n\nfrom sawaru import check"


@pytest.mark.parametrize(
    "source",
    [
        OLD_SETUP,
        tool.with_setup(OLD_SETUP, "git+https://example.org/elsewhere"),
        f"{tool.SETUP_TITLE}{OWN}",
    ],
    ids=["older lines", "another place", "nothing that installs"],
)
def test_every_setup_cell_begins_with_the_same_lines(source: str) -> None:
    clean = json.loads(tool.normal(notebook(code(source))))["cells"][0]["source"]
    assert "".join(clean) == tool.SETUP.format(place=f"git+{tool.repository()}") + f"\n{OWN}"


def test_a_setup_cell_loses_none_of_the_chapters_lines() -> None:
    own = f"import math\n{OLD_SETUP.removeprefix(tool.SETUP_TITLE)}"
    clean = json.loads(tool.normal(notebook(code(tool.SETUP_TITLE + own))))["cells"][0]["source"]
    assert "".join(clean).endswith(own)
    other = code("# 準備\n%pip install numpy\n\n1")
    assert "".join(json.loads(tool.normal(notebook(other)))["cells"][0]["source"]) == other["source"]


def test_ids_are_kept_and_missing_ones_made_from_the_text() -> None:
    whole = notebook(
        code("a", id="stays"), code("b"), code("c", id="stays"), code("b"), code("d", id="no spaces")
    )
    ids = [cell["id"] for cell in json.loads(tool.normal(whole))["cells"]]
    assert ids[0] == "stays"
    assert len(set(ids)) == 5
    assert ids == [cell["id"] for cell in json.loads(tool.normal(copy.deepcopy(whole)))["cells"]]
    moved = notebook(code("new", id="new"), *whole["cells"])
    assert ids[1] in [cell["id"] for cell in json.loads(tool.normal(moved))["cells"]]


def test_japanese_stays_legible() -> None:
    assert "学習率 η" in tool.normal(notebook(code("# 学習率 η")))


texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
lines = st.lists(texts, max_size=4).map("\n".join)


@settings(deadline=None)  # a busy machine is no error
@given(
    st.lists(
        st.tuples(st.sampled_from(["code", "markdown", "raw"]), lines, st.booleans(), st.booleans()),
        max_size=6,
    )
)
def test_idempotent_and_faithful_to_the_sources(parts: list[tuple[str, str, bool, bool]]) -> None:
    cells = []
    for kind, text, has_id, as_list in parts:
        cell: dict[str, Any] = {
            "cell_type": kind,
            "metadata": {},
            "source": text.splitlines(keepends=True) if as_list else text,
        }
        if kind == "code":
            cell |= {"outputs": [STREAM], "execution_count": 1}
        if has_id:
            cell["id"] = f"cell{len(cells)}"
        cells.append(cell)
    once = tool.normal(notebook(*cells))
    assert tool.normal(json.loads(once)) == once
    nbformat.validate(json.loads(once))
    assert once.endswith("}\n")
    clean = json.loads(once)["cells"]
    assert ["".join(c["source"]) for c in clean] == [text.rstrip() for _, text, _, _ in parts]
    assert [c["cell_type"] for c in clean] == [kind for kind, *_ in parts]


# ------------------------------------------------------------------------------------------------ the command


def test_check_names_the_file_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chapter.ipynb"
    path.write_text(json.dumps(notebook(code("1", STREAM))), encoding="utf-8")
    before = path.read_bytes()
    assert tool.main(["--check", str(tmp_path)]) == 1
    assert str(path) in capsys.readouterr().err
    assert path.read_bytes() == before
    assert tool.main(["--fix", str(path)]) == 0
    assert tool.main(["--check", str(path)]) == 0


@pytest.mark.parametrize(
    ("tags", "columns", "fits"),
    [([], 88, True), ([], 89, False), (["hide-input"], 110, True), (["hide-cell", "solution"], 111, False)],
)
def test_no_line_is_wider_than_its_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tags: list[str], columns: int, fits: bool
) -> None:
    path = tmp_path / "chapter.ipynb"
    line = "x = 1  # " + "気温" * 10
    cell = code(f"y = 2\n{line}{'-' * (columns - len(line) - 20)}", id="wide")
    cell["metadata"] = {"tags": tags}
    path.write_text(tool.normal(notebook(cell)), encoding="utf-8")
    assert tool.main(["--check", str(path)]) == (not fits)
    told = capsys.readouterr().err
    assert told == ("" if fits else f"{path}：セル wide の 2 行目：{columns} 桁（{columns - 1} 桁まで）\n")
    assert tool.main(["--fix", str(path)]) == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{\n "cells": [],\n "metadata": {} "nbformat": 4}', "3 行 17 文字目"),
        ('{\n "cells": [', "2 行 12 文字目"),
        ("", "1 行 1 文字目"),
        ("<<<<<<< HEAD\n{}", "1 行 1 文字目"),
        ("[]", "ノートブック（nbformat 4）ではありません"),
        ('{"nbformat": 3, "worksheets": []}', "ノートブック（nbformat 4）ではありません"),
        ('{"nbformat": 4, "cells": 3}', "ノートブック（nbformat 4）ではありません"),
        (
            '{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {}, "source": ""}, {"source": 1}]}',
            "2 番目のセル",
        ),
        ('{"nbformat": 4, "cells": [3]}', "1 番目のセル"),
        (b'{"nbformat": 4, "cells": "\x93\xfa\x96{"}', "UTF-8"),
    ],
)
def test_a_broken_file_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | bytes, place: str
) -> None:
    path = tmp_path / "chapter.ipynb"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    for mode in ("--check", "--fix"):
        assert tool.main([mode, str(path)]) == 1
        said = capsys.readouterr().err.strip()
        assert said.startswith(str(path))
        assert place in said
        assert "\n" not in said


def test_the_other_files_are_still_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.ipynb").write_text("{")
    (tmp_path / "b.ipynb").write_text(json.dumps(notebook()))
    assert tool.main(["--fix", str(tmp_path)]) == 1
    assert "b.ipynb：そろえました" in capsys.readouterr().out


def test_a_path_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--check", str(tmp_path / "nowhere.ipynb")]) == 1
    assert "ありません" in capsys.readouterr().err
