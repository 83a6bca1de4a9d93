"""Any PEP 249 module through instrument(): what its proxies count, and how little of them is to be noticed."""

import collections.abc
import copy
import sqlite3
import sys
import threading
import traceback
import types
import weakref
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest

from trim_telemetry.collectors.queries import recorder
from trim_telemetry.drivers import dbapi

from .watching import Hostile, Watched

PLAIN = (sqlite3.connect,)  # C's own, where nobody finds it to instrument it


class Error(Exception):
    """Of the small driver."""


class Cursor:
    """A cursor of a small driver, which answers whatever it is asked."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.asked: List[Any] = []
        self.rows: List[Any] = []

    def execute(self, operation: Any, parameters: Any = None) -> "Cursor":
        if type(operation) is str and operation == "fail":
            raise Error(self)
        self.asked.append((operation, parameters))
        self.rows = [(1,), (2,), (3,)]
        return self

    def executemany(self, operation: Any, seq_of_parameters: Any) -> None:
        for parameters in seq_of_parameters:
            self.execute(operation, parameters)

    def callproc(self, procname: str, parameters: Any = ()) -> Any:
        self.execute(procname, parameters)
        return parameters

    def fetchone(self) -> Any:
        return self.rows.pop(0) if self.rows else None

    def fetchmany(self, size: int = 1) -> Any:
        return [self.rows.pop(0) for _ in range(size)]

    def fetchall(self) -> Any:
        return self.fetchmany(len(self.rows))

    def __iter__(self) -> "Cursor":
        return self

    def __next__(self) -> Any:
        if not self.rows:
            raise StopIteration
        return self.rows.pop(0)

    def __enter__(self) -> "Cursor":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def prepared(self) -> "Cursor":
        return self

    def close(self) -> None:
        self.rows = []


class Connection:
    """A connection of a small driver."""

    def __init__(self, **named: Any) -> None:
        self.autocommit = False
        self.named = named

    def cursor(self) -> Cursor:
        return Cursor(self)

    def execute(self, operation: Any, parameters: Any = None) -> Cursor:
        return self.cursor().execute(operation, parameters)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def __eq__(self, other: Any) -> bool:
        return type(other) is Connection

    __hash__ = None  # type: ignore[assignment]  # as Python has it for such a class

    def close(self) -> None:
        pass


def connect(dsn: str = "", **named: Any) -> Connection:
    """Connect to nothing."""
    if dsn == "refused":
        raise Error(dsn)
    return Connection(**named)


@pytest.fixture
def driver() -> Any:
    """A new module that is instrumented."""
    made: Any = types.ModuleType("small")
    made.connect, made.Error, made.paramstyle = connect, Error, "qmark"
    return dbapi.instrument(made)


@pytest.fixture
def lite() -> Any:
    """C's sqlite3 by another name, as its forks are."""
    made: Any = types.ModuleType("pysqlite3")
    (made.connect,) = PLAIN
    return dbapi.instrument(made)


@pytest.fixture
def watched() -> Iterator[Watched]:
    with Watched() as found:
        yield found


def within(driver: Any) -> None:
    with driver.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert type(connection).__name__ == "Connection" and connection.cursor().connection is connection


def failing(driver: Any) -> None:
    with pytest.raises(Error):
        driver.connect().cursor().execute("fail")


