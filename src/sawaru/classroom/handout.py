"""Chapters to hand out: a set for students without the answers, and the teacher's set with them.

Both lack the marks that speak to tests. A student's notebook begins with a cell for name and number, which `collect` reads back.
"""

from __future__ import annotations

import copy
import json
import os
import re
from pathlib import Path
from typing import Any

from sawaru.address import site_address
from sawaru.exercise.tally import SOLUTION
from sawaru.notebook import joined, load

STUDENT = "student"
TEACHER = "teacher"
NAME_FIELDS = ("氏名", "学籍番号")
NAME_CELL = {
    "cell_type": "code",
    "execution_count": None,
    "id": "student-name",
    "metadata": {"cellView": "form", "tags": ["student"]},
    "outputs": [],
    "source": [
        "#@title 名前と番号（引用符のあいだに書いてください）\n",
        f'{NAME_FIELDS[0]} = ""  #@param {{type:"string"}}\n',
        f'{NAME_FIELDS[1]} = ""  #@param {{type:"string"}}',
    ],
}
_HINT = re.compile(r"[ \t]*<details><summary>ヒント.*?</details>\n?", re.S)
_MARK = re.compile(r"^# NBVAL_CHECK_OUTPUT[ \t]*\n?", re.M)
_RELATIVE_LINK = re.compile(r"(?<=\]\()(?!#|[a-z][a-z+.-]*:)([^)#\s]+)(#[^)\s]*)?(?=\))")


class HandoutError(ValueError):
    """The set cannot be written; the message says why and what to do."""


def hand_out(
    book: Path,
    out: Path,
    chapters: list[str] | None = None,
    *,
    hints: bool = True,
    force: bool = False,
) -> list[Path]:
    """Write both sets under `out`, part by part as in the book, and return the files that were written.

    A file that is there already and differs is left alone unless `force`: then nothing at all is written.

    Raises:
        HandoutError: no such book or chapter, or files that would be lost.
        NotebookError: a chapter that is no notebook.
    """
    files: dict[Path, str] = {}
    for source in _chosen(book, chapters):
        notebook, place = load(source), source.relative_to(book)
        _point_links_at_the_site(notebook, source, book)
        for folder, made in (
            (STUDENT, for_student(notebook, hints=hints)),
            (TEACHER, for_teacher(notebook)),
        ):
            files[out / folder / place] = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    different = {path: text for path, text in files.items() if not _holds(path, text)}
    if lost := [path for path in different if path.exists() and not force]:
        raise HandoutError(
            "もうあるファイルとは中身が違うので、何も書きませんでした。\n"
            + "".join(f"  {path}\n" for path in lost)
            + "別のフォルダに書き出すか、書き換えてよければ --force を付けてください。"
        )
    for path, text in different.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, path)
    return list(different)


def for_student(notebook: dict[str, Any], *, hints: bool = True) -> dict[str, Any]:
    """The notebook without answers, with a cell for the name after its title; `hints=False` takes the hints out."""
    made = _clean(notebook)
    made["cells"] = [cell for cell in made["cells"] if not is_solution(cell)]
    if not hints:
        for cell in made["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = _lines(_HINT.sub("", text_of(cell)).rstrip())
    first = next((i for i, c in enumerate(made["cells"]) if c["cell_type"] == "code"), 0)
    made["cells"].insert(first, copy.deepcopy(NAME_CELL))
    return made


def for_teacher(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with hints and answers."""
    return _clean(notebook)


def is_solution(cell: dict[str, Any]) -> bool:
    """Whether the cell shows the book's own answer."""
    tags = cell["metadata"].get("tags", [])
    return cell["cell_type"] == "code" and ("solution" in tags or text_of(cell).lstrip().startswith(SOLUTION))


def text_of(cell: dict[str, Any]) -> str:
    return joined(cell["source"])


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _clean(notebook: dict[str, Any]) -> dict[str, Any]:
    """A copy without outputs and without the marks of the tests."""
    made = copy.deepcopy(notebook)
    for cell in made["cells"]:
        if cell["cell_type"] == "code":
            cell |= {
                "outputs": [],
                "execution_count": None,
                "source": _lines(_MARK.sub("", text_of(cell))),
            }
    return made


def _chosen(book: Path, chapters: list[str] | None) -> list[Path]:
    there = sorted(p for p in book.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    if not there:
        raise HandoutError(
            f"{book} に章のノートブックがありません。本のフォルダで実行するか、--book で場所を指定してください。"
        )
    if chapters is None:
        return there
    chosen = []
    for name in chapters:
        stem = name.removesuffix(".ipynb").rpartition("/")[2]
        found = [p for p in there if p.stem == stem]
        if not found:
            raise HandoutError(
                f"「{name}」という章はありません。章は {'、'.join(p.stem for p in there)} です。"
            )
        chosen += found
    return sorted(set(chosen))


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _point_links_at_the_site(notebook: dict[str, Any], source: Path, book: Path) -> None:
    """Links to other pages lead to the published book: a student has none of its files."""
    site = _site(book)

    def moved(link: re.Match[str]) -> str:
        target = os.path.relpath((source.parent / link[1]).resolve(), book.resolve().parent)
        page = re.sub(r"\.(ipynb|md)$", ".html", target.replace(os.sep, "/"))
        return f"{site}{page}{link[2] or ''}"

    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and site:
            cell["source"] = _lines(_RELATIVE_LINK.sub(moved, text_of(cell)))


def _site(book: Path) -> str:
    """Where the book is published, from the one setting in `_config.yml` that names its repository; "" if it has none."""
    try:
        settings = (book.resolve().parent / "_config.yml").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r"^[ \t]+url:[ \t]*(\S+)[ \t]*$", settings, re.M)
    return site_address(found[1]) if found else ""
