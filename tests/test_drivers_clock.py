"""Time of statements while a test has the clock frozen: freezegun replaces the clocks in every module's globals."""

import asyncio
import sqlite3
import time
from contextlib import contextmanager
from types import ModuleType
from typing import Any, AsyncIterator, Callable, Iterator

import pytest

from trim_telemetry.drivers.coroutines import counted_async, counted_steps, counted_steps_async
from trim_telemetry.drivers.dbapi import instrument

from .watching import Watched

freezegun = pytest.importorskip("freezegun")

_SLEEP = 0.002  # s


class Cursor:
    """Of a driver that takes its time."""

    def execute(self, sql: str) -> "Cursor":
        time.sleep(_SLEEP)
        return self

    def fetchone(self) -> None:
        time.sleep(_SLEEP)

    async def execute_later(self, sql: str) -> None:
        time.sleep(_SLEEP)

    def stream(self, sql: str) -> Iterator[int]:
        time.sleep(_SLEEP)
        yield 1

    async def stream_later(self, sql: str) -> AsyncIterator[int]:
        time.sleep(_SLEEP)
        yield 1


def name_of(cursor: Any) -> str:
    return "slow"


def by_proxy() -> None:
    driver: Any = ModuleType("slow")
    driver.connect = lambda: type("Connection", (), {"cursor": lambda self: Cursor()})()
    instrument(driver).connect().cursor().execute("SELECT 1")


def by_coroutine() -> None:
    asyncio.run(counted_async(Cursor.execute_later, name_of)(Cursor(), "SELECT 1"))


def by_generator() -> None:
    assert list(counted_steps(Cursor.stream, name_of)(Cursor(), "SELECT 1")) == [1]


def by_asynchronous_generator() -> None:
    async def run() -> None:
        assert [row async for row in counted_steps_async(Cursor.stream_later, name_of)(Cursor(), "SELECT 1")] == [1]

    asyncio.run(run())


def by_class_of_the_users() -> None:
    class Own(sqlite3.Cursor):
        def execute(self, *arguments: Any) -> Any:
            time.sleep(_SLEEP)
            return sqlite3.Cursor.execute(self, *arguments)

    sqlite3.connect(":memory:").cursor(Own).execute("SELECT 1")


@contextmanager
def frozen() -> Iterator[None]:
    with freezegun.freeze_time("1999-12-31"):
        yield


@pytest.mark.parametrize(
    "send", [by_proxy, by_coroutine, by_generator, by_asynchronous_generator, by_class_of_the_users]
)
def test_what_is_instrumented_while_the_clock_is_frozen_takes_its_time(send: Callable[[], None]) -> None:
    with Watched() as watched, frozen():
        send()
        (query,) = watched.sent()
        assert query.spent >= _SLEEP * 1e9
