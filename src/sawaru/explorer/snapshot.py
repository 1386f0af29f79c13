"""Snapshots: every state of an explorer, as the table that a page replays without a kernel.

A state is the figure that the function returns for one combination of values. Too many states or bytes are refused
here, and groups of controls that are not as independent as they were declared.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sawaru.explorer.error import ExploreError
from sawaru.explorer.kinds import Control
from sawaru.explorer.pack import pack
from sawaru.explorer.text import width
from sawaru.explorer.tree import Difference, Path, caption_of, difference, figure_tree, same_tree

MAX_STATES = 2_000
MAX_BYTES = 500_000

Groups = Sequence[Sequence[Control]]


@dataclass(frozen=True)
class Table:
    """A packed snapshot.

    Attributes:
        data: the gzip'ed table.
        base: the figure of the default state, as a tree.
        states: how many combinations it holds.
        longest: the widest caption of all states.
    """

    data: bytes
    base: dict[str, Any]
    states: int
    longest: str


def take(
    name: str,
    function: Callable[..., Any],
    groups: Groups,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Table:
    """Run `function` for every combination within each group and pack the figures.

    Args:
        name: the explorer, for messages.
        function: takes every control's value by name, returns a Plotly figure.
        groups: controls whose values multiply, group by group; the states of different groups add.
        progress: called with (states done, states in all).

    Raises:
        ExploreError: too many states or bytes, or groups that move the same part of the figure.
    """
    controls = [control for group in groups for control in group]
    total = sum(math.prod(len(c.values) for c in group) for group in groups) or 1
    if total > MAX_STATES:
        raise ExploreError(_too_much(name, groups, f"状態が {total:,} 通りあります（上限 {MAX_STATES:,}）"))
    defaults = {c.name: c.values[c.default] for c in controls}
    base = figure_tree(function(**defaults))
    captions = {caption_of(base)}
    done = 0
    tables: list[list[Difference]] = []
    for group in groups or [[]]:
        table = []
        for values in itertools.product(*(c.values for c in group)):
            chosen = {c.name: v for c, v in zip(group, values, strict=True)}
            tree = figure_tree(function(**{**defaults, **chosen}))
            captions.add(caption_of(tree))
            table.append(list(difference(base, tree)))
            done += 1
            progress(done, total)
        tables.append(table)
    _check_apart(name, function, groups, tables, base)
    data = pack(base, tables)
    if len(data) > MAX_BYTES:
        raise ExploreError(
            _too_much(name, groups, f"スナップショットが {len(data):,} バイトあります（上限 {MAX_BYTES:,}）")
        )
    return Table(data, base, total, max(sorted(captions), key=width))


def _too_much(name: str, groups: Groups, what: str) -> str:
    sizes = " × ".join(f"{c.name} {len(c.values)}" for group in groups for c in group)
    largest = max((c for group in groups for c in group), key=lambda c: len(c.values), default=None)
    culprit = "" if largest is None else f"一番多いのは {largest.name}（{len(largest.values)} 通り）です。"
    return (
        f"explore「{name}」：{what}。つまみは {sizes or 'ありません'}。{culprit}"
        "目盛りを粗くするか、互いに無関係なつまみを group(…) に分けるか、図の点を減らしてください。"
    )


def _check_apart(
    name: str,
    function: Callable[..., Any],
    groups: Groups,
    tables: list[list[Difference]],
    base: Any,
) -> None:
    """Groups may add only if they move different parts: compare the paths, then one real corner."""
    if len(groups) < 2:
        return
    touched = [{path for diff in table for path, _ in diff} for table in tables]
    for (i, a), (j, b) in itertools.combinations(enumerate(touched), 2):
        for p, q in itertools.product(a, b):
            if p[: len(q)] == q or q[: len(p)] == p:
                where = ".".join(map(str, p[: len(q)]))
                one, other = (", ".join(c.name for c in groups[k]) for k in (i, j))
                raise ExploreError(
                    f"explore「{name}」：group に分けたつまみ {one} と {other} が、図の同じ場所（{where}）を動かします。"
                    "同じ組に入れてください。"
                )
    corner = {c.name: c.values[-1 if c.default == 0 else 0] for group in groups for c in group}
    added: dict[Path, Any] = {}
    for group, table in zip(groups, tables, strict=True):
        at = 0
        for c in group:
            at = at * len(c.values) + c.values.index(corner[c.name])
        added.update(table[at])
    real = dict(difference(base, figure_tree(function(**corner))))
    if added.keys() != real.keys() or not all(same_tree(added[p], real[p]) for p in real):
        raise ExploreError(
            f"explore「{name}」：group に分けたつまみが互いに影響しています（同時に動かすと図が変わります）。"
            "同じ組に入れてください。"
        )
