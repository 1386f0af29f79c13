"""A browser test that fails now and then: run again by itself, told as 不安定, and not more than twice a run."""

from __future__ import annotations

from pathlib import Path

import pytest
import unstable

pytest_plugins = ["pytester"]

CONFTEST = """
from pathlib import Path
from unstable import NAME, Unstable

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Unstable(Path(__file__).parent), NAME)
"""
TESTS = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("n", range(%d))
def test_wavers(n):
    before = Path(__file__).with_name(f"before-{n}")
    first = not before.exists()
    before.touch()
    assert not first, "一度目です"

@pytest.mark.parametrize("n", range(%d))
def test_fails(n):
    assert False

def test_stands():
    pass
"""


WORKERS = ("-p", "xdist.plugin", "-n", "2")


@pytest.mark.parametrize(
    ("wavering", "failing", "options", "passes", "summary"),
    [
        (2, 0, WORKERS, True, "*1 passed, *2 不安定*"),
        (3, 0, (), False, "*1 passed, *3 不安定*"),
        (1, 1, WORKERS, False, "*1 failed, 1 passed, 1 不安定*"),
    ],
    ids=["two", "three", "one, and one that fails"],
)
def test_what_passes_by_itself_is_unstable_and_two_are_borne(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    wavering: int,
    failing: int,
    options: tuple[str, ...],
    passes: bool,
    summary: str,
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini(f"[pytest]\npythonpath = {Path(unstable.__file__).parent}")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS % (wavering, failing))
    result = pytester.runpytest_subprocess("-q", *options)
    assert (result.ret == 0) is passes
    result.stdout.fnmatch_lines(["不安定 *::test_wavers?0?：*一度目です*", summary])
    assert ("2 つまで" in str(result.stdout)) is (wavering > 2)
