"""What the functions of a chapter return in a few states of each explorer: written down in the kernel in which the notebooks'
stage has run it, so that the browser's stage need not run it once more."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sawaru.explorer.tree import figure_tree

ROOT = Path(__file__).parents[2]

# Of each explorer: the places of its controls' values, what a message calls the state, and the figure as plain data.
Figures = dict[str, list[tuple[dict[str, int], str, dict[str, Any]]]]


def place(chapter: Path) -> Path:
    """Where it is written: another file as soon as the chapter, what it uses, or what it computes with has changed."""
    from sawaru.sphinxext.execution import digest  # not in the kernel, which is asked what it has imported

    kind = [digest(chapter)[:16], *map(version, ("torch", "numpy", "plotly"))]
    return ROOT / "_build" / "states" / f"{'-'.join([chapter.stem, *kind])}.pickle"


def figures(explorers: Iterable[Any]) -> Figures:
    """The first state of all controls, the last, and five between."""
    found: Figures = {}
    for explorer in explorers:
        choose = random.Random(explorer.name)
        controls = [c for c in explorer.controls if c.kind != "fixed"]
        corners = [tuple(0 for _ in controls), tuple(len(c.values) - 1 for c in controls)]
        between = [tuple(choose.randrange(len(c.values)) for c in controls) for _ in range(5)]
        found[explorer.name] = []
        for state in dict.fromkeys(corners + between if controls else [()]):
            at = {c.name: i for c, i in zip(controls, state, strict=True)}
            values = {c.name: c.values[at[c.name]] for c in controls}
            tree = figure_tree(explorer.figure(**values))
            found[explorer.name].append((at, f"{explorer.name} {values}", tree))
    return found


def write(file: str, explorers: Iterable[Any]) -> None:
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(figures(explorers)))


def read(chapter: Path) -> Figures | None:
    file = place(chapter)
    return pickle.loads(file.read_bytes()) if file.exists() else None
