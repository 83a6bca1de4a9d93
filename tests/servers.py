"""The database servers that some tests need: where they are, and how to start one where there is none.

TRIM_TEST_POSTGRES is a libpq connection string of a superuser (his session may log its own statements),
TRIM_TEST_MYSQL is written likewise: host, port, user, password, database. TRIM_REQUIRE_SERVERS=1: a server that is not
there is a failure.
"""

import os
from typing import Any, Callable, Dict, Set, Union

import pytest

POSTGRES = os.environ.get("TRIM_TEST_POSTGRES") or "host=127.0.0.1 port=5432 user=postgres dbname=test"
_MYSQL = os.environ.get("TRIM_TEST_MYSQL") or "host=127.0.0.1 port=3306 user=root password= database=test"
MYSQL: Dict[str, Union[str, int]] = dict(word.partition("=")[::2] for word in _MYSQL.split())
MYSQL["port"] = int(MYSQL.get("port", 3306))
LOGGED = "-c log_statement=all -c client_min_messages=log"  # PostgreSQL sends each statement back as a notice

_START = {
    "PostgreSQL": (
        "TRIM_TEST_POSTGRES",
        "docker run -d -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust -e POSTGRES_DB=test postgres",
    ),
    "MySQL": (
        "TRIM_TEST_MYSQL",
        "docker run -d -p 3306:3306 -e MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1 -e MARIADB_DATABASE=test mariadb",
    ),
}
_found: Set[str] = set()
_missing: Dict[str, str] = {}


def need(server: str, connect: Callable[[], Any]) -> None:
    """Skip the test where there is no such server, or fail it where there must be one."""
    if server not in _found and server not in _missing:
        try:
            connect().close()
            _found.add(server)
        except Exception as error:  # noqa: BLE001  # whatever a driver raises
            _missing[server] = f"{type(error).__name__}: {error}".strip()
    if server in _missing:
        variable, command = _START[server]
        words = f"no {server} where {variable} says ({_missing[server]}); to start one: {command}"
        if os.environ.get("TRIM_REQUIRE_SERVERS") == "1":
            pytest.fail(words, pytrace=False)
        pytest.skip(words)
