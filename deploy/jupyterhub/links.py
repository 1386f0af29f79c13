"""Print a link for every chapter that opens it on a JupyterHub: `python deploy/jupyterhub/links.py https://hub.example.ac.jp`.

The links are nbgitpuller's: the book is fetched into the student's home, later changes are merged, and what the student has
written is kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]


def link(hub: str, repository: str, branch: str, notebook: str) -> str:
    """The address that fetches `repository` for whoever is logged in and opens `notebook` in JupyterLab."""
    folder = repository.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1]
    query = {"repo": repository, "branch": branch, "urlpath": f"lab/tree/{folder}/{notebook}"}
    return f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{urlencode(query, quote_via=quote)}"


def chapters() -> list[tuple[str, str]]:
    """Title and path of every notebook, in the order of the table of contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    paths = [f"{c['file']}.ipynb" for part in toc["parts"] for c in part["chapters"]]
    found = []
    for path in paths:
        if (ROOT / path).exists():
            cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
            found.append(("".join(cells[0]["source"]).split("\n")[0].removeprefix("# "), path))
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2) or not urlsplit(arguments[0]).netloc:
        print(
            "使い方：python deploy/jupyterhub/links.py https://ハブのアドレス [配るリポジトリのアドレス]",
            file=sys.stderr,
        )
        return 2
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    hub, repository = arguments[0], arguments[1] if len(arguments) == 2 else settings["url"]
    for title, path in chapters():
        print(f"- [{title}]({link(hub, repository, settings['branch'], path)})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
