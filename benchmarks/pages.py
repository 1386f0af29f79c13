"""The built book as a first visitor loads it: bytes over the wire, time until a figure answers, every redraw.

Reads `_build/html`. Transfer sizes are those of `gzip -6`, which is what ordinary hosts send; localhost has no delay of
its own, so the time to the first figure is the browser's work alone.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser
from report import ROOT, Promise, Report, kb, median, ms, p95, table
from servers import chromium, served

SITE = ROOT / "_build" / "html"
VISITS = 7
SECONDS = 1_000
PACKED = {".woff2", ".woff", ".png", ".jpg", ".webp", ".gz"}
EXPLORER = re.compile(r'<sawaru-explorer id="([^"]+)"[^>]* data-bytes="(\d+)"')
# The address of the book may lead on to its first page: count from the first navigation.
READY = """window.ready = new Promise((resolve) => {
    sessionStorage.began ??= performance.timeOrigin;
    const seen = () => {
        if (!document.querySelector("sawaru-explorer[data-state=ready]")) return;
        observer.disconnect();
        resolve(performance.timeOrigin + performance.now() - sessionStorage.began);
    };
    const observer = new MutationObserver(seen);
    observer.observe(document, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
});"""
# Every value of every control of one explorer: [milliseconds from the input to the drawn figure].
EVERY_VALUE = """async (id) => {
    const explorer = document.getElementById(id);
    const times = [];
    const rest = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    for (const control of explorer.controls) {
        const inputs = [...explorer.querySelectorAll(`[data-control="${control.name}"]`)];
        const values = control.texts.map((_, i) => i);
        for (const index of [...values.filter((i) => i !== control.default), control.default]) {
            if (index === explorer.index[control.name]) continue;
            const drawn = new Promise((done) => explorer.addEventListener("sawaru:drawn", (e) => done(e.detail.ms), { once: true }));
            const input = inputs.find((i) => i.type === "radio" && Number(i.value) === index) ?? inputs[0];
            if (input.type === "checkbox") input.checked = Boolean(index);
            else if (input.type === "radio") input.checked = true;
            else input.value = index;
            input.dispatchEvent(new Event("input", { bubbles: true }));
            times.push(await drawn);
            await rest();
        }
    }
    return times;
}"""


@dataclass
class Visits:
    """What the pages did: redraw times by (page, explorer), and requests to any other host."""

    redraws: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)


def wire_bytes(path: Path) -> int:
    data = path.read_bytes()
    return len(data) if path.suffix in PACKED else len(gzip.compress(data, 6))


def first_visit(browser: Browser, origin: str, page: str) -> tuple[dict[str, int], float]:
    """Open a page with empty caches: bytes over the wire by file, and milliseconds until a figure answers."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ja-JP")
    tab = context.new_page()
    fetched: list[str] = []
    tab.on("requestfinished", lambda request: fetched.append(request.url))
    tab.add_init_script(READY)
    tab.goto(origin + page, wait_until="commit")
    tab.locator("sawaru-explorer[data-state=ready]").first.wait_for(timeout=60 * SECONDS)
    answered = tab.evaluate("ready")
    tab.wait_for_load_state("networkidle")
    context.close()
    files = {}
    for url in fetched:
        if url.startswith(origin):
            name = unquote(urlsplit(url).path).lstrip("/") or "index.html"
            if (SITE / name).is_file():
                files[name] = wire_bytes(SITE / name)
    return files, answered


def every_redraw(browser: Browser, origin: str, pages: dict[str, list[tuple[str, int]]]) -> Visits:
    """Open every page, move every control of every explorer through all its values."""
    visits = Visits()
    for page, explorers in pages.items():
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        local = (origin, "data:", "blob:")
        tab.on(
            "request",
            lambda r, local=local: None if r.url.startswith(local) else visits.elsewhere.append(r.url),
        )
        tab.goto(origin + page, wait_until="load")
        for name, _ in explorers:
            explorer = tab.locator(f"#{name}")
            explorer.scroll_into_view_if_needed()
            tab.locator(f"#{name}[data-state=ready]").wait_for(timeout=60 * SECONDS)
            times = tab.evaluate(EVERY_VALUE, name)
            if times:
                visits.redraws[page, name] = times
        tab.close()
    return visits


