"""What a chapter's outputs depend on besides its own text: followed from its cells through imports, without running anything.

What is loaded under a name made while running (`asset(f"…")`) is not seen; a chapter names what it loads.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook

import sawaru
from sawaru import assets
from sawaru.notebook import NotebookError, joined, load

PACKAGE = Path(sawaru.__file__).parent
JUDGES = {"check", "progress"}  # their argument names a chapter, whose checks are imported when it is called
LOADERS = {name for name, _ in inspect.getmembers(assets, inspect.isfunction)}


def uses(chapter: Path) -> set[Path]:
    """The files of the library and under `assets/` that running a notebook can touch."""
    found = {PACKAGE / "theme.json"}
    waiting = [(_code(chapter), "")]
    while waiting:
        modules, loaded = _named(*waiting.pop())
        files = {file for name in modules for file in _files(name)}
        files |= {file for name in loaded for file in _assets(name)}
        for file in files - found:
            if file.suffix == ".py":
                waiting.append((file.read_text(encoding="utf-8"), _package(file)))
        found |= files
    return found


def _code(chapter: Path) -> str:
    """All code cells as one Python text, without those that are none: running the chapter will say so."""
    found = []
    for cell in cells(chapter):
        if cell["cell_type"] == "code":
            code = TransformerManager().transform_cell(joined(cell["source"]))
            with suppress(SyntaxError):
                ast.parse(code)
                found.append(code)
    return "".join(found)


def cells(chapter: Path) -> list[Any]:
    """The cells of a notebook, be it JSON or Markdown with code cells; of other Markdown none."""
    if chapter.suffix == ".md":
        text = chapter.read_text(encoding="utf-8")
        return read_myst_markdown_notebook(text).cells if is_myst_markdown_notebook(text) else []
    with suppress(NotebookError):
        return list(load(chapter)["cells"])
    return []


@cache
def _named(code: str, package: str) -> tuple[set[str], set[str]]:
    """The modules that a Python text imports, also inside functions, and the assets that it loads, by name."""
    modules, loaded = set(), set()
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Import():
                modules |= {alias.name for alias in node.names}
            case ast.ImportFrom():
                above = package.split(".")[: 1 - node.level or None] if node.level else []
                base = ".".join([*above, *([node.module] if node.module else [])])
                modules |= {f"{base}.{alias.name}" for alias in node.names}
            case ast.Call(ast.Name(called) | ast.Attribute(attr=called), [ast.Constant(str(text)), *_]):
                if called in JUDGES:
                    modules.add(f"{PACKAGE.name}.checks.{text.partition('.')[0]}")
                elif called in LOADERS:
                    loaded.add(text)
    return modules, loaded


def _files(module: str) -> Iterator[Path]:
    """A module's file and its packages' `__init__.py`, if it is ours; the last name may be something inside a module."""
    top, *names = module.split(".")
    if top != PACKAGE.name:
        return
    folder = PACKAGE
    yield folder / "__init__.py"
    for name in names:
        folder /= name
        for file in (folder.with_suffix(".py"), folder / "__init__.py"):
            if file.is_file():
                yield file


def _package(file: Path) -> str:
    """What a relative import in this file starts from."""
    return ".".join((PACKAGE.name, *file.relative_to(PACKAGE).parts[:-1]))


def _assets(name: str) -> Iterator[Path]:
    """A file named from `assets/` on, or the trained weights of a chapter and what is known about them."""
    for path in (name, f"weights/{name}.safetensors", f"weights/{name}.json"):
        with suppress(FileNotFoundError):  # the chapter itself will say so
            yield assets.asset(path)
