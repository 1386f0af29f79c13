"""Folded cells as a reader of the page sees them.

MyST-NB folds a cell behind an English label. Here the label is the cell's own `#@title`, an explorer's code goes
below its figure, and lines that speak to tools (`#@title`, `# NBVAL_CHECK_OUTPUT`) are left out of the page.
"""

import re

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

TITLE = re.compile(r"^#@title[ \t]*(.*)\n?", re.MULTILINE)
MARKERS = re.compile(r"^(#@title.*|# NBVAL_CHECK_OUTPUT)[ \t]*\n?", re.MULTILINE)


class TidyCells(SphinxPostTransform):
    """Runs after MyST-NB has wrapped what is folded (priority 199)."""

    default_priority = 300
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("nb_element") == "cell_code":
                self.tidy(cell)

    def tidy(self, cell: nodes.container) -> None:
        fold = next(cell.findall(HideCodeCellNode), None)
        for source in cell.findall(nodes.literal_block):
            if (
                isinstance(source.parent, nodes.container)
                and source.parent.get("nb_element") == "cell_code_source"
            ):
                code = source.astext()
                if fold is not None:
                    title = TITLE.search(code)
                    fold["label"] = self.label(cell["hide_mode"], title[1] if title else "")
                shown = MARKERS.sub("", code)
                if shown != code:
                    source.replace_self(nodes.literal_block(shown, shown, **source.attributes))
                break
        if fold is not None and "above-input" in fold["classes"] and fold.parent is cell and len(cell) > 1:
            cell.remove(fold)
            cell.append(fold)

    @staticmethod
    def label(hide_mode: str, title: str) -> str:
        if hide_mode == "all":
            return title or "コードと結果"
        return "結果" if hide_mode == "output" else f"この図のコード：{title}" if title else "コード"


def _open(self: HTML5Translator, node: HideCodeCellNode) -> None:
    label = self.encode(node.get("label", "続きを見る"))
    self.body.append(f'<details class="cell-fold {" ".join(node["classes"])}">\n<summary>{label}</summary>\n')


def _close(self: HTML5Translator, node: HideCodeCellNode) -> None:
    self.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    app.add_node(HideCodeCellNode, html=(_open, _close), override=True)
    app.add_post_transform(TidyCells)
