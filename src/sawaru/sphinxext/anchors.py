"""Links to sections that survive an edit: `#損失の谷の底` instead of docutils' running `#id7`."""

from docutils import nodes
from sphinx.application import Sphinx


def _name_sections(app: Sphinx, doctree: nodes.document) -> None:
    slugs = app.env.metadata[app.env.docname].get("myst_slugs", {})
    sections = {name: section for section in doctree.findall(nodes.section) for name in section["ids"]}
    for slug, (line, name, text) in list(slugs.items()):
        if name in sections and slug not in sections:
            sections[name]["ids"].insert(0, slug)
            slugs[slug] = (line, slug, text)


def setup(app: Sphinx) -> None:
    # Before Sphinx collects the table of contents (priority 500), which uses each section's first name.
    app.connect("doctree-read", _name_sections, priority=100)
