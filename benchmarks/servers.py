"""What benchmarks and browser tests need running: a browser, a folder served over HTTP, a JupyterLab."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"),  # 3-D figures draw in software
    *("--disable-background-networking", "--disable-component-update"),
]
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


@contextmanager
def chromium(*flags: str, executable: str | None = CHROMIUM) -> Iterator[Browser]:
    if executable is None:
        raise SystemExit("Chromium が見つかりません。make chromium を実行してください。")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*FLAGS, *flags])
        yield browser
        browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on localhost; gives its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a browser may leave before it has read all
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@contextmanager
def jupyterlab(notebooks: Path, work: Path) -> Iterator[str]:
    """Run a JupyterLab over a folder of notebooks, its settings and log in `work`; gives its address."""
    settings = work / "app"
    shutil.copytree(Path(sys.prefix) / "share/jupyter/lab", settings)
    (settings / "settings").mkdir(exist_ok=True)
    (settings / "settings/overrides.json").write_text(json.dumps(LAB_SETTINGS))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(work / "config"),
        "JUPYTER_RUNTIME_DIR": str(work / "run"),
    }
    environment.pop("SAWARU_SNAPSHOT", None)
    with (work / "log").open("w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(f"--port={port}", "--ip=127.0.0.1", f"--ServerApp.root_dir={notebooks}"),
                *(f"--LabApp.app_dir={settings}", "--LabApp.news_url=None", "--IdentityProvider.token="),
                *("--ServerApp.password=", "--ServerApp.disable_check_xsrf=True"),
            ],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(address + "api/status", timeout=2)
                    break
                except OSError:
                    if server.poll() is not None:
                        raise SystemExit((work / "log").read_text()) from None
                    time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)
