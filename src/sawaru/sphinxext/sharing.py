"""What search engines, chats and social networks learn about a page: its address, a description and a picture.

The site's address is that of GitHub Pages for the repository in `_config.yml`; a site that lives elsewhere sets
`html_baseurl` under `sphinx: config:`. Without either, the tags that need an address are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from xml.sax.saxutils import escape as escape_xml

from docutils import nodes
from markupsafe import escape
from sphinx.application import Sphinx
from sphinx.config import Config

from sawaru.address import site_address

from .lines import NEEDLESS_BREAK

CARD = "_static/card.png"
DESCRIPTION_LENGTH = 120


def description(doctree: nodes.document | None) -> str:
    """The first paragraphs, without formulas, cut at the end of a sentence where there is one."""
    if doctree is None:
        return ""
    text = ""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            words = (
                t.astext() for t in paragraph.findall(nodes.Text) if not isinstance(t.parent, nodes.math)
            )
            text += NEEDLESS_BREAK.sub("", "".join(words).strip()).replace("\n", " ")
        if len(text) >= DESCRIPTION_LENGTH:
            break
    if len(text) <= DESCRIPTION_LENGTH:
        return text
    cut = text[:DESCRIPTION_LENGTH]
    return cut[: cut.rfind("。") + 1] or cut[:-1] + "…"


def _set_address(app: Sphinx, config: Config) -> None:
    options: dict[str, Any] = config.html_theme_options
    config.html_baseurl = config.html_baseurl or site_address(options.get("repository_url", ""))


def _tags(app: Sphinx, name: str, title: str, words: str) -> str:
    """The tags of one page; `name` is its document."""
    properties = {
        "og:type": "article" if name != app.config.root_doc else "website",
        "og:title": title,
        "og:site_name": app.config.html_title,
        "og:locale": "ja_JP",
        "og:description": words,
    }
    if base := app.config.html_baseurl:
        properties["og:url"] = urljoin(base, app.builder.get_target_uri(name))
        properties["og:image"] = urljoin(base, CARD)
        properties["og:image:alt"] = app.config.html_title
    names = {"description": words, "twitter:card": "summary_large_image"}
    return "\n".join(
        f'<meta {kind}="{key}" content="{escape(value)}">'
        for kind, values in (("property", properties), ("name", names))
        for key, value in values.items()
        if value
    )


def _on_page(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    name = app.config.root_doc if templatename == "front.html" else pagename
    if name not in app.env.found_docs:
        return
    words = description(app.env.get_doctree(name))
    context["metatags"] = context.get("metatags", "") + _tags(app, name, app.env.titles[name].astext(), words)


def _write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    base = app.config.html_baseurl
    if exception or app.builder.name != "html" or not base:
        return
    pages = (urljoin(base, app.builder.get_target_uri(name)) for name in sorted(app.env.found_docs))
    lines = "".join(f"  <url><loc>{escape_xml(page)}</loc></url>\n" for page in pages)
    Path(app.outdir, "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{lines}</urlset>\n',
        encoding="utf-8",
    )


def setup(app: Sphinx) -> None:
    app.connect("config-inited", _set_address)
    app.connect("html-page-context", _on_page)
    app.connect("build-finished", _write_sitemap)
