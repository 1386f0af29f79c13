"""What every chapter promises its readers: it reads the same in the page, JupyterLab and Colab, and its numbers are true."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import new_chapter
import notebooks
import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from sawaru.exercise.registry import registry
from sawaru.sphinxext.chapters import QUESTION, opening

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
NOTEBOOKS = sorted(p for p in BOOK.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
PAGES = sorted(BOOK.rglob("*.md"))
REPOSITORY = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
MARK = "# NBVAL_CHECK_OUTPUT"

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
each_page = pytest.mark.parametrize("path", NOTEBOOKS + PAGES, ids=lambda p: p.stem)

# Numbers that the prose may state although no cell prints them, each with its reason.
FACTS = {
    ("linear_regression", "95"): "正規分布で平均から 2σ 以内に入る割合 [%]",
}


def cells(path: Path, kind: str | None = None) -> list[dict[str, Any]]:
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [{**c, "source": "".join(c["source"])} for c in found if kind in (None, c["cell_type"])]


def prose(path: Path) -> list[tuple[str, str]]:
    """The Markdown of a page or notebook, piece by piece, each with the name of its place."""
    if path.suffix == ".md":
        return [(path.name, path.read_text(encoding="utf-8"))]
    return [(f"{path.name} {c['id']}", c["source"]) for c in cells(path, "markdown")]


def tokens(markdown: str) -> Iterator[Token]:
    parser = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, allow_space=False)
    for token in parser.parse(markdown):
        yield token
        yield from token.children or []


def printed(cell: dict[str, Any]) -> str:
    parts = [o["text"] if "text" in o else o["data"]["text/plain"] for o in cell["outputs"]]
    return "".join("".join(part) for part in parts)


def tags(cell: dict[str, Any]) -> list[str]:
    return cell["metadata"].get("tags", [])


# ------------------------------------------------------------------------------------------------ Markdown


@each_page
def test_emphasis_is_rendered(path: Path) -> None:
    """`**「重要」**です` is not bold: brackets and punctuation stand outside the asterisks."""
    for place, markdown in prose(path):
        for token in tokens(markdown):
            if token.type == "text":
                assert "**" not in token.content, f"{place}：太字になりません「{token.content}」"


@each_notebook
def test_no_directives_or_roles(path: Path) -> None:
    for place, markdown in prose(path):
        assert not re.search(r"^\s*(`{3,}|~{3,}|:{3,})\s*\{", markdown, re.M), (
            f"{place}：ディレクティブは使えません"
        )
        assert not re.search(r"\{[\w:-]+\}`", markdown), f"{place}：ロールは使えません"
        assert not re.search(r"^\(\S+\)=\s*$", markdown, re.M), f"{place}：ラベルは使えません"


@each_page
def test_html_holds_no_markdown(path: Path) -> None:
    """Inside `<details>` on one line neither backticks, nor asterisks, nor dollars mean anything."""
    for place, markdown in prose(path):
        for token in tokens(markdown):
            if token.type == "html_block":
                found = re.search(r"`|\*\*|\$|\]\(", token.content)
                assert not found, (
                    f"{place}：HTML の中では `{found and found.group()}` は効きません「{token.content}」"
                )
                assert len(re.findall(r"<details\b", token.content)) == token.content.count("</details>"), (
                    place
                )


@each_page
def test_words_that_the_book_avoids(path: Path) -> None:
    for place, markdown in prose(path):
        found = re.search(r"！|することができ|において|非常に|見ていきましょう|\\boldsymbol", markdown)
        assert not found, f"{place}：「{found and found.group()}」は使いません"


@each_page
def test_nothing_is_left_to_write(path: Path) -> None:
    """`tools/new_chapter.py` marks what its author has to write."""
    checks = ROOT / "src" / "sawaru" / "checks" / f"{path.stem}.py"
    texts = [path, checks] if path.suffix == ".ipynb" else [path]
    left = sum(text.read_text(encoding="utf-8").count(new_chapter.LEFT) for text in texts)
    assert not left, f"{path.name}：「{new_chapter.LEFT}…〕」が {left} か所残っています"


@each_page
def test_links_inside_the_book_lead_somewhere(path: Path) -> None:
    for place, markdown in prose(path):
        for token in tokens(markdown):
            target = str(token.attrGet("href") or token.attrGet("src") or "").partition("#")[0]
            if target and not re.match(r"[a-z]+:", target):
                assert (path.parent / target).exists(), f"{place}：{target} はありません"


# ------------------------------------------------------------------------------------------------ structure


@each_notebook
def test_headings(path: Path) -> None:
    levels: list[int] = []
    texts: list[str] = []
    for _, markdown in prose(path):
        stream = list(tokens(markdown))
        for token, content in pairwise(stream):
            if token.type == "heading_open":
                levels.append(int(token.tag[1]))
                texts.append(content.content)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), texts
    assert texts[1] == "この章の問い"
    for heading in ("まとめ", "参考文献", "次の問い"):
        assert heading in texts


@each_notebook
def test_one_question_opens_it(path: Path) -> None:
    """The front page lists every chapter with it."""
    first = cells(path, "markdown")[0]["source"]
    assert opening({"cells": cells(path)})[1] and len(QUESTION.findall(first)) == 1


@each_notebook
def test_the_setup_cell_makes_it_run_anywhere(path: Path) -> None:
    first = cells(path, "code")[0]
    head = notebooks.SETUP.format(place=f"git+{REPOSITORY}")
    assert first["source"].startswith(f"{head}\n"), "make format を実行してください"
    assert tags(first) == ["hide-cell"]


@pytest.mark.parametrize("name", ["README.md", "CITATION.cff", "pyproject.toml"])
def test_the_repository_is_the_same_everywhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    owner_and_name = REPOSITORY.removeprefix("https://github.com/")
    assert owner_and_name in text
    for found in re.findall(r"(?:github\.com|/github|mybinder\.org/v2/gh)/([\w.-]+/[\w.-]*\w)", text):
        assert found in (owner_and_name, owner_and_name + ".git"), f"{name}：{found}"


def test_the_table_of_contents_and_the_folder_agree() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = {toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])}
    there = {str(p.relative_to(ROOT).with_suffix("")) for p in NOTEBOOKS + PAGES}
    assert listed == there


@each_notebook
def test_plumbing_and_answers_are_folded_in_all_three(path: Path) -> None:
    for cell in cells(path, "code"):
        title = cell["source"].startswith("#@title ")
        hidden = [tag for tag in tags(cell) if tag in ("hide-input", "hide-cell", "remove-input")]
        folded = (
            cell["metadata"].get("jupyter", {}).get("source_hidden")
            and cell["metadata"].get("cellView") == "form"
        )
        assert bool(hidden) == title == bool(folded), f"{path.name} {cell['id']}"


@each_notebook
def test_there_is_enough_to_touch(path: Path) -> None:
    code = [c["source"] for c in cells(path, "code")]
    assert sum("explore(" in source for source in code) >= 3
    assert all("#@title" in source for source in code if "@explore(" in source)


@each_notebook
def test_what_is_to_be_compared_is_there(path: Path) -> None:
    """A marked cell without stored output would pass unseen."""
    for cell in cells(path, "code"):
        assert (MARK in cell["source"]) == bool(cell["outputs"]), f"{path.name} {cell['id']}"


# ------------------------------------------------------------------------------------------------ exercises


@each_notebook
def test_exercises_come_as_task_stub_and_answer(path: Path) -> None:
    everything = cells(path)
    stubs = [i for i, cell in enumerate(everything) if "exercise" in tags(cell)]
    assert len(stubs) >= 3
    names = []
    for i in stubs:
        task, stub, answer = everything[i - 1 : i + 2]
        place = f"{path.name} {stub['id']}"
        assert "<details>" in task["source"], f"{place}：ヒントがありません"
        assert "solution" in tags(answer), f"{place}：解答例がありません"
        assert answer["source"].startswith("#@title 解答例\n"), place
        for cell, verdict in ((stub, "未解答："), (answer, "正解：")):
            assert MARK in cell["source"], f"{path.name} {cell['id']}：出力を比べる印 {MARK} がありません"
            assert verdict in printed(cell), f"{path.name} {cell['id']}：「{verdict}」と表示されていません"
        found = [re.findall(r'^check\("([\w.]+)", \w+\)', c["source"], re.M) for c in (stub, answer)]
        assert found[0] == found[1], f"{place}：課題と解答例の check が違います"
        names += found[0]
    importlib.import_module(f"sawaru.checks.{path.stem}")
    assert names == [n for n in registry if n.startswith(f"{path.stem}.")]


@each_notebook
def test_later_cells_need_no_answer(path: Path) -> None:
    """A chapter is handed out without its answers: nothing but the answer itself may use what it defines."""
    code = cells(path, "code")
    for cell in code:
        if "solution" in tags(cell):
            tree = ast.parse(cell["source"])
            defined = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
            others = "\n".join(c["source"] for c in code if c is not cell)
            used = [name for name in defined if re.search(rf"\b{name}\b", others)]
            assert not used, f"{path.name} {cell['id']}：解答例の {used} を、ほかのセルが使っています"


@each_notebook
def test_the_chapter_ends_with_the_readers_progress(path: Path) -> None:
    last = cells(path, "code")[-1]
    assert last["source"] == (
        f'# 演習の進み具合（解いたあとに、もう一度実行してください）\nprogress("{path.stem}")'
    )
    assert tags(last) == ["remove-cell"]  # the page cannot check


# ------------------------------------------------------------------------------------------ concept questions

CHOICE = re.compile(
    r'^ *<details class="(choice(?: right)?)" name="([\w-]+)"><summary>([ア-オ])　(.+?)</summary>(.+?)</details>$',
    re.M,
)


def problems_of_choices(markdown: str, chapter: str) -> list[str]:
    """What is wrong with the concept questions in a chapter's Markdown."""
    questions: dict[str, list[tuple[str, str, str, str]]] = {}
    for kind, name, letter, choice, reason in CHOICE.findall(markdown):
        questions.setdefault(name, []).append((kind, letter, choice, reason))
    problems = []
    if list(questions) != [f"{chapter}-{i}" for i in range(1, len(questions) + 1)]:
        problems.append(f"問いの name は {chapter}-1 から順に付けます：{list(questions)}")
    if len(questions) < 2:
        problems.append("選ぶ問いは、章に二つ以上要ります")
    if len(CHOICE.findall(markdown)) != markdown.count('class="choice'):
        problems.append("形の違う選択肢があります")
    for name, choices in questions.items():
        if len(choices) < 3:
            problems.append(f"{name}：選択肢は三つ以上要ります")
        if [letter for _, letter, _, _ in choices] != list("アイウエオ"[: len(choices)]):
            problems.append(f"{name}：選択肢はアから順に並べます")
        if [kind for kind, *_ in choices].count("choice right") != 1:
            problems.append(f"{name}：正解（right）は一つだけです")
        for kind, letter, _, reason in choices:
            start = "正解：" if kind == "choice right" else "もう少し："
            if not reason.startswith(start):
                problems.append(f"{name} {letter}：理由は「{start}」で始めます")
            if len(reason) < 40:
                problems.append(f"{name} {letter}：なぜそうなのかを書きます")
    return problems


