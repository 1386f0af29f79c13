"""The whole book as one file to take home: a zip that is read by opening its index.html, without a network or a server.

Left out is what works only on a web server (the search index) or serves no reader (source maps, Sphinx's own records).
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

LEFT_OUT = (
    *("pagefind/**/*", ".buildinfo*", ".nojekyll", "objects.inv", "sitemap.xml", "404.html"),
    *("sawaru-*.whl", "environment.yml"),  # for Colab and Binder
    *("**/*.map", "**/*macros.html", "**/fontawesome.js", "_static/vendor/**/*", "_static/locales/**/*"),
)


def name(app: Sphinx) -> str:
    """The repository's own name, so that two forks on one desk can be told apart."""
    repository = app.config.html_theme_options.get("repository_url", "")
    return PurePosixPath(urlsplit(repository).path).name or "book"


def pack(folder: Path, archive: Path, top: str) -> None:
    """Zip a built site under the folder `top`; the same site gives the same bytes."""
    left_out = {path for pattern in LEFT_OUT for path in folder.glob(pattern)}
    archive.unlink(missing_ok=True)
    partial = archive.with_suffix(".part")
    with ZipFile(partial, "w", ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path not in left_out and path.suffix not in (".zip", ".part"):
                entry = ZipInfo(f"{top}/{path.relative_to(folder).as_posix()}")
                entry.external_attr = 0o644 << 16
                packed.writestr(entry, path.read_bytes(), ZIP_DEFLATED)
    partial.rename(archive)


def _offer(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            group["buttons"].append(
                {
                    "type": "link",
                    "url": context["pathto"](f"{name(app)}.zip", 1),
                    "text": "本の全体（.zip）",
                    "tooltip": "通信なしで読める本の全体をダウンロード",
                    "icon": "fas fa-download",
                    "label": "download-book-button",
                }
            )


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    archive = folder / f"{name(app)}.zip"
    pack(folder, archive, name(app))
    logger.info("download: %s, %.1f MB", archive.name, archive.stat().st_size / 1e6)


def setup(app: Sphinx) -> None:
    # After the theme has put its buttons (priority 501) and before their words are translated (600).
    app.connect("html-page-context", _offer, priority=550)
    app.connect("build-finished", _write, priority=900)
