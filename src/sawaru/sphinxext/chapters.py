"""The directive `chapters`: every chapter of `_toc.yml`, part by part, each with the question that opens it."""

from __future__ import annotations

import re
from os.path import relpath
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from sawaru.notebook import joined, load

QUESTION = re.compile(r"\*\*([^*]+か)(?:。\*\*|\*\*。)")


def opening(notebook: dict[str, Any]) -> tuple[str, str]:
    """A chapter's title and its question: the first bold sentence that asks.

    Raises:
        ValueError: the chapter's first cell has no title or no such question.
    """
    text = next((joined(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"), "")
    title, question = re.search(r"^# (.+)", text, re.M), QUESTION.search(text)
    if not title or not question:
        raise ValueError("最初のセルに、章の題（# …）と太字の問い（**…でしょうか。**）を書いてください。")
    return title[1], f"{question[1]}。"


class Chapters(SphinxDirective):
    """Markdown, so that a question's formulas are drawn and its links are checked like any others."""

    def run(self) -> list[nodes.Node]:
        lines = []
        here = Path(self.env.doc2path(self.env.docname)).parent
        env: Any = self.env  # sphinx_external_toc keeps what it read there
        for part in env.external_site_map.root.subtrees:
            paths = [Path(self.env.doc2path(str(item))) for item in part.items]
            chapters = [path for path in paths if path.suffix == ".ipynb"]
            if chapters:
                lines += ["", f"**{part.caption}**", ""]
            for path in chapters:
                self.env.note_dependency(str(path))
                try:
                    title, question = opening(load(path))
                except ValueError as error:
                    raise ExtensionError(f"{path.name}：{error}") from None
                lines.append(f"- [{title}]({Path(relpath(path, here)).as_posix()})　{question}")
        found = nodes.container()
        self.state.nested_parse(StringList(lines, source="_toc.yml"), 0, found)
        return found.children


def setup(app: Sphinx) -> None:
    app.add_directive("chapters", Chapters)
