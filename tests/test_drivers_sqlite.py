"""Each way to send a statement through sqlite3, counted; and what the user must not notice of it."""

import datetime
import gc
import importlib
import pickle
import sqlite3
import subprocess
import sys
import textwrap
import threading
import traceback
from typing import Any, Iterator
from unittest import mock

import pytest

from trim_telemetry.collectors.queries import recorder

from .support import environment
from .watching import Watched


@pytest.fixture
def watched() -> Iterator[Watched]:
    with Watched() as found:
        yield found


class Connection(sqlite3.Connection):
    """A user's own."""


class Cursor(sqlite3.Cursor):
    """A user's own."""

    def execute(self, sql: str, *parameters: Any) -> Any:
        """Has a word with every statement."""
        return super().execute(sql.strip(), *parameters)


class Strict(sqlite3.Connection):
    """A user's own, which has a mind of its own about cursors."""

    def cursor(self) -> Any:  # type: ignore[override]
        return super().cursor(Cursor)


class Asking(sqlite3.Connection):
    """A user's own, whose cursors are C's."""

    asked = 0

    def cursor(self, *arguments: Any, **named: Any) -> Any:
        """Counts how often it is asked."""
        self.asked += 1
        return super().cursor(*arguments, **named)


class Sealed(sqlite3.Connection):
    """A user's own, which has a mind of its own about attributes."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise KeyError(name)


class SealedCursor(sqlite3.Cursor):
    """The same of cursors."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise KeyError(name)

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


class Obliging(sqlite3.Cursor):
    """A user's own, which has whatever it is asked for."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return name


class Path:
    """A user's own, which is no text."""

    def __fspath__(self) -> str:
        return ":memory:"

    def __str__(self) -> str:
        raise KeyError


class Bare(sqlite3.Cursor):
    """A user's own, without room for anything."""

    __slots__ = ()


class Twice(sqlite3.Cursor):
    """A user's own, which sends more than it is asked to."""

    def execute(self, *arguments: Any) -> Any:
        """Sends a statement of its own before."""
        super().execute("SELECT 'mine'")
        return super().execute(*arguments)


class PastUs(sqlite3.Cursor):
    """A user's own, which calls C's method by the name of its class."""

    def execute(self, *arguments: Any) -> Any:
        """Does nothing else."""
        return sqlite3.Cursor.execute(self, *arguments)


def rows(connection: Any) -> Any:
    return [list(row) for row in connection.execute("SELECT 1")]


STYLES = {
    "cursor.execute": (lambda: sqlite3.connect(":memory:").cursor().execute("SELECT 1"), 1),
    "connection.execute": (lambda: sqlite3.connect(":memory:").execute("SELECT 1"), 1),
    "dbapi2.connect": (lambda: sqlite3.dbapi2.connect(":memory:").execute("SELECT 1"), 1),
    "named": (lambda: sqlite3.connect(database=":memory:").execute("SELECT 1"), 1),
    "chained": (lambda: sqlite3.connect(":memory:").cursor().execute("SELECT 1").execute("SELECT 1").fetchall(), 2),
    "iterated": (lambda: rows(sqlite3.connect(":memory:")), 1),
    "next": (lambda: next(sqlite3.connect(":memory:").execute("SELECT 1")), 1),
    "factory": (lambda: sqlite3.connect(":memory:", factory=Connection).execute("SELECT 1"), 1),
    "factory by place": (lambda: sqlite3.connect(":memory:", 5, 0, None, True, Connection).execute("SELECT 1"), 1),
    "own cursors": (lambda: sqlite3.connect(":memory:", factory=Strict).execute("SELECT 1"), 1),
    "cursor(class)": (lambda: sqlite3.connect(":memory:").cursor(Cursor).execute(" SELECT 1"), 1),
    "cursor(factory=)": (lambda: sqlite3.connect(":memory:").cursor(factory=Cursor).execute(" SELECT 1"), 1),
    "cursor() of C by a user's own": (
        lambda: sqlite3.connect(":memory:", factory=Asking).cursor().execute("SELECT 1"),
        1,
    ),
    "a cursor's own statement": (lambda: sqlite3.connect(":memory:").cursor(Twice).execute("SELECT 1"), 2),
    "Cursor.execute(cursor)": (lambda: sqlite3.connect(":memory:").cursor(PastUs).execute("SELECT 1"), 1),
    "classes that take no attributes": (
        lambda: sqlite3.connect(":memory:", factory=Sealed).cursor(SealedCursor).execute("SELECT 1").fetchall(),
        1,
    ),
    "a class that has all attributes": (lambda: sqlite3.connect(":memory:").cursor(Obliging).fetchall(), 0),
    "a path that is no text": (lambda: sqlite3.connect(Path()).execute("SELECT 1").fetchall(), 1),
    "cursor(function)": (lambda: sqlite3.connect(":memory:").cursor(lambda c: Cursor(c)).execute("SELECT 1"), 1),
}


