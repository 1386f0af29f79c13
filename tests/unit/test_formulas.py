"""Formulas as the page carries them: drawn for the eye, and MathML that every browser can read aloud."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from sawaru.sphinxext.formulas import KATEX, _katex

ROOT = Path(__file__).parents[2]
MATHML = "{http://www.w3.org/1998/Math/MathML}"
CHILDREN = {
    **dict.fromkeys(("msub", "msup", "munder", "mover", "mfrac", "mroot"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
}


def mathml(tex: str) -> ElementTree.Element:
    html = _katex.html(tex, True, ROOT / KATEX)
    return ElementTree.fromstring(html[html.index("<math") : html.index("</math>") + len("</math>")])


@pytest.mark.parametrize(
    ("tex", "kind", "children"),
    [
        (r"\lambda_{\max}", "msub", ["λ", "max"]),
        (r"x^{\operatorname{tr}}", "msup", ["x", "tr"]),
        (r"\lambda_{\max}^{\min}", "msubsup", ["λ", "max", "min"]),
        (r"\frac{\sin}{2}", "mfrac", ["sin", "2"]),
        (r"\sqrt[\max]{x}", "mroot", ["x", "max"]),
        (r"\hat{\max}", "mover", ["max", "^"]),
        # A name that is applied to something keeps the sign for it.
        (r"\max_i x", "munder", ["max\u2061", "i"]),
        (r"\lambda_{\sin x}", "msub", ["λ", "sin\u2061x"]),
    ],
)
def test_an_operators_name_is_one_part(tex: str, kind: str, children: list[str]) -> None:
    formula = mathml(tex)
    (found,) = formula.iter(MATHML + kind)
    assert ["".join(child.itertext()) for child in found] == children
    for name, count in CHILDREN.items():
        assert all(len(element) == count for element in formula.iter(MATHML + name)), name
