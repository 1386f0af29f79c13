"""The Sphinx extension behind `jupyter-book build`: one concern a module.

- `execution`  chapters run side by side, and again only when something that they use has changed
- `uses`       what a chapter uses, followed through imports
- `snapshots`  explorers become figures that move without a kernel
- `cells`      folded cells get Japanese labels, markers meant for tools are not shown
- `chapters`   the list of chapters, from `_toc.yml` and the chapters themselves
- `renames`    a fork's pages name the fork
- `anchors`    sections are linked by their titles
- `lines`      a line break between Japanese characters is no space
- `formulas`   mathematics is drawn while the book is built
- `offline`    pages load nothing from another host, and every string of the theme is Japanese
- `policy`     pages run nothing but the site's own scripts
- `search`     Pagefind, character by character, behind the theme's search button
- `colours`    the colours of `theme.json`, for the style sheets
- `sharing`    address, description and picture of a page; the sitemap
- `download`   the whole book as a zip to take home
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from . import (
    anchors,
    cells,
    chapters,
    colours,
    download,
    execution,
    formulas,
    lines,
    offline,
    policy,
    renames,
    search,
    sharing,
    snapshots,
)


def _add_templates(app: Sphinx, config: Config) -> None:
    config.templates_path.insert(0, str(Path(__file__).parent / "templates"))


def _pages_around_the_book(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    if app.builder.name == "html":
        yield "index", {}, "front.html"  # the site's address itself leads to the first page
        yield "404", {"title": "ページが見つかりません"}, "404.html"


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", _add_templates)
    app.connect("html-collect-pages", _pages_around_the_book)
    modules = (
        snapshots,
        execution,
        cells,
        chapters,
        renames,
        anchors,
        lines,
        formulas,
        offline,
        policy,
        search,
        colours,
        sharing,
        download,
    )
    for module in modules:
        module.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
