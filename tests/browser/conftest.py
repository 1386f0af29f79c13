"""Real browsers for the built site and for JupyterLab: Chromium through Playwright, every other host blocked."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from built import ROOT, SITE
from page_by_page import page_of, pytest_xdist_make_scheduler  # noqa: F401  the second is a hook
from playwright.sync_api import Browser, Page
from servers import CHROMIUM, chromium, jupyterlab, served
from unstable import NAME, Unstable

# As in a build: a training that is repeated here ends where that of the page ended.
os.environ |= {"OMP_NUM_THREADS": "1", "MKL_CBWR": "AUTO,STRICT"}

# Chromium without windows, where there is one: a page opens in half the time.
EXECUTABLE = shutil.which("chromium-headless-shell") or CHROMIUM
NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium(NO_OTHER_HOST, executable=EXECUTABLE) as browser:
        yield browser


FROM_THE_START = """
window.drawn = [];
addEventListener("sawaru:drawn", (event) => drawn.push(event.detail.ms));

window.broken = [];
document.addEventListener("securitypolicyviolation", (event) => broken.push(`${event.violatedDirective} ${event.blockedURI}`));

window.shift = 0;
const add = (moves) => moves.forEach((move) => move.hadRecentInput || (shift += move.value));
const observer = new PerformanceObserver((list) => add(list.getEntries()));
observer.observe({ type: "layout-shift", buffered: true });
window.settle = async () => {
    await document.fonts.ready;
    await Promise.all(document.getAnimations().map((move) => move.finished.catch(() => {})));
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    add(observer.takeRecords());
};
window.ready = async (explorer) => {
    const end = performance.now() + 30000;
    while (explorer.dataset.state !== "ready" || !explorer.querySelector(".js-plotly-plot .main-svg")) {
        if (performance.now() > end) throw new Error(`${explorer.id}: ${explorer.dataset.state}`);
        await new Promise(requestAnimationFrame);
    }
};
"""

# Bring every explorer into view once, until it is drawn.
WAKE = """async () => {
    for (const explorer of document.querySelectorAll("sawaru-explorer")) {
        explorer.scrollIntoView({ block: "center", behavior: "instant" });
        await ready(explorer);
    }
    await settle();
}"""

# Leave the page as it was found.
TIDY = """async () => {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    for (const choice of document.querySelectorAll("details.choice[open]")) choice.open = false;
    document.activeElement?.blur();
    scrollTo({ top: 0, behavior: "instant" });
    for (const explorer of document.querySelectorAll("sawaru-explorer")) {
        if (explorer.controls?.some((c) => c.timer || explorer.index[c.name] !== c.default)) explorer.querySelector(".sawaru-reset").click();
        await explorer.drawing;
    }
}"""


class Watched:
    """A page that remembers what went wrong on it and what it asked of which host; none but this machine answers."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.on_arrival: list[str] = []
        self.fetched: set[str] = set()

        def requested(url: str) -> None:
            if not url.startswith((origin, "data:", "blob:")):
                self.elsewhere.append(url)

        page.on("console", lambda m: m.type == "error" and self.complaints.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: self.complaints.append(f"exception: {e}"))
        page.on("request", lambda request: requested(request.url))
        page.on("requestfinished", lambda request: self.fetched.add(request.url))
        page.context.add_init_script(f"{{ {FROM_THE_START} }}")

    def wake(self) -> None:
        self.page.evaluate(WAKE)

    def have_arrived(self) -> None:
        """Keep apart what went wrong so far: one question tells it, not every later one too."""
        self.on_arrival = [*self.complaints, *self.elsewhere]
        self.complaints.clear()
        self.elsewhere.clear()

    def assert_clean(self) -> None:
        assert self.elsewhere == []
        assert self.complaints == []


def until(page: Page, condition: Callable[[], Any], seconds: int = 10) -> None:
    """Wait for what `expect` has no word for (`wait_for_function` would need what the book's policy forbids)."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{seconds} 秒待っても成り立ちません"
        page.wait_for_timeout(50)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    with served(SITE) as address:
        yield address


def opened(browser: Browser, origin: str, path: str, width: int, theme: str, **context: Any) -> Watched:
    made = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=theme,  # type: ignore[arg-type]
        locale="ja-JP",
        **context,
    )
    try:
        watched = Watched(made.new_page(), origin)
        watched.page.goto(origin + path, wait_until="load")
    except BaseException:
        made.close()
        raise
    return watched


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Any]:
    """visit(path, width=…, theme=…, origin=…) → Watched: a page for one test alone, closed when it ends."""
    pages: list[Watched] = []

    def visit(
        path: str, *, width: int = 1280, theme: str = "light", origin: str = "", **context: Any
    ) -> Watched:
        pages.append(opened(browser, origin or site, path, width, theme, **context))
        return pages[-1]

    yield visit
    for watched in pages:
        watched.page.context.close()


class Look:
    """One page looked at in one way, open for question after question until another is looked at."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.key: Any = None
        self.watched: Watched | None = None

    def at(self, origin: str, path: str, arrive: Callable[[Watched], Any], **way: Any) -> Watched:
        if self.watched is None or self.key != (origin, path, way):
            self.leave()
            self.watched = opened(self.browser, origin, path, **way)
            self.key = (origin, path, way)
            arrive(self.watched)
            self.watched.have_arrived()
        return self.watched

    def leave(self) -> None:
        if self.watched is not None:
            self.watched.page.context.close()
        self.watched = None


@pytest.fixture(scope="session")
def only_look(browser: Browser) -> Iterator[Look]:
    look = Look(browser)
    yield look
    look.leave()


@pytest.fixture
def look(only_look: Look, request: pytest.FixtureRequest) -> Iterator[Callable[..., Watched]]:
    """look(origin, path, arrive, width=…, theme=…) → the open page. Each question leaves it as it was; a failed one closes it."""
    failures = request.session.testsfailed
    yield only_look.at
    watched = only_look.watched
    if watched is None or request.session.testsfailed > failures:
        return only_look.leave()
    try:
        watched.page.evaluate(TIDY)
        watched.assert_clean()
    except BaseException:
        only_look.leave()
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    here = [item for item in items if item.path.parent == folder]
    place: dict[str, int] = {}
    for item in here:
        place.setdefault(page_of(item.nodeid), len(place))
    ordered = iter(sorted(here, key=lambda item: place[page_of(item.nodeid)]))
    items[:] = [next(ordered) if item.path.parent == folder else item for item in items]


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Unstable(Path(__file__).parent), NAME)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A JupyterLab server on localhost over a folder with copies of all chapters: (its address, the folder)."""
    folder = tmp_path_factory.mktemp("lab")
    notebooks = folder / "notebooks"
    shutil.copytree(ROOT / "book", notebooks, ignore=shutil.ignore_patterns("_build", ".ipynb_checkpoints"))
    with jupyterlab(notebooks, folder) as address:
        yield address, notebooks
