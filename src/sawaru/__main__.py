"""`python -m sawaru`: for teachers, chapters to hand out and handed-in notebooks to check."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from sawaru.classroom.handout import STUDENT, TEACHER, HandoutError, hand_out
from sawaru.notebook import NotebookError


class _Parser(argparse.ArgumentParser):
    """argparse, speaking Japanese."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings, add_help=False)  # type: ignore[arg-type]
        self.add_argument("-h", "--help", action="help", help="この説明を表示する")

    def format_help(self) -> str:
        text = super().format_help()
        for english, japanese in (
            ("usage: ", "使い方: "),
            ("positional arguments:", "引数:"),
            ("options:", "オプション:"),
        ):
            text = text.replace(english, japanese)
        return text

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"引数が正しくありません（{message}）。{self.prog} --help で使い方が分かります。\n")


def main(arguments: list[str] | None = None) -> int:
    parser = _Parser(prog="python -m sawaru", description="授業で章を配り、集めて確かめます。")
    commands = parser.add_subparsers(required=True, metavar="コマンド", title="コマンド")
    _add_handout(commands)
    _add_collect(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except (HandoutError, NotebookError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or ''}：読み書きできません（{error.strerror}）。", file=sys.stderr)
    except KeyboardInterrupt:
        print("途中でやめました。", file=sys.stderr)
    return 1


def _add_handout(commands: argparse._SubParsersAction[_Parser]) -> None:
    about = "解答例のない学生用と、解答例のある教員用のノートブックを書き出します。"
    command = commands.add_parser("handout", help="章を配る形にする", description=about)
    command.add_argument("out", metavar="書き出し先", type=Path)
    command.add_argument(
        "--chapter", metavar="章", nargs="+", action="extend", help="配る章（書かなければ、すべて）"
    )
    command.add_argument("--no-hints", action="store_true", help="学生用からヒントを除く")
    command.add_argument("--force", action="store_true", help="中身の違うファイルがあっても書き換える")
    command.add_argument(
        "--book", metavar="フォルダ", type=Path, default=Path("book"), help="本文のフォルダ（book）"
    )
    command.set_defaults(run=_handout)


def _handout(options: argparse.Namespace) -> int:
    written = hand_out(
        options.book, options.out, options.chapter, hints=not options.no_hints, force=options.force
    )
    if not written:
        print(f"{options.out} は、もう同じ内容です。")
        return 0
    for path in written:
        print(path)
    print(f"{options.out / STUDENT} を配ってください。{options.out / TEACHER} は解答例の付いた教員用です。")
    return 0


def _add_collect(commands: argparse._SubParsersAction[_Parser]) -> None:
    about = (
        "集めたノートブックを一冊ずつ新しいカーネルで動かし、演習の結果を表（CSV）とページ（HTML）にします。"
    )
    command = commands.add_parser("collect", help="集めたノートブックを確かめる", description=about)
    command.add_argument("folder", metavar="フォルダ", type=Path, help="集めた .ipynb のあるフォルダ")
    command.add_argument(
        "--out", metavar="フォルダ", type=Path, default=Path("results"), help="結果の書き出し先（results）"
    )
    command.add_argument(
        "--seconds", metavar="秒", type=_positive, default=300, help="一冊の時間の上限（300）"
    )
    command.add_argument("--memory", metavar="GB", type=_positive, default=2, help="一冊のメモリの上限（2）")
    cores = max(1, (os.cpu_count() or 2) // 2)
    command.add_argument(
        "--jobs", metavar="数", type=_count, default=cores, help=f"同時に動かす数（{cores}）"
    )
    command.add_argument(
        "--unprotected",
        action="store_true",
        help="隔てずに一冊ずつ動かす（中身を信頼できるときだけ）",
    )
    command.set_defaults(run=_collect)


def _collect(options: argparse.Namespace) -> int:
    try:
        from sawaru.classroom import results, sandbox
        from sawaru.classroom.collect import Limits, Row, collect, notebooks
    except ImportError as error:
        print(
            f"{error.name} がありません。pip install ipykernel psutil を実行してください。",
            file=sys.stderr,
        )
        return 1
    if not options.folder.is_dir():
        print(f"{options.folder} というフォルダはありません。", file=sys.stderr)
        return 1
    if next(notebooks(options.folder), None) is None:
        print(f"{options.folder} の中に .ipynb のファイルがありません。", file=sys.stderr)
        return 1

    rows: list[Row] = []

    def progress(done: int, total: int, row: Row) -> None:
        rows.append(row)
        shown = "".join(c if c.isprintable() else "?" for c in row.file)
        print(f"{done}/{total}　{shown}　正解 {row.solved}/{len(row.verdicts)}", flush=True)

    stopped = False
    try:
        collect(
            options.folder,
            Limits(options.seconds, int(options.memory * 1e9)),
            jobs=options.jobs,
            unprotected=options.unprotected,
            progress=progress,
        )
    except sandbox.SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        stopped = True
        print(f"途中でやめました。終わっていた {len(rows)} 冊の結果を書きます。", file=sys.stderr)
    note = sandbox.UNPROTECTED if options.unprotected else sandbox.PROTECTED
    for path in results.write(rows, options.out, note):
        print(path)
    print(note)
    return int(stopped)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


if __name__ == "__main__":
    sys.exit(main())
