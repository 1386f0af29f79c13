"""Exceptions from a reader's code: where they came from, their last line, and what to try next."""

from __future__ import annotations

import functools
import linecache
import os
import re
import sys
import sysconfig
import threading
from collections.abc import Callable
from types import CodeType
from typing import Any

from sawaru.exercise.compare import Unsolved, short

_LIBRARY_FOLDERS = tuple(
    os.path.realpath(folder) + os.sep
    for folder in (
        os.path.dirname(os.path.dirname(__file__)),
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib")),
    )
)

# What to try next, by the exception's type and a pattern in its message, which {0}, {1} quote. The first match counts.
# fmt: off
_NEXT_STEPS: list[tuple[type[BaseException], str, str]] = [
    (UnboundLocalError, "", "値を入れる前に変数を使っています。先に代入しているか、if の中だけで代入していないかを見てみましょう。"),
    (NameError, r"name '(torch|np|math|F|nn)' is not defined", "{0} が読み込まれていません。ノートブックの最初にある準備のセルを実行してみましょう。"),
    (NameError, r"name '(\w+)' is not defined", "{0} という名前はまだ作られていません。つづりと、それを作るセルを実行したかを確かめてみましょう。"),
    (ImportError, "", "その部品は読み込めませんでした。準備のセルで読み込んだものだけで書けるか、考えてみましょう。"),
    (RecursionError, "", "関数が自分自身を呼び続けています。呼び出しをやめる条件を確かめてみましょう。"),
    (MemoryError, "", "メモリが足りません。作っているテンソルが大きすぎないか、`shape` を表示してみましょう。"),
    (RuntimeError, "not enough memory|out of memory", "メモリが足りません。作っているテンソルが大きすぎないか、`shape` を表示してみましょう。"),
    (TypeError, "missing .* argument|positional argument|unexpected keyword argument", "その行で呼び出している関数の、引数の数か名前が合っていません。定義と見比べてみましょう。"),
    (TypeError, "not callable", "関数ではないものに `( )` を付けて呼び出しています。掛け算の `*` の書き忘れや、関数と同じ名前の変数がないか確かめてみましょう。"),
    (TypeError, "NoneType", "None で計算しようとしています。途中で使った関数が値を `return` しているか確かめてみましょう。"),
    (TypeError, "not subscriptable", "`[ ]` で取り出せない値に `[ ]` を使っています。その値を `print(type(...))` で調べてみましょう。"),
    (TypeError, "can't convert (cuda|mps)", "GPU にあるテンソルは、そのままでは NumPy にできません。`.cpu()` で移してから変換しましょう。"),
    (TypeError, "converted to Python scalars|converted to .* scalar", "要素がいくつもある配列を 1 つの数にしようとしています。`shape` を表示してみましょう。"),
    (TypeError, "must be Tensor", "テンソルを渡すところに、ふつうの数が渡っています。`torch.tensor(...)` に変えるか、数のための関数を使いましょう。"),
    (TypeError, "unsupported operand|can't multiply|can only concatenate", "その型どうしでは計算できません。それぞれの値を `print(type(...))` で調べてみましょう。"),
    (AttributeError, "'NoneType' object", "None から何かを取り出そうとしています。途中で使った関数が値を `return` しているか確かめてみましょう。"),
    (AttributeError, r"before Module\.__init__", "`__init__` の最初の行で `super().__init__()` を呼びましょう。層を登録する場所は、そこで作られます。"),
    (AttributeError, r"'(\w+)' object has no attribute '(\w+)'", "{0} 型の値に {1} はありません。つづりと、値の型を確かめてみましょう。"),
    (AttributeError, r"has no attribute '(\w+)'", "{0} は見つかりません。つづりを確かめてみましょう。"),
    (IndexError, "Dimension out of range|too many indices", "テンソルにない軸を指定しています。軸の番号は 0 から始まります。`shape` を表示して数えてみましょう。"),
    (IndexError, "", "範囲の外の番号を指定しています。番号は 0 から始まり、最後は「個数 − 1」です。`shape` や `len` を表示してみましょう。"),
    (KeyError, "", "その名前（キー）は辞書の中にありません。辞書の `keys()` を表示してみましょう。"),
    (ZeroDivisionError, "", "0 で割っています。割る数がいつ 0 になるかを調べてみましょう。"),
    (RuntimeError, r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", "長さ {0} の軸と長さ {1} の軸を組み合わせようとしています。計算の直前で 2 つのテンソルの `shape` を表示してみましょう。"),
    (RuntimeError, r"mat1 and mat2 shapes cannot be multiplied \((\w+) and (\w+)\)", "行列の積では、左の列数と右の行数が同じでなければなりません（いまは {0} と {1}）。`shape` を表示してみましょう。"),
    (RuntimeError, "modified by an inplace operation", "勾配の計算に使う値が、途中で書き換えられています。`+=` の代わりに新しい変数を作ってみましょう。"),
    (RuntimeError, "leaf Variable that requires grad", "勾配を求めるテンソルを直接書き換えています。更新は `torch.no_grad()` の中で行いましょう。"),
    (RuntimeError, "does not require grad", "勾配の記録がありません。`requires_grad` を指定したか、途中の `.item()` や `.detach()` で記録が切れていないかを確かめてみましょう。"),
    (RuntimeError, "backward through the graph a second time", "同じ計算の記録で 2 回 `backward()` を呼んでいます。損失を計算し直してから呼びましょう。"),
    (RuntimeError, "grad can be implicitly created only for scalar", "`backward()` は 1 つの数から始めます。損失を 1 つの数にまとめてから呼びましょう。"),
    (RuntimeError, r"call numpy\(\) on Tensor that requires grad", "勾配を記録しているテンソルです。`.detach()` してから NumPy に変換しましょう。"),
    (RuntimeError, "Boolean value of Tensor", "要素がいくつもあるテンソルを if や while の条件にしています。1 つの真偽値にまとめましょう。"),
    (ValueError, "truth value of an array", "要素がいくつもある配列を if や while の条件にしています。1 つの真偽値にまとめましょう。"),
    (RuntimeError, "cannot be converted to Scalar", "要素がいくつもあるテンソルを 1 つの数にしようとしています。`shape` を表示してみましょう。"),
    (RuntimeError, "same device", "CPU のテンソルと GPU のテンソルが混ざっています。`device` を表示し、`.to(...)` でそろえましょう。"),
    (RuntimeError, "dtype|scalar type|floating point", "テンソルの型（整数か小数か）が合っていません。`dtype` を表示し、小数が要るところでは `.float()` で変換しましょう。"),
    (RuntimeError, "size|shape|broadcast|1D tensors|matri(x|ces)", "テンソルの形が合っていません。計算の直前で、使うテンソルの `shape` を表示してみましょう。"),
    (ValueError, "unpack", "左辺の変数の数と、右辺の値の数が合っていません。右辺を表示して数えてみましょう。"),
    (ValueError, "broadcast|matmul|shape|dimension", "配列の形が合っていません。計算の直前で、使う配列の `shape` を表示してみましょう。"),
    (ValueError, "math domain error|expected a (non-negative|positive) input", "log や sqrt に、負の数や 0 が渡っています。渡す値を表示してみましょう。"),
    (OverflowError, "", "値が大きくなりすぎました。途中の値を表示して、どこから大きくなるかを見てみましょう。"),
    (StopIteration, "", "`next` で取り出す値がもう残っていません。"),
    (AssertionError, "", "あなたの書いた assert が成り立ちませんでした。その条件に使った値を表示してみましょう。"),
    (SystemExit, "", "`exit()` はノートブック全体を終わらせようとします。関数から抜けるには `return` を使いましょう。"),
]
# fmt: on


def explain(error: BaseException, check: Callable[..., Any]) -> str:
    """Say where in the reader's code `error` arose, its last line and a next step. Raises `Unsolved` for a stub's.

    The lines of `check` itself, which calls that code, are not the reader's.
    """
    kind, text, place = type(error).__name__, _text_of(error), _place(_frames(error), check)
    if isinstance(error, NotImplementedError):
        raise Unsolved("まだ書かれていません。`raise NotImplementedError` を消して書いてみましょう。")
    if isinstance(error, TypeError | AttributeError) and "ellipsis" in text.lower():
        raise Unsolved(
            f"{place or '途中の行'}で使う値が、まだ `...` のままです。`...` を消して書いてみましょう。"
        )
    last_line = f"{kind}: {short(text)}" if text else kind
    if place:
        return f"{place}でエラーが起きました（{last_line}）。{_next_step(error, text)}"
    if isinstance(error, TypeError) and "not callable" in text:
        return "渡された答えは関数ではありません。`check` には、`( )` を付けずに関数の名前を渡しましょう。"
    return (
        f"あなたの答えを使って計算しようとしたところ、エラーになりました（{last_line}）。"
        "答えの型や形、関数の引数が課題のとおりか確かめてみましょう。"
    )


def _next_step(error: BaseException, text: str) -> str:
    for kind, pattern, sentence in _NEXT_STEPS:
        if isinstance(error, kind) and (match := re.search(pattern, text)):
            return sentence.format(*match.groups())
    return "その行で使う値を、直前の行で表示してみましょう。"


def _text_of(error: BaseException) -> str:
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # an exception class of the reader's own may be unprintable
        return ""
    return lines[0] if lines else ""


def place_in_thread(thread: threading.Thread, check: Callable[..., Any]) -> str:
    """The line of the reader's code that `thread` is running now, or "" when it runs none."""
    frames = []
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        frames.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return _place(frames[::-1], check)


def _frames(error: BaseException) -> list[tuple[CodeType, int]]:
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append((traceback.tb_frame.f_code, traceback.tb_lineno))
        traceback = traceback.tb_next
    return frames


def _place(frames: list[tuple[CodeType, int]], check: Callable[..., Any]) -> str:
    """The innermost line that the reader wrote, for example "3 行目の `return y - z` "."""
    for code, line in reversed(frames):
        if code is not check.__code__ and not _is_library(code.co_filename):
            source = linecache.getline(code.co_filename, line).strip()
            return f"{line} 行目の `{short(source, 80)}` " if source else f"{line} 行目"
    return ""


@functools.cache
def _is_library(filename: str) -> bool:
    if filename.startswith(("<frozen", "<string", "<__array_function__")):
        return True
    path = os.path.realpath(filename)
    return path.startswith(_LIBRARY_FOLDERS) or "site-packages" in path or "dist-packages" in path