@each_notebook
def test_concept_questions_say_why(path: Path) -> None:
    markdown = "\n".join(text for _, text in prose(path))
    assert problems_of_choices(markdown, path.stem) == []


def question(name: str, *rights: bool, reason: str = "理由" * 30) -> str:
    return "\n".join(
        f'   <details class="choice{" right" if right else ""}" name="{name}"><summary>{letter}　…</summary>'
        f"{'正解' if right else 'もう少し'}：{reason}</details>"
        for letter, right in zip("アイウエ", rights, strict=False)
    )


@pytest.mark.parametrize(
    ("markdown", "problem"),
    [
        (question("c-1", True, False, False), "二つ以上"),
        (question("c-1", True, False, False) + "\n" + question("c-2", True, False), "三つ以上"),
        (question("c-1", True, False, True) + "\n" + question("c-2", False, False, False), "一つだけ"),
        (question("c-1", True, False, False) + "\n" + question("d-2", True, False, False), "c-1 から順に"),
        (question("c-1", True, False, False, reason="だから。"), "なぜそうなのか"),
        (question("c-1", True, False, False).replace("もう少し：", ""), "「もう少し：」で始めます"),
        (question("c-1", True, False, False).replace("イ　", "イ "), "形の違う選択肢"),
    ],
)
def test_bad_concept_questions_are_noticed(markdown: str, problem: str) -> None:
    assert any(problem in p for p in problems_of_choices(markdown, "c"))


