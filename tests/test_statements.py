"""What a run's records say of queries: whole runs of unittest and pytest on sqlite3, in a subprocess."""

import sys
import textwrap
from pathlib import Path
from typing import Any, Dict

import pytest

from .support import Run, environment, run

DOORS = {"unittest": "trim_telemetry.unittest_instrumentation", "pytest": "trim_telemetry.pytest_instrumentation"}


def ran(folder: Path, source: str, door: str = "unittest", **settings: str) -> Run:
    """Run a test module through a door."""
    (folder / "test_it.py").write_text(textwrap.dedent(source))
    arguments = ["-q", "-p", "no:cacheprovider", "test_it.py"] if door == "pytest" else ["test_it"]
    return run("-m", DOORS[door], *arguments, cwd=folder, env=environment(**settings))


def queries(done: Run) -> Dict[str, Dict[str, Any]]:
    """{name: database_queries}."""
    return {result["name"]: result["database_queries"] for result in done.results}


SHOP = """
    import sqlite3
    import unittest

    class Shop(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.db = sqlite3.connect(":memory:")
            cls.db.execute("CREATE TABLE item (id INTEGER, name TEXT)")
            cls.db.executemany("INSERT INTO item VALUES (?, ?)", [(n, f"item {n}") for n in range(4)])

        @classmethod
        def tearDownClass(cls):
            cls.db.execute("DROP TABLE item")

        def setUp(self):
            self.db.execute("SELECT 1")

        def test_n_plus_one(self):
            for (number,) in self.db.execute("SELECT id FROM item"):
                self.db.execute("SELECT name FROM item WHERE id = ?", (number,)).fetchone()

        def test_none(self):
            pass

        @unittest.skip("not today")
        def test_skipped(self):
            pass
"""


@pytest.mark.parametrize("door", DOORS)
def test_each_test_has_its_own_and_shared_set_up_is_nobodys(door: str, tmp_path: Path) -> None:
    done = ran(tmp_path, SHOP, door)
    found = queries(done)
    assert {name: value["count"] for name, value in found.items()} == {
        "test_n_plus_one": 6,
        "test_none": 1,
        "test_skipped": 0,
    }
    (finding,) = found["test_n_plus_one"]["n_plus_one"]
    assert finding == {
        "fingerprint": "SELECT name FROM item WHERE id = ?",
        "count": 4,
        "distinct_parameters": 4,
        "location": "test_it.py:21",
        "source": "SELECT id FROM item",
    }
    flags = {result["name"]: result["performance"]["flags"] for result in done.results}
    assert flags == {"test_n_plus_one": ["n_plus_1_queries"], "test_none": [], "test_skipped": []}
    assert done.summary is not None
    assert done.summary["database_queries"]["count"] == 7
    assert sum(entry["queries"] for entry in done.summary["shared_setup"]) == 3
    assert found["test_n_plus_one"]["by_phase"] == ({"call": 6} if door == "pytest" else {})


FIXTURES = """
    import sqlite3
    import pytest

    @pytest.fixture(scope="module")
    def db():
        db = sqlite3.connect(":memory:")
        db.execute("CREATE TABLE t (n)")
        yield db
        db.execute("DROP TABLE t")

    @pytest.fixture
    def rows(db):
        for n in range(3):
            db.execute("SELECT ?", (n,))
        yield
        db.execute("DELETE FROM t")

    def test_it(rows, db):
        db.execute("SELECT 1")
"""


def test_phases_of_pytest_and_wider_fixtures_apart(tmp_path: Path) -> None:
    done = ran(tmp_path, FIXTURES, "pytest")
    found = queries(done)["test_it"]
    assert found["by_phase"] == {"setup": 3, "call": 1, "teardown": 1}
    assert found["n_plus_one"] == []  # a set-up's alone
    assert done.summary is not None
    assert [(entry["name"], entry["queries"]) for entry in done.summary["shared_setup"]] == [("test_it.py::db", 2)]


LEAK = """
    import sqlite3
    import threading
    import unittest

    class T(unittest.TestCase):
        def test_a_leaves_a_thread(self):
            T.go_on, T.done = threading.Event(), threading.Event()
            def work():
                T.go_on.wait()
                sqlite3.connect(":memory:").execute("SELECT 1")
                T.done.set()
            threading.Thread(target=work, daemon=True).start()

        def test_b_suffers(self):
            T.go_on.set()
            T.done.wait()
            own = threading.Thread(target=lambda: sqlite3.connect(":memory:").execute("SELECT 2"))
            own.start()
            own.join()
"""


def test_thread_of_an_earlier_test_is_not_counted_but_told(tmp_path: Path) -> None:
    done = ran(tmp_path, LEAK)
    found = queries(done)
    assert (found["test_a_leaves_a_thread"]["count"], found["test_a_leaves_a_thread"]["leaked"]) == (0, 0)
    assert (found["test_b_suffers"]["count"], found["test_b_suffers"]["leaked"]) == (1, 1)
    assert done.results[1]["performance"]["flags"] == ["leaked_thread"]


SECRETS = """
    import sqlite3
    import unittest

    class T(unittest.TestCase):
        def test_it(self):
            db = sqlite3.connect(":memory:")
            for _ in range(2):
                db.execute("SELECT ?, 'hunter22hunter22'", ("of the user",))
"""


