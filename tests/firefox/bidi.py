"""Debian's Firefox, driven by WebDriver BiDi: the W3C's protocol, which Firefox speaks itself, over one web socket."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websocket import create_connection

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
SETTINGS = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "intl.accept_languages": "ja",
    "webgl.force-enabled": True,  # the processor draws where there is no graphics card
    # No host but this one, for pages and for Firefox itself: a proxy that nobody keeps.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    # window.print() asks nobody.
    "print.always_print_silent": True,
    "print_printer": "Mozilla Save to PDF",
    "print.printer_Mozilla_Save_to_PDF.print_to_file": True,
    "print.printer_Mozilla_Save_to_PDF.print_paper_id": "iso_a4",
}


class Firefox:
    """One session: a call waits for its answer; what the pages tell meanwhile is kept in `told`."""

    def __init__(self, address: str, paper: Path) -> None:
        self.socket = create_connection(f"{address}/session", suppress_origin=True, timeout=240)
        self.paper = paper  # the file that window.print() writes
        self.calls = 0
        self.told: list[dict[str, Any]] = []
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.calls += 1
        self.socket.send(json.dumps({"id": self.calls, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message["type"] == "event":
                self.told.append(message["params"] | {"method": message["method"]})
            elif message["id"] == self.calls:
                assert message["type"] == "success", f"{method}: {message['message']}"
                return dict(message["result"])


class Page:
    """A tab of its own, 1280 pixels wide, that remembers its errors and whom it asked for files."""

    def __init__(self, firefox: Firefox, address: str, before: str = "") -> None:
        self.firefox = firefox
        self.context = firefox.call("browsingContext.create", type="tab")["context"]
        size = {"width": 1280, "height": 900}
        firefox.call("browsingContext.setViewport", context=self.context, viewport=size)
        if before:
            firefox.call("script.addPreloadScript", functionDeclaration=before, contexts=[self.context])
        self.goto(address)

    def goto(self, address: str) -> None:
        self.firefox.call("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def run(self, function: str, *arguments: Any) -> Any:
        """What a JavaScript function gives for plain arguments, its promise kept."""
        given = ", ".join(json.dumps(a, ensure_ascii=False) for a in arguments)
        answer = self.firefox.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({function})({given})) ?? null))()",
            target={"context": self.context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"]["value"])

    def until(self, condition: str, seconds: int = 60) -> None:
        """Wait for what must come true; how fast a page is says nothing about whether it is right."""
        end = time.monotonic() + seconds
        while not self.run(condition):
            assert time.monotonic() < end, f"{seconds} 秒待っても成り立ちません：{condition}"
            time.sleep(0.02)

    @property
    def errors(self) -> list[str]:
        entries = [t for t in self.firefox.told if t["method"] == "log.entryAdded"]
        mine = [e for e in entries if e["source"].get("context") == self.context]
        return [e["text"] for e in mine if e["level"] == "error"]

    @property
    def asked(self) -> list[str]:
        """The addresses of all that the page fetched."""
        requests = [t for t in self.firefox.told if t["method"] == "network.beforeRequestSent"]
        return [r["request"]["url"] for r in requests if r["context"] == self.context]

    def close(self) -> None:
        self.firefox.call("browsingContext.close", context=self.context)


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """Firefox on a screen that nobody sees: without any screen it has no WebGL (bugzilla.mozilla.org 1375585)."""
    assert FIREFOX and shutil.which("Xvfb"), (
        "Firefox か Xvfb が見つかりません。tests/install_firefox.sh を実行してください。"
    )
    paper = folder / "page.pdf"
    settings = SETTINGS | {"print.printer_Mozilla_Save_to_PDF.print_to_filename": str(paper)}
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in settings.items()]
    (folder / "user.js").write_text("\n".join(lines), encoding="utf-8")
    running: list[subprocess.Popen[str]] = []

    def start(*command: str, **options: Any) -> subprocess.Popen[str]:
        running.append(subprocess.Popen(command, text=True, **options))
        return running[-1]

    try:
        screen = start(
            *("Xvfb", "-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert screen.stdout
        display = screen.stdout.readline().strip()
        browser = start(
            *(FIREFOX, "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"),
            env=os.environ | {"DISPLAY": f":{display}", "LIBGL_ALWAYS_SOFTWARE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert browser.stderr
        found = (re.search(r"BiDi listening on (\S+)", line) for line in browser.stderr)
        yield Firefox(next(m[1] for m in found if m), paper)
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(20)
