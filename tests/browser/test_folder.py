"""Every page read without a server, from the unpacked copy that a reader takes home (the site itself holds the same files)."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from built import PAGES, SITE
from conftest import Watched

of_every_page = pytest.mark.parametrize("path", PAGES)


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (archive,) = SITE.glob("*.zip")
    folder = tmp_path_factory.mktemp("stick")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder / archive.stem


@pytest.fixture
def copied(look: Any, copy: Path, path: str) -> Watched:
    return look(copy.as_uri() + "/", path, Watched.wake, width=1280, theme="light")


@of_every_page
def test_page_works_from_a_folder(copied: Watched, path: str) -> None:
    assert copied.on_arrival == []


@of_every_page
def test_the_copy_offers_no_copy(copied: Watched, path: str) -> None:
    assert copied.page.locator("a[href$='.zip']").count() == 0


@of_every_page
def test_no_page_breaks_its_policy(copied: Watched, path: str) -> None:
    assert copied.page.evaluate("broken") == []
