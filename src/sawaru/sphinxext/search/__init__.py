"""Search that finds Japanese, whole words or parts of them: Pagefind with one word a character.

Pagefind cuts the index and the query with two different dictionaries, so that a compound (拡散モデル) may be missed or
matched by its first character only. Here each Japanese character is a word of its own in the index (a zero-width space
stands between them), and `search.js` asks for the characters of the query as a phrase: an exact search for any part.
"""

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import NavigableString
from pagefind.index import IndexConfig
from pagefind.service import PagefindService
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent

JAPANESE_CHARACTER = re.compile(
    r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
NOT_PROSE = ".cell, .math, .headerlink, script, style, sawaru-explorer"


def spaced(text: str) -> str:
    """`学習率 η` with a zero-width space around each Japanese character."""
    return re.sub("\u200b+", "\u200b", JAPANESE_CHARACTER.sub("\u200b\\g<0>\u200b", text))


def prose(page: str) -> str | None:
    """The part of a built page that is worth finding, as a small page of its own; None if it has no article."""
    article = BeautifulSoup(page, "html.parser").find("article")
    if article is None:
        return None
    for unwanted in article.select(NOT_PROSE):
        unwanted.decompose()
    for section in article.find_all("section", id=True):
        heading = section.find(re.compile("^h[1-6]$"), recursive=False)
        if heading is not None and not heading.get("id"):
            heading["id"] = section["id"]
    for heading in article.find_all(re.compile("^h[1-6]$")):  # so that an excerpt does not run these together
        heading.append("：")
    for item in article.find_all(["td", "th", "li"]):
        if item.get_text(strip=True) and not item.get_text(strip=True).endswith("。"):
            item.append("／")
    for text in article.find_all(string=True):
        text.replace_with(NavigableString(spaced(str(text))))
    return f'<html lang="ja"><body data-pagefind-body>{article}</body></html>'


async def _index(pages: dict[str, Path], output: Path) -> None:
    async with PagefindService() as service:
        index = await service.create_index(config=IndexConfig(force_language="ja"))
        for url, path in pages.items():
            if content := prose(path.read_text(encoding="utf-8")):
                await index.add_html_file(content=content, url=url)
        await index.write_files(str(output))
        await _written(output)


async def _written(folder: Path, seconds: float = 60) -> None:
    """Wait until no file of the folder is empty or still grows.

    Pagefind answers before its files are on the disk, and is stopped with its last ones still empty if nobody waits.

    Raises:
        ExtensionError: they are not written in time.
    """
    before: dict[Path, int] = {}
    for _ in range(round(10 * seconds)):
        now = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
        if now and now == before and all(now.values()):
            return
        before = now
        await asyncio.sleep(0.1)
    raise ExtensionError("検索の索引を書き終えられませんでした。もう一度、本を作ってください。")


def _build_index(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    output = Path(app.outdir) / "pagefind"
    shutil.rmtree(output, ignore_errors=True)
    names = sorted(app.env.found_docs)
    pages = {f"{name}.html": Path(app.outdir) / f"{name}.html" for name in names}
    asyncio.run(_index(pages, output))
    logger.info("search: %d pages indexed", len(pages))


def _add_templates(app: Sphinx, config: Config) -> None:
    config.templates_path.insert(0, str(HERE))


def _use_pagefind(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    # Sphinx writes neither its index nor its search page; ours is added below.
    app.builder.search = False  # type: ignore[attr-defined]
    folder = Path(app.outdir) / "_static" / "sawaru"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("search.js", "search.css"):
        shutil.copyfile(HERE / name, folder / name)


def _search_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    if app.builder.name == "html":
        yield "search", {"title": "検索"}, "search.html"


def setup(app: Sphinx) -> None:
    app.add_js_file("sawaru/search.js", loading_method="defer")
    app.add_css_file("sawaru/search.css", priority=800)  # after the theme's
    app.connect("config-inited", _add_templates)
    app.connect("builder-inited", _use_pagefind)
    app.connect("html-collect-pages", _search_page)
    app.connect("build-finished", _build_index)
