"""Text of any origin (a reader's input, a token, a label) on its way into a figure or a page."""

from __future__ import annotations

import html
import re
import unicodedata

ENTITIES = {
    "mu": "μ",
    "amp": "&",
    "lt": "<",
    "gt": ">",
    "nbsp": "\u00a0",
    "times": "×",
    "plusmn": "±",
    "deg": "°",
}

# The tags and entities that Plotly knows, as `captionOf` of frontend/layout.js reads them.
_TAG = re.compile(r"</?(?:sup|sub|s|u|b|i|a|span|em)(?:[ \t\n\r\f\v][^<>]*)?>", re.IGNORECASE | re.ASCII)
_BREAK = re.compile(r"<br[ \t\n\r\f\v]*/?>", re.IGNORECASE | re.ASCII)
_ENTITY = re.compile(rf"&(?:#([0-9]{{1,9}})|#x([0-9a-fA-F]{{1,6}})|({'|'.join(ENTITIES)}));")
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def writable(text: str) -> str:
    """The text with a visible sign for what no page can hold: control characters (␀) and halves of characters (�)."""
    return _UNWRITABLE.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"


def literal(text: str) -> str:
    """The text so that Plotly shows it as it is: `<s>` as three characters, not as a line through what follows.

    For a reader's words and for tokens in titles, labels and annotations.
    """
    return html.escape(text, quote=False)


def caption(title: str) -> str:
    """A figure's title as plain text: without Plotly's tags, its entities as characters."""
    text = _TAG.sub("", _BREAK.sub(" ", title))
    return _ENTITY.sub(_character, text)


def _character(entity: re.Match[str]) -> str:
    ten, sixteen, name = entity.groups()
    if name:
        return ENTITIES[name]
    code = int(ten) if ten else int(sixteen, 16)
    writable = 0x20 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if writable else entity[0]


def width(text: str) -> int:
    """How wide a text is set, in halves of a Japanese character."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)
