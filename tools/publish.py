"""Build the site that a repository publishes: `python tools/publish.py [--repository OWNER/NAME] [--address URL]`.

`_build/html` becomes a branch that stands by itself: the pages, the library as a wheel, Binder's environment, and in
`_sources/` the notebooks ready to run, whose setup cells install that wheel. The pages' launch buttons open them there.
What is not given is taken from `_config.yml`, so that a fork publishes under its own name without an edit.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import yaml
from notebooks import ROOT, SETUP_TITLE, repository, with_setup

from sawaru.address import site_address
from sawaru.notebook import load
from sawaru.sphinxext.download import pack

HTML = ROOT / "_build" / "html"
BRANCH = "gh-pages"
# A link that leads from a notebook to another file of the book.
RELATIVE = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)\s#]+)\.(?:ipynb|md)(?=[#)])")


def build_wheel(folder: Path) -> Path:
    """Build the library's wheel into `folder`."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("sawaru-*.whl"))


def settings_for(name: str, address: str, place: str) -> dict[str, Any]:
    """The book's settings with the names of the repository that publishes it."""
    settings: dict[str, Any] = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    own = f"https://github.com/{name}"
    settings["repository"] = {"url": own, "branch": BRANCH, "path_to_book": "_sources"}
    settings["html"]["baseurl"] = address
    settings["sphinx"]["config"]["sawaru_renamed"] = {f"git+{repository()}": place, repository(): own}
    return settings


def ready(notebook: dict[str, Any], place: str, page: str) -> str:
    """A notebook as it is published: its library comes from `place`, and its links lead to pages, as those of `page` do."""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            source = RELATIVE.sub(lambda link: urljoin(page, f"{link[1]}.html"), source)
        elif source.startswith(SETUP_TITLE):
            source = with_setup(source, place)
        cell["source"] = source.splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def publish(name: str, address: str, options: list[str]) -> None:
    """Build the site of the repository `name`, to be shown at `address`; `options` go to `jupyter-book build`."""
    HTML.mkdir(parents=True, exist_ok=True)
    for old in (*HTML.glob("sawaru-*.whl"), *HTML.glob("*.zip")):  # of an earlier version, of another name
        old.unlink()
    wheel = build_wheel(HTML)
    place = urljoin(address, wheel.name)
    config = HTML.with_name("site.yml")
    config.write_text(
        yaml.safe_dump(settings_for(name, address, place), allow_unicode=True), encoding="utf-8"
    )
    jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
    subprocess.run([jupyter_book, "build", str(ROOT), "--config", str(config), *options], check=True)
    sources = HTML / "_sources"
    for path in sources.rglob("*.ipynb"):
        page = urljoin(address, path.relative_to(sources).with_suffix(".html").as_posix())
        path.write_text(ready(load(path), place, page), encoding="utf-8")
    for archive in HTML.glob("*.zip"):
        pack(HTML, archive, archive.stem)  # once more, with the notebooks as they are now
    environment = (ROOT / "environment.yml").read_text(encoding="utf-8")
    (HTML / "environment.yml").write_text(
        environment.replace("- --editable .", f"- ./{wheel.name}"), encoding="utf-8"
    )
    print(f"できました：{HTML}（{address} に置くと動きます）")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description="リポジトリの名前で、公開するサイトを _build/html に作ります。"
    )
    parser.add_argument("--repository", help="GitHub のリポジトリ（持ち主/名前）。既定は _config.yml のもの")
    parser.add_argument("--address", help="サイトのアドレス。既定は GitHub Pages のもの")
    options, rest = parser.parse_known_args(arguments)
    name = options.repository or repository().removeprefix("https://github.com/")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name, re.ASCII):
        parser.error(f"リポジトリは「持ち主/名前」の形で書いてください（いまの指定：{name}）。")
    address = options.address or site_address(f"https://github.com/{name}")
    if not re.match(r"https?://[^/\s]+", address):
        parser.error(f"アドレスは https:// から書いてください（いまの指定：{address}）。")
    publish(name, address.rstrip("/") + "/", rest)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
