"""What stands in the built site: every list of pages that a test goes through comes from here."""

from __future__ import annotations

import functools
from pathlib import Path

from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"


@functools.cache
def html(path: str) -> str:
    return (SITE / path).read_text(encoding="utf-8")


@functools.cache
def soup(path: str) -> BeautifulSoup:
    return BeautifulSoup(html(path), "html.parser")


PAGES = sorted(str(p.relative_to(SITE)) for p in (SITE / "book").rglob("*.html"))
CHAPTERS = [p for p in PAGES if (ROOT / p).with_suffix(".ipynb").exists()]
WITH_EXPLORERS = [p for p in PAGES if "<sawaru-explorer" in html(p)]
WITH_CHOICES = [p for p in PAGES if 'class="choice' in html(p)]
FRAMED = [*PAGES, "search.html", "404.html"]
EVERY = [*FRAMED, "index.html"]
