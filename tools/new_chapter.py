"""Begin a chapter: `python tools/new_chapter.py <part>/<name> <title> [--caption <name of a new part>]`.

Writes the notebook, its checks and its line in `_toc.yml`. What stands there builds and passes the tests, but for the one that finds
what is still marked 〔書く…〕; the last lines printed say what else a chapter needs.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any

import yaml
from notebooks import MARK, ROOT, SETUP_TITLE, normal

LEFT = "〔書く"
EXERCISES = ("first", "second", "third")
UNSOLVED = "未解答：まだ書かれていません。`...` を消して書いてみましょう。"
PRAISE = "〔書く：この答えから分かること〕"
ALSO = """ほかに、この章のために書き足すところ
  book/notation.md      この章で初めて使う記号と用語
  book/references.md    参考文献
  book/guides/          講義や教科書の、どの節に当たるか
  前の章の「次の問い」  この章へのつなぎ"""

OPENING = """# {title}

## この章の問い

〔書く：問いが生まれる場面〕

**〔書く：この章を貫く問い〕でしょうか。**

読み終えると、次のことができます。

- 〔書く：確かめられる形で〕

使う数学は、〔書く〕です。"""

SETUP = """import ipywidgets as widgets
import torch

from sawaru import check, explore, progress
from sawaru.figure import BLUE, figure

x = torch.linspace(-2, 2, 41)  # (41,)"""

PREDICT = """## 〔書く：節 {i} の題〕

〔書く：予想する。つまみを動かす前に考えること〕"""

EXPLORER = '''#@title 〔書く：図 {i} の題〕
@explore(a=widgets.FloatSlider(value=1, min=-2, max=2, step=0.5, description="係数 a"))
def figure_{i}(a):
    """〔書く：図 {i} を見ない人に、何が描いてあるか〕"""
    fig = figure(x=("x", -2, 2), y=("y", -8, 8), title=f"a = {{a:g}}：x = 1 での高さは {{a:g}}")
    fig.line(x, a * x**2, BLUE)
    fig.dot(1, a)
    return fig'''

EXPLAIN = """〔書く：説明する。手で感じたことを式で。記号にはすべて名前を付け、形を示す〕

$$y = a x^2$$"""

BUILD = """def curve_{i}(x, a):
    return a * x**2  # (N,)"""

PROOF = f"""{MARK}
tracked = x.clone().requires_grad_()
(slope,) = torch.autograd.grad(curve_{{i}}(tracked, 3.0).sum(), tracked)
print("傾きは 2ax：", torch.allclose(slope, 2 * 3.0 * x))"""

TASK = """### 演習 {i}　〔書く：演習の題〕

〔書く：課題〕関数 `{name}(x, a)` を書いてください。`x` の形は `(N,)` です。

<details><summary>ヒント</summary>〔書く：次の一歩だけを言い、答えは言わない〕</details>"""

STUB = f"""{MARK}
def {{name}}(x, a):
    ...  # ここを書いてください


check("{{chapter}}.{{name}}", {{name}})"""

SOLUTION = f"""#@title 解答例
{MARK}
def {{name}}_solution(x, a):
    return a * x  # (N,)


check("{{chapter}}.{{name}}", {{name}}_solution)"""

SUMMARY = """## まとめ

- 〔書く：節ごとに一つ〕"""

QUESTION = """{i}. 〔書く：選ぶ問い〕

   <details class="choice" name="{chapter}-{i}"><summary>ア　〔書く〕</summary>もう少し：{reason}</details>
   <details class="choice right" name="{chapter}-{i}"><summary>イ　〔書く〕</summary>正解：{reason}</details>
   <details class="choice" name="{chapter}-{i}"><summary>ウ　〔書く〕</summary>もう少し：{reason}</details>"""
REASON = "〔書く：なぜそうなのか。選びたくなる理由と、どこで考えが外れるのかを、図や式の言葉で〕"

PROGRESS = """# 演習の進み具合（解いたあとに、もう一度実行してください）
progress("{chapter}")"""

REFERENCES = """## 参考文献

- 〔書く〕"""

NEXT = """## 次の問い

〔書く：この章では答えられなかったこと〕"""

CHECKS = '''"""The checks of the chapter {title}."""

import torch

from sawaru.exercise import exercise

CASES = [(torch.tensor([1.0, 2.0]), 3.0), (torch.tensor([-1.0, 0.5, 4.0]), 0.5)]  # (x, a)
'''

CHECK = """

@exercise("{chapter}.{name}", praise="{praise}", cases=CASES)
def _(x, a):
    yield a * x
    yield a + x, "〔書く：足したときに効く一言〕"
    yield x / a, "〔書く：割ったときに効く一言〕"
    yield a * x.sum(), "〔書く：まとめてしまったときに効く一言〕"
"""