def measure() -> Report:
    if not (SITE / "index.html").exists():
        raise SystemExit("_build/html がありません。先に make book を実行してください。")
    built = sorted(p for p in SITE.rglob("*.html") if p.relative_to(SITE).parts[0][0] != "_")
    pages = {
        p.relative_to(SITE).as_posix(): [(name, int(size)) for name, size in EXPLORER.findall(p.read_text())]
        for p in built
    }
    with served(SITE) as origin, chromium() as browser:
        visits = [first_visit(browser, origin, "index.html") for _ in range(VISITS)]
        moved = every_redraw(browser, origin, pages)
    files = visits[0][0]
    answered = [time for _, time in visits]
    return Report(
        [
            _redraw_promise([t for times in moved.redraws.values() for t in times]),
            *_size_promises(pages),
            _first_page_promise(sum(files.values()), median(answered), sorted(set(moved.elsewhere))),
        ],
        "\n\n".join(
            [
                "つまみのある図ごと（ページの中のすべての値を一度ずつ）：",
                _explorer_table(pages, moved),
                f"はじめのページ（{VISITS} 回開いた中央値 {median(answered):.0f} ms、最も遅い回 {max(answered):.0f} ms）が読むもの：",
                _file_table(files),
            ]
        ),
    )


def _redraw_promise(times: list[float]) -> Promise:
    return Promise(
        "つまみを動かしてから描き終わるまで（本のページ）",
        "スクリプトの中央値 16 ms 以下、95% 点 50 ms 以下",
        f"中央値 {median(times):.1f} ms、95% 点 {p95(times):.1f} ms（{len(times):,} 回）",
        median(times) <= 16 and p95(times) <= 50,
    )


def _size_promises(pages: dict[str, list[tuple[str, int]]]) -> list[Promise]:
    sizes = [size for explorers in pages.values() for _, size in explorers]
    chapters = [sum(size for _, size in explorers) for explorers in pages.values() if explorers]
    return [
        Promise(
            "図 1 つのスナップショット",
            "500 KB 以下、中央値 100 KB 以下",
            f"最大 {kb(max(sizes))} KB、中央値 {kb(median(sizes))} KB（{len(sizes)} 個）",
            max(sizes) <= 500_000 and median(sizes) <= 100_000,
        ),
        Promise(
            "1 章のスナップショット（圧縮後、Plotly を除く）",
            "1.5 MB 以下",
            f"最大 {kb(max(chapters))} KB",
            max(chapters) <= 1_500_000,
        ),
    ]


def _first_page_promise(size: int, answered: float, elsewhere: list[str]) -> Promise:
    return Promise(
        "はじめのページ",
        "通信 1.2 MB 以下、1.5 秒以内に動く、ほかのホストからは何も読まない",
        f"{size / 1e6:.2f} MB、{answered / 1000:.2f} 秒、ほかのホストへの要求 {len(elsewhere)} 件{''.join(f'（{u}）' for u in elsewhere)}",
        size <= 1_200_000 and answered <= 1500 and not elsewhere,
    )


def _explorer_table(pages: dict[str, list[tuple[str, int]]], moved: Visits) -> str:
    rows = []
    for page, explorers in pages.items():
        for name, size in explorers:
            times = moved.redraws.get((page, name))
            rows.append((page, f"`{name}`", kb(size), *(ms(times) if times else ("", "", "0"))))
    return table(
        ("ページ", "図", "スナップショット [KB]", "描き直し 中央値 [ms]", "95% 点 [ms]", "回数"), rows
    )


def _file_table(files: dict[str, int]) -> str:
    rows = [(f"`{name}`", kb(size)) for name, size in sorted(files.items(), key=lambda item: -item[1])]
    return table(("ファイル", "gzip [KB]"), [*rows, ("計", kb(sum(files.values())))])


if __name__ == "__main__":
    print(measure())
