"""Renew the card that chats and social networks show, and a phone's icon: `python tools/card.py` (needs Chromium and `make book`).

`assets/site/card.png` stands beside a link to the book, `assets/site/apple-touch-icon.png` on a phone's first screen.
"""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from sawaru.theme import colours

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
SITE = ROOT / "_build" / "html"

CARD = """<style>
body {{ margin: 0; width: 1200px; height: 630px; display: grid; grid-template-columns: 470px 1fr; align-items: center;
  box-sizing: border-box; padding: 40px 48px 40px 64px; gap: 40px; background: white; border-bottom: 14px solid {primary};
  font-family: "Hiragino Sans", "Noto Sans CJK JP", sans-serif; color: {ink}; }}
svg {{ width: 96px; height: 96px; }}
h1 {{ margin: 28px 0 20px; font-size: 50px; line-height: 1.4; }}
p {{ margin: 0; font-size: 27px; line-height: 1.65; color: {soft}; }}
img {{ width: 100%; }}
</style><body><div>{logo}<h1>{title}</h1><p>つまみを動かすと、図が答える。<br>日本語の教科書。</p></div><img src="{plot}">"""


def plot(browser: Browser) -> str:
    """The front page's figure with its point in the deep valley, as an address for an image."""
    tab = browser.new_page(
        viewport={"width": 700, "height": 900}, device_scale_factor=2, color_scheme="light", locale="ja-JP"
    )
    tab.goto(f"{(SITE / 'book/index.html').as_uri()}#two_valleys?lr=0.46")
    tab.locator("#two_valleys[data-state=ready]").wait_for()
    tab.wait_for_timeout(1500)
    picture = tab.locator("#two_valleys .sawaru-plot").screenshot()
    tab.close()
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def card(browser: Browser) -> bytes:
    title = re.search(r"logo: \{text: (.+?)\}", (ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert title
    tab = browser.new_page(viewport={"width": 1200, "height": 630}, color_scheme="light", locale="ja-JP")
    tab.set_content(
        CARD.format(
            logo=(ASSETS / "logo.svg").read_text(encoding="utf-8"),
            title=title[1],
            plot=plot(browser),
            **{name: light for name, (light, _) in colours().items()},
        )
    )
    picture = tab.screenshot()
    tab.close()
    return picture


def icon(browser: Browser) -> bytes:
    tab = browser.new_page(viewport={"width": 180, "height": 180})
    logo = (ASSETS / "logo.svg").read_text(encoding="utf-8").replace('rx="14"', "")  # the phone rounds it
    tab.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block; width: 180px }}</style>{logo}")
    picture = tab.screenshot()
    tab.close()
    return picture


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--use-angle=swiftshader"]
        )
        pictures = {
            "site/card.png": card(browser),
            "site/apple-touch-icon.png": icon(browser),
        }
        browser.close()
    for name, picture in pictures.items():
        target = ASSETS / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(picture)
        print(f"{name}: {len(picture):,} bytes")


if __name__ == "__main__":
    main()
