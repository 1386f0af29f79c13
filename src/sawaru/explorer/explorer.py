"""What an explorer is: a function that returns a figure, and the controls that move it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from IPython.core.getipython import get_ipython

from sawaru.explorer.error import ExploreError
from sawaru.explorer.kinds import Control

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

    def __init__(
        self,
        function: Function,
        groups: list[list[Control]],
        show_in: Callable[[Explorer], None] = lambda explorer: None,
    ) -> None:
        """Declare it; `show_in` is how its host displays it."""
        functools.update_wrapper(self, function)
        self.function = function
        self.groups = groups
        self.description = (inspect.getdoc(function) or "").strip().split("\n")[0]
        if not self.description:
            raise ExploreError(
                f"explore「{function.__name__}」：関数の最初に、図を一文で説明する docstring を書いてください。"
                "画面を読み上げる人には、それが図の名前になります。"
            )
        self._show_in = show_in
        self._shown_by: object = None

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
        """Display the figure and its controls."""
        self._shown_by = _cell()
        self._show_in(self)

    def _ipython_display_(self) -> None:
        if self._shown_by is None or self._shown_by != _cell():  # a cell that ends with it shows it once
            self.show()


def _cell() -> object:
    """What tells one cell's execution from the next; None outside IPython."""
    shell = get_ipython()
    return None if shell is None else shell.execution_count
