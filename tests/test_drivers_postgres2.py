"""psycopg2: each way to send a statement, held against the server's own log; and what the user must not notice."""

import io
import sys
import threading
import traceback
from typing import Any, Dict, Iterator, List, Tuple
from unittest import mock

import pytest

from .servers import LOGGED, POSTGRES, need
from .watching import Hostile, Watched

psycopg2 = pytest.importorskip("psycopg2")
extensions = pytest.importorskip("psycopg2.extensions")
extras = pytest.importorskip("psycopg2.extras")
pool = pytest.importorskip("psycopg2.pool")
sql = pytest.importorskip("psycopg2.sql")

UNCOUNTED = ("BEGIN", "COMMIT", "ROLLBACK")  # psycopg2 sends them for itself, without a cursor


class Postgres:
    """Connections whose session tells of each of its statements."""

    def __init__(self) -> None:
        self.opened: List[Any] = []

    def open(self, **named: Any) -> Any:
        """Return a new one, with a table."""
        connection = psycopg2.connect(POSTGRES, options=LOGGED, **named)
        connection.autocommit = True
        extensions.connection.cursor(connection, cursor_factory=extensions.cursor).execute(
            "CREATE TEMPORARY TABLE t (n int, s text)"
        )
        del connection.notices[:]
        return self.add(connection)

    def add(self, connection: Any) -> Any:
        """Have the log of another one, too; return it."""
        self.opened.append(connection)
        return connection

    def log(self) -> List[str]:
        """The statements that the server has seen since they were opened, less those that are the driver's own."""
        lines = [notice.partition(": ")[2].strip() for connection in self.opened for notice in connection.notices]
        return [line for line in lines if line.partition(" ")[2] not in UNCOUNTED]

    def close(self) -> None:
        for connection in self.opened:
            connection.close()


@pytest.fixture
def watched() -> Iterator[Watched]:
    need("PostgreSQL", lambda: psycopg2.connect(POSTGRES))
    with Watched() as found:
        yield found


@pytest.fixture
def postgres(watched: Watched) -> Iterator[Postgres]:
    made = Postgres()
    yield made
    made.close()


@pytest.fixture
def connection(postgres: Postgres) -> Any:
    return postgres.open()


class Supering(extensions.cursor):
    """A user's own, as psycopg2's extras are."""

    def execute(self, query: Any, vars: Any = None) -> Any:
        super().execute("SELECT 'first'")
        return super().execute(query, vars)


class Naming(extensions.cursor):
    """A user's own, as psycopg2's documentation has it."""

    def execute(self, query: Any, vars: Any = None) -> Any:
        return extensions.cursor.execute(self, query.strip(), vars)


class Slotted(extensions.cursor):
    """A user's own."""

    __slots__ = ("mine",)


class Opening(extensions.connection):
    """A user's own."""

    def cursor(self, *given: Any, **named: Any) -> Any:
        named.setdefault("cursor_factory", Supering)
        return super().cursor(*given, **named)


class Past(extensions.connection):
    """A user's own, as older code has it."""

    def cursor(self, *given: Any, **named: Any) -> Any:
        return extensions.connection.cursor(self, *given, **named)


class Meta(type):
    """A user's own, whose classes can't be told from each other."""

    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # as Python has it for such a class


class Unhashable(extensions.connection, metaclass=Meta):
    """A user's own."""


class Defaulting(extensions.connection):
    """A user's own, whose attribute C does not look at."""

    cursor_factory = "nonsense"


class Refusing(extensions.connection):
    """A user's own, which takes no subclass."""

    def __init_subclass__(cls) -> None:
        raise TypeError("final")


def executed(connection: Any, **named: Any) -> Any:
    cursor = connection.cursor(**named)
    cursor.execute("SELECT 1 AS one")
    return cursor


def in_transaction(connection: Any, send: Any) -> None:
    connection.autocommit = False
    with connection, connection.cursor("name") as cursor:
        send(cursor)


def logging_connection(postgres: Postgres) -> None:
    with mock.patch.object(extras.LoggingConnection, "_check", lambda self: self.initialize(io.StringIO())):
        executed(postgres.open(connection_factory=extras.LoggingConnection))


def pooled(postgres: Postgres) -> None:
    found = pool.SimpleConnectionPool(1, 1, POSTGRES, options=LOGGED)
    postgres.add(found.getconn())
    executed(postgres.opened[-1])


def failing(connection: Any) -> None:
    with pytest.raises(psycopg2.ProgrammingError):
        connection.cursor().execute("SELECT * FROM nowhere")