def markdown(id: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": source}


def code(id: str, source: str, *tags: str, prints: str = "") -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    if source.startswith("#@title"):
        metadata |= {"cellView": "form", "jupyter": {"source_hidden": True}}
    outputs = [{"output_type": "stream", "name": "stdout", "text": f"{prints}\n"}] if prints else []
    return {"cell_type": "code", "id": id, "metadata": metadata, "source": source, "outputs": outputs}


def notebook(chapter: str, title: str) -> dict[str, Any]:
    cells = [
        markdown("question", OPENING.format(title=title)),
        code("setup", SETUP_TITLE + SETUP, "hide-cell"),
    ]
    for i, name in enumerate(EXERCISES, start=1):
        words = {"i": i, "name": name, "chapter": chapter}
        cells += [
            markdown(f"predict{i}", PREDICT.format(**words)),
            code(f"explorer{i}", EXPLORER.format(**words), "hide-input"),
            markdown(f"explain{i}", EXPLAIN.format(**words)),
            code(f"build{i}", BUILD.format(**words)),
            code(f"proof{i}", PROOF.format(**words), prints="傾きは 2ax： True"),
            markdown(f"ex{i}-task", TASK.format(**words)),
            code(f"ex{i}-answer", STUB.format(**words), "exercise", prints=UNSOLVED),
            code(
                f"ex{i}-solution", SOLUTION.format(**words), "hide-cell", "solution", prints=f"正解：{PRAISE}"
            ),
        ]
    questions = (QUESTION.format(i=i, chapter=chapter, reason=REASON) for i in (1, 2))
    cells += [
        markdown("summary", SUMMARY),
        markdown("questions", "\n\n".join(["## 確かめの問い", *questions])),
        code("progress", PROGRESS.format(chapter=chapter), "remove-cell"),
        markdown("references", REFERENCES),
        markdown("next", NEXT),
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4}


def checks(chapter: str, title: str) -> str:
    rest = (CHECK.format(chapter=chapter, name=name, praise=PRAISE) for name in EXERCISES)
    return CHECKS.format(title=title) + "".join(rest)


def listed(toc: str, chapter: str, caption: str) -> str:
    """The text of `_toc.yml` with a line for `chapter` at the end of its part, or of a new part after the last chapter.

    Raises:
        ValueError: the part is new and has no caption.
    """
    parts = [[entry["file"] for entry in part["chapters"]] for part in yaml.safe_load(toc)["parts"]]
    folder = chapter.rpartition("/")[0]
    if beside := [file for files in parts for file in files if file.rpartition("/")[0] == folder]:
        place, lines = beside[-1], f"      - file: {chapter}\n"
    elif caption:
        place = [file for files in parts for file in files if (ROOT / f"{file}.ipynb").exists()][-1]
        lines = f"  - caption: {caption}\n    chapters:\n      - file: {chapter}\n"
    else:
        raise ValueError(f"{folder} は新しい部です。--caption '第 N 部　名前' を付けてください。")
    return toc.replace(f"      - file: {place}\n", f"      - file: {place}\n{lines}", 1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="章を書き始めます。")
    parser.add_argument("chapter", metavar="部/名前", help="例：language/tokens")
    parser.add_argument("title", metavar="題", help="例：語を数にする")
    parser.add_argument("--caption", default="", help="新しい部を始めるときの、部の名前")
    options = parser.parse_args(arguments)
    if not re.fullmatch(r"[a-z]\w*/[a-z]\w*", options.chapter, re.ASCII):
        parser.error("章は 部/名前 の形で、英小文字、数字、下線で書いてください（例：language/tokens）。")
    name = options.chapter.partition("/")[2]
    page, table = ROOT / "book" / f"{options.chapter}.ipynb", ROOT / f"src/sawaru/checks/{name}.py"
    if found := [*ROOT.glob(f"book/*/{name}.ipynb"), *([table] if table.exists() else [])]:
        parser.error(f"{name} はもうあります：{found[0].relative_to(ROOT)}")
    try:
        toc = listed(
            (ROOT / "_toc.yml").read_text(encoding="utf-8"), f"book/{options.chapter}", options.caption
        )
    except ValueError as error:
        parser.error(str(error))
    page.parent.mkdir(exist_ok=True)
    written = {
        page: normal(notebook(name, options.title)),
        table: checks(name, options.title),
        ROOT / "_toc.yml": toc,
    }
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
        left = text.count(LEFT)
        print(
            f"{path.relative_to(ROOT)}："
            + (f"「{LEFT}…〕」を {left} か所、埋めてください" if left else "一行を足しました")
        )
    print(ALSO)
    return 0


if __name__ == "__main__":
    sys.exit(main())
