"""Keep notebooks in one normal form, so that diffs can be read: `python tools/notebooks.py --check|--fix PATH…`.

Normal: stable cell ids and key order, only the metadata that a reader's tool uses, and no outputs but the text of cells that
say NBVAL_CHECK_OUTPUT, which the tests compare. Those cells count as executed (1), the others do not. Cells tagged `models`
hold the text of `src/sawaru/models/<chapter>.py`, definition by definition. The setup cell begins with the same lines in
every chapter; they install the library from the repository that `_config.yml` names. No line is so wide that a reader must
scroll: the page's column holds 88 characters, a folded cell may be a little wider.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from sawaru.explorer.text import width
from sawaru.notebook import NotebookError, joined, load

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "src" / "sawaru" / "models"
MARK = "# NBVAL_CHECK_OUTPUT"
WIDEST, WIDEST_FOLDED = 88, 110  # columns; a Japanese character takes two
FOLDED = {"hide-input", "hide-cell", "remove-cell"}
CELL_METADATA = ("cellView", "jupyter", "tags")
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SETUP_TITLE = "#@title 準備（最初に一度だけ実行します）\n"
SETUP = (
    SETUP_TITLE
    + """import sys
from importlib.util import find_spec

SAWARU = "{place}"
if "google.colab" in sys.modules and not find_spec("sawaru"):
    %pip install --quiet {{SAWARU}}
if not find_spec("sawaru"):
    raise RuntimeError(
        "この本のライブラリ sawaru が入っていません。"
        "通信できるかを確かめて、このセルをもう一度実行してください。"
        f"Colab のほかでは、先に %pip install {{SAWARU}} を実行してください。"
    )
"""
)
# Those lines as they stand in a notebook, now or before: up to the first empty line after the one that installs.
INSTALLS = re.compile(
    r"\A(?:import sys\n|from importlib\.util .*\n|SAWARU = .*\n|\n)*"
    r'if "google\.colab" .*\n    %pip install .*(?:\n.+)*\s*'
)


def repository() -> str:
    """The address of the book's own repository: the one setting, in `_config.yml`."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return str(settings["repository"]["url"])


def with_setup(source: str, place: str) -> str:
    """A setup cell whose first lines install the library from `place`; what the chapter itself needs follows them."""
    own = INSTALLS.sub("", source.removeprefix(SETUP_TITLE), count=1)
    return f"{SETUP.format(place=place)}\n{own}".rstrip()


def normal(notebook: dict[str, Any], library: str = "") -> str:
    """The normal form of a notebook, as the text of its file.

    `library` is the text of the module whose definitions the cells tagged `models` show.

    Raises:
        NotebookError: such a cell defines something that the library does not.
    """
    taken: set[str] = set()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and joined(cell["source"]).startswith(SETUP_TITLE):
            cell["source"] = with_setup(joined(cell["source"]), f"git+{repository()}")
        if "models" in cell["metadata"].get("tags", []):
            cell["source"] = _as_in_library(joined(cell["source"]), library)
    cells = [_cell(cell, taken) for cell in notebook["cells"]]
    whole = {"cells": cells, "metadata": NOTEBOOK_METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cell(cell: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    source = joined(cell["source"]).rstrip()
    kept: dict[str, Any] = {
        "cell_type": cell["cell_type"],
        "id": _id(cell.get("id"), source, taken),
        "metadata": {k: cell["metadata"][k] for k in CELL_METADATA if k in cell["metadata"]},
        "source": source.splitlines(keepends=True),
    }
    if cell["cell_type"] == "code":
        outputs = cell.get("outputs", []) if MARK in source else []
        kept["outputs"] = [o for o in map(_output, outputs) if o]
        kept["execution_count"] = 1 if kept["outputs"] else None  # nbval takes null for "never run"
    return kept


def _as_in_library(source: str, library: str) -> str:
    """`source` with each of its functions and classes as the library writes it."""
    theirs = _definitions(library)
    for name, text in _definitions(source).items():
        if name not in theirs:
            raise NotebookError(
                f"models の札が付いたセルの {name} が、ライブラリの models の中にありません。定義を移すか、札を外してください。"
            )
        source = source.replace(text, theirs[name])
    return source


def _definitions(source: str) -> dict[str, str]:
    """The text of each function and class at the top level, decorators included."""
    lines = source.splitlines(keepends=True)
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min(n.lineno for n in (node, *node.decorator_list))
            found[node.name] = "".join(lines[first - 1 : node.end_lineno]).rstrip("\n")
    return found


def too_wide(notebook: dict[str, Any]) -> list[str]:
    """Where code is wider than its cell may be, each as "cell id, line: columns"."""
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            folded = FOLDED & set(cell["metadata"].get("tags", []))
            widest = WIDEST_FOLDED if folded else WIDEST
            for number, line in enumerate(joined(cell["source"]).splitlines(), start=1):
                if width(line) > widest:
                    found.append(f"セル {cell['id']} の {number} 行目：{width(line)} 桁（{widest} 桁まで）")
    return found


def library_of(path: Path) -> str:
    """The text of the library's module for a chapter, "" if there is none."""
    module = MODELS / f"{path.stem}.py"
    return module.read_text(encoding="utf-8") if module.exists() else ""


def _output(output: dict[str, Any]) -> dict[str, Any] | None:
    if output["output_type"] == "stream" and output["name"] == "stdout":
        return {
            "name": "stdout",
            "output_type": "stream",
            "text": joined(output["text"]).splitlines(keepends=True),
        }
    if output["output_type"] == "execute_result" and "text/plain" in output["data"]:
        text = joined(output["data"]["text/plain"]).splitlines(keepends=True)
        return {
            "data": {"text/plain": text},
            "execution_count": 1,
            "metadata": {},
            "output_type": "execute_result",
        }
    return None


def _id(given: str | None, source: str, taken: set[str]) -> str:
    """The cell's own id, or one made from its text."""
    name = given if given and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", given) and given not in taken else None
    digest = hashlib.sha256(source.encode()).hexdigest()
    length = 8
    while name is None or name in taken:
        name, length = digest[:length], length + 1
    taken.add(name)
    return name


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="ノートブックの書き方をそろえます。")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="そろっていないものを挙げる")
    mode.add_argument("--fix", action="store_true", help="書き直す")
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    files = [f for p in options.paths for f in (sorted(p.rglob("*.ipynb")) if p.is_dir() else [p])]
    failed = False
    for path in files:
        if ".ipynb_checkpoints" in path.parts:
            continue
        try:
            text = normal(load(path), library_of(path))
            wide = too_wide(json.loads(text))
        except NotebookError as error:
            print(error if str(path) in str(error) else f"{path}：{error}", file=sys.stderr)
            failed = True
            continue
        for place in wide if options.check else ():
            print(f"{path}：{place}", file=sys.stderr)
            failed = True
        if text == path.read_text(encoding="utf-8"):
            continue
        if options.fix:
            path.write_text(text, encoding="utf-8")
            print(f"{path}：そろえました")
        else:
            print(f"{path}：書き方がそろっていません。make format を実行してください。", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
