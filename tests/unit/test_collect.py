"""Collecting handed-in notebooks: real kernels, shut in by the real bubblewrap, and notebooks that try to get out."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from sawaru.__main__ import main
from sawaru.classroom import results, sandbox
from sawaru.classroom.collect import Limits, Row, collect, summarize
from sawaru.classroom.handout import for_student, for_teacher, text_of

ROOT = Path(__file__).parents[2]
CHAPTER = ROOT / "book/basics/linear_regression.ipynb"
EXERCISES = ["mse_many", "slope_through_origin", "sigma_mle", "laplace_nll"]
try:
    sandbox.require()
    WHY_NOT = ""
except sandbox.SandboxError as error:
    WHY_NOT = str(error)
shut_in = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


def hand_in(path: Path, *cells: str, name: str = '""', number: str = '""') -> None:
    """A notebook whose last cell mentions an exercise, so that it counts as one of the chapter's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = [f"氏名 = {name}\n学籍番号 = {number}", *cells]
    if not any("check(" in cell for cell in cells):
        code.append("if False:\n    check('linear_regression.sigma_mle', None)")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in code])
    nbformat.write(notebook, path)


def labels(row: Row) -> list[str]:
    return [row.verdicts[f"linear_regression.{e}"][0] for e in EXERCISES]


def said(row: Row) -> str:
    return "".join(row.remarks)


# --------------------------------------------------------------------------------------------- the round trip


@shut_in
@pytest.mark.timeout(300)
def test_handed_out_solved_and_collected(tmp_path: Path) -> None:
    book = json.loads(CHAPTER.read_text(encoding="utf-8"))
    answers = {
        c["id"].replace("solution", "answer"): text_of(c).replace("_solution", "")
        for c in for_teacher(book)["cells"]
        if "solution" in c["metadata"].get("tags", [])
    }
    solved = for_student(book)
    for cell in solved["cells"]:
        if cell["id"] in answers:
            cell["source"] = answers[cell["id"]].replace("#@title 解答例\n", "")
        if cell["id"] == "student-name":
            cell["source"] = '氏名 = "山田 花子"  #@param\n学籍番号 = 0123  # 数字だけ'
    folder = tmp_path / "in"
    for place, notebook in (
        ("花子/linear_regression.ipynb", solved),
        ("blank.ipynb", for_student(book)),
        ("teacher.ipynb", for_teacher(book)),
    ):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(json.dumps(notebook), encoding="utf-8")
    before = {p: p.read_bytes() for p in folder.rglob("*.ipynb")}
    blank, teacher, hanako = collect(folder, Limits(seconds=200), jobs=1)
    assert labels(hanako) == ["正解"] * 4
    assert (hanako.name, hanako.number, hanako.file) == (
        "山田 花子",
        "0123",
        "花子/linear_regression.ipynb",
    )
    assert "SyntaxError" in said(hanako), "番号の書き損じは、ほかのセルに響きません"
    assert labels(blank) == ["未解答"] * 4 and blank.remarks == []
    assert labels(teacher) == ["未解答"] * 4 and teacher.remarks == [], "解答例は学生の答えに数えません"
    assert {p: p.read_bytes() for p in folder.rglob("*.ipynb")} == before


# --------------------------------------------------------------------------------- broken, hostile and endless ones

ENDLESS = "while True: pass"
VERDICT = """
import sys, types
sys.modules["sawaru.exercise.tally"] = tally = types.ModuleType("tally")
tally.verdicts = lambda: {"linear_regression.slope_through_origin": ("正解", "")}  # spares PyTorch's start
"""
STUBBORN = "import time\nwhile True:\n    try: time.sleep(1)\n    except BaseException: pass"
GREEDY = "big = [bytearray(50_000_000) for _ in range(100)]"
SPREADING = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        held = b"1" * 250_000_000
        time.sleep(60)
time.sleep(60)
"""
BOMB = "import os\nwhile True:\n    try: os.fork()\n    except BaseException: pass"
QUITTING = "import os\nos._exit(3)"
LEAVING = """
import os, subprocess, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", {mark!r}])
    os._exit(0)
time.sleep(1)
"""
ESCAPING = """
import os, signal, socket, subprocess
done = []
def attempt(what, act):
    try:
        act()
        done.append(what)
    except BaseException:
        pass

for place in ({folder!r}, {home!r}, "/etc", "/usr/lib", "/", "/dev", "/sys", "/var/tmp", {library!r}, {prefix!r}):
    attempt("write " + place, lambda: open(os.path.join(place, "sawaru-was-here"), "w").write("x"))
attempt("read", lambda: open({secret!r}).read())
attempt("list", lambda: os.listdir({folder!r}))
attempt("network", lambda: socket.create_connection(("127.0.0.1", {port}), timeout=2))
attempt("token", lambda: os.environ["SECRET_TOKEN"])
attempt("others", lambda: [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) > 2000][0])
for pid in {pids!r}:
    attempt("kill", lambda: os.kill(pid, signal.SIGTERM))