ROWS = [(number, "x") for number in range(250)]
# What is sent; how many statements that is to us, and to the server.
STYLES: Dict[str, Tuple[Any, int, int]] = {
    "execute": (lambda p: executed(p.open()), 1, 1),
    "parameters": (lambda p: p.open().cursor().execute("SELECT %s", (1,)), 1, 1),
    "vars=": (lambda p: p.open().cursor().execute("SELECT %(a)s", vars={"a": 1}), 1, 1),
    "query=": (lambda p: p.open().cursor().execute(query="SELECT 1"), 1, 1),
    "executemany": (lambda p: p.open().cursor().executemany("SELECT %s", [(1,), (2,), (3,)]), 1, 3),
    "callproc": (lambda p: p.open().cursor().callproc("lower", ("A",)), 1, 1),
    "copy_from": (lambda p: p.open().cursor().copy_from(io.StringIO("1\tx\n"), "t"), 1, 1),
    "copy_to": (lambda p: p.open().cursor().copy_to(io.StringIO(), "t"), 1, 1),
    "copy_expert": (lambda p: p.open().cursor().copy_expert("COPY t TO STDOUT", io.StringIO()), 1, 1),
    "execute_values": (lambda p: extras.execute_values(p.open().cursor(), "INSERT INTO t VALUES %s", ROWS), 3, 3),
    "execute_batch": (lambda p: extras.execute_batch(p.open().cursor(), "INSERT INTO t VALUES (%s, %s)", ROWS), 3, 3),
    "mogrify": (lambda p: p.open().cursor().mogrify("SELECT %s", (1,)), 0, 0),
    "several in one": (lambda p: p.open().cursor().execute("SELECT 1; SELECT 2"), 1, 1),
    "iterated": (lambda p: list(executed(p.open())), 1, 1),
    "fetched": (lambda p: executed(p.open()).fetchall(), 1, 1),
    "failed": (lambda p: failing(p.open()), 1, 1),
    "RealDictCursor": (lambda p: list(executed(p.open(), cursor_factory=extras.RealDictCursor)), 1, 1),
    "NamedTupleCursor": (lambda p: list(executed(p.open(), cursor_factory=extras.NamedTupleCursor)), 1, 1),
    "DictCursor": (lambda p: executed(p.open(), cursor_factory=extras.DictCursor).fetchone(), 1, 1),
    "DictCursor by place": (lambda p: p.open().cursor(None, extras.DictCursor).execute("SELECT 1"), 1, 1),
    "connect(cursor_factory=)": (lambda p: executed(p.open(cursor_factory=extras.RealDictCursor)), 1, 1),
    "RealDictConnection": (lambda p: executed(p.open(connection_factory=extras.RealDictConnection)), 1, 1),
    "LoggingConnection": (logging_connection, 1, 1),
    "own cursor with super()": (lambda p: executed(p.open(), cursor_factory=Supering), 2, 2),
    "own cursor without super()": (lambda p: executed(p.open(), cursor_factory=Naming), 1, 1),
    "own cursor with slots": (lambda p: list(executed(p.open(), cursor_factory=Slotted)), 1, 1),
    "own connection": (lambda p: executed(p.open(connection_factory=Opening)), 2, 2),
    "own connection with an attribute": (lambda p: executed(p.open(connection_factory=Defaulting)), 1, 1),
    "connection by place": (lambda p: executed(psycopg2.connect(POSTGRES, extras.DictConnection)), 1, 0),
    "pool": (pooled, 1, 1),
    "named": (lambda p: in_transaction(p.open(), lambda c: (c.execute("SELECT 1"), c.fetchall())), 1, 3),
    "named, iterated": (lambda p: in_transaction(p.open(), lambda c: (c.execute("SELECT 1"), list(c))), 1, 4),
    "transaction": (lambda p: p.open().set_session(readonly=True, autocommit=False), 0, 0),
    "register_hstore": (lambda p: extras.HstoreAdapter.get_oids(p.open()), 1, 1),
}


@pytest.mark.parametrize("style", STYLES)
def test_each_way_to_send_is_counted_as_the_server_sees_it(style: str, watched: Watched, postgres: Postgres) -> None:
    send, ours, the_servers = STYLES[style]
    send(postgres)
    assert (watched.count(), len(postgres.log())) == (ours, the_servers), postgres.log()
    assert watched.uninstrumented == 0


@pytest.mark.parametrize(
    "named",
    [
        {"connection_factory": lambda dsn, **more: extensions.connection(dsn, **more)},
        {"connection_factory": Refusing},
        {"connection_factory": Unhashable},
        {"connection_factory": Past},
        {"cursor_factory": lambda *given, **more: extensions.cursor(*given, **more)},
    ],
    ids=[
        "connection by function",
        "class that takes no subclass",
        "class without a hash",
        "past super()",
        "cursor by function",
    ],
)
def test_what_we_cannot_see_is_left_alone_and_said(named: Dict[str, Any], watched: Watched, postgres: Postgres) -> None:
    connection = postgres.open(**named)
    cursor = executed(connection)
    assert type(cursor) is extensions.cursor
    assert (watched.count(), len(postgres.log()), watched.uninstrumented) == (0, 1, 1)


