"""Formulas drawn while the book is built, by the site's own KaTeX in a JavaScript engine.

A page then has its final height from the first paint, needs no script for its formulas, and shows them without
JavaScript too. A formula that KaTeX cannot read is a warning that names its place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

KATEX = "assets/vendor/katex/katex.min.js"

# KaTeX writes an operator's name and, after it, the sign that applies it (U+2061). A name that is a whole index or numerator
# applies to nothing, and the sign would be a child too many: <msub> has two.
DRAW = """(tex, options) => {
    const counted = ["msub", "msup", "msubsup", "munder", "mover", "munderover", "mfrac", "mroot"];
    const applies = (node) => node.type === "mo" && node.toText() === "\u2061";
    const withoutSign = (node) => {
        for (const child of node.children ?? []) {
            if (counted.includes(node.type) && !child.type && child.children?.some(applies))
                child.children = child.children.filter((part) => !applies(part));
            withoutSign(child);
        }
    };
    const drawn = katex.__renderToDomTree(tex, options);
    withoutSign(drawn);
    return drawn.toMarkup();
}"""


class _Katex:
    """KaTeX, loaded when the first formula asks for it."""

    def __init__(self) -> None:
        self.engine: MiniRacer | None = None

    def html(self, tex: str, display: bool, source: Path) -> str:
        if self.engine is None:
            self.engine = MiniRacer()
            self.engine.eval(source.read_text(encoding="utf-8"))
            self.engine.eval(f"const draw = {DRAW}")
        # strict: Japanese words stand inside \text{…}
        options = {"displayMode": display, "throwOnError": True, "strict": "ignore"}
        return str(self.engine.call("draw", tex, options))


_katex = _Katex()


def _draw(self: HTML5Translator, node: nodes.Element, tag: str) -> None:
    tex = node.astext()
    try:
        drawn = _katex.html(tex, tag == "div", Path(self.builder.srcdir) / KATEX)
    except JSEvalException as error:
        reason = str(error).split("KaTeX parse error: ")[-1].splitlines()[0]
        logger.warning("数式「%s」を読めません（%s）", tex, reason, location=node)
        drawn = self.encode(tex)
    self.body.append(self.starttag(node, tag, "", CLASS="math notranslate nohighlight") + drawn + f"</{tag}>")
    raise nodes.SkipNode


def _visit_math(self: HTML5Translator, node: nodes.math) -> None:
    _draw(self, node, "span")


def _visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    _draw(self, node, "div")


def _style(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    context["has_formulas"] = 'class="katex' in context.get("body", "")
    if context["has_formulas"]:
        app.add_css_file("katex/katex.min.css")


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("katex", (_visit_math, None), (_visit_math_block, None))
    app.connect("html-page-context", _style)
