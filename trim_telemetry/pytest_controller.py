"""pytest in the controller of pytest-xdist: takes over what its workers have found out, and names what they lost."""

from __future__ import annotations

import json
import sys
from collections import deque
from types import FrameType
from typing import Any, Callable, Deque, Dict, List, Optional, Set, Tuple

import pytest

from . import outcome
from . import pytest_report as said
from .errors import TelemetryWarning
from .guarding import guarded
from .outcome import Event, Failure
from .pytest_hooks import Hooks, first
from .pytest_recorder import PytestRecorder
from .pytest_worker import KEY
from .record import Detail, Record
from .session import Session
from .signals import on_sigterm
from .texts import bounded_id
from .worker import Takeover, pack

_xdists = pytest.hookimpl(optionalhook=True)  # its hooks are not there where it is not


class ControllerRecorder(PytestRecorder):
    """Hears what xdist says of its workers; the records of the tests are made there."""

    def __init__(self, session: Session, config: Any) -> None:
        self._takeover = Takeover(session, self._adopting)
        # Reports are unpacked in xdist's receiver threads as soon as they come, and some never get any further.
        self._parcels: Deque[str] = deque()
        self._nodes: List[Any] = []
        self._each = config.getoption("dist") == "each"
        self._collecting = 1  # nodes whose tests are to be counted: those that replace another have the same
        self._count = 0
        self._started: List[Tuple[str, Optional[str]]] = []  # node ids of tests in flight, and their workers
        self._adopted: Set[str] = set()  # ids of tests that have a record, and that xdist has not finished with yet
        self._finished: Dict[Optional[str], str] = {}  # node id of each worker's last one; xdist is told a moment later
        self._crashes: Dict[str, int] = {}  # by id, of tests that are to run again
        self._crashed: Set[str] = set()  # ids of tests that have a record for it
        super().__init__(session, config)
        called = config.invocation_params
        self._input = {
            "settings": pack(session.config),
            "called": json.dumps([str(called.dir), [str(argument) for argument in called.args]]),
        }

    def _on_sigterm(self) -> Callable[[], None]:
        return on_sigterm(self.session, self._end)

    def close(self, code: Any) -> None:
        """See PytestRecorder."""
        self._end()
        super().close(code)

    # -- workers ---

    @guarded
    def nodes_are(self, count: int) -> None:
        """xdist is about to start so many workers, beside those that it may replace them with."""
        self.session.observation.delegate()
        self._collecting = count if self._each else 1

    @guarded
    def node_configured(self, node: Any) -> None:
        """xdist is about to start a worker."""
        node.workerinput[KEY] = self._input
        self._nodes.append(node)

    @guarded
    def node_collected(self, count: int) -> None:
        """A worker has found so many tests."""
        if self._collecting:
            self._collecting -= 1
            self._count += count
            self._takeover.collected(self._count)

    @guarded
    def node_down(self, node: Any, error: Any) -> None:
        """A worker is over, or has died of an error."""
        self._take_output(node)
        worker = node.gateway.id
        if error is None and not self._takeover.knows(worker):
            text = f"worker {worker} has made no records: this package could not be loaded there"
            self.session.warn(TelemetryWarning("worker-silent", text))

    def _take_output(self, node: Any) -> None:
        parcel = getattr(node, "workeroutput", {}).pop(KEY, None)
        if parcel is not None:
            self._parcels.append(parcel)
        self._open_parcels()

    def arrived(self, parcel: str) -> None:
        """A parcel has come; this is called from another thread."""
        self._parcels.append(parcel)

    def _open_parcels(self) -> None:
        while self._parcels:
            self._takeover.open(self._parcels.popleft())

    def _adopting(self, made: Record) -> None:
        """A record is about to be taken over."""
        test_id = made.case.id
        self._adopted.add(test_id)
        self._not_new(test_id)
        if test_id in self._crashes:  # pytest-rerunfailures has given it another attempt in another worker
            made.detail = made.detail or Detail()
            made.detail.attempts += self._crashes.pop(test_id)
            made.flaky = made.outcome == outcome.PASSED

    def _not_new(self, test_id: str, has_record: bool = False) -> None:
        """Some schedulers of xdist give a test that has crashed a worker to the next one: one test, many records.

        has_record: it was over when its worker died, but xdist did not know so, and says that it has crashed.
        """
        if (has_record or test_id in self._crashed) and not self._each:
            self.session.repeated()

    # -- what xdist passes on ---

    @guarded
    def collect_report(self, report: Any) -> None:
        """A worker could not collect a file."""
        self._open_parcels()
        if not self._takeover.has_above(bounded_id(report.nodeid or ".")):
            super().collect_report(report)
        elif report.failed:
            self._collection.errors += 1

    @guarded
    def started(self, nodeid: str, caller: FrameType) -> None:
        """A test has started in some worker. caller: the frame of who says so."""
        self._started.append((_without_group(nodeid), _worker_of(caller)))

    @guarded
    def finished(self, nodeid: str, caller: FrameType) -> None:
        """A test is over."""
        worker = _worker_of(caller)
        self._finished[worker] = _without_group(nodeid)
        self._forget(self._finished[worker], worker)

    def _forget(self, nodeid: str, worker: Optional[str]) -> None:
        self._adopted.discard(bounded_id(nodeid))
        for started in ((nodeid, worker), (nodeid, None)):
            if started in self._started:
                self._started.remove(started)
                break

    @guarded
    def report(self, report: Any) -> None:
        """A worker has reported on a test, or xdist on a worker that has died."""
        self._open_parcels()
        if report.when != said.CRASH or hasattr(report, "worker_id"):  # a worker's own has its record (pytest-forked)
            return
        nodeid = _without_group(report.nodeid)
        worker = report.node.gateway.id
        has_record = nodeid == self._finished.get(worker) or bounded_id(nodeid) in self._adopted
        self._forget(nodeid, worker)
        if report.failed:
            self._not_new(bounded_id(nodeid), has_record)
            self._crashed.add(bounded_id(nodeid))
            self._lost(nodeid, outcome.CRASHED, said.text_of(report), worker)
        else:  # pytest-rerunfailures has changed it to "rerun"
            self._crashes[bounded_id(nodeid)] = self._crashes.get(bounded_id(nodeid), 0) + 1

    def _lost(self, nodeid: str, kind: str, text: str, worker: Optional[str]) -> None:
        failure = Failure(None, "", said.last_line(text), text, None, None) if kind == outcome.CRASHED else None
        event = Event(kind, failure, None if failure else text)
        case = self._takeover.case_of(bounded_id(nodeid), worker) or self._describe.of_nodeid(nodeid)
        self.session.lost(case, event, worker)

    # -- the end ---

    @guarded
    def _end(self) -> None:
        """Take what has come since the last report; tests that are still on will not be reported any more."""
        for node in self._nodes:
            self._take_output(node)
        started, self._started = self._started, []
        for nodeid, worker in started:
            if bounded_id(nodeid) not in self._adopted:
                self._lost(nodeid, outcome.INTERRUPTED, "the run ended", worker)
        if self.session.config.file:
            self._takeover.remove_spills(self.session.config.file, [node.gateway.id for node in self._nodes])


