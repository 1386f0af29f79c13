"""`explore`: one declaration, live in a kernel and still moving in a plain HTML page.

In a kernel the controls are ipywidgets and each move calls the function. While the book is built, the function runs
for every combination of the controls' values and the page replays them.
"""

from __future__ import annotations

import os
from typing import Any

from IPython.display import display

from sawaru.explorer import live, page
from sawaru.explorer.controls import declare
from sawaru.explorer.error import ExploreError
from sawaru.explorer.explorer import Explorer, Function, Group


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
        explorer = Explorer(function, groups, show)
        explorer.show()
        return explorer

    return wrap(functions[0]) if functions else wrap


def show(explorer: Explorer) -> None:
    """Display an explorer: live in a kernel, as a snapshot while the book is built."""
    if os.environ.get("SAWARU_SNAPSHOT"):
        html = page.render(explorer)
        display({"text/html": html, "text/plain": f"explore: {explorer.description}"}, raw=True)
    else:
        display(live.view(explorer))
