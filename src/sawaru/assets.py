"""What the chapters load besides code: trained weights and texts, from the repository or from the installed wheel."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from sawaru.device import device

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


def weights(chapter: str) -> dict[str, Tensor]:
    """A chapter's trained weights, `assets/weights/<chapter>.safetensors`, on the device in use.

    Raises:
        FileNotFoundError: there are none; the message says how to get them.
    """
    return load_file(asset(f"weights/{chapter}.safetensors"), device=str(device()))
