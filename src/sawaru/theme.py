"""The book's colours and Plotly templates, for figures, styles and pages alike."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

# What says that it is dark: the book's pages, Colab, JupyterLab, VS Code.
DARK = 'html[data-theme="dark"], html[theme="dark"], body[data-jp-theme-light="false"], body.vscode-dark'


@cache
def theme() -> dict[str, Any]:
    """The file `theme.json`.

    Figures take from it the Plotly templates `light` and `dark`, the `palette`, and `twins`: each light colour's dark
    one. Only pages use `page`, the colours of text, lines and surfaces, each light and dark.
    """
    loaded: dict[str, Any] = json.loads((files("sawaru") / "theme.json").read_text(encoding="utf-8"))
    return loaded


def colours() -> dict[str, tuple[str, str]]:
    """Every colour by its name, light and dark."""
    twins = theme()["twins"]
    figures = {name: (light, twins[light]) for name, light in theme()["palette"].items()}
    return figures | {name: (light, dark) for name, (light, dark) in theme()["page"].items()}


def style() -> str:
    """The style sheet that names every colour: `var(--sawaru-blue)` is light or dark as what surrounds it is."""

    def block(selector: str, shade: int) -> str:
        lines = "".join(f"  --sawaru-{name}: {pair[shade]};\n" for name, pair in colours().items())
        return f"{selector} {{\n{lines}}}\n"

    return block(":root", 0) + block(DARK, 1)
