"""Snapshots while Sphinx builds: switch them on, show progress, ship the script, hold the caps."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from tqdm import tqdm

from sawaru.explorer import frontend
from sawaru.notebook import NotebookError, load

MAX_CHAPTER_BYTES = 1_500_000
_EXPLORER = re.compile(r'<sawaru-explorer id="([^"]+)" data-state="loading" data-bytes="(\d+)"')


def setup(app: Sphinx) -> None:
    app.connect("config-inited", _switch_on, priority=100)
    app.connect("builder-inited", _ship)
    app.connect("env-before-read-docs", _check_notebooks)
    app.connect("html-page-context", _load_where_needed)
    app.connect("build-finished", _stop)


def _switch_on(app: Sphinx, config: Config) -> None:
    """Kernels inherit this process's environment, so a build needs no variable of its own."""
    os.environ["SAWARU_SNAPSHOT"] = "1"
    # Two builds give the same bytes: a sum is rounded alike, however many threads share it and wherever it lies in memory.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
    folder = Path(tempfile.mkdtemp(prefix="sawaru-"))
    log = folder / "progress"
    log.touch()
    os.environ["SAWARU_PROGRESS"] = str(log)
    done = threading.Event()
    thread = threading.Thread(target=_show_progress, args=(log, done), daemon=True)
    thread.start()
    app._sawaru_progress = (done, thread, folder)  # type: ignore[attr-defined]


def _show_progress(log: Path, done: threading.Event) -> None:
    """Follow what kernels report, several chapters at a time: one bar an explorer."""
    bars: dict[str, tqdm[Any]] = {}
    with log.open(encoding="utf-8") as lines:
        while True:
            line = lines.readline()
            if not line.endswith("\n"):
                if done.is_set():
                    break
                time.sleep(0.2)
                continue
            name, count, total = line.split()
            if name not in bars:
                bars[name] = tqdm(total=int(total), desc=name, unit="状態", mininterval=1, leave=True)
            bars[name].update(int(count) - bars[name].n)
            if count == total:
                bars.pop(name).close()
    for bar in bars.values():
        bar.close()


def _stop(app: Sphinx, exception: Exception | None) -> None:
    done, thread, folder = app._sawaru_progress  # type: ignore[attr-defined]
    done.set()
    thread.join(timeout=5)
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("SAWARU_SNAPSHOT", "SAWARU_PROGRESS"):
        os.environ.pop(name, None)


def _ship(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "sawaru"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "explorer.js").write_text(frontend.page_script(), encoding="utf-8")
    (folder / "explorer.css").write_text(frontend.text("explorer.css"), encoding="utf-8")
    for name in frontend.BUNDLES:
        shutil.copyfile(frontend.bundle_path(name), folder / f"plotly-{name}.min.js")


def _check_notebooks(app: Sphinx, env: Any, docnames: list[str]) -> None:
    for docname in docnames:
        path = Path(env.doc2path(docname))
        if path.suffix == ".ipynb":
            try:
                load(path)
            except NotebookError as error:
                raise ExtensionError(str(error)) from None


def _load_where_needed(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    explorers = [(name, int(size)) for name, size in _EXPLORER.findall(context.get("body", ""))]
    if not explorers:
        return
    names = [name for name, _ in explorers]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ExtensionError(
            f"{pagename}：explore の関数名 {', '.join(repeated)} が二度使われています。名前を分けてください。"
        )
    total = sum(size for _, size in explorers)
    if total > MAX_CHAPTER_BYTES:
        sizes = "、".join(f"{name} {size:,}" for name, size in sorted(explorers, key=lambda e: -e[1]))
        raise ExtensionError(
            f"{pagename}：スナップショットが合わせて {total:,} バイトあります（上限 {MAX_CHAPTER_BYTES:,}）。内訳：{sizes}。"
        )
    app.add_css_file("sawaru/explorer.css")
    app.add_js_file("sawaru/explorer.js", loading_method="defer")
