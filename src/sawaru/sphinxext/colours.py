"""The colours of `theme.json` as custom properties, for the style sheets of every page."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from sawaru.theme import style


def _write(app: Sphinx) -> None:
    if app.builder.format == "html":
        folder = Path(app.outdir) / "_static" / "sawaru"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "theme.css").write_text(style(), encoding="utf-8")


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", _write)
    app.add_css_file("sawaru/theme.css")
