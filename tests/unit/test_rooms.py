"""The rooms of the library: which may know which, and that no two modules need each other."""

from __future__ import annotations

import ast
import graphlib
from functools import cache
from pathlib import Path

import pytest

import sawaru

HERE = Path(sawaru.__file__).parent

# What each room may import besides itself, of the rooms and of the ground floor.
KNOWS = {
    "explorer": {"theme"},
    "exercise": {"device"},
    "checks": {"exercise", "models", "data"},
    "classroom": {"exercise", "notebook", "address", "theme"},
    "models": {"data", "device"},
    "data": {"assets", "device"},
    "sphinxext": {"explorer", "address", "assets", "notebook", "theme"},
    "figure": {"theme"},
    "pictures": {"figure", "theme"},
    "theme": set(),
    "device": set(),
    "assets": {"device"},
    "address": set(),
    "notebook": set(),
    "__main__": {"classroom", "notebook"},
    "__init__": {"explorer", "exercise", "device"},
}
# Packages from elsewhere that a room must do without.
WITHOUT = {
    "explorer": {"torch", "sklearn", "safetensors"},
    "models": {"ipywidgets", "anywidget", "IPython"},
    "data": {"ipywidgets", "anywidget", "IPython"},
}


@cache
def modules() -> dict[str, Path]:
    """Every module by its dotted name."""
    found = {}
    for path in sorted(HERE.rglob("*.py")):
        parts = ["sawaru", *path.relative_to(HERE).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


@cache
def imports_of(module: str) -> frozenset[str]:
    """What a module imports, wherever in its text: modules of the library by their full names, others by their package."""
    path = modules()[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                found.add(inner if inner in modules() else source)
    return frozenset(name if name in modules() else name.split(".")[0] for name in found)


@pytest.mark.parametrize("module", modules())
def test_a_room_knows_only_what_it_may(module: str) -> None:
    room = room_of(module)
    assert room in KNOWS, f"{room} は新しい部屋です。知ってよいものを KNOWS に書いてください"
    inside = {name for name in imports_of(module) if name in modules() and name != "sawaru"}
    assert {room_of(name) for name in inside} - {room} <= KNOWS[room]
    assert not imports_of(module) & WITHOUT.get(room, set())


def test_no_two_modules_need_each_other() -> None:
    # That a package is entered before its modules is Python's affair; what it imports itself counts.
    graph = {name: {other for other in imports_of(name) if other in modules()} for name in modules()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail("import が輪になっています：" + " → ".join(reversed(error.args[1])))


def test_imports_are_read_as_python_reads_them() -> None:
    assert {"sawaru.explorer.frontend", "sawaru.explorer.tree", "anywidget"} <= imports_of(
        "sawaru.explorer.live"
    )
    assert "sawaru.sphinxext.snapshots" in imports_of("sawaru.sphinxext")
    assert "torch" in imports_of("sawaru.device")
