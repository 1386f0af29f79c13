"""A fork's pages name the fork: code that installs or clones the book says where the site that shows it comes from.

Only what is shown changes. Cells run as they are written, so that their results stay in the cache.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class Rename(SphinxPostTransform):
    default_priority = 310  # after `cells` has tidied what is shown
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for block in list(self.document.findall(nodes.literal_block)):
            shown = block.astext()
            for old, new in self.config.sawaru_renamed.items():
                shown = shown.replace(old, new)
            if shown != block.astext():
                block.replace_self(nodes.literal_block(shown, shown, **block.attributes))


def setup(app: Sphinx) -> None:
    app.add_config_value("sawaru_renamed", {}, "html", dict)
    app.add_post_transform(Rename)
