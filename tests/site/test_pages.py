"""What the HTML of the built pages answers by itself, without a browser."""

from __future__ import annotations

import json
import re
from statistics import median

import pytest
from built import CHAPTERS, EVERY, PAGES, SITE, WITH_EXPLORERS, html, soup

from sawaru.sphinxext.policy import policy


@pytest.mark.parametrize("path", EVERY)
def test_the_policy_stands_before_every_script(path: str) -> None:
    meta = soup(path).find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert meta is not None and meta["content"] == policy()
    assert meta.find_previous("script") is None
    assert [n for tag in soup(path).find_all(True) for n in tag.attrs if n.startswith("on")] == []
    scripts = re.search(r"script-src ([^;]*)", policy())
    assert scripts and "'unsafe" not in scripts[1] and "http" not in policy()


@pytest.mark.parametrize("path", [*PAGES, "index.html"])
def test_a_link_to_a_page_can_be_previewed(path: str) -> None:
    said = {
        m.get("property") or m.get("name"): m["content"] for m in soup(path).find_all("meta", content=True)
    }
    assert said["og:title"] and said["og:url"].startswith("https://")
    assert 20 <= len(said["og:description"]) <= 120 and said["og:description"] == said["description"]
    picture = said["og:image"].partition("/_static/")[2]
    assert (SITE / "_static" / picture).stat().st_size < 300_000


@pytest.mark.parametrize("path", PAGES)
def test_formulas_are_drawn(path: str) -> None:
    formulas = soup(path).select(".math")
    undrawn = [f for f in formulas if not f.find(class_=["katex", "katex-display"], recursive=False)]
    assert undrawn == []
    assert soup(path).select(".katex-error") == []


@pytest.mark.parametrize("path", PAGES)
def test_no_mark_of_markdown_is_left_in_the_prose(path: str) -> None:
    aside = ("pre", "code", "script", "style", "sawaru-explorer")
    prose = "".join(
        str(text)
        for text in soup(path).article.find_all(string=True)
        if not text.find_parent(aside) and not text.find_parent(class_=["math", "katex"])
    )
    assert len(prose) > 100
    assert "**" not in prose


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_chapter_does_not_tell_the_progress_that_a_page_cannot_judge(path: str) -> None:
    assert "progress(" not in soup(path).article.get_text()


@pytest.mark.parametrize("path", WITH_EXPLORERS)
def test_without_javascript_a_sentence_and_the_description(path: str) -> None:
    for explorer in soup(path).select("sawaru-explorer"):
        sentence = explorer.select_one("noscript p").get_text()
        assert "JavaScript が要ります" in sentence
        assert (explorer["data-description"] or "?") in sentence


def test_snapshots_are_within_their_caps() -> None:
    sizes = {path: [int(n) for n in re.findall(r'data-bytes="(\d+)"', html(path))] for path in WITH_EXPLORERS}
    for path, of_page in sizes.items():
        assert max(of_page) <= 500_000 and sum(of_page) <= 1_500_000, (path, of_page)
    assert median(sum(sizes.values(), [])) <= 100_000, json.dumps(sizes)