class ControllerHooks(Hooks):
    """A pytest plugin for the controller."""

    _recorder: ControllerRecorder

    @_xdists
    def pytest_xdist_setupnodes(self, specs: Any) -> None:
        self._recorder.nodes_are(len(specs))

    @_xdists
    def pytest_configure_node(self, node: Any) -> None:
        self._recorder.node_configured(node)

    @_xdists
    def pytest_xdist_node_collection_finished(self, ids: Any) -> None:
        self._recorder.node_collected(len(ids))

    @_xdists
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        self._recorder.node_down(node, error)

    @first
    def pytest_report_from_serializable(self, data: Any) -> None:
        parcel = data.pop(KEY, None)
        if parcel is not None:
            self._recorder.arrived(parcel)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._recorder.started(nodeid, sys._getframe())

    @first
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._recorder.finished(nodeid, sys._getframe())


def _worker_of(frame: Optional[FrameType]) -> Optional[str]:
    """Return the worker that xdist speaks of: it is a variable of xdist's own where a hook is called without it."""
    while frame is not None and not frame.f_code.co_name.startswith("worker_log"):
        frame = frame.f_back
    node = frame.f_locals.get("node") if frame is not None else None
    return getattr(getattr(node, "gateway", None), "id", None)


def _without_group(nodeid: str) -> str:
    """Under `--dist loadgroup` "@" and a group's name stand behind a node id: xdist itself tells by the last "]"."""
    plain, at, group = nodeid.rpartition("@")
    return plain if at and "::" in plain and "]" not in group and "::" not in group else nodeid
