"""A runtime as Colab hands one out: everything is installed but the book's library, `google.colab` is loaded, and what is
installed from now on goes nowhere else. No package index can be reached."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

STANDIN = Path(__file__).with_name("standin")


class Runtime:
    """An environment in `folder` that sees the packages of the environment of `python`, the book's library aside."""

    def __init__(self, folder: Path, python: Path) -> None:
        subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
        self.python = folder / "bin" / "python"
        self.log = folder / "colab.log"
        self.log.touch()
        self.own = self._packages(self.python)
        given = folder / "given"
        given.mkdir()
        for package in self._packages(python).iterdir():
            if "sawaru" not in package.name:
                (given / package.name).symlink_to(package)
        start = f"{given}\n{STANDIN}\nimport google.colab.output\n"
        (self.own / "runtime.pth").write_text(start)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHONPATH"))}
        self.environment |= {
            "COLAB_LOG": str(self.log),
            "OMP_NUM_THREADS": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1",
        }
        kernel = folder / "kernels" / "runtime"
        kernel.mkdir(parents=True)
        argv = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (kernel / "kernel.json").write_text(
            json.dumps({"argv": argv, "display_name": "", "language": "python"})
        )
        self._specs = KernelSpecManager(kernel_dirs=[str(kernel.parent)])

    @staticmethod
    def _packages(python: Path) -> Path:
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        return Path(subprocess.check_output([python, "-c", ask], text=True).strip())

    def run(self, *arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *arguments], env=self.environment, text=True, capture_output=True, **more
        )

    def versions(self) -> dict[str, str]:
        """Every package that is installed, with its version."""
        packages = json.loads(self.run("-m", "pip", "list", "--format=json", check=True).stdout)
        return {p["name"]: p["version"] for p in packages}

    def execute(self, *sources: str) -> list[Any]:
        """Run cells in a kernel of this runtime: what each of them put out."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
        kernel = AsyncKernelManager(kernel_name="runtime", kernel_spec_manager=self._specs)
        client = NotebookClient(notebook, km=kernel, timeout=120, allow_errors=True)
        client.execute(env=self.environment)
        return [cell.outputs for cell in notebook.cells]


def said(outputs: list[Any]) -> str:
    """The text of a cell's outputs, an error's last line included."""
    return "".join(o.get("text") or o.get("evalue") or "" for o in outputs)
