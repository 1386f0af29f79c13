"""Questions that are asked of a page in more than one way of looking."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from built import CHAPTERS, SITE
from conftest import Watched, until
from playwright.sync_api import Page

PACKED = (".woff2", ".png", ".zip", ".wasm", ".pf_meta", ".pagefind")


def assert_light_and_still(watched: Watched, path: str) -> None:
    """To be asked first: what came over the wire, and how far anything jumped, until every figure was drawn."""
    assert watched.page.evaluate("shift") <= 0.05
    files = {unquote(urlsplit(url).path).lstrip("/") for url in watched.fetched if url.startswith("http")}
    assert path in files
    sizes = {name: wire(SITE / name) for name in files if (SITE / name).is_file()}
    if path in CHAPTERS:  # a chapter carries all states of its figures; Plotly is counted apart
        sizes = {name: size for name, size in sizes.items() if "plotly" not in name}
    assert sum(sizes.values()) <= (1_500_000 if path in CHAPTERS else 1_200_000), sizes


def wire(path: Path) -> int:
    data = path.read_bytes()
    return len(data) if path.suffix in PACKED else len(gzip.compress(data, 6))


# Contrast hangs on colours and sizes alone, and measuring all text took four fifths of axe's time: of text that looks the same,
# three pieces are marked. What a reader types in is marked always.
MARK_EVERY_LOOK = """() => {
    const behind = new Map();
    const ground = (e) => {
        if (!e) return "";
        if (!behind.has(e)) {
            const { backgroundColor, backgroundImage, opacity } = getComputedStyle(e);
            const painted = backgroundImage !== "none" || !/, 0\\)$/.test(backgroundColor);
            behind.set(e, `${painted ? backgroundColor + backgroundImage : ground(e.parentElement)} ${opacity === "1" ? "" : opacity}`);
        }
        return behind.get(e);
    };
    const times = {};
    for (const e of document.querySelectorAll("body *")) {
        delete e.dataset.measured;
        const field = e.matches("input, select, textarea");
        if (!field && ![...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim())) continue;
        if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        const { color, fill, fontSize, fontWeight } = getComputedStyle(e);
        const look = [color, fill, fontSize, fontWeight, ground(e)].join();
        times[look] = (times[look] ?? 0) + 1;
        if (field || times[look] <= 3) e.dataset.measured = "";
    }
    return Object.keys(times).length;
}"""


AXE = Axe(AXE_SCRIPT + "; axe.configure({ rules: [{ id: 'color-contrast', selector: '[data-measured]' }] });")


def assert_no_serious_violation(page: Page) -> None:
    page.evaluate("settle()")  # a colour on its way from one theme to the other is no colour of the page
    assert page.evaluate(MARK_EVERY_LOOK) > 3
    # axe would fetch imported style sheets from where they are not; no rule that is on needs them.
    options = {"resultTypes": ["violations"], "preload": False}
    found = AXE.run(page, options=options).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    told = [
        f"{v['id']}: {v['help']}\n  " + "\n  ".join(n["html"][:160] for n in v["nodes"][:4]) for v in serious
    ]
    assert told == [], "\n".join(told)


def assert_nothing_sticks_out(page: Page) -> None:
    wide = page.evaluate(
        """() => [...document.querySelectorAll("article *")].filter((e) => {
            const box = e.getBoundingClientRect();
            if (box.right <= innerWidth + 1 || !box.width) return false;
            for (let p = e.parentElement; p; p = p.parentElement)
                if (["auto", "scroll", "hidden"].includes(getComputedStyle(p).overflowX)) return false;
            return true;
        }).map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth") + 1


# The scenes of a page: how far the eye stands, on the screen and in the figure itself.
EYES = """[...document.querySelectorAll("sawaru-explorer")].filter((e) => e.plot.layout.scene?.camera?.eye).map((e) => {
    const far = (layout) => Math.hypot(...Object.values(layout.scene.camera.eye));
    return [e.id, far(e.plot.layout), far(e.figureAt(e.indices()).layout)];
})"""


def assert_scenes_let_the_page_scroll(page: Page, scenes: list[str]) -> None:
    for name in scenes:
        page.locator(f"#{name} .js-plotly-plot").hover()
        before = page.evaluate("scrollY")
        page.mouse.wheel(0, 300)
        until(page, lambda before=before: page.evaluate("scrollY") > before)
