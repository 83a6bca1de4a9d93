"""Whole runs whose tests import a database driver by themselves: it is found, whoever imports it, and once."""

from pathlib import Path
from typing import Any

import pytest

from .servers import MYSQL, POSTGRES, need
from .support import run

DOORS = {
    "unittest": ("-m", "trim_telemetry.unittest_instrumentation"),
    "pytest": ("-m", "trim_telemetry.pytest_instrumentation", "-q", "-p", "no:cacheprovider"),
}
SUITE = """
import unittest
import {driver}

class Tests(unittest.TestCase):
    def setUp(self):
        self.connection = {driver}.connect({arguments})
        self.addCleanup(self.connection.close)

    def send(self, value):
        cursor = self.connection.cursor()
        cursor.execute("SELECT %s", (value,))
        return cursor.fetchone()

    def test_four(self):
        for value in range(3):
            self.assertEqual(self.send(value), (value,))
        with self.assertRaises({driver}.Error):
            self.connection.cursor().execute("SELECT * FROM nowhere")

    def test_none(self):
        pass
"""
TYPES = {"SELECT": 4, "INSERT": 0, "UPDATE": 0, "DELETE": 0, "OTHER": 0}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "pymysql", "MySQLdb"])
def test_driver_that_a_test_imports_is_counted(driver: str, door: str, tmp_path: Path) -> None:
    module: Any = pytest.importorskip(driver)
    is_mysql = driver in ("pymysql", "MySQLdb")
    need(
        "MySQL" if is_mysql else "PostgreSQL", lambda: module.connect(**MYSQL) if is_mysql else module.connect(POSTGRES)
    )
    arguments = f"**{MYSQL!r}" if is_mysql else repr(POSTGRES)
    text = SUITE.format(driver=driver, arguments=arguments)
    if driver == "psycopg":  # an error ends the transaction, and these read only
        text = text.replace("close)", "close)\n        self.connection.autocommit = True")
    (tmp_path / "test_suite.py").write_text(text, "utf-8")
    found = run(*DOORS[door], cwd=tmp_path)
    assert (found.code, found.summary and found.summary["warnings"]) == (0, [])
    four, none = sorted(found.results, key=lambda result: str(result["name"]))
    queries = four["database_queries"]
    assert (queries["count"], queries["failed"], queries["uninstrumented_connections"]) == (4, 1, 0)
    assert queries["query_types"] == TYPES
    (name,) = queries["by_connection"]
    assert name.partition(":")[0] == driver
    (finding,) = queries["n_plus_one"]
    line = text.splitlines().index('        cursor.execute("SELECT %s", (value,))') + 1
    assert (finding["distinct_parameters"], finding["location"]) == (3, f"test_suite.py:{line}")
    assert none["database_queries"]["count"] == 0


@pytest.mark.parametrize("door", DOORS)
def test_drivers_are_not_imported_by_us(door: str, tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(
        "import sys, unittest\n"
        "class Tests(unittest.TestCase):\n"
        "    def test_it(self):\n"
        "        drivers = {'psycopg', 'psycopg2', 'pymysql', 'MySQLdb'}\n"
        "        self.assertEqual(drivers & set(sys.modules), set())\n",
        "utf-8",
    )
    found = run(*DOORS[door], cwd=tmp_path)
    assert found.code == 0, found.stdout