# What is sent, and how many statements that is.
STYLES: Dict[str, Tuple[Callable[[Any], Any], int]] = {
    "cursor.execute": (lambda d: d.connect().cursor().execute("SELECT 1"), 1),
    "connection.execute": (lambda d: d.connect().execute("SELECT 1"), 1),
    "parameters": (lambda d: d.connect().cursor().execute("SELECT ?", (1,)), 1),
    "named": (lambda d: d.connect().cursor().execute(operation="SELECT ?", parameters=(1,)), 1),
    "chained": (lambda d: d.connect().cursor().execute("SELECT 1").execute("SELECT 2").fetchall(), 2),
    "chained by another": (lambda d: d.connect().cursor().prepared().execute("SELECT 1"), 1),
    "iterated": (lambda d: [list(row) for row in d.connect().cursor().execute("SELECT 1")], 1),
    "with": (within, 1),
    "executemany": (lambda d: d.connect().cursor().executemany("INSERT", [(1,), (2,)]), 1),
    "callproc": (lambda d: d.connect().cursor().callproc("name", (1,)), 1),
    "kept method": (lambda d: [execute("SELECT 1") for execute in [d.connect().cursor().execute] * 2], 2),
    "failed": (failing, 1),
    "no statement": (lambda d: d.connect().cursor().close(), 0),
}


@pytest.mark.parametrize("style", STYLES)
def test_each_way_to_send_is_one_statement(style: str, watched: Watched, driver: Any) -> None:
    send, expected = STYLES[style]
    send(driver)
    assert watched.count() == expected


LITE: Dict[str, Tuple[Callable[[Any], Any], int]] = {
    "cursor.execute": (lambda c: c.cursor().execute("SELECT 1").fetchall(), 1),
    "connection.execute": (lambda c: c.execute("SELECT 1").fetchone(), 1),
    "executescript": (lambda c: c.executescript("SELECT 1; SELECT 2"), 1),
    "executemany": (lambda c: c.executemany("DELETE FROM t WHERE n = ?", [(1,), (2,)]), 1),
    "iterated": (lambda c: list(c.execute("SELECT 1")), 1),
    "with": (lambda c: c.__enter__().execute("SELECT 1"), 1),
}


@pytest.mark.parametrize("style", LITE)
def test_c_driver_is_counted_as_the_database_traces_it(style: str, watched: Watched, lite: Any) -> None:
    send, expected = LITE[style]
    connection = lite.connect(":memory:", isolation_level=None)
    connection.cursor().connection.execute("CREATE TABLE t (n)")
    watched.again()
    traced: List[str] = []
    connection.set_trace_callback(traced.append)
    send(connection)
    assert watched.count() == expected
    assert len(traced) == {"executescript": 2, "executemany": 2}.get(style, expected)


def test_driver_below_is_not_counted_again(watched: Watched) -> None:
    above: Any = types.ModuleType("above")
    above.connect = sqlite3.connect
    dbapi.instrument(above).connect(":memory:").cursor().execute("SELECT 1")
    sqlite3.connect(":memory:").execute("SELECT 2")
    assert [(query.sql, query.count, query.connection) for query in watched.sent()] == [
        ("SELECT 1", 1, "above::memory:"),
        ("SELECT 2", 1, "sqlite3::memory:"),
    ]


def test_instrumenting_returns_the_module_and_twice_is_once(driver: Any, watched: Watched) -> None:
    once = driver.connect
    assert dbapi.instrument(driver) is driver
    assert driver.connect is once
    assert (once.__name__, once.__doc__, once.__wrapped__) == ("connect", "Connect to nothing.", connect)


def test_modules_that_need_no_proxies_are_left_alone() -> None:
    assert dbapi.instrument(sqlite3).connect is sqlite3.connect
    assert not hasattr(sqlite3.connect, "_trim_instrumented")


def test_what_is_no_such_module_is_refused() -> None:
    with pytest.raises(TypeError, match="is no PEP 249 module"):
        dbapi.instrument(collections)


