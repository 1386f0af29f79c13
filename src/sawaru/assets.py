"""What the chapters load besides code: trained weights and texts, from the repository or from the installed wheel."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
# An installed wheel carries the folder inside the package, a checkout has it at its top level.
_FOLDERS = (_HERE / "assets", _HERE.parents[1] / "assets")


def asset(name: str) -> Path:
    """The path of a file under `assets/`, e.g. `asset("weights/attention.safetensors")`.

    Raises:
        FileNotFoundError: there is no such file; the message says how to get it.
    """
    for folder in _FOLDERS:
        if (path := folder / name).is_file():
            return path
    raise FileNotFoundError(
        f"{name} が見つかりません。sawaru を入れ直すか、リポジトリの中で make weights を実行してください。"
    )
