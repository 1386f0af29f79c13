"""Japanese has no spaces between words: a line break in the source must not become one in the page."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

_WIDE = r"[\u2026\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
_CLOSING = "[、。，．）」』】！？：；]"
# Between two Japanese characters, or after closing punctuation whatever follows.
NEEDLESS_BREAK = re.compile(rf"(?:(?<={_WIDE})\n(?={_WIDE})|(?<={_CLOSING})\n)")


class JoinLines(SphinxPostTransform):
    default_priority = 300
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for paragraph in self.document.findall(nodes.paragraph):
            texts = [node for node in paragraph.findall(nodes.Text) if str(node)]
            for i, node in enumerate(texts):
                if "\n" not in node or isinstance(node.parent, nodes.literal | nodes.math | nodes.raw):
                    continue
                left = texts[i - 1][-1:] if i else ""
                right = texts[i + 1][:1] if i + 1 < len(texts) else ""
                joined = NEEDLESS_BREAK.sub("", left + node + right)
                siblings = node.parent.children
                place = next(k for k, sibling in enumerate(siblings) if sibling is node)
                siblings[place] = nodes.Text(joined[len(left) : len(joined) - len(right)])


def setup(app: Sphinx) -> None:
    app.add_post_transform(JoinLines)
