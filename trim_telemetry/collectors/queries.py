"""Which statements reached a database driver, and while which test: counted as they come, in every thread.

Drivers tell the one Recorder of this process. Statements that are alike (one text, one connection, one call site)
share a Query, so that a million of them cost the memory of one. Each thread has its own, so that nobody waits for a
lock; they are put together when the test is over.
"""

from __future__ import annotations

import sys
from _thread import _local, get_ident
from types import FrameType
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..identity import identity
from ..texts import stable_hash
from .call_site import CallSites
from .owner import Owner
from .parameters import PLAIN, digest, shown
from .threads import Threads

_LONGEST_SQL = 100_000  # characters kept of a statement
_DISTINCT_PARAMETERS = 1_000  # parameter sets told apart of one Query
_DISTINCT_QUERIES = 10_000  # of one thread in one phase; what is over goes by its first word
_SLOW_KEPT = 100  # executions of one Query
BELOW = -1
_getframe = sys._getframe  # private by name only: logging's findCaller relies on it, too


class Query:
    """What was sent alike: one text, on one connection, from one call site. Times in ns, execute and fetch."""

    __slots__ = (
        "code",
        "connection",
        "count",
        "failed",
        "line",
        "longest",
        "mark",
        "parameters",
        "previous",
        "shown",
        "slow",
        "spent",
        "sql",
        "untold",
    )

    def __init__(self, sql: str, connection: str, frame: Optional[FrameType], previous: Optional[Query]) -> None:
        self.sql = sql
        self.connection = connection
        self.code = None if frame is None else frame.f_code  # held, because its id stands for it
        self.line = 0 if frame is None else frame.f_lineno
        self.previous = previous  # the one before, in the same thread
        self.count = 0
        self.failed = 0
        self.spent = 0
        self.longest = 0
        self.mark = -1  # an execution that takes longer is the longest so far, or slow
        self.parameters: Dict[int, int] = {}  # how often, by a hash that says nothing outside of this process
        self.untold = 0  # executions whose parameters can't be told from others
        self.slow: List[int] = []  # of each execution over the threshold
        self.shown: Optional[str] = None  # the first parameters as text, for those who ask for it


_NONE: Sequence[Window] = ()
Bucket = Dict[Tuple[str, str, int, int], Query]


class Window:
    """A stretch of time whose statements belong together: a phase of a test, or a shared set-up."""

    __slots__ = ("buckets", "leaked", "phase", "uninstrumented")

    def __init__(self, phase: Optional[str] = None) -> None:
        self.phase = phase
        self.buckets: List[Bucket] = []  # one for each thread
        self.leaked: List[Bucket] = []  # of threads that an earlier test left running
        self.uninstrumented = 0  # connections that no driver of ours has made

    def queries(self) -> List[Query]:
        """Return what was sent."""
        return _queries_in(self.buckets)

    def count(self) -> int:
        """Return how many statements that were."""
        return sum(query.count for query in self.queries())

    def leaks(self) -> int:
        """Return how many statements came from threads of earlier tests."""
        return sum(query.count for query in _queries_in(self.leaked))


def _queries_in(buckets: Sequence[Bucket]) -> List[Query]:
    """Copies before each loop: other threads may add to them meanwhile."""
    return [query for bucket in list(buckets) for query in list(bucket.values())]


class ThreadState:
    """What a thread is at. depth: 1 within an instrumented call, whose own calls don't count; 0 outside; BELOW where a
    driver that has none beneath it may call back, whose calls do.
    """

    __slots__ = ("bucket", "cursor", "depth", "last", "recent", "window")

    def __init__(self) -> None:
        self.depth = 0
        self.window: Optional[Window] = None
        self.bucket: Bucket = {}
        self.recent: Dict[int, Query] = {}  # the last one at each place in code, whichever function's that was
        self.last: Optional[Query] = None
        self.cursor: Any = None  # a driver's own, met within an outer call: its fetches are that call's


class Settings(NamedTuple):
    """slow: ns from which on an execution is kept by itself; shows: whether parameters may leave the process."""

    slow: int
    shows: bool


