"""What holds for every exercise of the book: the 解答例 is right, the stub is unsolved, and each known mistake is told its own sentence.

`test_<chapter>.py` adds what a table cannot say: other right ways, and wrong answers that no row foresees.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sawaru.exercise import Wrong, evaluate, names
from sawaru.exercise.registry import find
from sawaru.exercise.table import Table
from sawaru.notebook import joined, load

HERE = Path(__file__).parent
NOTEBOOKS = {p.stem: p for p in (HERE.parents[1] / "book").rglob("*.ipynb") if p.parent.name[0] != "."}
EXERCISES = [name for chapter in sorted(NOTEBOOKS) for name in names(chapter)]
TABLES = {name: table for name in EXERCISES if (table := find(name).table)}


# --------------------------------------------------------------------------------------------- the book's own answers


def answers(chapter: str) -> Iterator[tuple[str, str, Any]]:
    """Each exercise's name, the tag of the cell that calls `check`, and the answer that the cell hands in.

    Of all other cells only imports and definitions are run.
    """
    space: dict[str, Any] = {}
    for cell in load(NOTEBOOKS[chapter])["cells"]:
        if cell["cell_type"] != "code":
            continue
        tags = {"exercise", "solution"} & set(cell["metadata"].get("tags", []))
        plain = re.sub(r"^(\s*)%.*$", r"\1pass", joined(cell["source"]), flags=re.M)  # %pip
        file = f"<{chapter} {cell['id']}>"
        linecache.cache[file] = (len(plain), None, plain.splitlines(keepends=True), file)  # as in IPython
        for node in ast.parse(plain).body:
            if tags and isinstance(node, ast.Expr) and "check" in ast.unparse(node):
                assert isinstance(node.value, ast.Call)
                name, answer = node.value.args
                yield ast.literal_eval(name), *tags, eval(ast.unparse(answer), space)
            elif isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef) or (
                isinstance(node, ast.FunctionDef) and not node.decorator_list
            ):
                with contextlib.suppress(NameError):  # it needs what other cells compute
                    exec(compile(ast.Module([node], []), file, "exec"), space)


@pytest.mark.parametrize("chapter", sorted(NOTEBOOKS))
def test_the_solution_is_right_and_the_stub_is_unsolved(chapter: str) -> None:
    found = [(name, tag, evaluate(name, answer)) for name, tag, answer in answers(chapter)]
    assert {name for name, _, _ in found} == set(names(chapter))
    for name, tag, result in found:
        assert result.status == {"solution": "correct", "exercise": "unsolved"}[tag], f"{name}：{result}"


# ------------------------------------------------------------------------------------------------ every row of every table


def followed(table: Table) -> Iterator[tuple[str, list[Any]]]:
    """Each sentence, with what an answer that makes this mistake gives in each case."""
    read = [table.read(case) for case in table.arguments]
    for sentence in dict.fromkeys(s for _, wrong, _ in read for s in wrong):
        rows = [wrong.get(sentence, right).values for right, wrong, _ in read]
        for i in range(max(map(len, rows))):
            yield sentence, [values[min(i, len(values) - 1)] for values in rows]


@pytest.mark.parametrize("name", TABLES)
def test_each_mistake_is_told_its_own_sentence(name: str) -> None:
    for sentence, values in followed(TABLES[name]):
        said = "正解"
        try:
            TABLES[name].compare(iter(values))
        except Wrong as wrong:
            said = str(wrong)
        assert said.endswith(sentence), f"{name}：「{sentence}」の代わりに「{said}」"


@pytest.mark.parametrize("name", TABLES)
def test_no_two_mistakes_are_alike(name: str) -> None:
    """A second sentence that fits an answer as well would accuse it of what it may not have done."""
    table = TABLES[name]
    read = [table.read(case) for case in table.arguments]
    for sentence, values in followed(table):
        for other in dict.fromkeys(s for _, wrong, _ in read for s in wrong):
            listed = [
                (v, wrong[other]) for v, (_, wrong, _) in zip(values, read, strict=True) if other in wrong
            ]
            assert other == sentence or not all(table.fits(v, row) for v, row in listed), (
                f"{name}：「{sentence}」の値は「{other}」の値でもあります"
            )


def wrong_answers(chapter: str) -> dict[str, list[tuple[Any, str]]]:
    """The wrong answers in the chapter's own tests, each with the part of the message that names its cause."""
    path = HERE / f"test_{chapter}.py"
    if not path.exists():
        return {}
    spec = importlib.util.spec_from_file_location(chapter, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, "WRONG", {})


@pytest.mark.parametrize("chapter", sorted(NOTEBOOKS))
def test_three_typical_mistakes_are_led_to_their_cause(chapter: str) -> None:
    assert names(chapter), f"{chapter} の演習がありません"
    tested = wrong_answers(chapter)
    assert {f"{chapter}.{name}" for name in tested} <= set(names(chapter))
    for name in names(chapter):
        causes = {cause for _, cause in tested.get(name.partition(".")[2], [])}
        if name in TABLES:
            causes |= {sentence for sentence, _ in followed(TABLES[name])}
        assert len(causes) >= 3, f"{name}：よくある間違いとその理由が三つに足りません"
