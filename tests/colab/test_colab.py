"""The chapters on Colab: its versions of what the library rests on, its way of showing widgets, and their own setup cells.

Run by `make test-colab`, which makes the environment that stands for Colab's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import publish
import pytest
from runtime import Runtime, said
from servers import served

ROOT = Path(__file__).parents[2]
COLAB = ROOT / ".venv" / "colab" / "bin" / "python"
CHAPTERS = sorted(p for p in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
COLABS_OWN = (ROOT / "tests" / "colab.txt").read_text(encoding="utf-8").partition("\n\n")[0]
# What meets other versions here than where the site is built.
MEETS_COLAB = [
    *(f"tests/unit/test_{name}.py" for name in ("controls", "device", "exercise", "explore", "snapshot")),
    "tests/exercises",
]
SAYS = (
    "この本のライブラリ sawaru が入っていません。通信できるかを確かめて、このセルをもう一度実行してください。"
)


def setup_cell(chapter: Path, place: str) -> str:
    """The setup cell of a chapter, as a site publishes it whose wheel lies at `place`."""
    cells = json.loads(publish.ready(publish.load(chapter), place, ""))["cells"]
    return "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "code"))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the published wheel."""
    folder = tmp_path_factory.mktemp("site")
    wheel = publish.build_wheel(folder)
    with served(folder) as address:
        yield address + wheel.name


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    assert COLAB.exists(), "Colab と同じ環境がありません。make test-colab を実行してください。"
    return Runtime(tmp_path / "runtime", COLAB)


# First of all, and the chapters first of the other half: so two workers share what is long.
@pytest.mark.timeout(900)
def test_the_library_and_its_exercises(runtime: Runtime, place: str) -> None:
    runtime.execute(setup_cell(CHAPTERS[0], place))
    ran = runtime.run("-m", "pytest", "-q", "-n2", "-p", "no:cacheprovider", *MEETS_COLAB, cwd=ROOT)
    assert ran.returncode == 0, ran.stdout[-10_000:] + ran.stderr[-2000:]


def test_the_environment_has_colabs_versions(runtime: Runtime) -> None:
    there = runtime.versions()
    wanted = dict(re.findall(r"^([\w-]+)==(\S+)", COLABS_OWN, re.M))
    assert len(wanted) == 6
    assert {name: there.get(name) for name in wanted} == wanted
    assert "sawaru" not in there


def test_setup_cells_install_the_wheel_once_and_leave_the_rest_alone(runtime: Runtime, place: str) -> None:
    before = runtime.versions()
    torch = Path(said(runtime.execute("import torch; print(torch.__file__)")[0]).strip())
    modified = torch.stat().st_mtime_ns
    cells = [setup_cell(chapter, place) for chapter in CHAPTERS]
    outputs = runtime.execute(*cells, "import sawaru, torch; print(sawaru.__file__, torch.__version__)")
    assert [o for cell in outputs for o in cell if o["output_type"] == "error"] == []
    installed, version = said(outputs[-1]).split()
    assert Path(installed).is_relative_to(runtime.own)
    assert runtime.versions() == before | {"sawaru": version_of(place)}
    assert (version, torch.stat().st_mtime_ns) == (before["torch"], modified)
    assert all("pip" not in said(cell) and "kernel" not in said(cell) for cell in outputs[1:]), (
        "once is enough"
    )


def version_of(place: str) -> str:
    return place.rpartition("/")[2].split("-")[1]


@pytest.mark.timeout(1800)
def test_every_chapter_runs_and_asks_for_widgets_once(runtime: Runtime, place: str) -> None:
    runtime.execute(setup_cell(CHAPTERS[0], place))
    before = runtime.versions()
    nbval = [
        *("--nbval-lax", "--nbval-cell-timeout=120", "--dist=loadscope", "-n2", "-p", "no:cacheprovider")
    ]
    ran = runtime.run("-m", "pytest", "-q", *nbval, *CHAPTERS, cwd=ROOT)
    assert ran.returncode == 0, ran.stdout[-10_000:] + ran.stderr[-2000:]
    kernels = runtime.log.read_text().split()
    assert len(kernels) == len(set(kernels)) == len(CHAPTERS), "a kernel switches its widget manager on once"
    assert runtime.versions() == before


@pytest.mark.parametrize("chapter", CHAPTERS[:1], ids=lambda p: p.stem)
def test_a_place_that_does_not_answer(runtime: Runtime, place: str, chapter: Path) -> None:
    before = runtime.versions()
    nowhere = place.replace("/sawaru-", "/nowhere/sawaru-")
    failed, again, later = runtime.execute(
        setup_cell(chapter, nowhere), setup_cell(chapter, place), "print(sys.modules['sawaru'].__name__)"
    )
    assert failed[-1]["ename"] == "RuntimeError"
    assert failed[-1]["evalue"].startswith(SAYS)
    assert failed[-1]["evalue"].endswith(
        f"Colab のほかでは、先に %pip install {nowhere} を実行してください。"
    )
    assert "ERROR" in said(failed[:-1]), "what pip says stands above it"
    assert [o for o in again if o["output_type"] == "error"] == [], "the way out that the message names"
    assert said(later) == "sawaru\n"
    assert runtime.versions() == before | {"sawaru": version_of(place)}


def test_elsewhere_nothing_is_installed_unasked(runtime: Runtime, place: str) -> None:
    cell = setup_cell(CHAPTERS[0], place)
    _, failed, _, works = runtime.execute(
        "import sys; del sys.modules['google.colab']", cell, f"%pip install --quiet {place}", cell
    )
    assert [o["output_type"] for o in failed] == ["error"]
    assert said(failed).startswith(SAYS)
    assert works == []
