"""Handing chapters out: what a student gets, what is never lost, and that both sets run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from sawaru.__main__ import main
from sawaru.classroom.handout import NAME_CELL, HandoutError, hand_out, text_of

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
CHAPTERS = sorted(p for p in BOOK.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
LINEAR = Path("basics/linear_regression.ipynb")


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    nbformat.validate(notebook)
    return notebook


def text(notebook: dict[str, Any], kind: str) -> str:
    return "\n".join(text_of(c) for c in notebook["cells"] if c["cell_type"] == kind)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("handout")
    hand_out(BOOK, out)
    return out


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda p: p.stem)
def test_a_student_gets_no_answers_and_the_teacher_all(sets: Path, chapter: Path) -> None:
    book, place = read(chapter), chapter.relative_to(BOOK)
    student, teacher = (read(sets / who / place) for who in ("student", "teacher"))
    answers = [c["id"] for c in book["cells"] if "solution" in c["metadata"].get("tags", [])]
    assert answers
    assert "解答例" not in text(student, "code")
    assert [c["id"] for c in teacher["cells"]] == [c["id"] for c in book["cells"]]
    assert [c["id"] for c in student["cells"] if c["id"] != "student-name"] == [
        c["id"] for c in book["cells"] if c["id"] not in answers
    ]
    for made in (student, teacher):
        assert "NBVAL" not in text(made, "code")
        assert not any(c["outputs"] for c in made["cells"] if c["cell_type"] == "code")
    stubs = [c for c in student["cells"] if "exercise" in c["metadata"].get("tags", [])]
    assert all("..." in text_of(c) for c in stubs)  # nbval runs them below: each says 未解答
    assert len(stubs) == len(answers)
    assert "<summary>ヒント" in text(student, "markdown")
    assert 'class="choice right"' in text(student, "markdown")


def test_the_name_comes_before_the_first_code(sets: Path) -> None:
    cells = read(sets / "student" / LINEAR)["cells"]
    code = [c for c in cells if c["cell_type"] == "code"]
    assert code[0] == NAME_CELL
    assert text_of(code[1]).startswith("#@title 準備")


def test_links_lead_to_the_published_book(sets: Path) -> None:
    markdown = text(read(sets / "student" / LINEAR), "markdown")
    assert "(https://sawaru-book.github.io/sawaru-book/book/basics/gradient_descent.html)" in markdown
    assert "(https://doi.org/10.1214/aos/1176345451)" in markdown
    assert ".ipynb)" not in markdown


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda p: p.stem)
def test_hints_can_be_left_out(tmp_path: Path, chapter: Path) -> None:
    hand_out(BOOK, tmp_path, [chapter.stem], hints=False)
    place = chapter.relative_to(BOOK)
    markdown = text(read(tmp_path / "student" / place), "markdown")
    assert "ヒント" not in markdown
    assert markdown.count("<details") == markdown.count("</details>") > 0
    assert "<summary>ヒント" in text(read(tmp_path / "teacher" / place), "markdown")


def test_a_students_work_is_never_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["handout", str(tmp_path), "--book", str(BOOK), "--chapter", "linear_regression"]
    assert main(arguments) == 0
    assert main(arguments) == 0, "同じ内容なら、何度でも実行できます"
    assert "もう同じ内容です" in capsys.readouterr().out
    work, teacher = tmp_path / "student" / LINEAR, tmp_path / "teacher" / LINEAR
    work.write_text("my work", encoding="utf-8")
    teacher.unlink()
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert str(work) in said and "--force" in said
    assert work.read_text(encoding="utf-8") == "my work"
    assert not teacher.exists(), "一部だけを書くことはありません"
    assert main([*arguments, "--force"]) == 0
    read(work)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [LINEAR.name] * 2


def test_chapters_are_chosen_by_name(tmp_path: Path) -> None:
    for name in ("gradient_descent", "basics/gradient_descent", "book/basics/gradient_descent.ipynb"):
        hand_out(BOOK, tmp_path, [name])
    assert [p.stem for p in (tmp_path / "student").rglob("*.ipynb")] == ["gradient_descent"]
    with pytest.raises(HandoutError, match=r"「gradient」という章はありません。章は .*gradient_descent"):
        hand_out(BOOK, tmp_path, ["gradient"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["handout", "out", "--book", "nowhere"], "nowhere に章のノートブックがありません"),
        (["handout"], "--help で使い方が分かります"),
        (["collect", "nowhere"], "nowhere というフォルダはありません"),
        (["collect", ".", "--seconds", "-3"], "引数が正しくありません"),
        (["collect", "."], "の中に .ipynb のファイルがありません"),
    ],
)
def test_bad_input_is_one_clear_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = main(arguments)
    except SystemExit as error:
        code = error.code  # type: ignore[assignment]
    assert code in (1, 2)
    said = capsys.readouterr().err
    assert says in said and "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_both_sets_run(sets: Path) -> None:
    files = [str(sets / who / LINEAR) for who in ("student", "teacher")]
    command = [
        *(sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-cell-timeout=120"),
        *("-p", "no:cacheprovider", "--rootdir", str(sets), *files),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:]
