"""What the README says can be done: its figure moves, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = next(code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "@explore" in code)


def test_the_figure_of_the_readme_moves() -> None:
    lines = re.search(r"次の (\d+) 行をセルに", README)
    assert lines and int(lines[1]) == EXAMPLE.count("\n")
    names: dict[str, object] = {}
    exec(EXAMPLE, names)
    explorer = names["temperature"]
    assert explorer.figure(T=0.1).layout.title.text == "温度 0.10：最大の確率は 100%"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:src|tests|tools|book|assets|benchmarks|deploy)/[\w./]*)`", README)))
)
def test_the_files_of_the_readme_are_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_room_is_on_the_map() -> None:
    rooms = {
        path.name for path in (ROOT / "src/sawaru").iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    map_of_rooms = README[README.index("| 部屋 |") :].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)/`", map_of_rooms)) - {"search"} == rooms
