"""The built site as a whole: all its pages, the links between them, and the copy to take home."""

from __future__ import annotations

import re
import runpy
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from built import PAGES, ROOT, SITE

LINKS = runpy.run_path(str(ROOT / "tools" / "links.py"))


def files_of(node: Any) -> list[str]:
    """Every file that a table of contents names."""
    if isinstance(node, dict):
        here = [node[key] for key in ("root", "file") if key in node]
        return here + files_of(list(node.values()))
    return sum(map(files_of, node), []) if isinstance(node, list) else []


def test_the_pages_are_those_of_the_table_of_contents() -> None:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    assert sorted(f"{file}.html" for file in files_of(contents)) == PAGES


def test_every_link_within_the_book_leads_somewhere() -> None:
    assert LINKS["broken"](SITE) == []


def test_links_that_leave_the_book_are_listed() -> None:
    outside = LINKS["external"](SITE)
    assert any(address.startswith("https://doi.org/") for address in outside)
    assert [a for a in outside if not re.match(r"https://|mailto:", a)] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<a href="index.html#here">a</a><p id="here"><a href="#fig?x=1"></a><a href="gone.html">b</a>'
    )
    assert LINKS["broken"](tmp_path) == ["index.html → #fig?x=1", "index.html → gone.html"]


def test_the_sitemap_names_every_page() -> None:
    names = re.findall("<loc>(.*?)</loc>", (SITE / "sitemap.xml").read_text(encoding="utf-8"))
    assert len(names) == len(PAGES) and all(any(n.endswith("/" + p) for n in names) for p in PAGES)


@pytest.fixture(scope="module")
def archive() -> Path:
    (archive,) = SITE.glob("*.zip")
    return archive


def test_the_copy_is_whole_and_small(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    copy = tmp_path / archive.stem
    assert [a for a in LINKS["broken"](copy) if not a.endswith(".zip")] == []
    assert {str(p.relative_to(copy)) for p in (copy / "book").rglob("*.html")} == set(PAGES)
    assert archive.stat().st_size <= 20_000_000


def test_what_is_in_the_copy_is_what_is_in_the_site(archive: Path) -> None:
    """So what a browser sees of the one from a folder, it sees of the other."""
    with zipfile.ZipFile(archive) as packed:
        files = [file for file in packed.infolist() if not file.is_dir()]
        other = [
            f.filename for f in files if packed.read(f) != (SITE / f.filename.partition("/")[2]).read_bytes()
        ]
    assert len(files) > len(PAGES) and other == []
