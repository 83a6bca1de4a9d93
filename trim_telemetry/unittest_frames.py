"""unittest's own functions, as they stand on the stack: which part of a test, or which fixture, is running.

They are private, and the same from CPython 3.8 to 3.14; tests/test_unittest_frames.py pins them.
"""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import Any, Optional, Tuple

from . import outcome
from .stand_ins import OURS

_PHASES = {
    "_callSetUp": outcome.SETUP,
    "_pre_setup": outcome.SETUP,
    "_callTestMethod": outcome.CALL,
    "_callTearDown": outcome.TEARDOWN,
    "_callCleanup": outcome.TEARDOWN,
    "doCleanups": outcome.TEARDOWN,
    "_post_teardown": outcome.TEARDOWN,
    "_handleModuleFixture": outcome.SETUP,
    "_handleClassSetUp": outcome.SETUP,
    "_tearDownPreviousClass": outcome.TEARDOWN,
    "doClassCleanups": outcome.TEARDOWN,
    "_handleModuleTearDown": outcome.TEARDOWN,
}
_USERS_PHASES = {
    "setUp": outcome.SETUP,
    "asyncSetUp": outcome.SETUP,
    "tearDown": outcome.TEARDOWN,
    "asyncTearDown": outcome.TEARDOWN,
}
_DJANGOS_OWN = "_setup_and_call"  # calls _pre_setup and _post_teardown; before Django 5 its module is not marked
# The suite's own functions around shared fixtures, with the local variable that names what they belong to.
FIXTURES = {
    "_handleClassSetUp": ("setUpClass", "currentClass"),
    "_tearDownPreviousClass": ("tearDownClass", "previousClass"),
    "_handleModuleFixture": ("setUpModule", "currentModule"),
    "_handleModuleTearDown": ("tearDownModule", "previousModule"),
}


def fixture_of(frame: FrameType) -> Tuple[str, Any]:
    """Return which fixture such a frame is about ("setUpClass", ...), and of what: a class, or a module's name."""
    name, owner = FIXTURES[frame.f_code.co_name]
    return name, frame.f_locals.get(owner)


def phase_of(traceback: Optional[TracebackType]) -> Optional[str]:
    """unittest runs each part of a test in a function of its own, whose frame is near the traceback's outer end.

    A subtest's traceback begins further in, right before the user's own function.
    """
    for _ in range(6):
        if traceback is None:
            break
        code = traceback.tb_frame.f_code
        if code.co_name in _PHASES:
            return _PHASES[code.co_name]
        if "__unittest" not in traceback.tb_frame.f_globals and code.co_name != _DJANGOS_OWN:
            return _USERS_PHASES.get(code.co_name, outcome.CALL)
        traceback = traceback.tb_next
    return None


def hide_drivers(error: Any, traceback: Optional[TracebackType]) -> None:
    """Take the frames of our drivers out of a traceback, and out of those of the errors that led to it."""
    seen = set()
    waiting = [(error, traceback)]
    while waiting:
        error, traceback = waiting.pop()
        if not isinstance(error, BaseException) or id(error) in seen:
            continue
        seen.add(id(error))
        while traceback is not None:
            while traceback.tb_next is not None and _is_drivers(traceback.tb_next):
                traceback.tb_next = traceback.tb_next.tb_next
            traceback = traceback.tb_next
        waiting += [(cause, cause.__traceback__) for cause in (error.__cause__, error.__context__) if cause is not None]


def _is_drivers(traceback: TracebackType) -> bool:
    return traceback.tb_frame.f_code.co_filename.startswith(OURS)
