"""Weights and texts are found in a checkout and in an installed wheel alike."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sawaru.assets import asset

ROOT = Path(__file__).parents[2]
WEIGHTS = sorted(p.name for p in (ROOT / "assets" / "weights").glob("*.safetensors"))


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_are_found_small_and_can_be_rebuilt(name: str) -> None:
    path = asset(f"weights/{name}")
    assert path.stat().st_size <= 2_000_000
    scripts = [p for p in path.parent.glob("*.py") if name.startswith(p.stem)]
    assert scripts, f"{name} を作るスクリプトがありません"
    assert scripts[0].with_suffix(".json").exists(), "学習の記録がありません"


def test_a_missing_file_says_what_to_do() -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.safetensors が見つかりません。.*make weights"):
        asset("weights/nothing.safetensors")


def test_the_wheel_carries_them(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run([*build, "--disable-pip-version-check"], check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for name in WEIGHTS:
        assert f"sawaru/assets/weights/{name}" in names
