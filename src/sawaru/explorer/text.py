"""Text of any origin (a reader's input, a token, a label) on its way into a figure or a page."""

from __future__ import annotations

import html
import re
import unicodedata

_TAG = re.compile(
    r"</?(?:sup|sub|s|u|b|i|a|span|em)(?:\s[^<>]*)?>", re.IGNORECASE
)  # the tags that Plotly knows
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:mu|amp|lt|gt|nbsp|times|plusmn|deg|#\d+|#x[\da-f]+);", re.IGNORECASE)
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
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def width(text: str) -> int:
    """How wide a text is set, in halves of a Japanese character."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)
