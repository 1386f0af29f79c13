"""Comparing a reader's value with the expected one by what it means, and saying in Japanese how the two differ."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch

Mistakes = Sequence[tuple[Any, str]]


class Wrong(Exception):
    """Raised by a check: the answer is not right yet, and the message says what to try next."""


class Unsolved(Exception):
    """The answer still holds `...`."""


def expect(got: Any, want: Any, what: str = "答え", tol: float = 1e-4, mistakes: Mistakes = ()) -> None:
    """Raise `Wrong` unless `got` equals `want` up to `tol`, times the largest expected magnitude where that is above 1.

    Numbers, tensors, arrays, lists, tuples and dicts are compared by meaning: NumPy may stand for PyTorch, a float for a
    tensor without axes, any device and dtype for another. `what` names the value in the message; `mistakes`
    pairs known wrong values with the sentence that helps.
    """
    if got is None or got is ...:
        raise Unsolved(
            f"{_then(what)}が {'None' if got is None else '...'} のままです。`...` を消して、結果を返すように書いてみましょう。"
        )
    if same(got, want, tol):
        return
    for value, sentence in mistakes:
        if same(got, value, tol):
            raise Wrong(f"{beside(got, want, what)}{sentence}")
    raise Wrong(_difference(got, want, what, tol))


@contextlib.contextmanager
def unchanged(value: Any, name: str) -> Iterator[None]:
    """Raise `Wrong` if the block changes `value` (a tensor, array, list, dict or module) in place."""
    before = _copied(value)
    yield
    if not _identical(before, _copied(value)):
        raise Wrong(
            f"引数の {name} の中身が書き換わっています。呼び出した側の値まで変わってしまうので、"
            "`+=` や末尾が `_` のメソッド、要素への代入の代わりに、新しい値を作って返しましょう。"
        )


def as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """`value` as a NumPy array if it is a number, tensor, array or (nested) list of these, else None."""
    if isinstance(value, torch.Tensor):
        value = value.detach()
        value = value.to_dense() if value.layout != torch.strided else value
        value = value.cpu().resolve_conj().resolve_neg()
        return (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).numpy()
    if isinstance(value, list):
        parts = [as_array(part) for part in value]
        if any(part is None for part in parts) or len({part.shape for part in parts if part is not None}) > 1:
            return None
        return np.stack([part for part in parts if part is not None]) if parts else np.zeros(0)
    if isinstance(value, Fraction):
        return np.asarray(float(value))
    if isinstance(value, bool | int | float | complex | np.ndarray | np.generic):
        array = np.asarray(value)
        return array if array.dtype.kind in "biufc" else None
    return None


def same(got: Any, want: Any, tol: float) -> bool:
    if isinstance(want, Mapping):
        return (
            isinstance(got, Mapping)
            and got.keys() == want.keys()
            and all(same(got[k], want[k], tol) for k in want)
        )
    array = as_array(want)
    if array is not None:
        mine = as_array(got)
        return (
            mine is not None
            and mine.shape == array.shape
            and bool(np.allclose(mine, array, rtol=0, atol=tol * _scale(array), equal_nan=True))
        )
    if isinstance(want, tuple | list):
        items = _items(got)
        return (
            items is not None and len(items) == len(want) and all(map(same, items, want, [tol] * len(want)))
        )
    try:
        return bool(got == want)
    except Exception:
        return False


def _scale(want: np.ndarray[Any, Any]) -> float:
    finite = np.abs(want[np.isfinite(want)])
    return float(max(1.0, finite.max(initial=0)))


def _items(value: Any) -> list[Any] | None:
    """The elements of a tuple or list, or the rows of an array; None when there are none to speak of."""
    if isinstance(value, tuple | list):
        return list(value)
    array = as_array(value)
    return None if array is None or array.ndim == 0 else list(array)


def _difference(got: Any, want: Any, what: str, tol: float) -> str:
    """What is different, and what to try next."""
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping):
            return f"{_then(what)}は辞書（dict）のはずですが、{_kind(got)}になりました。"
        if got.keys() != want.keys():
            return f"{_then(what)}のキーは {_keys(got)} になりました（期待するキーは {_keys(want)}）。"
        key = next(k for k in want if not same(got[k], want[k], tol))
        return _part_difference(got[key], want[key], f"{_then(what)}の {key!r}", tol)
    array = as_array(want)
    if array is None and isinstance(want, tuple | list):
        items = _items(got)
        if items is None:
            return f"{_then(what)}は {len(want)} 個の値の組のはずですが、{_kind(got)}になりました。値をコンマで区切って返しましょう。"
        if len(items) != len(want):
            return f"{_then(what)}は {len(want)} 個の値の組のはずですが、{len(items)} 個になりました。返す値の数を確かめてみましょう。"
        i = next(
            i for i, (mine, true) in enumerate(zip(items, want, strict=True)) if not same(mine, true, tol)
        )
        return _part_difference(items[i], want[i], f"{_then(what)}の {i + 1} 番目", tol)
    if array is None:
        return f"{_then(what)}は{_apart(_shown(got))}になりました（期待する値は{_apart(_shown(want)).rstrip()}）。課題の文と見比べてみましょう。"
    mine = as_array(got)
    if mine is None:
        return f"{_then(what)}は{_number_or_tensor(array)}のはずですが、{_kind(got)}になりました。{_type_step(got)}"
    if mine.shape != array.shape:
        return f"{_then(what)}の形は {_shape(mine)} になりました（期待する形は {_shape(array)}）。{_shape_step(mine, array)}"
    if np.isnan(mine).any() and not np.isnan(array).any():
        where = "" if mine.ndim == 0 else f"（{mine.size} 個のうち {int(np.isnan(mine).sum())} 個）"
        return (
            f"{_then(what)}に NaN（数ではない値）が含まれています{where}。期待する値は{_apart(_shown(want))}です。"
            "0÷0、負の数の log や sqrt、無限大どうしの引き算がないか、途中の値を表示してみましょう。"
        )
    if np.isinf(mine).any() and not np.isinf(array).any():
        return (
            f"{_then(what)}が無限大（inf）になりました。期待する値は{_apart(_shown(want))}です。"
            "0 で割る、大きな数の exp をとる、log(0) を計算する、のどれかがないか、途中の値を表示してみましょう。"
        )
    return beside(got, want, what) + _value_step(mine, array, tol)


def _part_difference(got: Any, want: Any, what: str, tol: float) -> str:
    if got is None or got is ...:
        raise Unsolved(
            f"{_then(what)}がまだ {'None' if got is None else '...'} のままです。書いてみましょう。"
        )
    return _difference(got, want, what, tol)


def beside(got: Any, want: Any, what: str) -> str:
    """The reader's own value beside the expected one, with enough digits to tell them apart."""
    mine, true = as_array(got), as_array(want)
    if mine is None or true is None or mine.shape != true.shape or mine.size <= 6:
        for digits in (4, 6, 9, 12):
            left, right = _shown(got, digits), _shown(want, digits)
            if left != right:
                break
        return f"{_then(what)}は{_apart(left)}になりました（期待する値は{_apart(right).rstrip()}）。"
    wrong = ~np.isclose(mine, true, rtol=1e-4, atol=1e-4, equal_nan=True)
    wrong = wrong if wrong.any() else mine != true
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = ", ".join(map(str, index))
    return f"{_then(what)}は {mine.size} 個の値のうち {int(wrong.sum())} 個が違います。" + beside(
        mine[index], true[index], f"たとえば [{place}]"
    )


