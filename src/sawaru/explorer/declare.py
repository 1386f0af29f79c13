"""`explore`: one declaration, live in a kernel and still moving in a plain HTML page.

In a kernel the controls are ipywidgets and each move calls the function. While the book is built, the function runs
for every combination of the controls' values and the page replays them.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any

from sawaru.explorer import live, page
from sawaru.explorer.controls import Control, ExploreError, declare

Function = Callable[..., Any]


class Group:
    """Controls declared apart from the others; see `group`."""

    def __init__(self, declared: dict[str, Any]) -> None:
        self.declared = declared


def group(**controls: Any) -> Group:
    """Declare controls whose effect is independent of all others, so that their states add instead of multiply.

    They must move a part of the figure that no other control moves (the build checks it):

        @explore(group(truth=True), lr=(0.1, 1.0), step=(0, 50))
    """
    return Group(controls)


class Explorer:
    """A function with its controls. Calling it calls the function; displaying it shows the figure and its controls.

    Attributes:
        function: takes every control's value by name and returns a Plotly figure.
        groups: its controls; the states of one group multiply, those of different groups add.
        description: the first line of the function's docstring, the figure's accessible name.
    """

    def __init__(self, function: Function, groups: list[list[Control]]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.groups = groups
        self.description = (inspect.getdoc(function) or "").strip().split("\n")[0]
        if not self.description:
            raise ExploreError(
                f"explore「{function.__name__}」：関数の最初に、図を一文で説明する docstring を書いてください。"
                "画面を読み上げる人には、それが図の名前になります。"
            )
        self._shown_in: object = None

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def controls(self) -> list[Control]:
        return [control for group in self.groups for control in group]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def figure(self, **values: Any) -> Any:
        """The function's figure for the given values.

        Raises:
            ExploreError: the function did not return a Plotly figure.
        """
        result = self.function(**values)
        if not (hasattr(result, "to_dict") and hasattr(result, "layout") and hasattr(result, "data")):
            raise ExploreError(
                f"explore「{self.name}」：関数が図ではなく {type(result).__name__} を返しました。"
                "最後の行で plotly の Figure を return してください。"
            )
        return result

    def show(self) -> None:
        """Display the explorer, live in a kernel or as a snapshot while the book is built."""
        from IPython.display import display

        self._shown_in = _cell()
        if os.environ.get("SAWARU_SNAPSHOT"):
            html = page.render(self)
            display({"text/html": html, "text/plain": f"explore: {self.description}"}, raw=True)
        else:
            display(live.view(self))

    def _ipython_display_(self) -> None:
        if (
            self._shown_in is None or self._shown_in != _cell()
        ):  # a cell that ends with explore(…) shows it once
            self.show()


def _cell() -> object:
    """What tells one cell's execution from the next; None outside IPython."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return None if shell is None else shell.execution_count


def explore(*args: Any, **controls: Any) -> Any:
    """Show a function's figure with controls, as a decorator or a call like `ipywidgets.interact`.

        @explore(lr=widgets.FloatLogSlider(value=0.1, min=-2, max=0, description="学習率 η"), step=widgets.Play(max=50))
        def descent(lr, step):
            \"\"\"谷を下る点\"\"\"
            return fig

        explore(descent, lr=(0.1, 1.0))

    Args:
        *args: at most one function, and any number of `group(…)`.
        **controls: by parameter name: an ipywidget, or `interact`'s abbreviation (tuple, list, dict, bool, str).

    Returns:
        The explorer (callable like the function), or a decorator if no function was given.

    Raises:
        ExploreError: a declaration that cannot work, or a function that returns no figure.
    """
    functions = [a for a in args if callable(a) and not isinstance(a, Group)]
    apart = [a for a in args if isinstance(a, Group)]
    if len(functions) > 1 or len(functions) + len(apart) != len(args):
        raise ExploreError("explore に渡せるのは、関数一つと group(…) と、名前=つまみ だけです。")

    def wrap(function: Function) -> Explorer:
        if isinstance(function, Explorer):
            function = function.function
        everything = dict(controls)
        for part in apart:
            repeated = everything.keys() & part.declared.keys()
            if repeated:
                raise ExploreError(
                    f"explore「{function.__name__}」：つまみ {', '.join(sorted(repeated))} が二度書かれています。"
                )
            everything.update(part.declared)
        made = {control.name: control for control in declare(function, everything)}
        names = [list(controls), *(list(part.declared) for part in apart)]
        groups = [[made[name] for name in group] for group in names if group]
        explorer = Explorer(function, groups)
        explorer.show()
        return explorer

    return wrap(functions[0]) if functions else wrap
