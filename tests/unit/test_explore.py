"""`explore` as its users write it: declaration, merging of moves, errors, and the page it becomes."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
import time
from html.parser import HTMLParser
from typing import Any

import ipywidgets as widgets
import numpy as np
import plotly.graph_objects as go
import pytest

from sawaru import ExploreError, explore, group, stops
from sawaru.explorer import frontend, live, page
from sawaru.explorer.explorer import Explorer


def titled(text: str) -> go.Figure:
    return go.Figure(data=[{"y": [1, 2]}], layout_title_text=text)


def made(function: Any, *groups: Any, **controls: Any) -> Explorer:
    explorer = explore(function, *groups, **controls)
    assert isinstance(explorer, Explorer)
    return explorer


def test_decorated_function_stays_a_function() -> None:
    @explore(x=(0, 3))
    def shown(x: int) -> go.Figure:
        """図"""
        return titled(f"{x}")

    assert shown(x=2).layout.title.text == "2"
    assert shown.__name__ == "shown"
    assert shown.controls[0].values == (0, 1, 2, 3)


def test_groups_and_single_controls() -> None:
    def f(x: int, y: int, on: bool) -> go.Figure:
        """図"""
        return titled(f"{x} {y}")

    explorer = made(f, group(on=True), x=(0, 3), y=(0, 2))
    assert [[c.name for c in g] for g in explorer.groups] == [["x", "y"], ["on"]]


@pytest.mark.parametrize(
    ("declare_it", "says"),
    [
        (lambda: explore(lambda x: titled(""), x=(0, 1)), "docstring"),
        (lambda: explore(titled, titled), "関数一つ"),
        (lambda: explore(3), "関数一つ"),
    ],
)
def test_bad_declarations(declare_it: Any, says: str) -> None:
    with pytest.raises(ExploreError, match=says):
        declare_it()


def test_a_function_that_returns_no_figure() -> None:
    def f(x: int) -> int:
        """図"""
        return x

    with pytest.raises(ExploreError, match="explore「f」：関数が図ではなく int を返しました"):
        explore(f, x=(0, 1))


def test_the_first_call_raises_in_the_cell() -> None:
    def f(x: int) -> go.Figure:
        """図"""
        raise RuntimeError("最初の図")

    with pytest.raises(RuntimeError, match="最初の図"):
        explore(f, x=(0, 1))


# ----------------------------------------------------------------------------------------------------------------- live


def session(function: Any, **controls: Any) -> live.Session:
    return live.Session(made(function, **controls))


def title(s: live.Session) -> str:
    return str(json.loads(s.plot.figure)["layout"]["title"]["text"])


def test_moves_during_a_call_are_merged_into_the_last() -> None:
    calls: list[int] = []

    def slow(x: int) -> go.Figure:
        """図"""
        calls.append(x)
        time.sleep(0.1)
        return titled(f"{x}")

    s = session(slow, x=(0, 100))
    calls.clear()
    first = threading.Thread(target=s.move, args=("x", 1))
    first.start()
    time.sleep(0.03)
    for x in range(2, 11):
        s.move("x", x)
    first.join()
    assert calls == [1, 10]
    assert title(s) == "10"


def test_moves_that_arrive_together_on_a_kernel_loop_make_one_call() -> None:
    calls: list[int] = []

    def counted(x: int) -> go.Figure:
        """図"""
        calls.append(x)
        return titled(f"{x}")

    s = session(counted, x=(0, 100))
    calls.clear()

    async def moves() -> None:
        for x in range(1, 6):
            s.move("x", x)
        assert calls == []
        await asyncio.sleep(0.05)

    asyncio.run(moves())
    assert calls == [5]


def test_an_exception_keeps_the_figure_and_the_next_move_works() -> None:
    def f(x: int) -> go.Figure:
        """図"""
        if x == 2:
            raise ZeroDivisionError("二では割れません")
        return titled(f"{x}")

    s = session(f, x=(0, 3))
    s.move("x", 2)
    assert (
        "ZeroDivisionError: 二では割れません" in s.plot.error
        and "関数の中でエラーが起きました" in s.plot.error
    )
    assert title(s) == "1" and not s.plot.busy
    s.move("x", 3)
    assert (s.plot.error, title(s)) == ("", "3")


def test_a_move_to_something_that_is_no_figure_is_said_not_raised() -> None:
    def f(x: int) -> Any:
        """図"""
        return titled("図") if x < 2 else None

    s = session(f, x=(0, 3))
    s.move("x", 2)
    assert "関数が図ではなく NoneType を返しました" in s.plot.error


def test_the_view_has_every_control_and_a_reset() -> None:
    def f(x: int, kind: str, t: int) -> go.Figure:
        """図"""
        return titled(f"{x} {kind} {t}")

    explorer = made(
        f,
        x=widgets.IntSlider(value=1, max=3, description="個数 [個]"),
        kind=["a", "b"],
        t=widgets.Play(max=5),
    )
    view = live.view(explorer)
    flow, plot = view.children
    assert isinstance(plot, live.Plot)
    assert flow.children[0].description == "個数（個）"
    assert isinstance(flow.children[2].children[0], widgets.Play)
    flow.children[0].value = 3
    assert json.loads(plot.figure)["layout"]["title"]["text"] == "3 a 0"
    flow.children[-1].click()
    assert json.loads(plot.figure)["layout"]["title"]["text"] == "1 a 0"


def test_plotly_is_sent_when_asked_and_stays_out_of_the_saved_state() -> None:
    plot = live.Plot()
    sent: list[tuple[Any, Any]] = []
    plot.send = lambda content, buffers=None: sent.append((content, buffers))
    plot._answer(plot, {"kind": "plotly", "name": "cartesian"}, [])
    assert sent[0][0] == {"kind": "plotly", "name": "cartesian"}
    assert 300_000 < len(sent[0][1][0]) < 700_000
    assert len(json.dumps(plot.get_state(), default=str)) < 40_000


def test_live_figures_carry_typed_arrays_and_no_nan() -> None:
    fig = go.Figure(data=[{"y": np.array([1.0, np.nan, 3.0]), "z": [[1.0] * 4] * 3, "type": "heatmap"}])
    trace = json.loads(live._json(fig))["data"][0]
    assert np.isnan(np.frombuffer(base64.b64decode(trace["y"]["bdata"]), "<" + trace["y"]["dtype"])[1])
    assert trace["z"]["shape"] == "3,4"


# ----------------------------------------------------------------------------------------------------------------- page


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_the_page_has_native_labelled_controls() -> None:
    def f(a: int, b: str, c: bool, d: int, e: str) -> go.Figure:
        """五つのつまみ"""
        return titled(f"{a}{b}{c}{d}{e} は <b>太字</b>")

    explorer = made(
        f,
        a=widgets.IntSlider(value=1, min=0, max=2, description="角度 [°]"),
        b=widgets.ToggleButtons(options=["左", "右"], description="向き"),
        c=widgets.Checkbox(description="線を引く"),
        d=widgets.Play(max=2, description="ステップ"),
        e=widgets.Combobox(value="猫", options=["犬"], description="語"),
    )
    html = page.render(explorer)
    elements = Elements(html)
    inputs = elements.all("input")
    assert [i["type"] for i in inputs] == ["range", "radio", "radio", "checkbox", "range"]
    ids = {i["id"] for i in [*inputs, *elements.all("select")] if "id" in i}
    assert ids <= {label.get("for") for label in elements.all("label")}
    assert "<legend>向き</legend>" in html and ">1°</output>" in html
    assert elements.all("sawaru-explorer")[0]["data-states"] == str(3 * 2 * 2 * 3 * 2)
    noscript = re.search(r"<noscript>(.*?)</noscript>", html)
    assert noscript and "五つのつまみ" in noscript.group(1) and "JavaScript" in noscript.group(1)


def test_nothing_in_the_data_closes_the_script() -> None:
    def f(x: str) -> go.Figure:
        """</script><b>太字</b>"""
        return titled("</script>")

    html = page.render(made(f, x=["</script><img>", "b"]))
    assert html.count("</script>") == 2
    assert "<img>" not in html and "<b>" not in html


def test_a_static_figure_needs_no_controls() -> None:
    @explore()
    def still() -> go.Figure:
        """動かない図"""
        return titled("ひとつ")

    html = page.render(still)
    assert "<form" not in html and 'data-states="1"' in html


def test_the_scripts_hold_both_themes_and_no_module_syntax_on_the_page() -> None:
    script = frontend.page_script()
    assert not re.search(r"^\s*(import|export) ", script, flags=re.M)
    assert script.isprintable() is False and "const THEME" in script
    assert "export default" in frontend.widget_module()
    assert len(script) < 60_000


def test_every_palette_colour_has_a_dark_twin() -> None:
    theme = frontend.theme()
    assert set(theme["palette"].values()) == set(theme["twins"])


def test_a_sentence_has_room_in_a_kernel() -> None:
    text = widgets.Combobox(
        value="健太がりんごを選んだ。", options=["猫がお茶を見つけた。"], description="文章"
    )

    def figure_of(text: str) -> go.Figure:
        """文章の図"""
        return go.Figure(layout_title_text=text)

    live.view(explore(figure_of, text=text))
    assert (text.layout.width, text.layout.max_width) == ("48em", "100%")


def test_a_control_that_moves_in_a_kernel_only_is_no_dead_input_in_the_page() -> None:
    def f(x: float, text: str) -> go.Figure:
        """図"""
        return titled(f"{x} {text}")

    slider = stops(widgets.FloatSlider(value=0.5, min=0, max=1, description="学習率"), [0.5])
    html = page.render(made(f, x=slider, text=widgets.Text(value="ab", description="文")))
    assert "<input" not in html
    assert "<select" not in html
    assert re.search(r'<span>学習率</span><output [^>]*data-shows="x"[^>]*>0.50</output>', html)
    assert re.search(r'<span>文</span><output [^>]*data-shows="text"[^>]*>ab</output>', html)
