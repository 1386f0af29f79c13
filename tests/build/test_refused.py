"""What a build refuses, asked of cells run as in a build, and of the pages that they make: no site is needed for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from sphinx.errors import ExtensionError

from sawaru import ExploreError
from sawaru.sphinxext import snapshots

NOISE = '''
import numpy as np
from sawaru import explore
from sawaru.figure import figure

@explore(n=(1, {n}), kind=["線", "点"])
def noise(n, kind):
    """雑音"""
    mode = "lines" if kind == "線" else "markers"
    return figure().add_scatter(y=np.random.default_rng(n).normal(size={points}), mode=mode)
'''


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """run(cell, …): the body of the page that the cells make."""
    monkeypatch.setenv("SAWARU_SNAPSHOT", "1")
    shell = InteractiveShell.instance()

    def run_cells(*cells: str) -> str:
        with capture_output() as captured:
            results = [shell.run_cell(cell) for cell in cells]
        for result in results:
            result.raise_error()
        return "".join(output.data["text/html"] for output in captured.outputs)

    yield run_cells
    InteractiveShell.clear_instance()


def page(body: str) -> Any:
    """Make a page of this body, as Sphinx does; gives what it loads."""
    app = Mock()
    snapshots._load_where_needed(app, "chapter", "page.html", {"body": body}, None)
    return [call.args[0] for call in app.add_js_file.call_args_list]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (
            NOISE.format(n=3000, points=10),
            r"explore「noise」：状態が 6,000 通りあります（上限 2,000）.*一番多いのは n（3000 通り）",
        ),
        (
            NOISE.format(n=60, points=6000),
            r"explore「noise」：スナップショットが [\d,]+ バイトあります（上限 500,000）",
        ),
        (
            "from sawaru import explore\n@explore(x=(0, 3))\ndef f(x):\n    '図'\n    return x",
            "関数が図ではなく int を返しました",
        ),
    ],
    ids=["states", "bytes", "no figure"],
)
def test_an_explorer(run: Callable[..., str], cell: str, says: str) -> None:
    with pytest.raises(ExploreError, match=says):
        run(cell)


def test_too_heavy_a_chapter(run: Callable[..., str]) -> None:
    part = NOISE.format(n=40, points=4000)
    bodies = [run(part.replace("noise", f"noise{i}")) for i in range(4)]
    assert page("".join(bodies[:3])) == ["sawaru/explorer.js"]
    says = r"chapter：スナップショットが合わせて [\d,]+ バイトあります（上限 1,500,000）。内訳：.*noise0"
    with pytest.raises(ExtensionError, match=says):
        page("".join(bodies))


def test_two_explorers_of_one_name(run: Callable[..., str]) -> None:
    part = NOISE.format(n=3, points=10)
    with pytest.raises(ExtensionError, match="chapter：explore の関数名 noise が二度使われています"):
        page(run(part, part))
    assert page(run(part, part.replace("noise", "others"))) == ["sawaru/explorer.js"]
