"""psycopg 3: each way to send a statement, held against the server's own log; and what the user must not notice."""

import asyncio
import inspect
import sys
import threading
import traceback
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest

from trim_telemetry.drivers import notes

from .servers import LOGGED, POSTGRES, need
from .watching import Hostile, Watched

psycopg = pytest.importorskip("psycopg")
rows = pytest.importorskip("psycopg.rows")
sql = pytest.importorskip("psycopg.sql")

UNCOUNTED = ("BEGIN", "COMMIT", "ROLLBACK")  # psycopg sends them for itself, without a cursor


class Postgres:
    """Connections whose session tells of each of its statements."""

    def __init__(self) -> None:
        self._seen: List[str] = []
        self._opened: List[Any] = []

    def open(self, **named: Any) -> Any:
        """Return a new one, with a table."""
        connection = psycopg.connect(POSTGRES, options=LOGGED, autocommit=True, **named)
        connection.pgconn.exec_(b"CREATE TEMPORARY TABLE t (n int, s text)")
        connection.add_notice_handler(self._notice)
        self._opened.append(connection)
        return connection

    async def open_async(self, **named: Any) -> Any:
        """Return a new asynchronous one, with a table."""
        connection = await psycopg.AsyncConnection.connect(POSTGRES, options=LOGGED, autocommit=True, **named)
        connection.pgconn.exec_(b"CREATE TEMPORARY TABLE t (n int, s text)")
        connection.add_notice_handler(self._notice)
        return connection

    def _notice(self, notice: Any) -> None:
        self._seen.append(notice.message_primary)

    def log(self) -> List[str]:
        """The statements that the server has seen, less those that are the driver's own."""
        return [line for line in self._seen if line.partition(": ")[2] not in UNCOUNTED]

    def close(self) -> None:
        for connection in self._opened:
            connection.close()


@pytest.fixture
def watched() -> Iterator[Watched]:
    need("PostgreSQL", lambda: psycopg.connect(POSTGRES))
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


class Supering(psycopg.Cursor):  # type: ignore[misc,name-defined]  # the driver may not be installed
    """A user's own."""

    def execute(self, *given: Any, **named: Any) -> Any:
        super().execute("SELECT 'first'")
        return super().execute(*given, **named)


def copied_in(connection: Any) -> None:
    with connection.cursor().copy("COPY t (n) FROM STDIN") as copy:
        copy.write_row((1,))
        copy.write("2\n")


def copied_out(connection: Any) -> None:
    with connection.cursor().copy("COPY (SELECT 1) TO STDOUT") as copy:
        assert list(copy.rows()) == [("1",)]


def in_pipeline(connection: Any) -> None:
    with connection.pipeline():
        connection.execute("SELECT 1")
        connection.cursor().executemany("INSERT INTO t VALUES (%s)", [(1,), (2,)])


def from_the_server(connection: Any) -> None:
    with connection.transaction(), connection.cursor("name") as cursor:
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def returning(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO t VALUES (%s) RETURNING n", [(1,), (2,)], returning=True)
    assert cursor.fetchone() == (1,)


def failing(connection: Any) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM nowhere")


def broken_copy(connection: Any) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation), connection.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write("x\ty\n")


def never_begun(connection: Any) -> None:
    connection.cursor().stream("SELECT 1")
    connection.cursor().copy("COPY t FROM STDIN")


def given_up(connection: Any) -> None:
    stream = connection.cursor().stream("SELECT generate_series(1, 100000)")
    assert next(stream) == (1,)
    stream.close()
    assert connection.execute("SELECT 1").fetchone() == (1,)


