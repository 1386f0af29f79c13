"""Every work that a chapter cites stands in the book's list of references too."""

import json
import re
from pathlib import Path

import pytest

BOOK = Path(__file__).resolve().parents[2] / "book"
CHAPTERS = sorted(BOOK.glob("*/*.ipynb"))
LISTED = set(re.findall(r"\((https://[^)\s]+)\)", (BOOK / "references.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_cited_works_are_listed(chapter: Path) -> None:
    cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    cited = set(re.findall(r"\((https://(?:doi\.org|arxiv\.org)/[^)\s]+)\)", text))
    assert cited <= LISTED, cited - LISTED