def test_connection_goes_by_its_database_and_says_no_password(watched: Watched, connection: Any) -> None:
    executed(connection)
    (query,) = watched.sent()
    assert query.connection == f"psycopg2:{connection.info.dbname}"


def test_statements_are_taken_as_they_were_passed(watched: Watched, connection: Any) -> None:
    cursor = connection.cursor()
    composed = sql.SQL("SELECT {} FROM t").format(sql.Identifier('n"'))
    for statement in (b"SELECT %s", "SELECT %s"):
        cursor.execute(statement, (1,))
    with pytest.raises(psycopg2.ProgrammingError):
        cursor.execute(composed)
    cursor.copy_from(io.StringIO(""), "t")
    assert watched.counts() == {"SELECT %s": 2, 'SELECT "n""" FROM t': 1, "COPY t FROM stdin": 1}


def test_parameters_tell_executions_apart_and_many_are_not_looked_at(watched: Watched, connection: Any) -> None:
    cursor = connection.cursor()
    for value in (1, 2, 2):
        cursor.execute("SELECT %s", (value,))
    asked: List[int] = []
    cursor.executemany("INSERT INTO t VALUES (%s)", (asked.append(number) or (number,) for number in range(3)))
    one, many = watched.sent()
    assert (sorted(one.parameters.values()), one.untold) == ([1, 2], 0)
    assert (asked, many.count, many.untold) == ([0, 1, 2], 1, 1)


def test_time_of_the_rows_is_the_statements(watched: Watched, connection: Any) -> None:
    connection.autocommit = False
    for cursor in (connection.cursor(), connection.cursor("name"), connection.cursor(cursor_factory=Slotted)):
        cursor.execute("SELECT generate_series(1, 5)")
        (query,) = watched.now()
        seen = [query.spent]
        for fetch in (
            cursor.fetchone,
            lambda cursor=cursor: next(iter(cursor)),
            lambda cursor=cursor: cursor.fetchmany(1),
            cursor.fetchall,
        ):
            fetch()
            seen.append(query.spent)
        assert seen == sorted(set(seen))
        assert query.longest == query.spent
        watched.again()


@pytest.mark.parametrize("factory", [None, extras.RealDictCursor, extras.NamedTupleCursor, extras.DictCursor])
def test_cursor_is_what_the_user_has_asked_for(factory: Any, watched: Watched, connection: Any) -> None:
    cursor = connection.cursor(cursor_factory=factory)
    expected = factory or extensions.cursor
    assert isinstance(cursor, expected) and isinstance(connection, extensions.connection)
    assert (type(cursor), type(connection)) == (expected, extensions.connection)
    assert (type(cursor).__name__, type(cursor).__module__) == (expected.__name__, expected.__module__)
    assert repr(cursor).startswith("<cursor object at") and repr(connection).startswith("<connection object at")
    assert cursor.connection is connection
    assert connection.cursor_factory is None
    assert cursor.execute("SELECT 1") is None and iter(cursor) is not None
    if factory is None:
        with pytest.raises(AttributeError):
            cursor.anything = 1  # as with psycopg2's own
        with pytest.raises(AttributeError):
            connection.anything = 1


def test_what_c_asks_of_a_connections_type_holds(watched: Watched, connection: Any) -> None:
    cursor = connection.cursor()
    extensions.register_type(extensions.UNICODE, connection)
    extensions.register_type(extensions.UNICODE, cursor)
    extras.register_default_json(connection)
    extras.register_default_jsonb(connection)
    extras.register_uuid(conn_or_curs=cursor)
    assert extensions.quote_ident('a"', connection) == extensions.quote_ident('a"', cursor) == '"a"""'
    assert sql.Identifier("a").as_string(connection) == sql.Identifier("a").as_string(cursor) == '"a"'
    adapted = extensions.adapt("x")
    adapted.prepare(connection)
    assert (adapted.getquoted(), extensions.encrypt_password("p", "u", connection)[:5]) == (b"'x'", "SCRAM")
    assert extensions.parse_dsn(connection.dsn)["dbname"] == connection.info.dbname
    assert watched.count() == 0
    watched.again()
    cursor.execute("CREATE TYPE pg_temp.pair AS (a int, b int)")
    extras.register_composite("pg_temp.pair", cursor)
    cursor.execute("SELECT (1, 2)::pg_temp.pair, '{\"a\": 1}'::jsonb")
    assert cursor.fetchone() == ((1, 2), {"a": 1})


