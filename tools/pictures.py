"""Renew the pictures of the README and the front page from the built book: `python tools/pictures.py` (needs Chromium and Pillow).

Each picture is one explorer in one state, so that it always shows what the book shows. Those of the gallery are small: the front
page shows all of them.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SITE = (ROOT / "_build" / "html").as_uri()

# file: (page, explorer, its state, what to show: the whole explorer or its plot, width in pixels of the browser)
PICTURES = {
    "screenshot.png": ("book/basics/gradient_descent.html", "descent", "lr=0.35", "sawaru-explorer", 1280),
    "gallery/landscape.png": (
        *("book/theory/loss_landscape.html", "landscape", "model=残差なし 56 層&place=学習後・広域"),
        *(".sawaru-plot", 700),
    ),
    "gallery/playground.png": (
        *(
            "book/basics/pytorch.html",
            "playground",
            "kind=渦&layers=8 と 8&act=ReLU&frame=11",
            ".sawaru-plot",
            1280,
        ),
    ),
    "gallery/effects.png": ("book/basics/features.html", "effects", "w1=2.50&w2=2.50", ".sawaru-plot", 1280),
    "gallery/reading.png": ("book/language/attention.html", "reading", "head=4", ".sawaru-plot", 1280),
    "gallery/guidance.png": ("book/generation/diffusion.html", "guidance", "w=2&at=7", ".sawaru-plot", 1280),
    "gallery/descent.png": ("book/basics/gradient_descent.html", "descent", "lr=0.35", ".sawaru-plot", 1280),
    "gallery/field.png": ("book/generation/diffusion.html", "field", "t=40", ".sawaru-plot", 1280),
    "gallery/trajectory.png": (
        *("book/theory/loss_landscape.html", "trajectory", "plane=主成分", ".sawaru-plot", 1280),
    ),
}
GALLERY_WIDTH, GALLERY_COLOURS = 480, 128


def thumbnail(png: bytes) -> bytes:
    """A picture of the gallery's width, in as few colours as the eye needs."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    height = round(picture.height * GALLERY_WIDTH / picture.width)
    small = picture.resize((GALLERY_WIDTH, height), Image.Resampling.LANCZOS).quantize(GALLERY_COLOURS)
    out = io.BytesIO()
    small.save(out, format="PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--use-angle=swiftshader"]
        )
        for name, (page_path, explorer, state, part, width) in PICTURES.items():
            page = browser.new_page(
                viewport={"width": width, "height": 900}, color_scheme="light", locale="ja-JP"
            )
            page.goto(f"{SITE}/{page_path}#{explorer}?{state}")
            page.locator(f"#{explorer}[data-state=ready]").wait_for()
            page.wait_for_timeout(1500)
            shown = (
                page.locator(f"#{explorer}")
                if part == "sawaru-explorer"
                else page.locator(f"#{explorer} {part}")
            )
            target = ROOT / "assets" / name
            target.parent.mkdir(exist_ok=True)
            picture = shown.screenshot()
            target.write_bytes(thumbnail(picture) if name.startswith("gallery/") else picture)
            print(f"{name}: {target.stat().st_size:,} bytes")
        browser.close()


if __name__ == "__main__":
    main()
