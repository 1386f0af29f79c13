"""The built site, for every browser: its pages, and the script that moves all that moves on a page."""

from __future__ import annotations

import functools
from pathlib import Path

from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
assert (SITE / "index.html").exists(), "先に make book を実行してください。"


@functools.cache
def html(path: str) -> str:
    return (SITE / path).read_text(encoding="utf-8")


@functools.cache
def soup(path: str) -> BeautifulSoup:
    return BeautifulSoup(html(path), "html.parser")


PAGES = sorted(str(p.relative_to(SITE)) for p in (SITE / "book").rglob("*.html"))
CHAPTERS = [p for p in PAGES if (ROOT / p).with_suffix(".ipynb").exists()]
WITH_EXPLORERS = [p for p in PAGES if "<sawaru-explorer" in html(p)]
WITH_CHOICES = [p for p in PAGES if 'class="choice' in html(p)]
FRAMED = [*PAGES, "search.html", "404.html"]
EVERY = [*FRAMED, "index.html"]


# Every value of every control once, then back: per control [explorer, its name, moves, moves that were drawn].
MOVE_EVERYTHING = """async () => {
    const report = [];
    const drawnBy = (explorer, act) => new Promise((resolve) => {
        const done = (event) => { clearTimeout(late); resolve(event.detail.ms); };
        const late = setTimeout(() => { explorer.removeEventListener("sawaru:drawn", done); resolve(null); }, 20000);
        explorer.addEventListener("sawaru:drawn", done, { once: true });
        act();
    });
    for (const explorer of document.querySelectorAll("sawaru-explorer")) {
        const groups = {};
        for (const input of explorer.querySelectorAll("[data-control]")) (groups[input.dataset.control] ??= []).push(input);
        for (const [name, inputs] of Object.entries(groups)) {
            const [input] = inputs;
            const send = (target) => target.dispatchEvent(new Event("input", { bubbles: true }));
            let acts;
            if (input.type === "radio") acts = inputs.filter((i) => !i.checked).map((i) => () => { i.checked = true; send(i); });
            else if (input.type === "checkbox") acts = [1, 2].map(() => () => { input.checked = !input.checked; send(input); });
            else {
                const n = input.type === "range" ? Number(input.max) + 1 : input.options.length;
                const others = [...Array(n).keys()].filter((i) => i !== Number(input.value));
                acts = others.map((i) => () => { input.value = i; send(input); });
            }
            let drawn = 0;
            for (const act of acts) if ((await drawnBy(explorer, act)) !== null) drawn++;
            report.push([explorer.id, name, acts.length, drawn]);
            await drawnBy(explorer, () => explorer.querySelector(".sawaru-reset").click());
        }
    }
    return report;
}"""