@pytest.mark.filterwarnings("ignore:Passing more than 1 positional argument:DeprecationWarning")
@pytest.mark.parametrize("style", STYLES)
def test_each_way_to_execute_is_one_statement(style: str, watched: Watched) -> None:
    send, expected = STYLES[style]
    send()
    assert sum(query.count for query in watched.sent()) == expected


def test_many_and_scripts_are_one_each_and_their_rows_are_left_alone(watched: Watched) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript("CREATE TABLE t (n); CREATE TABLE u (n);")
    asked = []
    connection.executemany("INSERT INTO t VALUES (?)", ((asked.append(n), n)[1:] for n in range(3)))
    connection.cursor().executemany("INSERT INTO t VALUES (?)", [(4,), (5,)])
    with connection:
        connection.execute("SELECT count(*) FROM t")
    assert asked == [0, 1, 2]
    assert list(watched.counts().values()) == [1, 2, 1]


@pytest.mark.parametrize("kind", [sqlite3.Cursor, Cursor])
def test_what_a_function_of_the_users_sends_while_another_statement_runs_counts(kind: Any, watched: Watched) -> None:
    connection, other = sqlite3.connect(":memory:"), sqlite3.connect(":memory:").cursor(kind)
    connection.create_function("asked", 0, lambda: other.execute("SELECT 2").fetchone()[0])
    cursor = connection.cursor(kind)
    assert cursor.execute("SELECT asked() UNION ALL SELECT asked()").fetchall() == [(2,), (2,)]
    assert recorder.here().depth == 0
    assert watched.counts() == {"SELECT asked() UNION ALL SELECT asked()": 1, "SELECT 2": 2}


def test_statement_that_fails_is_counted_as_failed_and_raises_as_ever(watched: Watched) -> None:
    connection = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.OperationalError, match="no such table") as raised:
        connection.execute("SELECT * FROM nowhere")
    frames = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    if sys.version_info >= (3, 11):  # before, `raise` puts the innermost frame back
        assert frames == ["test_statement_that_fails_is_counted_as_failed_and_raises_as_ever"]
    (query,) = watched.sent()
    assert (query.count, query.failed) == (1, 1)


def test_what_the_user_sees_stays_as_it_was(watched: Watched) -> None:
    connection = sqlite3.connect(":memory:", factory=Connection)
    cursor = connection.cursor(Cursor)
    assert isinstance(connection, Connection) and isinstance(cursor, Cursor)
    assert (type(connection), type(cursor)) == (Connection, Cursor)
    assert {sqlite3.Connection: "known"}[type(sqlite3.connect(":memory:"))] == "known"
    assert (sqlite3.Connection, sqlite3.Cursor) != (type(connection), type(connection.cursor()))
    assert [sqlite3.Cursor] == [type(connection.cursor())]
    assert type("Own", (type(cursor),), {}) not in (Cursor, type(cursor))
    assert cursor.connection is connection
    assert cursor.execute("SELECT 1") is cursor and iter(cursor) is cursor
    assert (type(connection).__name__, type(cursor).__qualname__) == ("Connection", "Cursor")
    assert (sqlite3.connect.__name__, sqlite3.connect is sqlite3.dbapi2.connect) == ("connect", True)
    copy = sqlite3.connect(":memory:")
    connection.backup(copy)
    connection.row_factory = sqlite3.Row
    assert connection.execute("SELECT 1 AS one").fetchone()["one"] == 1
    with pytest.raises(AttributeError):
        copy.anything = 1  # as with sqlite3's own
    with pytest.raises(TypeError):
        pickle.dumps(copy)


def test_connection_asks_its_own_cursor_method_as_often_as_without_us(watched: Watched) -> None:
    """Python 3.11 and later don't: C makes the cursor of an execute() by itself."""
    connection = sqlite3.connect(":memory:", factory=Asking)
    connection.execute("SELECT 1")
    connection.executescript("SELECT 1;")
    plain = Asking(":memory:")
    plain.execute("SELECT 1")
    plain.executescript("SELECT 1;")
    assert connection.asked == plain.asked
    assert watched.counts() == {"SELECT 1": 1, "SELECT 1;": 1}