def test_parameters_stay_in_the_process_and_slow_queries_are_whole(tmp_path: Path) -> None:
    done = ran(tmp_path, SECRETS, TRIM_SLOW_QUERY_MS="0", DB_PASSWORD="hunter22hunter22")
    assert "of the user" not in str(done.results)
    found = queries(done)["test_it"]
    assert [entry["sql"] for entry in found["slow_queries"]] == ["SELECT ?, '[redacted:DB_PASSWORD]'"] * 2
    assert [entry["identical"] for entry in found["duplicate_queries"]] == [2]
    assert all(entry["time"] == pytest.approx(entry["duration"] / 1e3) for entry in found["slow_queries"])
    assert {entry["connection"] for entry in found["slow_queries"]} == {"sqlite3::memory:"}
    assert done.results[0]["performance"]["flags"] == ["slow_queries"]


def test_parameters_are_shown_to_those_who_ask(tmp_path: Path) -> None:
    found = queries(ran(tmp_path, SECRETS, TRIM_SQL_PARAMETERS="on"))["test_it"]
    assert [entry["parameters"] for entry in found["duplicate_queries"]] == ["('of the user',)"]


PAST_US = """
    import sqlite3
    import unittest

    class T(unittest.TestCase):
        def test_it(self):
            sqlite3.Connection(":memory:").execute("SELECT 1")
            sqlite3.connect(":memory:", factory=lambda *given, **named: sqlite3.Connection(*given, **named))
            sqlite3.connect(":memory:").execute("SELECT 1")
"""


def test_connection_that_is_opened_past_us_is_said_where_an_audit_hook_hears_of_it(tmp_path: Path) -> None:
    heard, unheard = (queries(ran(tmp_path, PAST_US, TRIM_NETWORK=mode))["test_it"] for mode in ("block", "off"))
    assert (heard["count"], unheard["count"]) == (1, 1)
    assert heard["uninstrumented_connections"] == (2 if sys.version_info >= (3, 10) else 1)
    assert unheard["uninstrumented_connections"] == 1


OFF = """
    import sqlite3
    import sys
    import unittest

    class T(unittest.TestCase):
        def test_it(self):
            self.assertEqual(type(sqlite3.connect(":memory:")), sqlite3.Connection)
            self.assertFalse([finder for finder in sys.meta_path if "trim" in type(finder).__module__])
"""


def test_off_is_off(tmp_path: Path) -> None:
    done = ran(tmp_path, OFF, TRIM_QUERIES="off", TRIM_NETWORK="off")  # which looks for modules, too
    assert (done.code, queries(done)["test_it"]["status"]) == (0, "disabled")
    assert (queries(done)["test_it"]["count"], done.results[0]["performance"]["is_db_heavy"]) == (None, None)
    assert done.summary is not None
    assert done.summary["database_queries"]["reason"] == "the setting `queries` is off"


BROKEN = """
    import sqlite3
    import unittest
    from unittest import mock

    class T(unittest.TestCase):
        def test_a_before(self):
            sqlite3.connect(":memory:").execute("SELECT 1")

        def test_b_breaks_us(self):
            from {package}.collectors import queries
            mock.patch.object(queries, "digest", side_effect=KeyError("ours")).start()
            self.assertEqual(sqlite3.connect(":memory:").execute("SELECT ?", [1]).fetchall(), [(1,)])

        def test_c_after(self):
            self.assertEqual(sqlite3.connect(":memory:").execute("SELECT 1").fetchall(), [(1,)])
"""


def test_error_of_ours_reaches_no_test_and_is_said_once(tmp_path: Path) -> None:
    done = ran(tmp_path, BROKEN.replace("{package}", "trim_telemetry"))
    assert (done.code, [result["status"] for result in done.results]) == (0, ["passed"] * 3)
    assert [value["status"] for value in queries(done).values()] == ["collected", "error", "error"]
    assert done.summary is not None
    assert [warning.partition(":")[0] for warning in done.summary["warnings"]] == ["error-in-queries"]


def test_failing_query_ends_a_test_as_it_would_without_us(tmp_path: Path) -> None:
    source = """
        import sqlite3
        import unittest

        class T(unittest.TestCase):
            def test_it(self):
                sqlite3.connect(":memory:").execute("SELECT * FROM nowhere")
    """
    done = ran(tmp_path, source)
    (result,) = done.results
    assert (result["status"], result["failure"]["type"]) == ("error", "sqlite3.OperationalError")
    assert (result["failure"]["file"], result["failure"]["line"]) == ("test_it.py", 7)
    assert result["database_queries"]["failed"] == 1
    assert "trim_telemetry" not in done.stderr


def test_python_310_and_before_is_why_frames_are_taken_out_late() -> None:
    """From 3.11 on `raise` keeps the traceback that the exception has: were it so everywhere, unseen() would do."""

    def inner() -> None:
        try:
            raise KeyError
        except KeyError as error:
            error.__traceback__ = None
            raise

    try:
        inner()
    except KeyError as error:
        names = []
        traceback = error.__traceback__
        while traceback is not None:
            names.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
    assert ("inner" in names) is (sys.version_info < (3, 11))
