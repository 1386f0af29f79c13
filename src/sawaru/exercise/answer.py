"""The reader's function, told apart from a stub."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any

from sawaru.exercise.compare import Unsolved, Wrong

STUB = "まだ書かれていません。`...` を消して書いてみましょう。"
NO_RETURN = "None が返りました。結果を `return` で返しているか確かめてみましょう。"


def watched(function: types.FunctionType, may_return_none: bool) -> Callable[..., Any]:
    """The reader's function, noticing a wrong number of arguments and a missing return where they happen."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        signature = inspect.signature(function)
        try:
            signature.bind(*args, **kwargs)
        except TypeError:
            raise Wrong(
                f"あなたの関数は {function.__name__}{signature} ですが、この演習では引数を {len(args) + len(kwargs)} 個"
                "渡して呼び出します。課題の関数の 1 行目と見比べてみましょう。"
            ) from None
        result = function(*args, **kwargs)
        if result is ... or (result is None and _is_stub(function)):
            raise Unsolved(STUB)
        if result is None and not may_return_none:
            raise Wrong(f"{function.__name__} から {NO_RETURN}")
        return result

    return call


def _is_stub(function: types.FunctionType) -> bool:
    """Whether a line is still `...`, `x = ...` or `return ...` (but `x[..., 0]` is an index), or there is no code at all."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # typed into a console, or part of a longer expression
        return function.__code__.co_code == (lambda: None).__code__.co_code
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return) and _is_constant(
            node.value, ...
        ):
            return True
        if isinstance(node, ast.FunctionDef) and all(
            isinstance(line, ast.Pass) or _is_docstring(line) for line in node.body
        ):
            return True
        if isinstance(node, ast.Lambda) and _is_constant(node.body, None):
            return True
    return False


def _is_constant(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
