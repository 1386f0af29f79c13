"""A class on one machine: N students run a chapter at once, then move its sliders. Memory, first figure, slider to figure.

The kernels and the callbacks are real; each student is a thread that speaks to a kernel as a browser would. What the browser
itself does (see `live`) happens on the student's own computer and is not counted.
"""

from __future__ import annotations

import os
import random
import runpy
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import psutil
from jupyter_client.manager import KernelManager
from report import ROOT, Promise, Report, median, p95, table
from servers import jupyterlab

CHAPTER = ROOT / "book" / "basics" / "gradient_descent.ipynb"
CLASSES = (1, 5, 10, 20)
MOVES, SECONDS_BETWEEN = 15, 1.0  # a hand that moves on once a second
MEMORY = 24e9


class Student:
    """One kernel, and the other end of its widgets."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()  # for its sockets: ports of many kernels at once collide
        self.manager = KernelManager(kernel_name="python3", transport="ipc", ip=f"{self.folder.name}/kernel")
        self.sliders: dict[str, dict[str, Any]] = {}  # comm id: its state
        self.plot_of: dict[str, str] = {}  # slider's comm id: that of the plot shown with it
        self.first_figure: float | None = None
        self.latencies: list[float] = []

    def run_chapter(self) -> None:
        start = time.perf_counter()
        self.manager.start_kernel(cwd=str(CHAPTER.parent))
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=300)
        waiting: list[str] = []
        for cell in nbformat.read(CHAPTER, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            sent = self.client.execute(cell.source)
            while True:
                message = self.client.get_iopub_msg(timeout=300)
                kind, content = message["msg_type"], message["content"]
                if kind == "error":
                    raise SystemExit("\n".join(content["traceback"]))
                if kind == "comm_open":
                    state = content["data"]["state"]
                    if state.get("_model_name") == "SelectionSliderModel":
                        self.sliders[content["comm_id"]] = state
                        waiting.append(content["comm_id"])
                    if "figure" in state:
                        self.plot_of |= dict.fromkeys(waiting, content["comm_id"])
                        waiting = []
                        if self.first_figure is None:
                            self.first_figure = time.perf_counter() - start
                if (
                    kind == "status"
                    and content["execution_state"] == "idle"
                    and message["parent_header"].get("msg_id") == sent
                ):
                    break

    def move(self) -> None:
        """Move one slider to another value, and wait for its figure."""
        slider = random.choice([s for s in self.sliders if s in self.plot_of])
        state = self.sliders[slider]
        others = [i for i in range(len(state["_options_labels"])) if i != state["index"]]
        state["index"] = random.choice(others)
        self.drain()
        data = {"method": "update", "state": {"index": state["index"]}, "buffer_paths": []}
        start = time.perf_counter()
        message = self.client.session.msg("comm_msg", {"comm_id": slider, "data": data})
        self.client.shell_channel.send(message)
        while True:
            content = self.client.get_iopub_msg(timeout=60)["content"]
            if content.get("comm_id") == self.plot_of[slider] and "figure" in content["data"].get(
                "state", {}
            ):
                self.latencies.append(1000 * (time.perf_counter() - start))
                return

    def drain(self) -> None:
        while True:
            try:
                self.client.get_iopub_msg(timeout=0)
            except Empty:
                return

    def play(self) -> None:
        for _ in range(MOVES):
            time.sleep(SECONDS_BETWEEN * random.uniform(0.5, 1.5))
            self.move()

    def memory(self) -> float:
        return float(psutil.Process(self.manager.provisioner.pid).memory_full_info().pss)

    def leave(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.folder.cleanup()


def together(actions: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def hub_environment() -> dict[str, str]:
    """The environment that `deploy/jupyterhub` gives each student."""
    settings = types.SimpleNamespace(Spawner=types.SimpleNamespace(), JupyterHub=types.SimpleNamespace())
    snippet = ROOT / "deploy" / "jupyterhub" / "jupyterhub_config.d" / "sawaru.py"
    runpy.run_path(str(snippet), {"get_config": lambda: settings})
    return dict(settings.Spawner.environment)


def server_memory() -> float:
    """One student's JupyterLab server without a kernel, in bytes."""
    with tempfile.TemporaryDirectory() as folder, jupyterlab(Path(folder), Path(folder)):
        time.sleep(2)
        servers = [p for p in psutil.Process().children(recursive=True) if "jupyter" in " ".join(p.cmdline())]
        return float(sum(p.memory_full_info().pss for p in servers))


def measure() -> Report:
    os.environ |= hub_environment()
    random.seed(0)
    server = server_memory()
    rows, kernels, slow = [], 0.0, []
    for n in CLASSES:
        students = [Student() for _ in range(n)]
        try:
            start = time.perf_counter()
            together([s.run_chapter for s in students])
            whole = time.perf_counter() - start
            together([s.play for s in students])
            kernels = sum(s.memory() for s in students) / n
            first = [s.first_figure or float("nan") for s in students]
            moves = [ms for s in students for ms in s.latencies]
        finally:
            for student in students:
                student.leave()
        slow.append(p95(moves))
        rows.append(
            (
                f"{n} 人",
                f"{kernels / 1e6:.0f}",
                f"{median(first):.1f}",
                f"{whole:.0f}",
                f"{median(moves):.0f}",
                f"{p95(moves):.0f}",
            )
        )
    each = server + kernels
    fits = int(0.9 * MEMORY / each)
    head = (
        *("同時に", "カーネルのメモリ [MB]", "最初の図まで [秒]"),
        *("全員が章を実行し終わるまで [秒]", "つまみから図まで 中央値 [ms]", "95% 点 [ms]"),
    )
    said = (
        f"一人あたりのメモリは、サーバー {server / 1e6:.0f} MB とカーネル {kernels / 1e6:.0f} MB です。24 GB の計算機には、"
        f"1 割を残して {fits} 人が入ります。"
    )
    return Report(
        [
            Promise(
                "教室：20 人が 1 秒に 1 回つまみを動かす",
                "つまみから図が届くまで 95% 点 300 ms 以下",
                f"{slow[-1]:.0f} ms",
                slow[-1] <= 300,
            )
        ],
        table(head, rows) + "\n\n" + said,
    )


if __name__ == "__main__":
    CLASSES = tuple(map(int, sys.argv[1:])) or CLASSES
    print(measure())