def _value_step(got: np.ndarray[Any, Any], want: np.ndarray[Any, Any], tol: float) -> str:
    """A next step for a value of the right shape. Scale and sign say a lot about a formula."""
    if got.dtype.kind in "iu" and want.dtype.kind == "f" and np.array_equal(got, np.trunc(want)):
        return "小数が切り捨てられて整数になっています。`dtype` を確かめてみましょう。"
    if want.dtype.kind != "b" and np.abs(want).max(initial=0) > 10 * tol:
        for factor, words in (
            (-1, "符号が逆です"),
            (2, "ちょうど 2 倍です"),
            (0.5, "ちょうど半分です"),
            (-2, "ちょうど −2 倍です"),
        ):
            if np.allclose(got, factor * want, rtol=tol, atol=tol):
                return f"期待する値と比べると{words}。式の係数と符号を見直してみましょう。"
    if got.ndim == 1 and got.size > 1 and np.allclose(got[::-1], want, rtol=tol, atol=tol):
        return "値は合っていますが、順番が逆です。"
    return "小さな例を手で計算し、途中の値と見比べてみましょう。"


def _shape_step(got: np.ndarray[Any, Any], want: np.ndarray[Any, Any]) -> str:
    if got.size == want.size:
        if got.size > 1 and got.shape == want.T.shape:
            return "縦と横が入れ替わっています。どの軸が何を表すかを確かめてみましょう。"
        return "値の数は同じで、軸だけが違います。余分な軸や足りない軸がないか、途中の `shape` を表示してみましょう。"
    n = want.shape[0] if want.ndim == 1 else 0
    if n > 1 and got.shape == (n, n):
        return (
            f"({n}, 1) と ({n},) を組み合わせると、ブロードキャストで ({n}, {n}) に広がります。"
            "計算の前に、2 つのテンソルの `shape` をそろえましょう。"
        )
    if want.ndim == 0:
        return "1 つの数にまとめるところが抜けていないか、課題の式と見比べてみましょう。"
    if got.ndim < want.ndim:
        return "まとめすぎた軸がないか、和や平均をとる軸（dim）を確かめてみましょう。"
    return "和や平均をとる軸（dim）と、途中の `shape` を確かめてみましょう。"


