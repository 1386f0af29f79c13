"""Text of any origin in figures, in controls and in the HTML of a snapshot."""

from __future__ import annotations

import ipywidgets as widgets
import plotly.graph_objects as go
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from sawaru.explorer import page
from sawaru.explorer.controls import declare
from sawaru.explorer.explorer import Explorer
from sawaru.explorer.narrow import heights
from sawaru.explorer.snapshot import take
from sawaru.explorer.text import caption, literal, width, writable
from sawaru.explorer.tree import figure_tree

HOSTILE = {
    "very long": "あ" * 10_000,
    "empty": "",
    "script": "<script>hit()</script>",
    "attribute": "\" onfocus=hit() autofocus x='",
    "closing": "</option></select></script><img src=x onerror=hit()>",
    "emoji": "👩‍👩‍👧‍👦🇯🇵",
    "right to left": "שלום \u202eعربى",
    "NUL": "a\x00b\x1b[31m",
    "half a character": "\ud83d",
}


def word(text: str) -> go.Figure:
    """言葉をそのまま題にする図"""
    fig = go.Figure()
    fig.update_layout(title_text=f"「{literal(text)}」")
    fig.add_bar(x=[literal(text)], y=[1])
    return fig


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", [widgets.Text, widgets.Combobox])
def test_a_snapshot_holds_any_text_as_text(kind: type[widgets.Widget], text: str) -> None:
    more = {"options": ["普通", text]} if kind is widgets.Combobox else {}
    html = page.render(Explorer(word, [declare(word, {"text": kind(value=text, description=text, **more)})]))
    html.encode()
    assert "\x00" not in html
    soup = BeautifulSoup(html, "html.parser")
    assert [s.get("type") for s in soup.find_all("script")] == [
        "application/json",
        "application/octet-stream",
    ]
    assert soup.find("img") is None
    assert [
        n for tag in soup.find_all(True) for n in tag.attrs if n.startswith("on") or n == "autofocus"
    ] == []
    assert all(0 < len(o.text) <= 60 for o in soup.find_all("option"))


def test_a_choice_without_text_has_a_name() -> None:
    (control,) = declare(word, {"text": widgets.Combobox(value="", options=["", "猫\x00"])})
    assert control.texts[0] == "（空）" or control.texts == ("（空）", "猫␀")
    assert "猫␀" in control.texts


def test_control_characters_get_a_sign() -> None:
    assert writable("a\x00b\x7f\ud800\n") == "a␀b␡\ufffd\n"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_can_be_written_and_is_left_alone_where_it_can_be(text: str) -> None:
    shown = writable(text)
    shown.encode()
    assert len(shown) == len(text) and writable(shown) == shown
    figure_tree(go.Figure().update_layout(title_text=text))


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_literal_text_comes_back_as_its_caption(text: str) -> None:
    assert caption(literal(text)) == text


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("a < 3 かつ b > 2", "a < 3 かつ b > 2"),
        ("<b>太字</b><br>次<sub>1</sub>", "太字 次1"),
        ("<unk> と <script>", "<unk> と <script>"),
        ('<a href="x">y</a> <span style="color:red">赤</span>', "y 赤"),
        ("3 &times; 4 &lt; 13 &#x3b7; &copy;", "3 × 4 < 13 η &copy;"),
    ],
)
def test_a_caption_is_what_plotly_shows(title: str, shown: str) -> None:
    assert caption(title) == shown


def test_room_is_kept_for_the_widest_caption() -> None:
    def titled(n: int) -> go.Figure:
        return go.Figure().update_layout(title_text="<b>" + "長" * n + "</b>")

    assert take("titled", titled, [declare(titled, {"n": (1, 5)})]).longest == "長" * 5
    assert width("長a") == 3


def test_a_narrow_screen_keeps_room_for_plots_one_below_another() -> None:
    from sawaru.figure import figure, panels

    assert heights(figure_tree(figure(height=300))["layout"]) == (300, 300)
    wide, narrow = heights(figure_tree(panels("左", "右", height=400))["layout"])
    assert wide == 400
    assert narrow == pytest.approx(2 * 0.85 * (400 - 120) + 92 + 120)
