"""Check every link within the built book and list those that leave it: `python tools/links.py [folder]`.

Within: files, anchors, and figures in a state (`#descent?lr=0.1`). Links to other hosts are listed
with the pages that hold them and never fetched.
"""

from __future__ import annotations

import functools
import re
import sys
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
ATTRIBUTES = ("href", "src", "poster")


def pages(site: Path) -> list[Path]:
    """The pages of a built book; what lies in its folders of parts is none."""
    return [
        p
        for p in sorted(site.rglob("*.html"))
        if not p.relative_to(site).parts[0].startswith(("_", "pagefind"))
    ]


class Tags(HTMLParser):
    """What a page links to, and what in it can be linked to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.leaving: set[str] = set()
        self.ids: set[str | None] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif name in ATTRIBUTES:
                self.addresses.append(value or "")
                if tag == "a" and re.match("[a-z]+:", value or ""):
                    self.leaving.add(value or "")


tags = functools.cache(Tags)


def broken(site: Path) -> list[str]:
    """What is linked within the site and is not there: "page → address"."""
    return [
        f"{page.relative_to(site)} → {address}"
        for page in pages(site)
        for address in tags(page).addresses
        if not urlsplit(address).scheme and not _exists(page, address)
    ]


def _exists(page: Path, address: str) -> bool:
    file, _, fragment = unquote(address).partition("#")
    target = page.parent / file.partition("?")[0] if file else page
    if not target.exists() or not fragment or target.suffix != ".html":
        return target.exists()
    return fragment.partition("?")[0] in tags(target).ids


def external(site: Path) -> dict[str, list[str]]:
    """Every address outside the site, with the pages that hold it."""
    held = defaultdict(set)
    for page in pages(site):
        for address in tags(page).leaving:
            held[address].add(page.relative_to(site).as_posix())
    return {address: sorted(held[address]) for address in sorted(held)}


def main() -> None:
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else SITE
    if not (site / "index.html").exists():
        raise SystemExit(f"{site} に本がありません。先に make book を実行してください。")
    for address, holders in external(site).items():
        print(f"{address}\t{'、'.join(holders)}")
    missing = broken(site)
    print(
        f"\n外へのリンク {len(external(site))} 件（開いてはいません）。本の中のリンク切れ {len(missing)} 件。"
    )
    if missing:
        raise SystemExit("\n".join(missing))


if __name__ == "__main__":
    main()