@pytest.mark.parametrize(
    "arguments, named", [((), {"foo": 1}), ((sqlite3.Cursor, 2), {}), ((None,), {}), ((lambda connection: 1,), {})]
)
def test_wrong_arguments_are_refused_in_the_same_words(arguments: Any, named: Any, watched: Watched) -> None:
    def refusal(connection: Any, name: str, *arguments: Any, **named: Any) -> str:
        with pytest.raises(TypeError) as raised:
            getattr(connection, name)(*arguments, **named)
        return str(raised.value)

    ours, plain = sqlite3.connect(":memory:"), sqlite3.Connection(":memory:")
    assert refusal(ours, "cursor", *arguments, **named) == refusal(plain, "cursor", *arguments, **named)
    assert refusal(ours, "execute") == refusal(plain, "execute")
    assert refusal(ours, "execute", sql="SELECT 1") == refusal(plain, "execute", sql="SELECT 1")
    theirs = refusal(plain.cursor(), "execute", sql="SELECT 1")
    of_class = f"Cursor.{theirs}"  # 3.9 says so of a method that is called by its class; bound, it costs each statement
    words = (theirs, of_class) if sys.version_info[:2] == (3, 9) else (theirs,)
    assert refusal(ours.cursor(), "execute", sql="SELECT 1") in words


def test_cursor_that_nobody_can_see_is_said(watched: Watched) -> None:
    connection = sqlite3.connect(":memory:")
    assert type(connection.cursor(lambda connection: sqlite3.Cursor(connection))) is sqlite3.Cursor
    assert (watched.sent(), watched.uninstrumented) == ([], 1)


def test_time_of_the_rows_is_the_statements(watched: Watched) -> None:
    cursor = sqlite3.connect(":memory:").execute("SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4")
    assert recorder.window is not None
    (query,) = recorder.window.queries()
    seen = [query.spent]
    for fetch in (cursor.fetchone, lambda: next(cursor), lambda: cursor.fetchmany(1), cursor.fetchall):
        fetch()
        seen.append(query.spent)
    assert seen == sorted(set(seen))
    assert query.longest == query.spent
    assert (query.count, watched.sent()) == (1, [query])


def test_factory_that_is_a_function_is_left_alone_and_said(watched: Watched) -> None:
    connection = sqlite3.connect(":memory:", factory=lambda *given, **named: Connection(*given, **named))
    assert type(connection) is Connection
    connection.execute("SELECT 1")
    assert watched.sent() == []
    assert watched.uninstrumented == 1


def test_what_is_made_by_calling_its_class_is_not_seen(watched: Watched) -> None:
    """As the README says; C makes them without asking anybody."""
    sqlite3.Cursor(sqlite3.connect(":memory:")).execute("SELECT 1")
    sqlite3.Connection(":memory:").execute("SELECT 1")
    assert (watched.sent(), watched.uninstrumented) == ([], 0)


def test_connection_of_coverage_is_nobodys(watched: Watched) -> None:
    namespace = {"__name__": "coverage.sqldata", "sqlite3": sqlite3}
    exec("connection = sqlite3.connect(':memory:'); connection.execute('SELECT 1')", namespace)
    assert type(namespace["connection"]) is sqlite3.Connection
    assert (watched.sent(), watched.uninstrumented) == ([], 0)


class Hostile:
    """Raises whenever it is asked anything."""

    def __hash__(self) -> int:
        raise KeyError

    __repr__ = __eq__ = __hash__  # type: ignore[assignment]

    def __conform__(self, protocol: Any) -> int:
        return 1


@pytest.mark.parametrize(
    "sql, parameters, is_good",
    [
        ("", (), True),
        ("SELECT '\ud800'", (), False),
        ("SELECT 1 \0", (), False),
        ("SELECT '" + "x" * 200_000 + "'", (), True),
        (b"SELECT 1", (), False),
        (None, (), False),
        ("SELECT ?", (Hostile(),), True),
        ("SELECT ?", (number for number in ()), False),
        ("SELECT :a", {"a": Hostile()}, True),
        ("SELECT ?", ([1],), False),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, bool) else str(value),
)
def test_hostile_statements_end_as_they_would_without_us(
    sql: Any, parameters: Any, is_good: bool, watched: Watched
) -> None:
    connection = sqlite3.connect(":memory:")
    if is_good:
        connection.execute(sql, parameters)
    else:
        with pytest.raises((sqlite3.Error, sqlite3.Warning, TypeError, ValueError)):
            connection.execute(sql, parameters)
    (query,) = watched.sent()
    assert (query.count, query.failed) == (1, 0 if is_good else 1)
    assert len(query.sql) < 101_000


def test_cursor_closed_in_another_thread_and_connection_closed_in_mid_iteration(watched: Watched) -> None:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    cursor = connection.execute("SELECT 1 UNION SELECT 2")
    closing = threading.Thread(target=cursor.close)
    closing.start()
    closing.join()
    with pytest.raises(sqlite3.ProgrammingError):
        next(cursor)
    rows = iter(connection.execute("SELECT 1 UNION SELECT 2"))
    next(rows)
    connection.close()
    with pytest.raises(sqlite3.ProgrammingError):
        next(rows)
    assert sum(watched.counts().values()) == 2


