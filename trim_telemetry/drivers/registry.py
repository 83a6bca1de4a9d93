"""The drivers that are known, patched at once or as soon as somebody imports them."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Optional

from ..collectors.queries import recorder
from ..imports import ImportWatch
from ..stand_ins import Patches
from . import django_orm, mysql, postgres2, postgres3, sqlite

_PATCHES: Dict[str, Callable[[Any, Patches], None]] = {
    sqlite.MODULE: sqlite.patch,
    postgres2.MODULE: postgres2.patch,
    postgres3.MODULE: postgres3.patch,
    mysql.PYMYSQL: mysql.patch,
    mysql.MYSQLCLIENT: mysql.patch,
    django_orm.CURSORS: django_orm.patch_cursors,
    django_orm.CONNECTIONS: django_orm.patch_connections,
    django_orm.TEST_CASES: django_orm.patch_own,
    django_orm.SQLITE: django_orm.patch_own,
    django_orm.POSTGRES: django_orm.patch_own,
}


_active: Optional[Drivers] = None


class Drivers:
    """The drivers of a run. None is imported by us. A process has one at a time: a fork takes over what is patched."""

    def __init__(self) -> None:
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
            _PATCHES[module.__name__](module, self._patches)
        except Exception as error:  # noqa: BLE001  # an import of the user's must not fail of us
            recorder.broke(error)

    def close(self) -> None:
        """Put everything back. Connections and cursors made meanwhile go on working."""
        global _active
        _active = None
        self._watch.end()
        self._patches.undo()
