"""The third-party files in the repository are the published ones, unchanged and complete."""

import hashlib
import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = runpy.run_path(str(ROOT / "tools" / "vendor.py"))
RECORD = json.loads(VENDOR["RECORD"].read_text(encoding="utf-8"))
FILES = {path: digest for package in RECORD for path, digest in package["files"].items()}


def test_record_has_the_packages_of_the_script() -> None:
    assert [(p["name"], p["version"]) for p in RECORD] == [(n, v) for n, v, _ in VENDOR["PACKAGES"]]


@pytest.mark.parametrize("path", FILES)
def test_file_is_the_published_one(path: str) -> None:
    assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == FILES[path]


def test_nothing_else_lies_in_the_vendor_folders() -> None:
    folders = (VENDOR["PLOTLY"], VENDOR["KATEX"])
    found = {p.relative_to(ROOT).as_posix() for f in folders for p in (ROOT / f).rglob("*") if p.is_file()}
    assert found == set(FILES)