# ------------------------------------------------------------------------------------------------ numbers

_NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"


def quoted_numbers(markdown: str) -> Iterator[tuple[str, str]]:
    """The numbers of ten and above or with decimals in the prose, each with the text around it.

    Not counted: code, link targets, years, exponents and indices.
    """
    markdown = re.sub(r"(`+).*?\1|\]\([^)]*\)|<code>.*?</code>", " ", markdown, flags=re.S)
    for match in re.finditer(r"(?<![\w.,^{])" + f"(?>{_NUMBER})" + r"(?!\s*年)", markdown):
        number = match.group().rstrip(",").replace(",", "")
        if "." in number or float(number) >= 10:
            yield number, markdown[max(0, match.start() - 20) : match.end() + 10].replace("\n", " ")


def backs(number: str, cell: dict[str, Any]) -> bool:
    """Whether `cell` prints `number`, perhaps with more digits or as a fraction for a percentage, or its code states it."""
    value, decimals = float(number), len(number.partition(".")[2])
    rounding = 0.5 * 10.0**-decimals * (1 + 1e-9)
    for text, tolerance in ((printed(cell), rounding), (cell["source"], 1e-9)):
        for found in re.findall(r"(?<![\w.])" + _NUMBER, text):
            known = float(found.replace(",", ""))
            if abs(known - value) <= tolerance or ("." in found and abs(100 * known - value) <= tolerance):
                return True
    return False


