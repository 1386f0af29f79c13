"""Firefox and the built book for it, served on localhost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bidi import Firefox, firefox
from built import SITE
from page_by_page import pytest_xdist_make_scheduler  # noqa: F401  a hook
from servers import served


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("firefox")) as session:
        yield session


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    with served(SITE) as address:
        yield address
