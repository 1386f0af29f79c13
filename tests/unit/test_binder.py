"""Binder's image holds what the library asks for, name by name and range by range, and can be built at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA_NAMES = {
    "torch": "pytorch-cpu"
}  # pytorch alone may be the one with CUDA: gigabytes that Binder has no use for
CONDA = {
    match[1]: SpecifierSet(match[2].replace("=", "==") if re.match(r"=\d", match[2]) else match[2])
    for spec in ENVIRONMENT["dependencies"]
    if isinstance(spec, str) and (match := re.fullmatch(r"([\w-]+)(.*)", spec))
}
PIP = [line for spec in ENVIRONMENT["dependencies"] if isinstance(spec, dict) for line in spec["pip"]]


def test_names_and_ranges_are_those_of_the_project() -> None:
    book = [Requirement(r) for r in PROJECT["optional-dependencies"]["book"]]
    wanted = [*map(Requirement, PROJECT["dependencies"]), *(r for r in book if r.name == "jupyterlab")]
    ranges = {CONDA_NAMES.get(r.name, r.name): r.specifier for r in wanted}
    assert {name: CONDA[name] for name in CONDA.keys() - {"python", "pip"}} == ranges
    assert ENVIRONMENT["channels"] == ["conda-forge"]


def test_its_python_is_one_that_the_project_supports() -> None:
    (python,) = CONDA["python"]
    assert Version(python.version) in SpecifierSet(PROJECT["requires-python"])
    assert f"Programming Language :: Python :: {python.version}" in PROJECT["classifiers"]


def test_pip_adds_the_library_alone(tmp_path: Path) -> None:
    """Conda hands this list to pip as a requirements file, in which not every option of the command line is allowed."""
    assert PIP == ["--editable ."]
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("\n".join(PIP), encoding="utf-8")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    done = subprocess.run(
        [*pip, "-r", str(requirements)],
        cwd=ROOT,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"Would install {PROJECT['name']}-{PROJECT['version']}" in done.stdout