class Recorder:
    """The one that drivers tell. While `window` is None, nobody wants to know."""

    def __init__(self) -> None:
        self.window: Optional[Window] = None
        self.problem: Optional[str] = None  # why it has switched itself off
        self.local = _local()  # its `state`: the present thread's, once it has one
        self._slow_from = 0  # ns
        self._shows = False
        self._site_of: Callable[[Any], Any] = _nobodys
        self._failed: Callable[[Exception], None] = _ignore
        self._threads: Any = None
        self._home = 0  # the thread that the runner's tests begin in
        self._test = Owner(None)  # in flight, or the last one
        self._phases: Dict[Optional[str], Window] = {}  # of the test; those in which nothing happened serve the next
        self._used = False
        self._outer: List[Optional[Window]] = []  # windows that wait for a shared set-up to end

    def start(
        self, settings: Settings, sites: CallSites, threads: Threads, failed: Callable[[Exception], None]
    ) -> None:
        """A run begins. failed: is told of an error of ours, which must not reach the code that queries."""
        self._slow_from, self._shows = settings
        self._site_of, self._failed = sites.find, failed
        self._threads = threads
        self._phases, self._outer = {}, []
        self.window = self.problem = None

    def stop(self) -> None:
        """The run is over."""
        self.window = None
        self._outer.clear()

    # -- what the session tells ---

    def begin(self, test: Owner) -> None:
        """A test begins. This and the next three are on the hot path of every test."""
        self._home = get_ident()
        self._test = test
        if self._used:
            self._phases, self._used = {}, False
        if self._outer:
            self._outer = []
        self.here().depth = 0  # whatever has interrupted us in the middle of a call

    def resume(self, phase: Optional[str]) -> None:
        """The test's own code runs from here on."""
        if self.problem is None:
            window = self._phases.get(phase)
            if window is None:
                window = self._phases[phase] = Window(phase)
            self.window = window

    def suspend(self) -> None:
        """What runs from here on is the runner's."""
        self.window = None

    def end(self) -> Tuple[Sequence[Window], Optional[str]]:
        """The test is over: return its windows if anything happened in them, and why there is nothing to be told."""
        self.window = None
        if not self._used:
            return _NONE, self.problem
        self._used = False
        phases, self._phases = self._phases, {}
        return list(phases.values()), self.problem

    def enter_shared(self) -> None:
        """A shared set-up (or tear-down) begins, be it within a test."""
        self._outer.append(self.window)
        self.window = None if self.problem else Window()

    def leave_shared(self) -> int:
        """It is over: return how many statements it sent."""
        if not self._outer:
            return 0
        window, self.window = self.window, self._outer.pop()
        return 0 if window is None else window.count()

    # -- what drivers tell ---

    def here(self) -> ThreadState:
        """Return the present thread's state."""
        try:
            state: ThreadState = self.local.state
        except AttributeError:
            state = self.local.state = ThreadState()
        return state

    def find(
        self,
        state: ThreadState,
        window: Window,
        cursor: Any,
        sql: Any,
        parameters: Any,
        connection_of: Callable[[Any], str],
        frame: Any,
    ) -> Query:
        """Return the Query of a statement that the function in `frame` has sent; a new one, where it is the first."""
        if state.window is not window:
            self._enter(state, window)
        users = self._site_of(frame)
        code, place = (None, 0) if users is None else (users.f_code, users.f_lasti)
        if type(sql) is not str:
            sql = text_of(sql, cursor)
        try:
            connection = connection_of(cursor)
        except AttributeError:  # it was never initialised, or is closed
            connection = "?"
        query = state.recent.get(place)
        if query is None or query.code is not code or query.sql != sql or query.connection != connection:
            key = (sql, connection, 0 if code is None else identity(code), place)
            query = state.bucket.get(key)
            if query is None:
                query = self._new(state, key, users, parameters)
            state.recent[place] = query
        return query

    def observe(
        self,
        state: ThreadState,
        window: Window,
        cursor: Any,
        sql: Any,
        parameters: Any,
        connection_of: Callable[[Any], str],
        spent: int,
        failed: bool,
    ) -> Optional[Query]:
        """A statement is over; called by the function that stands in for the driver's."""
        try:
            query = self.find(state, window, cursor, sql, parameters, connection_of, _getframe(2))
            self.count(state, query, parameters, spent)
            query.failed += failed
        except Exception as error:  # noqa: BLE001  # ours, whatever it is: the user's statement has been run
            self.broke(error)
            return None
        return query

    def count(self, state: ThreadState, query: Query, parameters: Any, spent: int) -> None:
        """One more execution. calls.counted() has these lines, too: a call less."""
        query.count += 1
        query.spent += spent
        if spent > query.mark:
            self.remark(query, spent)
        if parameters is not None:
            self.tell(query, parameters)
        state.last = query

    def tell(self, query: Query, parameters: Any) -> None:
        """Tell the parameters of an execution from others."""
        if type(parameters) is tuple and PLAIN.issuperset(map(type, parameters)):  # by far the most
            value: Optional[int] = hash(parameters)
        else:
            value = digest(parameters)
        known = query.parameters
        if value in known:
            known[value] += 1
        elif value is not None and len(known) < _DISTINCT_PARAMETERS:
            known[value] = 1
        else:
            query.untold += 1

    def remark(self, query: Query, spent: int) -> None:
        """An execution was the longest so far, or slow."""
        query.longest = max(query.longest, spent)
        query.mark = min(query.longest, self._slow_from)
        if spent > self._slow_from and len(query.slow) < _SLOW_KEPT:
            query.slow.append(spent)

    def fetched(self, query: Query, before: int, spent: int) -> int:
        """More time went into an execution's rows. before: its time until then. Returns its time now."""
        total = before + spent
        query.spent += spent
        if total > query.mark:
            self.refetched(query, before, total)
        return total

    def refetched(self, query: Query, before: int, total: int) -> None:
        """With its rows an execution is the longest so far, or slow."""
        try:
            if before in query.slow:
                query.slow.remove(before)
            self.remark(query, total)
        except Exception as error:  # noqa: BLE001  # ours, whatever it is: the user's rows have been got
            self.broke(error)

    def uninstrumented(self) -> None:
        """Somebody has opened a connection that no driver of ours has made."""
        window = self.window
        if window is not None:
            window.uninstrumented += 1
            self._used = True

    def broke(self, error: Exception) -> None:
        """Something of ours failed: switch off, and say so."""
        self.problem = type(error).__name__
        self.window = None
        self._outer = [None] * len(self._outer)
        self._failed(error)

    # -- the rarer steps ---

    def _enter(self, state: ThreadState, window: Window) -> None:
        """A thread sends its first statement in a window."""
        bucket: Bucket = {}
        is_leaked = get_ident() != self._home and self._threads.is_leaked(self._test)
        (window.leaked if is_leaked else window.buckets).append(bucket)
        self._used = True
        state.window, state.bucket, state.recent, state.last = window, bucket, {}, None

    def _new(
        self, state: ThreadState, key: Tuple[str, str, int, int], frame: Optional[FrameType], parameters: Any
    ) -> Query:
        sql, connection, _, _ = key
        bucket = state.bucket
        if len(sql) > _LONGEST_SQL:
            sql = f"{sql[:_LONGEST_SQL]} ... [{len(sql)} characters, {stable_hash(sql)}]"
            key = (sql, *key[1:])
            if key in bucket:
                return bucket[key]
        if len(bucket) >= _DISTINCT_QUERIES:
            sql, frame = f"{sql.split(None, 1)[0][:20] if sql.strip() else ''} ...", None
            key = (sql, connection, 0, 0)
            if key in bucket:
                return bucket[key]
        query = bucket[key] = Query(sql, connection, frame, state.last)
        if self._shows:
            query.shown = shown(parameters)
        return query


def text_of(sql: Any, cursor: Any) -> str:
    """Return a statement as text, whatever the driver took for one: bytes, psycopg's Composable, a lazy string."""
    try:
        if isinstance(sql, (bytes, bytearray)):
            text = bytes(sql).decode("utf-8", "replace")
        elif isinstance(getattr(sql, "strings", None), tuple):  # a template string: its values are parameters
            text = "%s".join(sql.strings)
        elif hasattr(sql, "as_string"):  # psycopg's; it needs a connection to quote names
            text = str(sql.as_string(cursor))
        else:
            text = str(sql)
    except Exception as error:  # noqa: BLE001  # the user's own class
        return f"<{type(sql).__name__}: {type(error).__name__}>"
    return text


def _nobodys(frame: Any) -> None:
    """There is no run, and no code is the user's."""


def _ignore(error: Exception) -> None:
    """Nobody to tell."""


recorder = Recorder()  # drivers are patched in the process, so there is one