def _type_step(value: Any) -> str:
    if isinstance(value, tuple) and hasattr(value, "values") and hasattr(value, "indices"):
        return "値（`.values`）と番号（`.indices`）の組が返る関数です。どちらが要るのかを考えてみましょう。"
    if isinstance(value, tuple):
        return "行の終わりに余分なコンマがないか、返すものが 1 つだけかを確かめてみましょう。"
    if callable(value):
        return "`( )` を付けて呼び出した結果を使いましょう。"
    if isinstance(value, str):
        return "引用符を外し、数のまま返しましょう。"
    return "返す値を `print(type(...))` で確かめてみましょう。"


def _kind(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{len(value)} 個の値の組（タプル）"
    if isinstance(value, str):
        return f"文字列 {_shown(value)} "
    if isinstance(value, Mapping):
        return "辞書（dict）"
    if isinstance(value, list):
        return f"{len(value)} 個の値のリスト"
    if callable(value) and not isinstance(value, torch.nn.Module):
        return "関数"
    array = as_array(value)
    if array is not None:
        return f"{_shown(value)} " if array.ndim == 0 else f"形 {_shape(array)} のテンソル"
    return f"{type(value).__name__} 型の値"


def _then(what: str) -> str:
    """`what` before a particle: code and figures are set off by a space, Japanese words are not."""
    return what + " " if what[-1:].isascii() else what


def _apart(shown: str) -> str:
    """The same within a sentence, on both sides."""
    return (" " if shown[:1].isascii() else "") + _then(shown)


def _number_or_tensor(array: np.ndarray[Any, Any]) -> str:
    return " 1 つの数" if array.ndim == 0 else f"形 {_shape(array)} のテンソル"


def _shape(array: np.ndarray[Any, Any]) -> str:
    return "()（1 つの数）" if array.ndim == 0 else str(tuple(array.shape))


def _keys(mapping: Mapping[Any, Any]) -> str:
    return short("{" + ", ".join(repr(key) for key in mapping) + "}", 120)


def _shown(value: Any, digits: int = 4) -> str:
    """A value as the reader would write it, short."""
    array = as_array(value)
    if array is None:
        try:
            if isinstance(value, tuple | list) and len(value) <= 6:
                inside = ", ".join(_shown(part, digits) for part in value)
                return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
            return short(repr(value), 120)
        except Exception:  # a class of the reader's own may be unprintable
            return f"{type(value).__name__} 型の値"
    if array.ndim == 0:
        return _number(array.item(), digits)
    if array.size > 6:
        return f"形 {_shape(array)} のテンソル"
    return f"[{', '.join(_shown(row, digits) for row in array)}]"


def _number(value: Any, digits: int) -> str:
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 10**12):
        return str(value)
    return f"{value:.{digits}g}".replace("nan", "NaN")


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, torch.nn.Module):
        return {name: _copied(tensor) for name, tensor in value.state_dict().items()}
    if isinstance(value, Mapping):
        return {key: _copied(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_copied(part) for part in value]
    return copy.deepcopy(value)


def _identical(before: Any, after: Any) -> bool:
    """Whether two copies hold the same values, NaN included."""
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_identical(before[k], after[k]) for k in before)
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_identical, before, after))
    a, b = as_array(before), as_array(after)
    if a is None or b is None:
        return bool(before == after)
    return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def short(text: str, limit: int = 200) -> str:
    """`text`, cut off when it is longer than `limit`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
