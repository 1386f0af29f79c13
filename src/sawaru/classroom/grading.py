"""Runs one notebook's cells in a fresh kernel and reports, after each, what its checks have said.

`collect` starts this file as a program inside the sandbox: cells come as JSON on standard input, reports go line by line to the
file descriptor SAWARU_REPORT. It imports nothing of the library, so that only the kernel pays for PyTorch.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from ast import literal_eval
from queue import Empty
from typing import Any

from jupyter_client.manager import KernelManager

VERDICTS = "__import__('json').dumps(__import__('sys').modules['sawaru.exercise.tally'].verdicts())"
GRACE = 10  # seconds that a cell has to end after it was interrupted


def main() -> None:
    limit_resources(int(os.environ["SAWARU_MEMORY"]))
    job = json.load(sys.stdin)
    report = os.fdopen(int(os.environ.pop("SAWARU_REPORT")), "w", encoding="utf-8")
    manager = KernelManager()
    manager.start_kernel()
    kernel: Any = manager.provisioner.process  # type: ignore[union-attr]
    at = 0  # the cell that runs
    ended = threading.Lock()

    def tell(**what: Any) -> None:
        report.write(json.dumps(what) + "\n")
        report.flush()

    def end(**what: Any) -> None:
        ended.acquire()  # the first to come ends it all
        if what:
            tell(**what)
        kernel.kill()
        os._exit(0)

    def end_with_the_kernel() -> None:
        kernel.wait()
        end(dead=at)

    threading.Thread(target=end_with_the_kernel, daemon=True).start()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    tell(started=True)
    for at, cell in enumerate([*job["cells"], ""], start=1):
        try:
            reply = client.execute_interactive(
                cell,
                allow_stdin=False,
                timeout=job["cell_seconds"],
                output_hook=lambda message: None,
                user_expressions={"verdicts": VERDICTS},
            )["content"]
        except TimeoutError:
            tell(late=at)
            manager.interrupt_kernel()
            if not idle_again(client):
                end(stuck=at)
            continue
        if reply["status"] == "error":
            tell(error=at, kind=str(reply.get("ename")), text=str(reply.get("evalue"))[:300])
        verdicts = reply.get("user_expressions", {}).get("verdicts", {})
        if verdicts.get("status") == "ok":
            tell(verdicts=json.loads(literal_eval(verdicts["data"]["text/plain"])))
    end()


def idle_again(client: Any) -> bool:
    """Whether the interrupted cell has ended. What it said meanwhile is dropped."""
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        try:
            message = client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
        except Empty:
            return False
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return True
    return False


def limit_resources(memory: int) -> None:
    """What the operating system enforces in each process: a MemoryError comes before the whole notebook is stopped."""
    limits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 200_000_000)]
    if sys.platform == "linux":
        limits.append((resource.RLIMIT_DATA, memory))
    for which, value in limits:
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


if __name__ == "__main__":
    main()
