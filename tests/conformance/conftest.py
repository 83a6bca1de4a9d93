"""Runs here are as a user's, with nothing turned off."""

from typing import Any, Iterator

import pytest

from .. import support


@pytest.fixture(scope="package", autouse=True)
def _users_defaults(tmp_path_factory: Any) -> Iterator[None]:
    before = dict(support.DEFAULTS)
    support.DEFAULTS.clear()
    support.DEFAULTS["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    support.DEFAULTS.update(before)
