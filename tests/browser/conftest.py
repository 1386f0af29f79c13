"""Real browsers for the built site and for JupyterLab: Chromium through Playwright, every other host blocked."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright
from servers import jupyterlab

# As in a build: a training that is repeated here ends where that of the page ended.
os.environ |= {"OMP_NUM_THREADS": "1", "MKL_CBWR": "AUTO,STRICT"}

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "Chromium が見つかりません。tests/install_chromium.sh を実行してください。"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
                *("--disable-background-networking", "--disable-component-update"),
            ],
        )
        yield browser
        browser.close()


class Watched:
    """A page that remembers what went wrong on it and refuses to leave its own origin."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.on(
            "console",
            lambda m: m.type == "error" and self.complaints.append(f"{m.type}: {m.text}"),
        )
        page.on("pageerror", lambda e: self.complaints.append(f"exception: {e}"))

        def only_here(route: Route) -> None:
            url = route.request.url
            if url.startswith((origin, "data:", "blob:")):
                route.continue_()
            else:
                self.elsewhere.append(url)
                route.abort()

        page.route("**/*", only_here)
        page.add_init_script(
            "window.drawn = []; addEventListener('sawaru:drawn', (e) => drawn.push(e.detail.ms));"
        )


def until(page: Page, condition: Callable[[], Any], seconds: int = 10) -> None:
    """Wait for what `expect` has no word for: how fast a page is says nothing about whether it is right."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{seconds} 秒待っても成り立ちません"
        page.wait_for_timeout(50)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The built book on localhost."""
    assert (SITE / "index.html").exists(), "先に make book を実行してください。"

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Any]:
    """visit(path, width=…, theme=…, origin=…) → Watched; pages close when the test ends."""
    contexts = []

    def open_page(
        path: str, *, width: int = 1280, theme: str = "light", origin: str = "", **context: Any
    ) -> Watched:
        contexts.append(
            browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=theme, locale="ja-JP", **context
            )  # type: ignore[arg-type]
        )
        watched = Watched(contexts[-1].new_page(), origin or site)
        watched.page.goto((origin or site) + path, wait_until="load")
        return watched

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A JupyterLab server on localhost over a folder with copies of all chapters: (its address, the folder)."""
    folder = tmp_path_factory.mktemp("lab")
    notebooks = folder / "notebooks"
    shutil.copytree(ROOT / "book", notebooks, ignore=shutil.ignore_patterns("_build", ".ipynb_checkpoints"))
    with jupyterlab(notebooks, folder) as address:
        yield address, notebooks
