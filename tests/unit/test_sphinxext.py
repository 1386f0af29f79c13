"""What the Sphinx extension does to a page, piece by piece; the built pages are tested in a browser."""

import asyncio
import zipfile
from pathlib import Path

import docutils.nodes as nodes
import pytest
from bs4 import BeautifulSoup
from docutils.utils import new_document
from sphinx.errors import ExtensionError

from sawaru.address import site_address
from sawaru.sphinxext import policy, search
from sawaru.sphinxext.cells import MARKERS, TITLE, TidyCells
from sawaru.sphinxext.download import pack
from sawaru.sphinxext.lines import JoinLines
from sawaru.sphinxext.offline import _in_japanese, _without_unused_scripts
from sawaru.sphinxext.search import prose, spaced
from sawaru.sphinxext.sharing import DESCRIPTION_LENGTH, description


@pytest.mark.parametrize(
    ("pieces", "joined"),
    [
        (["図が\nどう変わるか"], "図がどう変わるか"),
        (["変わります。\nη を変えて"], "変わります。η を変えて"),
        (["手元の\nJupyterLab"], "手元の\nJupyterLab"),
        (["in the\npage"], "in the\npage"),
        (["絞ったものが", "\n", "", nodes.strong("", "モデル")], "絞ったものがモデル"),
        (["値は\n", nodes.literal("", "x\ny"), "\nです"], "値は\nx\ny\nです"),
        (["a\n", "b", "の\n", "値\n", "です"], "a\nbの値です"),
    ],
)
def test_line_breaks_between_japanese_characters_vanish(pieces: list, joined: str) -> None:
    document = new_document("page")
    document += nodes.paragraph("", "", *[nodes.Text(p) if isinstance(p, str) else p for p in pieces])
    JoinLines(document).run()
    assert document.astext() == joined


def test_a_fold_is_named_after_its_cell() -> None:
    assert TITLE.search("#@title 解答例\n# NBVAL_CHECK_OUTPUT\nx = 1")[1] == "解答例"
    assert TidyCells.label("all", "解答例") == "解答例"
    assert TidyCells.label("input", "残差の正方形") == "この図のコード：残差の正方形"
    assert TidyCells.label("input", "") == "コード"


def test_lines_for_tools_are_not_shown() -> None:
    assert MARKERS.sub("", "#@title 図\n# NBVAL_CHECK_OUTPUT\nx = 1  # NBVAL_CHECK_OUTPUT?\n") == (
        "x = 1  # NBVAL_CHECK_OUTPUT?\n"
    )


def test_each_japanese_character_is_a_word() -> None:
    assert spaced("学習率 η は MSE、ハイパー々").split("\u200b") == [
        *("", "学", "習", "率", " η ", "は", " MSE、", "ハ", "イ", "パ", "ー", "々", ""),
    ]


def test_only_prose_is_indexed_and_headings_can_be_linked() -> None:
    page = """<html><body><nav>目次</nav><article><section id="谷"><h2>谷<a class="headerlink" href="#谷">#</a></h2>
      <p>下る<span class="math">x^2</span></p><div class="cell"><pre>code</pre></div><ul><li>一</li><li>二。</li></ul>
      <sawaru-explorer>state</sawaru-explorer></section></article></body></html>"""
    found = BeautifulSoup(prose(page) or "", "html.parser")
    text = found.get_text().replace("\u200b", "")
    assert "".join(text.split()) == "谷：下る一／二。"
    assert found.h2["id"] == "谷"
    assert prose("<html><body><p>記事のないページ</p></body></html>") is None


def test_scripts_that_no_page_needs_are_left_out() -> None:
    html = '<script defer src="../_static/scripts/fontawesome.js?digest=1"></script>\n<script src="_static/book.js"></script>'
    assert _without_unused_scripts(html) == '<script src="_static/book.js"></script>'


def test_words_in_the_templates_are_japanese() -> None:
    assert _in_japanese('<nav aria-label="Main">Main</nav>') == '<nav aria-label="目次">Main</nav>'


def test_scripts_that_stand_in_the_page_and_are_not_needed_are_left_out() -> None:
    html = """<script data-cfasync="false">
    document.documentElement.dataset.mode = "x";
  </script><script>DOCUMENTATION_OPTIONS.pagename = 'a';</script>
<script type="application/vnd.jupyter.widget-state+json">{"state": {}}</script><script type="application/json">[]</script>"""
    assert _without_unused_scripts(html) == '<script type="application/json">[]</script>'


def test_only_inline_scripts_that_are_known_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = policy.policy()
    monkeypatch.setitem(policy.INLINE, "theme", policy.INLINE["theme"] + " ")
    assert policy.policy() != before


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://github.com/sawaru-book/sawaru-book", "https://sawaru-book.github.io/sawaru-book/"),
        ("https://github.com/Teacher/Teacher.github.io", "https://teacher.github.io/"),
        ("https://github.com/a/b.git", "https://a.github.io/b/"),
        ("https://gitlab.com/a/b", ""),
        ("", ""),
    ],
)
def test_the_sites_address_is_that_of_github_pages(repository: str, address: str) -> None:
    assert site_address(repository) == address


def test_a_description_ends_with_a_sentence_and_has_no_formulas() -> None:
    document = new_document("page")
    section = nodes.section()
    document += section
    section += nodes.paragraph("", "", nodes.Text("値は\n"), nodes.math("", "x^2"), nodes.Text("です。"))
    section += nodes.paragraph("", "", nodes.Text("長い文です。" * 40))
    words = description(document)
    assert words.startswith("値はです。長い文です。")
    assert words.endswith("。") and len(words) <= DESCRIPTION_LENGTH
    assert description(None) == ""


def test_the_same_site_gives_the_same_zip(tmp_path: Path) -> None:
    site = tmp_path / "html"
    (site / "pagefind").mkdir(parents=True)
    (site / "index.html").write_text("本")
    (site / "pagefind" / "pagefind.js").write_text("")
    pack(site, site / "book.zip", "book")
    first = (site / "book.zip").read_bytes()
    (site / "index.html").touch()
    pack(site, site / "book.zip", "book")
    assert (site / "book.zip").read_bytes() == first
    assert zipfile.ZipFile(site / "book.zip").namelist() == ["book/index.html"]


def test_the_search_index_is_waited_for_until_all_of_it_is_written(tmp_path: Path) -> None:
    async def written_late() -> int:
        entry = tmp_path / "pagefind-entry.json"
        entry.touch()
        waiting = asyncio.ensure_future(search._written(tmp_path, seconds=20))
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        assert not done
        entry.write_text("{}")
        await waiting
        return entry.stat().st_size

    assert asyncio.run(written_late()) == 2


def test_a_search_index_that_is_never_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pagefind-entry.json").touch()
    with pytest.raises(ExtensionError, match="検索の索引"):
        asyncio.run(search._written(tmp_path, seconds=0.3))
