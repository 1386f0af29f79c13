"""Chapters are run before Sphinx reads them, as many at a time as there are cores; MyST-NB then finds them in its cache.

Of a chapter only its own code is in the cache's key. What else its outputs depend on (see `uses`) is kept beside it as a
digest. When that changes, the chapter is run anew, and no other.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from sawaru.sphinxext.uses import uses

logger = logging.getLogger(__name__)

DIGESTS = "digests.json"


def setup(app: Sphinx) -> None:
    app.connect("config-inited", _choose_cache)
    app.connect("env-get-outdated", _chapters_to_run_anew)
    app.connect("env-before-read-docs", _run_side_by_side, priority=600)  # after broken notebooks are refused


def _choose_cache(app: Sphinx, config: Config) -> None:
    config.nb_execution_cache_path = config.nb_execution_cache_path or str(
        Path(app.outdir).parent / ".jupyter_cache"
    )


def digest(chapter: Path) -> str:
    """What tells one state of all that a chapter uses from another."""
    whole = hashlib.sha256()
    for file in sorted(uses(chapter)):
        whole.update(file.name.encode() + file.read_bytes())
    return whole.hexdigest()


def _chapters(app: Sphinx, docnames: Any) -> dict[str, Path]:
    paths = {name: Path(app.env.doc2path(name)) for name in sorted(docnames)}
    return {name: path for name, path in paths.items() if path.suffix in (".ipynb", ".md")}


def _chapters_to_run_anew(
    app: Sphinx, env: Any, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Drop from the cache what was run when something that it uses was another."""
    folder = Path(app.config.nb_execution_cache_path)
    cache = get_cache(folder)
    known = json.loads((folder / DIGESTS).read_text()) if (folder / DIGESTS).exists() else {}
    now = {name: digest(path) for name, path in _chapters(app, env.found_docs).items()}
    stale = [name for name in now if known.get(name) != now[name]]
    places = tuple(f"/{env.doc2path(name, base=False)}" for name in stale)
    for record in cache.list_cache_records():
        if Path(record.uri).as_posix().endswith(places):  # the book may have been moved since
            cache.remove_cache(record.pk)
    (folder / DIGESTS).write_text(json.dumps(now, indent=1))
    return stale


def _run_side_by_side(app: Sphinx, env: Any, docnames: list[str]) -> None:
    cache = get_cache(app.config.nb_execution_cache_path)
    waiting = []
    for path in _chapters(app, docnames).values():
        if path.suffix == ".md":
            continue
        notebook = nbformat.read(path, as_version=4)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            waiting.append((path, notebook))
    workers = os.cpu_count() or 1
    if len(waiting) < 2 or workers < 2:
        return
    logger.info("running %d chapters, %d at a time", len(waiting), workers)
    with ThreadPoolExecutor(workers) as pool:
        running = {
            pool.submit(
                single_nb_execution, notebook, str(path.parent), app.config.nb_execution_timeout, False
            ): (path, notebook)
            for path, notebook in waiting
        }
        for done in as_completed(running):
            path, notebook = running[done]
            result = done.result()
            if result.err is None:  # else MyST-NB runs it once more and tells where it fails
                data = {"execution_seconds": result.time}
                bundle = CacheBundleIn(notebook, str(path), data=data)
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