# What is sent; how many statements that is to us, and to the server.
STYLES: Dict[str, Tuple[Callable[[Any], Any], int, int]] = {
    "cursor.execute": (lambda c: c.cursor().execute("SELECT 1"), 1, 1),
    "connection.execute": (lambda c: c.execute("SELECT 1"), 1, 1),
    "parameters": (lambda c: c.execute("SELECT %s", (1,)), 1, 1),
    "named": (lambda c: c.cursor().execute(query="SELECT %(a)s", params={"a": 1}, prepare=True, binary=True), 1, 1),
    "chained": (lambda c: c.cursor().execute("SELECT 1").execute("SELECT 2").fetchall(), 2, 2),
    "iterated": (lambda c: [list(row) for row in c.execute("SELECT 1")], 1, 1),
    "executemany": (lambda c: c.cursor().executemany("INSERT INTO t VALUES (%s)", [(1,), (2,)]), 1, 2),
    "returning": (returning, 1, 2),
    "stream": (lambda c: list(c.cursor().stream("SELECT 1")), 1, 1),
    "stream without rows": (lambda c: list(c.cursor().stream("SELECT 1 WHERE false")), 1, 1),
    "stream given up": (given_up, 2, 2),
    "never begun": (never_begun, 0, 0),
    "copy in": (copied_in, 1, 1),
    "copy out": (copied_out, 1, 1),
    "copy that fails": (broken_copy, 1, 1),
    "pipeline": (in_pipeline, 2, 3),
    "server cursor": (from_the_server, 1, 3),
    "client cursor": (lambda c: psycopg.ClientCursor(c).execute("SELECT %s", (1,)), 1, 1),
    "own cursor": (lambda c: Supering(c).execute("SELECT 1"), 2, 2),
    "dict rows": (lambda c: c.cursor(row_factory=rows.dict_row).execute("SELECT 1 AS one").fetchone(), 1, 1),
    "several in one": (lambda c: c.execute("SELECT 1; SELECT 2"), 1, 1),
    "failed": (failing, 1, 1),
    "mogrify": (lambda c: psycopg.ClientCursor(c).mogrify("SELECT %s", (1,)), 0, 0),
    "transaction": (lambda c: c.transaction().__enter__(), 0, 0),
}
if hasattr(psycopg, "RawCursor"):  # from 3.2 on
    STYLES["raw cursor"] = (lambda c: psycopg.RawCursor(c).execute("SELECT $1", (1,)), 1, 1)


@pytest.mark.parametrize("style", STYLES)
def test_each_way_to_send_is_counted_as_the_server_sees_it(style: str, watched: Watched, postgres: Postgres) -> None:
    send, ours, the_servers = STYLES[style]
    send(postgres.open())
    assert (watched.count(), len(postgres.log())) == (ours, the_servers), postgres.log()


async def a_chained(connection: Any) -> None:
    cursor = await (await connection.execute("SELECT 1")).execute("SELECT 2")
    assert [row async for row in cursor] == [(2,)]
    assert await (await connection.execute("SELECT 1")).fetchall() == [(1,)]


async def a_many(connection: Any) -> None:
    await connection.cursor().executemany("INSERT INTO t VALUES (%s)", [(1,), (2,)])


async def a_stream(connection: Any) -> None:
    assert [row async for row in connection.cursor().stream("SELECT generate_series(1, 2)")] == [(1,), (2,)]


async def a_given_up(connection: Any) -> None:
    stream = connection.cursor().stream("SELECT generate_series(1, 100000)")
    assert await stream.__anext__() == (1,)
    await stream.aclose()
    await connection.execute("SELECT 1")


async def a_copied(connection: Any) -> None:
    async with connection.cursor().copy("COPY t (n) FROM STDIN") as copy:
        await copy.write_row((1,))
    async with connection.cursor().copy("COPY t TO STDOUT") as copy:
        assert [bytes(part) async for part in copy] == [b"1\t\\N\n"]


async def a_broken_copy(connection: Any) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        async with connection.cursor().copy("COPY t FROM STDIN") as copy:
            await copy.write("x\ty\n")
    with pytest.raises(ZeroDivisionError):
        async with connection.cursor().copy("COPY t FROM STDIN") as copy:
            await copy.write(str(1 / 0))


