"""A class on one machine: a real JupyterHub with the settings of `deploy/jupyterhub`, real servers and a real browser."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect
from servers import chromium

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "jupyterhub"
PROXY = ROOT / ".venv" / "hub" / "node_modules" / ".bin" / "configurable-http-proxy"
SECONDS = 1_000
TOKEN, CULLER = "only-for-this-test", "only-for-the-culler"
links = runpy.run_path(str(DEPLOY / "links.py"))

# How The Littlest JupyterHub turns config.yaml into JupyterHub's own settings, with a spawner that needs no systemd.
CONFIG = """
import sys
c = get_config()
load_subconfig({snippet!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args += ["--allow-root", "--ServerApp.root_dir=" + {homes!r}]
c.Spawner.mem_limit = {memory!r}
c.Spawner.cpu_limit = {cpu!r}
c.Spawner.default_url = "/lab"
c.JupyterHub.services = [
    {{"name": "test", "api_token": {token!r}}},
    {{"name": "cull", "api_token": {culler!r}}},
]
c.JupyterHub.load_roles = [
    {{"name": "test", "scopes": ["admin:users", "admin:servers", "list:users"], "services": ["test"]}},
    {{"name": "cull", "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"], "services": ["cull"]}},
]
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "config.yaml").read_text(encoding="utf-8"))