for command in ("mount -o remount,rw /", "unshare -rm mount -o remount,rw /usr", "chroot /proc/1/root true", "umount -l /tmp"):
    attempt(command, lambda: subprocess.run(command, shell=True, check=True))
attempt("temporary", lambda: open("/tmp/mine", "w").write("x"))
attempt("flood", lambda: [open(f"/tmp/{{i}}", "wb").write(bytes(100_000_000)) for i in range(20)])
raise Exception(done)
"""
FORGED = """
import os, json
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            if "pipe:" in os.readlink(f"/proc/{pid}/fd/{fd}"):
                with open(f"/proc/{pid}/fd/{fd}", "w") as pipe:
                    pipe.write(json.dumps({"verdicts": {"linear_regression.sigma_mle": ["<b>", 3], "x": 1, "linear_regression.mse_many": ["もう少し", "<script>alert(1)</script>"]}}) + "\\n")
                    pipe.write("[" * 100_000 + "\\n{\\"late\\": \\"<i>\\"}\\nnonsense\\n")
    except OSError:
        pass
"""


@shut_in
@pytest.mark.timeout(300)
def test_a_bad_notebook_costs_its_own_row_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, mark = tmp_path / "in", f"left-behind-{os.getpid()}-{time.time_ns()}"
    (tmp_path / "secret").write_text("answers")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    escaping = ESCAPING.format(
        folder=str(folder),
        home=str(Path.home()),
        secret=str(tmp_path / "secret"),
        library=str(ROOT / "src" / "sawaru"),
        prefix=sys.prefix,
        port=_listening(),
        pids=[os.getpid(), os.getppid()],
    )
    hand_in(folder / "a-endless.ipynb", ENDLESS, VERDICT)
    hand_in(folder / "b-stubborn.ipynb", VERDICT, STUBBORN)
    hand_in(folder / "c-greedy.ipynb", GREEDY, VERDICT)
    hand_in(folder / "d-spreading.ipynb", SPREADING)
    hand_in(folder / "e-bomb.ipynb", BOMB)
    hand_in(folder / "f-quitting.ipynb", QUITTING)
    hand_in(folder / "g-leaving.ipynb", LEAVING.format(mark=mark))
    hand_in(folder / "h-escaping.ipynb", escaping)
    hand_in(folder / "i-forged.ipynb", FORGED, name='"<script>alert(1)</script>"', number='"=1+1"')
    (folder / "j-broken.ipynb").write_text('{"cells": [')
    (folder / "k-deep.ipynb").write_text("[" * 200_000)
    (folder / "l-odd.ipynb").write_text(
        json.dumps(
            {
                "nbformat": 4,
                "metadata": 1,
                "cells": [{"cell_type": "code", "metadata": 3, "source": {"a": 1}}],
            }
        )
    )
    (folder / "m-link.ipynb").symlink_to(CHAPTER)
    hand_in(folder / "n-other.ipynb", "check('nowhere.mean', 3)")
    hand_in(folder / "z-good.ipynb", VERDICT)
    started = time.monotonic()
    rows = {r.file[0]: r for r in collect(folder, Limits(seconds=30, memory=1_000_000_000), jobs=2)}
    assert time.monotonic() - started < 200
    assert len(rows) == 15

    assert labels(rows["a"]) == ["未確認", "正解", "未確認", "未確認"]
    assert said(rows["a"]) == "2 番目のセルが 10 秒で終わらないので、飛ばしました。"
    assert labels(rows["b"]) == ["未確認", "正解", "未確認", "未確認"]
    assert said(rows["b"]).endswith("3 番目のセルを止められないので、そこで終えました。")
    assert "MemoryError" in said(rows["c"]) and rows["c"].solved == 1
    assert said(rows["d"]) == "メモリを 1 GB より多く使ったので、途中で止めました。"
    assert "より多く" in said(rows["e"]) and "途中で止めました" in said(rows["e"])
    assert "Python が終わってしまいました" in said(rows["f"])
    assert rows["g"].remarks == []
    assert said(rows["h"]) == "2 番目のセルでエラーが起きました（Exception: ['temporary']）。"
    assert rows["i"].solved == 0 and rows["i"].verdicts["linear_regression.sigma_mle"][0] == "未確認"
    assert "JSON が壊れています" in said(rows["j"])
    assert "読めません" in said(rows["k"])
    assert "読めません" in said(rows["l"])
    assert "リンクなので開きませんでした" in said(rows["m"])
    assert "演習（check の呼び出し）が見つかりません" in said(rows["n"])
    assert rows["z"].solved == 1 and rows["z"].remarks == []

    assert not [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])]
    assert not list(folder.glob("sawaru*"))
    assert not (Path.home() / "sawaru-was-here").exists()

    _, page = results.write(list(rows.values()), tmp_path / "out", sandbox.PROTECTED)
    html = page.read_text(encoding="utf-8")
    assert "<script>" not in html and "&lt;script&gt;" in html
    table = list(csv.reader((tmp_path / "out/results.csv").open(encoding="utf-8-sig")))
    assert next(r for r in table if r[0] == "i-forged.ipynb")[1] == "'=1+1"


def _listening() -> int:
    import socket

    server = socket.create_server(("127.0.0.1", 0))
    _servers.append(server)
    return int(server.getsockname()[1])


_servers: list[Any] = []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux だけの仕組みです")
@pytest.mark.timeout(120)
def test_without_protection_nothing_outlives_its_limit(tmp_path: Path) -> None:
    mark = f"left-behind-{os.getpid()}-{time.time_ns()}"
    hand_in(tmp_path / "leaving.ipynb", LEAVING.format(mark=mark))
    hand_in(tmp_path / "stuck.ipynb", LEAVING.format(mark=mark), STUBBORN)
    leaving, stuck = collect(tmp_path, Limits(seconds=10), unprotected=True)
    assert leaving.remarks == []
    assert "10 秒たっても終わらないので" in said(stuck)
    assert not [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])]


@pytest.mark.skipif(sys.platform == "win32", reason="割り込みの送り方が違います")
@pytest.mark.timeout(120)
def test_an_interrupt_keeps_what_is_done(tmp_path: Path) -> None:
    hand_in(tmp_path / "in/a.ipynb", VERDICT)
    hand_in(tmp_path / "in/b.ipynb", ENDLESS)
    command = [sys.executable, "-m", "sawaru", "collect", "in", "--unprotected"]
    run = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background ignore it
    )
    try:
        assert run.stdout and run.stdout.readline() == "1/2　a.ipynb　正解 1/4\n"
        time.sleep(1)  # into the middle of the second notebook
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == 1
    assert err == "途中でやめました。終わっていた 1 冊の結果を書きます。\n"
    assert "results/results.csv" in out and "隔てずに動かしました" in out
    assert len((tmp_path / "results/results.csv").read_text(encoding="utf-8").splitlines()) == 2


def test_nothing_runs_where_it_cannot_be_shut_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(tmp_path / "in/a.ipynb", f"open({str(tmp_path / 'ran')!r}, 'w')")
    broken = tmp_path / "bin/bwrap"
    broken.parent.mkdir()
    for script in ("", "#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n"):
        if script:
            broken.write_text(script)
            broken.chmod(0o755)
        monkeypatch.setenv("PATH", str(broken.parent) + (":/bin:/usr/bin" if script else ""))
        assert main(["collect", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 1
        message = capsys.readouterr().err
        assert "bubblewrap が使えません" in message and "--unprotected" in message
        assert ("No permissions" in message) == bool(script)
    assert not (tmp_path / "ran").exists() and not (tmp_path / "out").exists()


# ------------------------------------------------------------------------------------------------ the tables


def row(file: str, *verdicts: tuple[str, str], **more: Any) -> Row:
    padded = [*verdicts, *[("未解答", "")] * (4 - len(verdicts))]
    named = {f"linear_regression.{e}": v for e, v in zip(EXERCISES, padded, strict=True)}
    return Row(file, chapter="linear_regression", verdicts=named, **more)


def test_the_typical_mistake_is_the_same_though_the_values_differ(tmp_path: Path) -> None:
    rows = [
        row("a", ("もう少し", "f(x) は 7 になりました（期待する値は 2.5）。合計です。")),
        row("b", ("もう少し", "f(x) は -1.5e-3 になりました（期待する値は 2.5）。合計です。")),
        row("c", ("もう少し", "3 行目の `x.y` でエラーが起きました。")),
        row("d", ("正解", "そのとおりです。"), ("もう少し", "違う。"), name="花子", number="7"),
        Row("e", remarks=["ファイルが壊れています。"]),
    ]
    first, second, third, _ = summarize(rows)["linear_regression"]
    assert (first.solved, first.tried, first.notebooks, first.times) == (1, 4, 4, 2)
    assert first.mistake.endswith("合計です。")
    assert (second.mistake, second.times) == ("違う。", 1)
    assert (third.mistake, third.tried) == ("", 0)

    table, page = results.write(rows, tmp_path, "注意")
    lines = list(csv.reader(table.open(encoding="utf-8-sig")))
    assert lines[0][:6] == ["ファイル", "学籍番号", "氏名", "章", "正解", "演習"]
    assert lines[0][6] == "linear_regression.mse_many" and lines[0][-1] == "備考"
    assert lines[4][:8] == ["d", "7", "花子", "linear_regression", "1", "4", "正解", "もう少し"]
    assert lines[5] == ["e", "", "", "", "0", "0", "", "", "", "", "ファイルが壊れています。"]
    html = page.read_text(encoding="utf-8")
    assert "合計です。（2 冊）" in html and "読めなかったファイル" in html and "注意" in html
    assert "http" not in html.replace("http-equiv", ""), "ほかの場所から何も読み込みません"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r\n=1+1"])
def test_a_spreadsheet_takes_no_name_for_a_formula(tmp_path: Path, text: str) -> None:
    table, _ = results.write([row("a", name=text)], tmp_path, "")
    assert list(csv.reader(table.open(encoding="utf-8-sig")))[1][2] == f"'{text.strip()}"