def test_reloaded_and_patched_connect(watched: Watched) -> None:
    importlib.reload(sqlite3.dbapi2)
    importlib.reload(sqlite3)
    sqlite3.connect(":memory:").execute("SELECT 1")
    with mock.patch("sqlite3.connect", return_value="mine"):
        assert sqlite3.connect(":memory:") == "mine"
    assert watched.counts() == {"SELECT 1": 1}


def test_connect_that_was_taken_before_the_run_counts_too() -> None:
    taken = type(sys)("taken")
    taken.connect = sqlite3.connect  # type: ignore[attr-defined]
    original = sqlite3.connect
    with mock.patch.dict(sys.modules, taken=taken), Watched() as watched:
        taken.connect(":memory:").execute("SELECT 1")  # type: ignore[attr-defined]
        assert watched.counts() == {"SELECT 1": 1}
    assert taken.connect is original  # type: ignore[attr-defined]


def test_threads_are_counted_without_a_lock(watched: Watched) -> None:
    def query() -> None:
        connection = sqlite3.connect(":memory:")
        for _ in range(200):
            connection.execute("SELECT 1")

    threads = [threading.Thread(target=query) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert watched.counts() == {"SELECT 1": 1600}


def test_a_million_alike_cost_the_memory_of_one(watched: Watched) -> None:
    connection = sqlite3.connect(":memory:")
    cursor = connection.cursor()
    for number in range(3_000):
        cursor.execute("SELECT ?", (number,))
    gc.collect()
    (query,) = watched.sent()
    assert (query.count, len(query.parameters), query.untold) == (3_000, 1_000, 2_000)


def test_everything_is_as_it_was_when_the_run_is_over() -> None:
    program = """
        import sqlite3, sys
        from trim_telemetry.drivers.registry import Drivers
        from trim_telemetry.collectors.queries import recorder, Settings
        from trim_telemetry.collectors.call_site import CallSites
        from trim_telemetry.collectors.source import Sources
        from trim_telemetry.collectors.threads import Threads
        before = sqlite3.connect, sqlite3.dbapi2.connect, list(sys.meta_path)
        sites = CallSites(Sources("."))
        recorder.start(Settings(10, False), sites, Threads(sites.find), print)
        drivers = Drivers(found=lambda: None)
        assert before[0] is not sqlite3.connect
        connection = sqlite3.connect(":memory:")
        drivers.close()
        recorder.stop()
        assert before == (sqlite3.connect, sqlite3.dbapi2.connect, list(sys.meta_path))
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=environment(), check=True)


@pytest.mark.parametrize("kind", [sqlite3.Cursor, Cursor, Bare])
def test_rows_of_a_cursor_with_and_without_room_are_timed(kind: Any, watched: Watched) -> None:
    cursor = sqlite3.connect(":memory:").cursor(kind).execute("SELECT 1")
    assert recorder.window is not None
    (query,) = recorder.window.queries()
    before = query.spent
    cursor.fetchall()
    assert query.spent > before


@pytest.mark.parametrize("name", ["Connection", "Cursor"])
def test_classes_of_c_can_not_be_patched(name: str) -> None:
    """The reason for subclasses: were it so no more, patching would be simpler."""
    with pytest.raises(TypeError):
        getattr(sqlite3, name).execute = None


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no adapter was deprecated yet")
def test_warning_is_about_the_line_that_it_is_about_without_us(watched: Watched) -> None:
    with pytest.warns(DeprecationWarning, match="date adapter") as seen:
        sqlite3.connect(":memory:").execute("SELECT ?", (datetime.date(2000, 1, 1),))
    assert [warning.filename for warning in seen] == [__file__]


def test_an_error_of_ours_in_counting_or_timing_does_not_reach_the_user(watched, monkeypatch):
    connection = sqlite3.connect(":memory:")
    cursor = connection.execute("SELECT 1 UNION SELECT 2")
    monkeypatch.setattr(recorder, "remark", mock.Mock(side_effect=KeyError("on purpose")))
    assert cursor.fetchall() == [(1,), (2,)]
    assert (recorder.problem, len(watched.errors)) == ("KeyError", 1)
    monkeypatch.undo()
    watched.errors.clear()
    recorder.problem = None
    watched.again()
    monkeypatch.setattr(recorder, "_new", mock.Mock(side_effect=KeyError("on purpose")))
    assert connection.execute("SELECT 3").fetchall() == [(3,)]
    assert recorder.end()[1] == "KeyError"
    assert [str(error) for error in watched.errors] == ["'on purpose'"]
    recorder.problem = None
    connection.close()