class Hub:
    def __init__(self, address: str, homes: Path, log: Path) -> None:
        self.address, self.homes, self.log = address, homes, log

    def api(self, path: str) -> Any:
        request = urllib.request.Request(
            f"{self.address}/hub/api/{path}", headers={"Authorization": f"token {TOKEN}"}
        )
        return json.load(urllib.request.urlopen(request, timeout=20))

    @contextmanager
    def culling(self) -> Iterator[None]:
        """What the settings let stop idle servers, with a second for a limit."""
        environment = {**os.environ, "JUPYTERHUB_API_TOKEN": CULLER}
        arguments = [f"--url={self.address}/hub/api", "--timeout=1", "--cull-every=1"]
        with self.log.open("a") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub_idle_culler", *arguments],
                **{"env": environment, "stdout": out, "stderr": out},
            )
            try:
                yield
            finally:
                process.terminate()
                process.wait(timeout=30)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]) -> Iterator[Hub]:
    assert PROXY.exists(), "make test-hub を使ってください（configurable-http-proxy を入れます）。"
    folder = tmp_path_factory.mktemp("hub")
    homes, log = folder / "homes", folder / "hub.log"
    homes.mkdir()
    port, hub_port, api_port = free_port(), free_port(), free_port()
    config = CONFIG.format(
        snippet=str(DEPLOY / "jupyterhub_config.d" / "sawaru.py"),
        proxy=str(PROXY),
        port=port,
        hub_port=hub_port,
        api_port=api_port,
        homes=str(homes),
        token=TOKEN,
        culler=CULLER,
        memory=settings["limits"]["memory"],
        cpu=settings["limits"]["cpu"],
    )
    (folder / "jupyterhub_config.py").write_text(config)
    environment = {**os.environ, "CONFIGPROXY_AUTH_TOKEN": "0" * 64}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(folder / "jupyterhub_config.py")],
            **{"cwd": folder, "stdout": out, "stderr": out, "env": environment},
        )
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{address}/hub/health", timeout=2)
                    break
                except (urllib.error.URLError, OSError):
                    assert process.poll() is None, log.read_text()[-3000:]
                    time.sleep(0.5)
            yield Hub(address, homes, log)
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a repository with one chapter, as it stands in this checkout."""
    folder = tmp_path_factory.mktemp("origin") / "sawaru-book"
    (folder / "book/basics").mkdir(parents=True)
    shutil.copy(ROOT / "book/basics/linear_regression.ipynb", folder / "book/basics")
    who = ["-c", "user.name=book", "-c", "user.email=book@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*who, "commit", "-q", "-m", "book"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder.as_uri()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1280, "height": 900})


def test_a_student_follows_a_link_and_the_chapter_lives(hub: Hub, book: str, page: Page) -> None:
    page.goto(links["link"](hub.address, book, "main", "book/basics/linear_regression.ipynb"))
    page.locator("#username_input").fill("hanako")
    page.locator("#password_input").fill("rondo")
    page.locator("#login_submit").click()
    page.wait_for_url(re.compile(r"/user/hanako/lab/"), timeout=150 * SECONDS)
    page.locator(".jp-NotebookPanel .jp-Notebook").wait_for(timeout=90 * SECONDS)
    expect(page.locator("#jp-bottom-panel")).to_contain_text("| Idle", timeout=120 * SECONDS)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    first = page.locator(".sawaru-box").first
    for _ in range(60):
        page.locator(".jp-WindowedPanel-outer").first.evaluate("e => e.scrollBy(0, 400)")
        if first.count() and first.locator(".main-svg").count():
            break
        page.wait_for_timeout(2 * SECONDS)
    expect(first.locator(".main-svg").first).to_be_attached()


def test_limits_and_threads_reach_the_student(hub: Hub, settings: dict[str, Any]) -> None:
    """SimpleLocalProcessSpawner announces the limits; systemd (TLJH) and Kubernetes enforce them."""
    gigabytes = float(settings["limits"]["memory"].removesuffix("G"))
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            environment = dict(
                v.partition("=")[::2] for v in (process / "environ").read_text().split("\0") if v
            )
        except OSError:
            continue
        if b"jupyterhub.singleuser" in command and environment.get("JUPYTERHUB_USER") == "hanako":
            found.append((command.decode(), environment))
    assert found, hub.log.read_text()[-3000:]
    command, environment = found[0]
    assert int(environment["MEM_LIMIT"]) == gigabytes * 1024**3
    assert float(environment["CPU_LIMIT"]) == settings["limits"]["cpu"]
    assert environment["OMP_NUM_THREADS"] == "1"
    assert "MappingKernelManager.cull_idle_timeout" in command


def test_an_idle_server_is_stopped_and_the_work_stays(hub: Hub, page: Page) -> None:
    page.goto("about:blank")
    assert hub.api("users/hanako")["servers"]
    with hub.culling():
        for _ in range(120):
            if not hub.api("users/hanako")["servers"]:
                break
            time.sleep(0.5)
        else:
            raise AssertionError(hub.log.read_text()[-3000:])
    assert list(hub.homes.rglob("sawaru-book/book/basics/linear_regression.ipynb"))


def test_the_two_layouts_say_the_same(settings: dict[str, Any]) -> None:
    values = yaml.safe_load((DEPLOY / "values.yaml").read_text(encoding="utf-8"))
    one = values["singleuser"]
    assert one["memory"]["limit"] == settings["limits"]["memory"]
    assert one["cpu"]["limit"] == settings["limits"]["cpu"]
    cull = settings["services"]["cull"]
    assert {k: values["cull"][k] for k in ("enabled", "every", "timeout", "users")} == {
        k: cull[k] for k in ("enabled", "every", "timeout", "users")
    }
    snippet = (DEPLOY / "jupyterhub_config.d" / "sawaru.py").read_text(encoding="utf-8")
    for name, value in one["extraEnv"].items():
        assert f'"{name}": "{value}"' in snippet
    kernels = one["extraFiles"]["kernels"]["data"]["MappingKernelManager"]
    for name, value in kernels.items():
        assert f"--MappingKernelManager.{name}={value}" in snippet


def test_every_chapter_has_a_link(capsys: pytest.CaptureFixture[str]) -> None:
    assert links["main"](["https://hub.example.ac.jp/"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(list((ROOT / "book").rglob("*.ipynb")))
    assert (
        said[0].startswith("- [")
        and "https://hub.example.ac.jp/hub/user-redirect/git-pull?repo=https%3A%2F%2F" in said[0]
    )


def test_links_without_an_address_say_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert links["main"]([]) == 2
    assert "使い方" in capsys.readouterr().err