@pytest.mark.parametrize(
    "given, named, expected",
    [
        ((), {"database": "shop", "password": "secret"}, "shop"),
        ((), {"db": "shop"}, "shop"),
        ((), {"dbname": "/srv/data/shop.duckdb"}, "shop.duckdb"),
        ((), {"dsn": "host=h dbname=shop password=secret"}, "shop"),
        (("DRIVER={x};SERVER=s;DATABASE=shop;PWD=secret",), {}, "shop"),
        (("/srv/data/shop.db",), {}, "shop.db"),
        (("./shop.db",), {}, "shop.db"),
        ((r"C:\data\shop.db",), {}, "shop.db"),
        (("shop",), {}, "shop"),
        ((":memory:",), {}, ":memory:"),
        (("scott/tiger@shop",), {}, "?"),
        (("scott/tiger",), {}, "?"),
        (("driver://scott:tiger@host/shop",), {}, "?"),
        (("DRIVER={x};PWD=secret",), {}, "?"),
        ((), {"password": "secret"}, "?"),
        ((), {"database": "x" * 300}, "x" * 94),
    ],
)
def test_connection_goes_by_its_database_and_says_no_password(
    given: Any, named: Any, expected: str, watched: Watched
) -> None:
    module: Any = types.ModuleType("small")
    module.connect = lambda *given, **named: Connection()
    dbapi.instrument(module).connect(*given, **named).cursor().execute("SELECT 1")
    (query,) = watched.sent()
    assert query.connection == f"small:{expected}"


def test_time_of_the_rows_is_the_statements(watched: Watched, driver: Any, lite: Any) -> None:
    for send in (driver.connect().cursor().execute, lite.connect(":memory:").execute):
        cursor = send("SELECT 1 UNION SELECT 2 UNION SELECT 3")
        (query,) = watched.now()
        seen = [query.spent]
        for fetch in (cursor.fetchone, cursor.__next__, lambda cursor=cursor: cursor.fetchmany(1), cursor.fetchall):
            fetch()
            seen.append(query.spent)
        assert seen == sorted(set(seen))
        assert (query.count, query.longest) == (1, query.spent)
        watched.again()


def test_proxies_pass_for_what_they_stand_for(watched: Watched, driver: Any) -> None:
    connection = driver.connect(database="shop")
    cursor = connection.cursor()
    assert isinstance(connection, Connection) and isinstance(cursor, Cursor)
    assert connection.__class__ is Connection and cursor.__class__ is Cursor
    assert (type(cursor).__name__, type(cursor).__module__, type(cursor).__doc__) == (
        "Cursor",
        Cursor.__module__,
        Cursor.__doc__,
    )
    assert isinstance(cursor, collections.abc.Iterator) and not isinstance(connection, collections.abc.Iterable)
    assert cursor.connection is connection
    assert cursor.execute("SELECT 1") is cursor and iter(cursor) is cursor
    assert next(cursor) == (1,) and list(cursor) == [(2,), (3,)]
    assert connection.named == {"database": "shop"} and not connection
    assert connection == driver.connect() and connection != 1
    assert repr(cursor).startswith("<tests.test_drivers_dbapi.Cursor object at ")
    assert set(dir(Cursor)) <= set(dir(cursor)) and vars(cursor)["asked"] == [("SELECT 1", None)]
    assert cursor.execute.__name__ == "execute" and cursor.execute.__self__ is cursor
    assert weakref.ref(cursor)() is cursor
    assert type(copy.copy(cursor)) is Cursor
    with pytest.raises(TypeError, match="unhashable"):
        hash(connection)
    with pytest.raises(TypeError):
        iter(connection)
    with pytest.raises(AttributeError, match="nothing"):
        _ = cursor.nothing


def test_attributes_are_set_and_deleted_on_what_it_stands_for(watched: Watched, driver: Any, lite: Any) -> None:
    connection = driver.connect()
    connection.autocommit = connection.mine = True
    assert connection.cursor().connection.mine is True
    assert vars(connection) == {"autocommit": True, "named": {}, "mine": True}
    del connection.mine
    assert not hasattr(connection, "mine")
    rows = lite.connect(":memory:")
    rows.row_factory = sqlite3.Row
    assert rows.execute("SELECT 1 AS one").fetchone()["one"] == 1
    with pytest.raises(AttributeError):
        rows.anything = 1