@each_notebook
def test_the_prose_quotes_numbers_that_cells_print(path: Path) -> None:
    module = ROOT / "src" / "sawaru" / "checks" / f"{path.stem}.py"
    check_cell = {"source": module.read_text(encoding="utf-8"), "outputs": []}
    code = [*cells(path, "code"), check_cell]
    missing = []
    for cell in cells(path, "markdown"):
        if cell["source"].startswith("## 参考文献"):
            continue
        for number, around in quoted_numbers(cell["source"]):
            if (path.stem, number) not in FACTS and not any(backs(number, c) for c in code):
                missing.append(f"{cell['id']}：{number}（…{around}…）")
    assert not missing, "どのセルも表示していない数があります\n" + "\n".join(missing)


def test_every_fact_is_still_stated() -> None:
    quoted = {
        (path.stem, number)
        for path in NOTEBOOKS
        for c in cells(path, "markdown")
        for number, _ in quoted_numbers(c["source"])
    }
    assert set(FACTS) <= quoted


@pytest.mark.parametrize(
    ("markdown", "numbers"),
    [
        ("損失は 8.77 分² で、96 件が入りました。", ["8.77", "96"]),
        ("$\\hat a = 2.96$、$10^{18}$ 回、`0.5` 回、48,441 本", ["2.96", "10", "48441"]),
        ("Gauss（1809 年）は [Gauss](https://example.org/10.1214/aos) を 3 人", []),
    ],
)
def test_which_numbers_count(markdown: str, numbers: list[str]) -> None:
    assert [number for number, _ in quoted_numbers(markdown)] == numbers


@pytest.mark.parametrize(
    ("number", "backed"),
    [("2.96", True), ("3", True), ("2.97", False), ("67", True), ("0.7", True), ("68", False)],
)
def test_what_backs_a_number(number: str, backed: bool) -> None:
    cell = {"source": "p = 0.7", "outputs": [{"text": ["a = 2.9603\n", "確率 0.67\n"]}]}
    assert backs(number, cell) is backed
