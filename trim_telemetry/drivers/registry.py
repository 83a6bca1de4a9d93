"""The drivers that are known, patched at once or as soon as somebody imports them."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Optional

from ..collectors.queries import recorder
from ..imports import ImportWatch
from ..stand_ins import Patches

_Patch = Callable[[Any, Patches], None]


# What patches a driver is imported as soon as that driver is there: most suites have one, and many none.


def _sqlite() -> _Patch:
    from .sqlite import patch

    return patch


def _postgres2() -> _Patch:
    from .postgres2 import patch

    return patch


def _postgres3() -> _Patch:
    from .postgres3 import patch

    return patch


def _mysql() -> _Patch:
    from .mysql import patch

    return patch


def _django() -> _Patch:
    from .django_orm import patch

    return patch


_PATCHES: Dict[str, Callable[[], _Patch]] = {
    "sqlite3.dbapi2": _sqlite,
    "psycopg2": _postgres2,
    "psycopg": _postgres3,
    "pymysql.cursors": _mysql,
    "MySQLdb.cursors": _mysql,
    "django.db.backends.utils": _django,
    "django.db.backends.base.base": _django,
    "django.test.testcases": _django,
    "django.db.backends.sqlite3.operations": _django,
    "django.db.backends.postgresql.base": _django,
}
_found: Dict[str, _Patch] = {}  # held, because a test may take our modules out of sys.modules again

_active: Optional[Drivers] = None


class Drivers:
    """The drivers of a run. None is imported by us. A process has one at a time: a fork takes over what is patched.

    found: is called when there is one, before anybody has used it.
    """

    def __init__(self, found: Callable[[], None]) -> None:
        self._is_found = found
        global _active
        if _active is not None:
            _active.close()
        _active = self
        self._patches = Patches()
        self._watch = ImportWatch(set(_PATCHES), self._imported)
        for name in _PATCHES:
            module = sys.modules.get(name)
            if module is not None:
                self._imported(module)
        self._watch.begin()

    def _imported(self, module: Any) -> None:
        try:
            name = module.__name__
            patch = _found.get(name) or _found.setdefault(name, _PATCHES[name]())
            self._is_found()
            patch(module, self._patches)
        except Exception as error:  # noqa: BLE001  # an import of the user's must not fail of us
            recorder.broke(error)

    def close(self) -> None:
        """Put everything back. Connections and cursors made meanwhile go on working."""
        global _active
        _active = None
        self._watch.end()
        self._patches.undo()
