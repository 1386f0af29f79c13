"""A failed browser test is run again by itself: what then passes is told as 不安定, and more than two of them fail the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NAME = "unstable"  # of this plugin, for `-p no:unstable`
WORD = "不安定"
TOLERATED = 2
WORTH = 10  # with more failures something is broken, and a second try of each would only take time


class Unstable:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @pytest.hookimpl(trylast=True)  # xdist has ended its workers, the summary is still to come
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        whole = exitstatus == pytest.ExitCode.TESTS_FAILED and not (session.shouldstop or session.shouldfail)
        if reporter is None or not whole:
            return
        root = session.config.rootpath
        bad = [report for kind in ("failed", "error") for report in reporter.stats.get(kind, [])]
        failed = dict.fromkeys(report.nodeid for report in bad)
        here = [test for test in failed if (root / test.partition("::")[0]).is_relative_to(self.folder)]
        if len(here) > WORTH:
            return
        passed = {test for test in here if passes_alone(test, root)}
        for kind in ("failed", "error"):
            left = [report for report in reporter.stats.pop(kind, []) if report.nodeid not in passed]
            if left:
                reporter.stats[kind] = left
        if passed:
            reporter.stats[WORD] = [next(r for r in bad if r.nodeid == test) for test in sorted(passed)]
        if passed == set(failed) and len(passed) <= TOLERATED:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        unstable = terminalreporter.stats.get(WORD, [])
        if not unstable:
            return
        terminalreporter.section(f"{WORD}（失敗したあと、一つだけで動かすと通ったテスト）")
        for report in unstable:
            crash = getattr(report.longrepr, "reprcrash", None)
            said = str(crash.message if crash else report.longrepr).strip().partition("\n")[0]
            terminalreporter.line(f"{WORD} {report.nodeid}：{said}")
        if len(unstable) > TOLERATED:
            terminalreporter.line(
                f"{WORD}なテストが {len(unstable)} つあります（{TOLERATED} つまで）。", red=True
            )


def passes_alone(test: str, root: Path) -> bool:
    again = [sys.executable, "-m", "pytest", "-q", "-p", f"no:{NAME}", "-p", "no:cacheprovider", test]
    return (
        subprocess.run(again, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    )