def test_what_a_proxy_cannot_do_is_said_by_c(lite: Any) -> None:
    connection = lite.connect(":memory:")
    with pytest.raises(TypeError):
        sqlite3.Cursor(connection)
    assert dbapi.__doc__ is not None and "TypeError" in dbapi.__doc__


def frames(error: Any) -> List[str]:
    return [frame.name for frame in traceback.extract_tb(error.value.__traceback__)]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="`raise` puts the innermost frame back")
def test_errors_look_as_they_do_without_us(watched: Watched, driver: Any, lite: Any) -> None:
    name = "test_errors_look_as_they_do_without_us"
    cursor = driver.connect().cursor()
    with pytest.raises(Error) as raised:
        cursor.execute("fail")
    assert frames(raised) == [name, "execute"]
    with pytest.raises(Error) as refused:
        driver.connect("refused")
    assert frames(refused) == [name, "connect"]
    with pytest.raises(AttributeError) as missing:
        _ = cursor.nothing
    assert frames(missing) == [name]
    with pytest.raises(sqlite3.OperationalError) as broken, lite.connect(":memory:") as connection:
        connection.execute("SELECT * FROM nowhere")
    assert frames(broken) == [name]


@pytest.mark.parametrize(
    "sql, parameters",
    [
        ("", ()),
        ("SELECT 1 \0", ()),
        (f"SELECT '{'x' * 10_000_000}'", ()),
        (b"SELECT 1", ()),
        (None, ()),
        (Hostile(), ()),
        ("SELECT ?", (Hostile(),)),
        ("SELECT ?", {"a": Hostile()}),
    ],
    ids=["empty", "NUL", "10 MB", "bytes", "None", "hostile", "parameter", "named"],
)
def test_hostile_statements_reach_the_driver_untouched(
    sql: Any, parameters: Any, watched: Watched, driver: Any
) -> None:
    cursor = driver.connect().cursor()
    cursor.execute(sql, parameters)
    ((asked, given),) = cursor.asked
    assert asked is sql and given is parameters
    (query,) = watched.sent()
    assert query.count == 1 and len(query.sql) < 101_000


class Template:
    """What t"SELECT {value}" is, from Python 3.14 on."""

    def __init__(self, *strings: str) -> None:
        self.strings = strings
        self.interpolations = ("secret",)

    def __repr__(self) -> str:
        return f"Template({self.strings}, {self.interpolations})"


def test_values_of_a_template_string_are_parameters(watched: Watched, driver: Any) -> None:
    driver.connect().cursor().execute(Template("SELECT ", ""))
    assert watched.counts() == {"SELECT %s": 1}


def test_generators_are_left_to_the_driver(watched: Watched, driver: Any) -> None:
    asked: List[int] = []
    cursor = driver.connect().cursor()
    cursor.executemany("INSERT", (asked.append(number) or (number,) for number in range(3)))
    assert asked == [0, 1, 2] and len(cursor.asked) == 3
    endless = (number for number in iter(int, 1))
    cursor.execute("SELECT", endless)
    assert next(endless) == 0
    assert watched.counts() == {"INSERT": 1, "SELECT": 1}


def test_cursor_closed_in_another_thread(watched: Watched, lite: Any) -> None:
    connection = lite.connect(":memory:", check_same_thread=False)
    cursor = connection.execute("SELECT 1 UNION SELECT 2")
    closing = threading.Thread(target=cursor.close)
    closing.start()
    closing.join()
    with pytest.raises(sqlite3.ProgrammingError):
        next(cursor)
    assert watched.count() == 1


def test_without_a_run_proxies_only_forward(driver: Any) -> None:
    assert recorder.window is None
    cursor = driver.connect().cursor().execute("SELECT 1")
    assert (next(cursor), cursor.fetchall(), cursor.asked) == ((1,), [(2,), (3,)], [("SELECT 1", None)])
