"""A Content-Security-Policy in every page: nothing runs and nothing is loaded but what the site itself ships.

It stands in the page and not in a header, because hosts like GitHub Pages send no headers of ours, and because it must
also hold for a page that is opened from a folder. Scripts are files of the site; those that must run before the first
paint stand in the page and are allowed by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

_FOLDER = Path(__file__).parent / "templates" / "inline"
INLINE = {path.stem: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.js"))}
DIRECTIVES = {
    "default-src": "'self'",
    # Pagefind reads its index with WebAssembly.
    "script-src": "'self' 'wasm-unsafe-eval'",
    # Plotly writes its style sheet into the page; KaTeX and the explorers place things by style attributes.
    "style-src": "'self' 'unsafe-inline'",
    # Icons inside the style sheets; Plotly's heat maps and 3-D figures.
    "img-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}


def policy() -> str:
    """The value of the policy, the same for every page."""
    digests = (hashlib.sha256(script.encode()).digest() for script in INLINE.values())
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return "; ".join(
        f"{name} {sources} {hashes}" if name == "script-src" else f"{name} {sources}"
        for name, sources in DIRECTIVES.items()
    )


def _on_page(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    context["policy"] = policy()
    context["inline_script"] = lambda name: f"<script>{INLINE[name]}</script>"


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", _on_page)