def test_errors_look_as_they_do_without_us(watched: Watched, connection: Any) -> None:
    cursor = connection.cursor()
    with pytest.raises(psycopg2.errors.UndefinedTable) as raised:
        cursor.execute("SELECT * FROM nowhere")
    frames = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    if sys.version_info >= (3, 11):  # before, `raise` puts the innermost frame back
        assert frames == ["test_errors_look_as_they_do_without_us"]
    assert raised.value.cursor is cursor
    cursor.close()
    with pytest.raises(psycopg2.InterfaceError, match="cursor already closed"):
        cursor.execute("SELECT 1")
    connection.close()
    with pytest.raises(psycopg2.InterfaceError, match="connection already closed"):
        connection.cursor()
    with pytest.raises(psycopg2.OperationalError) as refused:
        psycopg2.connect(POSTGRES, port=1)
    if sys.version_info >= (3, 11):
        assert [frame.name for frame in traceback.extract_tb(refused.value.__traceback__)][1:] == ["connect"]
    failed = [(query.sql, query.failed) for query in watched.sent()]
    assert failed == [("SELECT * FROM nowhere", 1), ("SELECT 1", 1)]


class Adapted(Hostile):
    """A parameter that is a number in SQL."""

    def __conform__(self, protocol: Any) -> Any:
        return extensions.AsIs("1")


@pytest.mark.parametrize(
    "statement, parameters, is_good",
    [
        ("", None, False),
        ("SELECT 1 \0", None, True),  # C takes it for the end
        (f"SELECT '{'x' * 10_000_000}'", None, True),
        (None, None, False),
        (b"SELECT '\xff'", None, False),
        ("SELECT %s", (Adapted(),), True),
        ("SELECT %(a)s", {"a": Adapted()}, True),
        ("SELECT %s", (object(),), False),
        ("SELECT %s", (number for number in (1, 2)), False),
        ("SELECT %s", (), False),
    ],
    ids=["empty", "NUL", "10 MB", "None", "bytes", "hostile", "hostile in dict", "unknown", "generator", "too few"],
)
def test_hostile_statements_end_as_they_would_without_us(
    statement: Any, parameters: Any, is_good: bool, watched: Watched, connection: Any
) -> None:
    ends = []
    plain = extensions.cursor(connection)
    for cursor in (plain, connection.cursor()):
        try:
            ends.append(cursor.execute(statement, parameters))
        except Exception as error:  # noqa: BLE001  # whatever it is, with us or without
            ends.append((type(error), str(error)))
    assert ends[0] == ends[1] and (ends[0] is None) is is_good
    (query,) = watched.sent()
    assert (query.count, query.failed) == (1, 0 if is_good else 1)
    assert len(query.sql) < 101_000


def test_cursor_closed_in_another_thread_and_connection_closed_in_mid_iteration(
    watched: Watched, connection: Any
) -> None:
    cursor = executed(connection)
    closing = threading.Thread(target=cursor.close)
    closing.start()
    closing.join()
    with pytest.raises(psycopg2.InterfaceError):
        next(cursor)
    rows = connection.cursor()
    rows.execute("SELECT generate_series(1, 5)")
    next(rows)
    connection.close()
    with pytest.raises(psycopg2.InterfaceError):
        rows.fetchall()
    assert watched.count() == 2


def test_threads_share_a_connection(watched: Watched, connection: Any) -> None:
    def query() -> None:
        for _ in range(20):
            executed(connection, cursor_factory=extras.RealDictCursor).fetchall()

    threads = [threading.Thread(target=query) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert watched.count() == 80


def test_asynchronous_connection_and_wait_callback_count_alike(watched: Watched, connection: Any) -> None:
    waiting = psycopg2.connect(POSTGRES, async_=1)
    extras.wait_select(waiting)
    cursor = waiting.cursor()
    cursor.execute("SELECT 1")
    extras.wait_select(waiting)
    extensions.set_wait_callback(extras.wait_select)
    try:
        executed(connection)
    finally:
        extensions.set_wait_callback(None)
    waiting.close()
    assert watched.count() == 2


def test_user_may_put_something_else_in_place_of_connect(watched: Watched) -> None:
    with mock.patch("psycopg2.connect", return_value="mine"):
        assert psycopg2.connect("anything") == "mine"
    with mock.patch("psycopg2._connect", return_value="mine") as c:
        assert psycopg2.connect("dbname=a") == "mine"
    assert c.call_args == mock.call("dbname=a", connection_factory=None)


def test_connection_that_outlives_the_run_goes_on_working(postgres: Postgres) -> None:
    before = psycopg2._connect
    with Watched() as run:
        connection = psycopg2.connect(POSTGRES)
        assert psycopg2._connect is before or run.count() == 0
    assert list(executed(connection)) == [(1,)]
    connection.close()
