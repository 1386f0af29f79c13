"""All questions of one page go to one worker, which opens it once (pytest 9.2 does not see the groups of xdist 3.8)."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling


def page_of(test: str) -> str:
    """What of a test's id is the same for all questions of one page in one way of looking: its file and its parameters, or its class."""
    name, bracket, parameters = test.partition("[")
    file, *inside = name.split("::")
    if bracket:
        return f"{file} {parameters}"
    return f"{file}::{inside[0]}" if len(inside) > 1 else test


class PageByPage(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return page_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> PageByPage:
    return PageByPage(config, log)
