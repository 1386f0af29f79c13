"""A plugin for pytest beside nbval (`-p peak_memory`): how much memory each notebook's kernel took, and that Binder has it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

BINDER = 2_000_000_000
JUPYTERLAB = 400_000_000  # the server that runs beside the kernel, with room to spare
KEY = "peak memory"


def peak(pid: int) -> int | None:
    """The most bytes that a process had in memory at once; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    kernel = getattr(item.parent, "kernel", None)
    if call.when == "call" and kernel is not None:
        used = peak(kernel.km.provisioner.pid)
        if used is not None:
            report.user_properties.append((KEY, used))
            if used > BINDER - JUPYTERLAB and report.passed:
                report.outcome = "failed"
                report.longrepr = (
                    f"カーネルが {used / 1e6:,.0f} MB を使いました。Binder の 2 GB に収まりません。"
                )
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    peaks: dict[str, int] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for key, used in getattr(report, "user_properties", []):
                if key == KEY:
                    name = report.nodeid.partition("::")[0]
                    peaks[name] = max(used, peaks.get(name, 0))
    if peaks:
        terminalreporter.section("カーネルのメモリの最大")
        for name, used in sorted(peaks.items()):
            terminalreporter.line(f"{used / 1e6:7,.0f} MB  {name}")
