"""A test in flight, as the session has one, for tests of drivers: what they have told is at hand."""

from typing import Any, Dict, List

from trim_telemetry.collectors.call_site import CallSites
from trim_telemetry.collectors.owner import Owner
from trim_telemetry.collectors.queries import Query, Settings, recorder
from trim_telemetry.collectors.source import Sources
from trim_telemetry.collectors.threads import Threads
from trim_telemetry.drivers.registry import Drivers

from .support import ROOT

NEVER = 10**15  # ns


class Watched:
    """A test in flight."""

    def __init__(self) -> None:
        self.errors: List[Exception] = []
        self.uninstrumented = 0
        sites = CallSites(Sources(str(ROOT)))
        recorder.start(Settings(NEVER, True), sites, Threads(sites.find), self.errors.append)
        self._drivers = Drivers(found=lambda: None)
        self.again()

    def again(self) -> None:
        """Another test begins."""
        recorder.begin(Owner("test"))
        recorder.resume("call")

    def sent(self) -> List[Query]:
        """End the test, and return what it has sent."""
        windows, problem = recorder.end()
        assert (problem, self.errors) == (None, [])
        self.uninstrumented = sum(window.uninstrumented for window in windows)
        return [query for window in windows for query in window.queries()]

    def count(self) -> int:
        """End the test, and return how many statements it has sent."""
        return sum(query.count for query in self.sent())

    def counts(self) -> Dict[str, int]:
        """End the test, and return {statement: how often it was sent}."""
        found: Dict[str, int] = {}
        for query in self.sent():
            found[query.sql] = found.get(query.sql, 0) + query.count
        return found

    def now(self) -> List[Query]:
        """Return what the test has sent so far."""
        assert recorder.window is not None
        return recorder.window.queries()

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *_: Any) -> None:
        recorder.stop()
        self._drivers.close()


class Hostile:
    """A parameter that raises whenever it is asked anything but what it is in SQL."""

    def __hash__(self, *_: object) -> int:
        raise KeyError("it was asked")

    __repr__ = __eq__ = __hash__  # type: ignore[assignment]  # of whatever type they were

    def __str__(self) -> str:
        return "1"
