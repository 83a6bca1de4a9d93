"""SQLAlchemy on each driver: what its own events tell of is what is counted, each statement once."""

import asyncio
import sys
from typing import Any, Callable, Dict, Iterator, List

import pytest

from .servers import MYSQL, POSTGRES, need
from .watching import Watched

sqlalchemy = pytest.importorskip("sqlalchemy")
orm = pytest.importorskip("sqlalchemy.orm")


def sqlite() -> Any:
    return sqlalchemy.create_engine("sqlite://", future=True)


def psycopg2() -> Any:
    driver = pytest.importorskip("psycopg2")
    need("PostgreSQL", lambda: driver.connect(POSTGRES))
    return sqlalchemy.create_engine("postgresql+psycopg2://", creator=lambda: driver.connect(POSTGRES), future=True)


def psycopg() -> Any:
    driver = pytest.importorskip("psycopg")
    pytest.importorskip("sqlalchemy.dialects.postgresql.psycopg")  # from 2.0 on
    need("PostgreSQL", lambda: driver.connect(POSTGRES))
    return sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: driver.connect(POSTGRES), future=True)


def pymysql() -> Any:
    driver = pytest.importorskip("pymysql")
    need("MySQL", lambda: driver.connect(**MYSQL))
    return sqlalchemy.create_engine("mysql+pymysql://", connect_args=MYSQL, future=True)


def mysqldb() -> Any:
    driver = pytest.importorskip("MySQLdb")
    need("MySQL", lambda: driver.connect(**MYSQL))
    return sqlalchemy.create_engine("mysql+mysqldb://", connect_args=MYSQL, future=True)


ENGINES: Dict[str, Callable[[], Any]] = {
    "sqlite3": sqlite,
    "psycopg2": psycopg2,
    "psycopg": psycopg,
    "pymysql": pymysql,
    "MySQLdb": mysqldb,
}


class Told(List[str]):
    """What SQLAlchemy's own event has told of. It isn't sent for what a dialect asks as it connects."""

    def __init__(self, engine: Any) -> None:
        super().__init__()
        sqlalchemy.event.listen(engine, "before_cursor_execute", self._tell)

    def _tell(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.append(statement)


@pytest.fixture
def watched() -> Iterator[Watched]:
    with Watched() as found:
        yield found


@pytest.fixture(params=ENGINES)
def engine(request: Any, watched: Watched) -> Iterator[Any]:
    made = ENGINES[request.param]()
    made.driver_name = request.param
    yield made
    made.dispose()


metadata = sqlalchemy.MetaData()
things = sqlalchemy.Table(
    "things",
    metadata,
    sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
    sqlalchemy.Column("name", sqlalchemy.String(20)),
    prefixes=["TEMPORARY"],
)


class Thing:
    """A row."""

    def __init__(self, **named: Any) -> None:
        vars(self).update(named)


orm.registry().map_imperatively(Thing, things)


def test_each_statement_is_counted_once(engine: Any, watched: Watched) -> None:
    with engine.connect() as connection:
        metadata.create_all(connection, checkfirst=False)
        told = Told(engine)
        watched.again()
        connection.execute(things.insert(), [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
        connection.execute(things.insert(), {"id": 3, "name": "c"})
        assert len(connection.execute(things.select()).fetchall()) == 3
        assert len(list(connection.execute(things.select(), execution_options={"stream_results": True}))) == 3
        connection.exec_driver_sql("UPDATE things SET name = 'x'")
        with pytest.raises(sqlalchemy.exc.DBAPIError):
            connection.execute(sqlalchemy.text("SELECT * FROM nowhere"))
        connection.rollback()
        found = watched.sent()
    assert sum(query.count for query in found) == len(told) == 6
    assert sum(query.failed for query in found) == 1
    assert {query.connection.partition(":")[0] for query in found} == {engine.driver_name}
    others = {query.sql for query in found if not query.sql.startswith("INSERT")}
    assert others == {sql for sql in told if not sql.startswith("INSERT")}  # 1.4 has psycopg2's extras fill in rows


def test_sessions_statements_are_counted_once(engine: Any, watched: Watched) -> None:
    with engine.connect() as connection:
        metadata.create_all(connection, checkfirst=False)
        with orm.Session(bind=connection) as session:
            told = Told(engine)
            watched.again()
            session.add_all([Thing(id=number, name="a") for number in range(1, 6)])
            session.flush()
            assert session.query(Thing).filter(Thing.name == "a").count() == 5  # type: ignore[attr-defined]  # mapped
            for number in range(1, 6):
                session.expire_all()
                assert session.get(Thing, number).name == "a"
            with session.begin_nested():
                session.delete(session.get(Thing, 1))
            counts = watched.counts()
            session.rollback()
    # INSERT, count, 5 to load, 1 to load again, DELETE; SAVEPOINT and RELEASE go through a cursor, too
    assert sum(counts.values()) == len(told) == 11


@pytest.mark.skipif(sys.platform == "win32", reason="psycopg has no use for the event loop of Windows")
def test_asynchronous_engine_is_counted_once(watched: Watched) -> None:
    driver = pytest.importorskip("psycopg")
    pytest.importorskip("greenlet")
    pytest.importorskip("sqlalchemy.dialects.postgresql.psycopg")  # from 2.0 on
    asynchronous = pytest.importorskip("sqlalchemy.ext.asyncio")
    need("PostgreSQL", lambda: driver.connect(POSTGRES))

    async def run() -> int:
        engine = asynchronous.create_async_engine(
            "postgresql+psycopg://", async_creator=lambda: driver.AsyncConnection.connect(POSTGRES)
        )
        async with engine.connect() as connection:
            watched.again()
            await connection.execute(sqlalchemy.text("SELECT 1"))
            result = await connection.stream(sqlalchemy.text("SELECT generate_series(1, 3)"))
            assert len([row async for row in result]) == 3
        count = watched.count()
        await engine.dispose()
        return count

    assert asyncio.run(run()) == 2
