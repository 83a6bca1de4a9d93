"""PyMySQL and mysqlclient (MySQLdb): their cursors are written in Python, so methods are replaced, on the classes.

executemany and callproc execute several times: that is one statement. Rows are there as soon as it has been executed,
but for cursors that leave them with the server.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ..stand_ins import Patches
from .calls import counted, statement_of_many, timed
from .notes import naming

_EXECUTES = {"execute": None, "executemany": statement_of_many, "callproc": None}
_FETCHES = {"SSCursor": ("read_next",), "CursorUseResultMixIn": ("fetchone", "fetchmany", "fetchall")}


def patch(module: Any, patches: Patches) -> None:
    """Patch a module of cursors. PyMySQL's may go by the name of the other, where it was installed as that."""
    driver = module.__name__.partition(".")[0]

    name_of = naming(lambda connection: f"{driver}:{_database(connection)}")
    base = getattr(module, "BaseCursor", None) or module.Cursor
    for name, read in _EXECUTES.items():
        patches.replace(base, name, partial(counted, connection_of=name_of, read=read))
    for owner, fetches in _FETCHES.items():
        for name in fetches:
            patches.replace(getattr(module, owner, None), name, timed)


def _database(connection: Any) -> str:
    """Return the name of a connection's database. PyMySQL has it as text or as bytes; an old mysqlclient not at all."""
    name = getattr(connection, "db", None)
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name or "?")
