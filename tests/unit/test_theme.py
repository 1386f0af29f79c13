"""The colours stand in `theme.json` alone; styles name them, and what is written in them can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sawaru.theme import colours, style

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for pattern in ("src/sawaru/**/*.*", "assets/css/*.css", "assets/js/*.js", "tools/*.py")
    for path in ROOT.glob(pattern)
    if path.suffix in (".py", ".css", ".js", ".html") and "vendor" not in path.parts
)
HEX = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_colour_is_written_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not HEX.findall(text), "色は theme.json に置き、var(--sawaru-…) か sawaru.theme から使います"
    unknown = set(re.findall(r"var\(--sawaru-([\w-]+)", text)) - set(colours())
    assert not unknown, f"theme.json にない色です：{unknown}"


@pytest.mark.parametrize("name", ["favicon.svg", "logo.svg"])
def test_pictures_that_no_style_reaches_use_the_same_colours(name: str) -> None:
    known = {"#fff", *(shade for pair in colours().values() for shade in pair)}
    assert set(HEX.findall((ROOT / "assets" / name).read_text(encoding="utf-8"))) <= known


def test_every_colour_has_its_dark_twin_in_the_style() -> None:
    light, dark = (
        dict(re.findall(r"--sawaru-([\w-]+): (#\w{6});", block)) for block in style().split("}")[:2]
    )
    assert list(light) == list(dark) == list(colours())
    assert [*zip(light.values(), dark.values(), strict=True)] == list(colours().values())


def brightness(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "panel", "fill"])
@pytest.mark.parametrize("text", ["ink", "soft", "primary", "secondary", "code", "good"])
def test_text_can_be_read(text: str, ground: str, shade: int) -> None:
    low, high = sorted(brightness(colours()[name][shade]) for name in (text, ground))
    assert (high + 0.05) / (low + 0.05) >= 4.5