async def a_server(connection: Any) -> None:
    async with connection.transaction(), connection.cursor("name") as cursor:
        await cursor.execute("SELECT 1")
        assert await cursor.fetchone() == (1,)


async def a_pipeline(connection: Any) -> None:
    async with connection.pipeline():
        await connection.execute("SELECT 1")
        await connection.execute("SELECT 2")


async def a_failing(connection: Any) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        await connection.execute("SELECT * FROM nowhere")


ASYNC_STYLES: Dict[str, Tuple[Callable[[Any], Any], int, int]] = {
    "chained": (a_chained, 3, 3),
    "executemany": (a_many, 1, 2),
    "stream": (a_stream, 1, 1),
    "stream given up": (a_given_up, 2, 2),
    "copy": (a_copied, 2, 2),
    "copy that fails": (a_broken_copy, 2, 2),
    "server cursor": (a_server, 1, 3),
    "pipeline": (a_pipeline, 2, 2),
    "failed": (a_failing, 1, 1),
}


@pytest.mark.skipif(sys.platform == "win32", reason="psycopg has no use for the event loop of Windows")
@pytest.mark.parametrize("style", ASYNC_STYLES)
def test_each_asynchronous_way_is_counted_as_the_server_sees_it(
    style: str, watched: Watched, postgres: Postgres
) -> None:
    send, ours, the_servers = ASYNC_STYLES[style]

    async def run() -> None:
        async with await postgres.open_async() as connection:
            await send(connection)

    asyncio.run(run())
    assert (watched.count(), len(postgres.log())) == (ours, the_servers), postgres.log()


@pytest.mark.skipif(sys.platform == "win32", reason="psycopg has no use for the event loop of Windows")
def test_tasks_that_take_turns_in_one_thread_are_all_counted(watched: Watched, postgres: Postgres) -> None:
    async def query(connection: Any) -> None:
        for _ in range(5):
            await connection.execute("SELECT pg_sleep(0.001)")

    async def run() -> None:
        connections = [await postgres.open_async() for _ in range(4)]
        await asyncio.gather(*map(query, connections))
        waiting = asyncio.ensure_future(connections[0].execute("SELECT pg_sleep(10)"))
        await asyncio.sleep(0)
        postgres.open().execute("SELECT 1")  # while the other one waits
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        for connection in connections:
            await connection.close()

    asyncio.run(run())
    sent = {query.sql: (query.count, query.failed) for query in watched.sent()}
    assert sent == {"SELECT pg_sleep(0.001)": (20, 0), "SELECT pg_sleep(10)": (1, 1), "SELECT 1": (1, 0)}


def test_connection_goes_by_its_database_and_says_no_password(watched: Watched, connection: Any) -> None:
    connection.execute("SELECT 1")
    (query,) = watched.sent()
    assert query.connection == f"psycopg:{connection.info.dbname}"


def test_statements_are_taken_as_they_were_passed(watched: Watched, connection: Any) -> None:
    for statement in (b"SELECT %s", "SELECT %s"):
        connection.execute(statement, (1,))
    connection.execute(sql.SQL("SELECT {} FROM (VALUES (1)) AS {}(n)").format(sql.Identifier("n"), sql.Identifier('"')))
    assert watched.counts() == {"SELECT %s": 2, 'SELECT "n" FROM (VALUES (1)) AS """"(n)': 1}


def test_parameters_tell_executions_apart_and_many_are_not_looked_at(watched: Watched, connection: Any) -> None:
    for value in (1, 2, 2):
        connection.execute("SELECT %s", (value,))
    asked: List[int] = []
    connection.cursor().executemany(
        "INSERT INTO t VALUES (%s)", (asked.append(number) or (number,) for number in range(3))
    )
    one, many = watched.sent()
    assert (sorted(one.parameters.values()), one.untold) == ([1, 2], 0)
    assert (asked, many.count, many.untold) == ([0, 1, 2], 1, 1)


