"""Django's `--parallel` in a worker: a class's records go back with the events that Django's own result keeps of it."""

from __future__ import annotations

import json
import os
import pickle
import sys
import unittest
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .collectors.source import Sources, safe_str
from .django_rerun import Rerun
from .guarding import guarded
from .surroundings import Framework
from .unittest_case import CaseFactory
from .unittest_recorder import ResultRecorder
from .unittest_result import RecordingResult, mixed
from .worker import WorkerSession, unpack

__unittest = True  # as in unittest's own modules: our frames are no part of a test's traceback

EVENT = "trim_telemetry_parcel"  # Django calls the method of this name on the parent's result

_recorders: Dict[str, WorkerRecorder] = {}  # of this process, by what the parent has given it


class RemoteRunner:
    """Stands for the runner's class that a parallel suite hands to its workers; it is pickled on the way.

    kind: that class; given: what the worker must know, as JSON: settings, prefix (of the worker's name), path and
    discovery (see Rerun).
    """

    def __init__(self, kind: Any, given: str) -> None:
        self._kind = kind
        self._given = given

    def __call__(self, *arguments: Any, **named: Any) -> _ObservedRunner:
        """Make a runner, as the class does."""
        if self._given not in _recorders:
            _recorders[self._given] = _recorder(**json.loads(self._given))
        return _ObservedRunner(self._kind(*arguments, **named), _recorders[self._given])


def _recorder(settings: str, prefix: str, path: List[str], discovery: List[str]) -> WorkerRecorder:
    import django

    name = f"{prefix}{_number()}"
    session = WorkerSession(unpack(settings, name), Framework("django", django.get_version()), name)
    sources = Sources(session.config.root)
    return WorkerRecorder(session, CaseFactory(sources, Rerun(path, discovery)), sources)


def _number() -> int:
    """Django's own number of the worker, which the names of its databases have, too."""
    runner: Any = sys.modules.get("django.test.runner")
    return getattr(runner, "_worker_id", 0) or os.getpid()  # private; a project may set its workers up without it


class _ObservedRunner:
    """A worker's runner, with one more event behind those of its result."""

    def __init__(self, runner: Any, recorder: WorkerRecorder) -> None:
        self._runner = runner
        self._recorder = recorder
        self._make_result = runner.resultclass
        runner.resultclass = self._observed

    def _observed(self, *arguments: Any, **named: Any) -> Any:
        result = self._make_result(*arguments, **named)
        self._recorder.observe(result)
        return result

    def run(self, suite: Any) -> Any:
        """Run a subsuite, as the runner does."""
        self._recorder.expect(suite)
        result = self._runner.run(suite)
        self._recorder.publish()
        result.events.append((EVENT, 0, self._recorder.session.take_parcel()))
        return result


class WorkerRecorder(ResultRecorder):
    """Hears the results of a worker's subsuites."""

    session: WorkerSession

    @guarded
    def observe(self, result: Any) -> None:
        """See ResultRecorder."""
        kind = type(result)
        if not isinstance(result, unittest.TestResult):  # Django 3.2's is none
            kind = mixed(kind, unittest.TestResult)
            vars(result).update({**vars(unittest.TestResult()), **vars(result)})
        result.__class__ = mixed(_WorkersResult, mixed(_PortableResult, kind))
        result.shouldStop = vars(result).pop("shouldStop", False)
        result.recorder = self


class _WorkersResult(RecordingResult):
    """A result that keeps no texts: the parent prints them."""

    @contextmanager
    def _told(
        self, shown: List[Any], test: Any, kind: str, err: Any = None, reason: Optional[str] = None
    ) -> Iterator[None]:
        texts: List[Any] = []
        with super()._told(texts, test, kind, err, reason):
            if err is not None:
                texts.append((test, _text_of(self, err, test)))
            yield


class _PortableResult(unittest.TestResult):
    """A mixin for Django's result in a worker: what can't be pickled is handed to it as a text.

    Django itself, told of such a failure, ends the whole run; without tblib that is every failure.
    """

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, _portable(self, err, test))

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, _portable(self, err, test))

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        bare = (err[0], err[1], None)  # Django does without the traceback, too
        super().addExpectedFailure(test, err if _can_travel(err) else _portable(self, bare, test))

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            err = _portable(self, err, test)
            subtest = subtest if _can_travel(subtest) else SubtestText(subtest)
        super().addSubTest(test, subtest, err)


class RemoteError(Exception):
    """Stands for an exception that could not be pickled; its text is that one's traceback."""


class RemoteFailure(AssertionError):
    """The same for a failed assertion."""


class SubtestText:
    """Stands for a subtest that could not be pickled."""

    failureException = AssertionError

    def __init__(self, subtest: Any) -> None:
        self._id = safe_str(subtest.id())
        self._text = safe_str(subtest)

    def id(self) -> str:
        """Its id."""
        return self._id

    def shortDescription(self) -> None:
        """It has none: the text says everything."""

    def __str__(self) -> str:
        return self._text


def _portable(result: Any, err: Tuple[Any, Any, Any], test: Any) -> Tuple[Any, Any, Any]:
    if _can_travel(err):
        return err
    kind = RemoteFailure if issubclass(err[0], AssertionError) else RemoteError
    return kind, kind(f"\n{_text_of(result, err, test)}"), None


def _text_of(result: Any, err: Any, test: Any) -> str:
    try:  # private; Django's own result has a method of this name that gives no text
        base: Any = unittest.TestResult
        return str(base._exc_info_to_string(result, err, test))
    except Exception as error:  # noqa: BLE001  # an exception that can't be shown must not cost the verdict
        return f"{err[0].__name__} (could not be shown: {type(error).__name__})"


def _can_travel(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(value))
        return True
    except Exception:  # noqa: BLE001  # whatever the user's own __reduce__ and __init__ raise
        return False
