"""What a fork publishes, built by `make site` itself: its own names everywhere, and notebooks that install its own wheel."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import publish
import pytest
import yaml
from bs4 import BeautifulSoup
from runtime import Runtime
from servers import served

ROOT = Path(__file__).parents[2]
COPIED = (
    "_config.yml",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "environment.yml",
    "Makefile",
    ".ci",
    "assets",
    "src",
    "tools",
)
UPSTREAM = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
WHEEL = f"sawaru-{VERSION}-py3-none-any.whl"

pytestmark = pytest.mark.timeout(900)  # the fixture builds a book
CHAPTER = [
    (
        "markdown",
        "# 章\n\n[次の章](next.ipynb#問い)と[記号](../notation.md)、[外](https://example.org/a.md)へ。",
    ),
    (
        "code",
        "#@title 準備（最初に一度だけ実行します）\n\nfrom sawaru import check, explore\nfrom sawaru.figure import figure",
    ),
    ("code", '@explore(n=(1, 3))\ndef waves(n):\n    """波"""\n    return figure(title=f"{n} の波")'),
    ("code", "import sawaru\n\nsawaru.__file__"),
]
NEXT = [("markdown", "# 次の章\n\n## 問い"), CHAPTER[1]]


def write(path: Path, cells: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = [
        {"cell_type": kind, "metadata": {}, "source": text}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for kind, text in cells
    ]
    path.write_text(
        json.dumps({"cells": whole, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8"
    )


def git(*arguments: str, at: Path) -> str:
    who = ["-c", "user.name=先生", "-c", "user.email=sensei@example.org"]
    return subprocess.run(
        ["git", *who, *arguments], cwd=at, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A fork of the book with two small chapters, its site built and served: the site's folder and its address."""
    folder = tmp_path_factory.mktemp("fork")
    for name in COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    write(folder / "book/part/chapter.ipynb", CHAPTER)
    write(folder / "book/part/next.ipynb", NEXT)
    (folder / "book/notation.md").write_text(
        f"# 記号\n\n```bash\ngit clone {UPSTREAM} sawaru\n```\n", encoding="utf-8"
    )
    toc = "format: jb-book\nroot: book/notation\nchapters:\n  - file: book/part/chapter\n  - file: book/part/next\n"
    (folder / "_toc.yml").write_text(toc)
    subprocess.run([sys.executable, folder / "tools/notebooks.py", "--fix", folder / "book"], check=True)
    site = folder / "_build/html"
    site.mkdir(parents=True)
    (site / "sawaru-0.0.1-py3-none-any.whl").touch()  # of an earlier publication
    (site / "sawaru-book.zip").touch()
    with served(site) as address:
        make = ["make", "-o", ".venv/ready", f"BIN={Path(sys.executable).parent}", "site"]
        built = subprocess.run(
            [*make, "REPOSITORY=Sensei/kikai-gakushu", f"ADDRESS={address}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stdout + built.stderr
        assert address in built.stdout
        yield site, address


def test_pages_name_the_fork(fork: tuple[Path, str]) -> None:
    site, address = fork
    page = BeautifulSoup((site / "book/part/chapter.html").read_text(encoding="utf-8"), "html.parser")
    links = {str(a["href"]) for a in page.find_all(["a", "link"], href=True)}
    path = "_sources/book/part/chapter.ipynb"
    assert f"https://colab.research.google.com/github/Sensei/kikai-gakushu/blob/gh-pages/{path}" in links
    assert f"https://mybinder.org/v2/gh/Sensei/kikai-gakushu/gh-pages?urlpath=lab/tree/{path}" in links
    assert "https://github.com/Sensei/kikai-gakushu" in links
    assert f"{address}book/part/chapter.html" in links, "canonical"
    assert (site / path).exists()
    assert f'SAWARU = "{address}{WHEEL}"' in page.get_text()
    clone = BeautifulSoup((site / "book/notation.html").read_text(encoding="utf-8"), "html.parser").get_text()
    assert "git clone https://github.com/Sensei/kikai-gakushu sawaru" in clone
    for html in site.rglob("*.html"):
        assert UPSTREAM not in BeautifulSoup(html.read_text(encoding="utf-8"), "html.parser").get_text(), html


def test_the_branch_stands_by_itself(fork: tuple[Path, str]) -> None:
    site, _ = fork
    assert [p.name for p in site.glob("*.whl")] == [WHEEL]
    assert (site / ".nojekyll").exists(), "without it GitHub Pages leaves out every folder that begins with _"
    pip = yaml.safe_load((site / "environment.yml").read_text(encoding="utf-8"))["dependencies"][-1]["pip"]
    assert pip == [f"./{WHEEL}"]
    assert (site / pip[0]).exists()


def test_the_copy_to_take_home_holds_the_published_notebooks(fork: tuple[Path, str]) -> None:
    site, _ = fork
    assert [p.name for p in site.glob("*.zip")] == ["kikai-gakushu.zip"]
    with zipfile.ZipFile(site / "kikai-gakushu.zip") as archive:
        path = "_sources/book/part/chapter.ipynb"
        assert archive.read(f"kikai-gakushu/{path}") == (site / path).read_bytes()
        assert not [name for name in archive.namelist() if name.endswith((".whl", "environment.yml"))]


def test_published_notebooks_lead_back_to_the_pages(fork: tuple[Path, str]) -> None:
    site, address = fork
    cells = json.loads((site / "_sources/book/part/chapter.ipynb").read_text(encoding="utf-8"))["cells"]
    links = re.findall(r"\]\((.*?)\)", "".join(cells[0]["source"]))
    assert links == [
        f"{address}book/part/next.html#問い",
        f"{address}book/notation.html",
        "https://example.org/a.md",
    ]
    assert all((site / link.removeprefix(address).partition("#")[0]).exists() for link in links[:2])


def test_the_published_notebook_installs_the_published_wheel_and_nothing_else(
    fork: tuple[Path, str], tmp_path: Path
) -> None:
    site, address = fork
    cells = json.loads((site / "_sources/book/part/chapter.ipynb").read_text(encoding="utf-8"))["cells"]
    runtime = Runtime(tmp_path / "runtime", Path(sys.executable))
    before = runtime.versions()
    outputs = runtime.execute(*("".join(c["source"]) for c in cells if c["cell_type"] == "code"))
    assert [o["output_type"] for cell in outputs for o in cell if o["output_type"] == "error"] == []
    assert str(runtime.own / "sawaru") in outputs[-1][0]["data"]["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in outputs[1][0]["data"]
    assert runtime.versions() == before | {"sawaru": VERSION}
    origin = next(runtime.own.glob("sawaru-*.dist-info")) / "direct_url.json"
    assert json.loads(origin.read_text())["url"] == f"{address}{WHEEL}"


def test_it_becomes_the_pages_branch(fork: tuple[Path, str], tmp_path: Path) -> None:
    folder, github = fork[0].parents[1], tmp_path / "github.git"
    git("init", "--quiet", "--bare", str(github), at=tmp_path)
    git("init", "--quiet", at=folder)
    (folder / ".gitignore").write_text("_build/\n")
    git("add", ".", at=folder)
    git("commit", "--quiet", "-m", "book", at=folder)
    git("remote", "add", "origin", str(github), at=folder)
    for _ in range(2):
        subprocess.run([folder / ".ci/publish"], check=True, capture_output=True)
    published = git("ls-tree", "-r", "--name-only", "-z", "gh-pages", at=github).split("\0")[:-1]
    there = [p.relative_to(fork[0]).as_posix() for p in fork[0].rglob("*") if p.is_file()]
    assert sorted(published) == sorted(there)
    assert len(git("log", "--oneline", "gh-pages", at=github).splitlines()) == 1
    assert git("status", "--short", at=folder) == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--repository", "kikai-gakushu"],
            "「持ち主/名前」の形で書いてください（いまの指定：kikai-gakushu）",
        ),
        (["--repository", f"{UPSTREAM}"], "「持ち主/名前」の形で書いてください"),
        (["--address", "example.org"], "アドレスは https:// から書いてください（いまの指定：example.org）"),
    ],
)
def test_a_name_that_cannot_be_meant(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        publish.main(arguments)
    assert says in capsys.readouterr().err


def test_the_workflow_builds_under_the_forks_own_name() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for step in workflow["jobs"]["deploy"]["steps"] if "run" in step]
    assert steps == ['make site REPOSITORY="$GITHUB_REPOSITORY" ADDRESS="$SITE_ADDRESS"', ".ci/publish"]
    assert workflow["permissions"] == {"contents": "write"}
    assert os.access(ROOT / steps[1], os.X_OK)