@pytest.mark.parametrize("named", [{}, {"name": "name"}, {"cursor_factory": psycopg.ClientCursor}], ids=str)
def test_time_of_the_rows_is_the_statements(named: Any, watched: Watched, connection: Any) -> None:
    named = dict(named)
    connection.cursor_factory = named.pop("cursor_factory", connection.cursor_factory)
    with connection.transaction():
        cursor = connection.cursor(**named).execute("SELECT generate_series(1, 5)")
        (query,) = watched.now()
        seen = [query.spent]
        for fetch in (cursor.fetchone, lambda: next(iter(cursor)), lambda: cursor.fetchmany(1), cursor.fetchall):
            fetch()
            seen.append(query.spent)
    assert seen == sorted(set(seen))
    assert (query.count, query.longest) == (1, query.spent)


def test_time_of_streams_and_copies_is_the_statements(watched: Watched, connection: Any) -> None:
    stream = connection.cursor().stream("SELECT generate_series(1, 3)")
    seen = []
    for _ in stream:
        seen.append(sum(query.spent for query in watched.now()))
    with connection.cursor().copy("COPY (SELECT generate_series(1, 3)) TO STDOUT") as copy:
        for _ in copy:
            seen.append(sum(query.spent for query in watched.now()))
    assert len(seen) == 6 and seen == sorted(set(seen))
    first, second = watched.sent()
    assert (first.longest, second.longest) == (first.spent, second.spent)


@pytest.mark.skipif(sys.platform == "win32", reason="psycopg has no use for the event loop of Windows")
def test_time_of_asynchronous_rows_is_the_statements(watched: Watched, postgres: Postgres) -> None:
    async def run() -> None:
        connection = await postgres.open_async()
        async with connection.transaction():
            cursor = await connection.cursor("name").execute("SELECT generate_series(1, 5)")
            (query,) = watched.now()
            seen = [query.spent]
            for fetch in (cursor.fetchone, cursor.__aiter__().__anext__, lambda: cursor.fetchmany(1), cursor.fetchall):
                await fetch()
                seen.append(query.spent)
            assert seen == sorted(set(seen))
        await connection.close()

    asyncio.run(run())


def test_what_the_user_sees_stays_as_it_was(watched: Watched, connection: Any) -> None:
    cursor = connection.cursor()
    assert type(cursor) is psycopg.Cursor and cursor.execute("SELECT 1") is cursor
    assert cursor.connection is connection
    with pytest.raises(AttributeError):
        cursor.anything = 1  # it has no room for attributes
    assert inspect.iscoroutinefunction(psycopg.AsyncCursor.execute)
    assert inspect.isgeneratorfunction(psycopg.Cursor.stream)
    assert inspect.isasyncgenfunction(psycopg.AsyncCursor.stream)
    assert list(inspect.signature(psycopg.Cursor.copy).parameters)[:3] == ["self", "statement", "params"]
    assert (psycopg.Cursor.execute.__name__, psycopg.Cursor.execute.__qualname__) == ("execute", "Cursor.execute")


def test_classes_are_as_they_were_when_the_run_is_over() -> None:
    before = {name: dict(vars(getattr(psycopg, name))) for name in ("Cursor", "AsyncServerCursor", "Copy")}
    with Watched():
        assert vars(psycopg.Cursor)["execute"] is not before["Cursor"]["execute"]
    assert {name: dict(vars(getattr(psycopg, name))) for name in before} == before


def frames(error: Any) -> List[str]:
    return [frame.name for frame in traceback.extract_tb(error.value.__traceback__)]


def test_errors_look_as_they_do_without_us(watched: Watched, connection: Any) -> None:
    cursor = connection.cursor()
    with pytest.raises(psycopg.errors.UndefinedTable) as raised:
        cursor.execute("SELECT * FROM nowhere")
    if sys.version_info >= (3, 11):  # before, `raise` puts the innermost frame back
        assert frames(raised) == ["test_errors_look_as_they_do_without_us", "execute"]
    with pytest.raises(ZeroDivisionError) as divided, cursor.copy("COPY t FROM STDIN") as copy:
        copy.write(str(1 / 0))
    assert frames(divided) == ["test_errors_look_as_they_do_without_us"]
    cursor.close()
    with pytest.raises(psycopg.InterfaceError, match="cursor is closed"):
        cursor.execute("SELECT 1")
    connection.close()
    with pytest.raises(psycopg.OperationalError, match="connection is closed"):
        connection.execute("SELECT 1")
    failed = [(query.sql, query.failed) for query in watched.sent()]
    assert failed == [("SELECT * FROM nowhere", 1), ("COPY t FROM STDIN", 1), ("SELECT 1", 1)]


class Dumped(Hostile):
    """A parameter that is a number in SQL."""


class Dumper(psycopg.adapt.Dumper):  # type: ignore[misc,name-defined]  # the driver may not be installed
    """Says so."""

    oid = 23

    def dump(self, value: Any) -> bytes:
        return b"1"


@pytest.mark.parametrize(
    "statement, parameters, is_good",
    [
        ("", None, True),
        ("SELECT 1 \0", None, True),
        (f"SELECT '{'x' * 10_000_000}'", None, True),
        (None, None, False),
        (b"SELECT '\xff'", None, False),
        ("SELECT %s", (Dumped(),), True),
        ("SELECT %(a)s", {"a": Dumped()}, True),
        ("SELECT %s", (object(),), False),
        ("SELECT %s", (number for number in (1, 2)), False),
        ("SELECT %s", (), False),
    ],
    ids=["empty", "NUL", "10 MB", "None", "bytes", "hostile", "hostile in dict", "unknown", "generator", "too few"],
)
def test_hostile_statements_end_as_they_would_without_us(
    statement: Any, parameters: Any, is_good: bool, watched: Watched, connection: Any
) -> None:
    connection.adapters.register_dumper(Dumped, Dumper)
    ends = []
    for execute in (psycopg.Cursor.execute.__wrapped__, psycopg.Cursor.execute):
        try:
            execute(connection.cursor(), statement, parameters)
            ends.append(None)
        except Exception as error:  # noqa: BLE001  # whatever it is, with us or without
            ends.append((type(error), str(error)))
    assert ends[0] == ends[1] and (ends[0] is None) is is_good
    (query,) = watched.sent()
    assert (query.count, query.failed) == (1, 0 if is_good else 1)
    assert len(query.sql) < 101_000


def test_cursor_closed_in_another_thread_and_connection_closed_in_mid_iteration(
    watched: Watched, connection: Any
) -> None:
    cursor = connection.execute("SELECT 1")
    closing = threading.Thread(target=cursor.close)
    closing.start()
    closing.join()
    with pytest.raises(psycopg.InterfaceError):
        next(iter(cursor))
    stream = connection.cursor().stream("SELECT generate_series(1, 100000)")
    next(stream)
    connection.close()
    with pytest.raises(psycopg.OperationalError):
        list(stream)
    assert [(query.count, query.failed) for query in watched.sent()] == [(1, 0), (1, 1)]


def test_threads_are_all_counted(watched: Watched, postgres: Postgres) -> None:
    def query() -> None:
        connection = postgres.open()
        for _ in range(20):
            connection.execute("SELECT 1").fetchall()

    threads = [threading.Thread(target=query) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert watched.counts() == {"SELECT 1": 80}


def test_nothing_is_kept_of_a_cursor_that_is_gone(watched: Watched, connection: Any) -> None:
    before = len(notes._aside)
    for _ in range(10):
        connection.execute("SELECT 1").fetchall()
    assert len(notes._aside) <= before + 1
