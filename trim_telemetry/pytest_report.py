"""What a report of pytest's says: outcome, reason, exceptions, text, output."""

from __future__ import annotations

from types import TracebackType
from typing import Any, List, Optional, Sequence, Tuple

import pytest

from . import outcome
from .collectors.source import safe_str

_NAME_LIMIT = 1_000
_XPASS_STRICT = "[XPASS(strict)] "  # how pytest's skipping plugin words it
_UNEXPECTED_SUCCESS = "Unexpected success"  # how pytest's unittest plugin words it
_TEARDOWN_GROUPS = ("errors while tearing down ", "errors during test teardown")  # pytest 7.4 and later

CRASH = "???"  # the phase that pytest-xdist and pytest-forked name in a report on a test whose process has died

_FAILURES = {outcome.CALL: outcome.FAILED, CRASH: outcome.CRASHED}  # which it is by the phase that a report is on

Raised = Tuple[Any, Optional[TracebackType]]  # an exception, or None where only a text is left of it


def kind_of(report: Any) -> Optional[str]:
    """Return the outcome that a report stands for; None: it says nothing of the verdict."""
    expected = hasattr(report, "wasxfail")
    if report.failed:
        return _FAILURES.get(report.when, outcome.ERROR)
    if report.skipped:
        if expected:
            return outcome.XFAILED
        return None if report.when == outcome.TEARDOWN else outcome.SKIPPED  # there, the body has had its say
    if report.passed and report.when == outcome.CALL:
        return outcome.XPASSED if expected else outcome.PASSED
    return None


def subtest_name(report: Any) -> Optional[str]:
    """Return a subtest's description where the report is one's (pytest 9, pytest-subtests), else None."""
    context = getattr(report, "context", None)
    if context is None or type(report).__name__.lower() != "subtestreport":
        return None
    message = getattr(context, "msg", None)
    values = dict(getattr(context, "kwargs", None) or {})
    said = ", ".join(f"{name}={safe_str(value)}" for name, value in values.items())
    parts = [f"[{safe_str(message)}]" if message else "", f"({said})" if said else ""]
    return " ".join(part for part in parts if part)[:_NAME_LIMIT] or "(<subtest>)"


def is_unexpected_success(report: Any, excinfo: Any) -> bool:
    """Is a failed body one that passed and must not? pytest says so by a text, or by an exception that it makes up."""
    if report.when != outcome.CALL:
        return False
    if excinfo is None:
        return isinstance(report.longrepr, str) and report.longrepr.startswith((_XPASS_STRICT, _UNEXPECTED_SUCCESS))
    return _raised_in(excinfo, "addUnexpectedSuccess")


def reason_of(report: Any, kind: str) -> Optional[str]:
    """Return the reason of a skip, an expected failure or an unexpected success; None: there is none."""
    if kind in (outcome.XFAILED, outcome.XPASSED):
        return _without("reason: ", safe_str(report.wasxfail)) or None  # "reason: " where it is pytest.xfail()
    if kind == outcome.XPASSED_STRICT:
        said = text_of(report)
        return said[len(_XPASS_STRICT) :] or None if said.startswith(_XPASS_STRICT) else None
    return skip_reason(report) if kind == outcome.SKIPPED else None


def skip_reason(report: Any) -> str:
    """A skip's longrepr is (path, line, "Skipped: why")."""
    longrepr = report.longrepr
    reason = longrepr[2] if isinstance(longrepr, tuple) and len(longrepr) == 3 else safe_str(longrepr)
    return _without("Skipped: ", reason)


def text_of(report: Any) -> str:
    """Return the failure as pytest prints it, without colours."""
    return str(report.longreprtext) if hasattr(report, "longreprtext") else safe_str(report.longrepr)


def last_line(text: str) -> str:
    """Return what says best what a failure's text is about: the last line that pytest marks with `E`, else the last."""
    lines = [line for line in text.splitlines() if line.strip()]
    marked = [line[1:].strip() for line in lines if line.startswith("E   ")]
    return marked[-1] if marked else (lines[-1].strip() if lines else "")


def output_of(reports: Sequence[Any], stream: str) -> str:
    """Return what was captured of "stdout" or "stderr", by subtests, whose reports come first, and by the test."""
    own = "".join(text for name, text in reports[-1].sections if name.startswith(f"Captured {stream}"))
    subtests = (text for report in reports[:-1] for name, text in report.sections if name == f"Captured {stream} call")
    return "".join(subtests) + own


def exceptions_of(excinfo: Any) -> List[Raised]:
    """Return the exceptions of a phase, the first to be raised first."""
    if excinfo is None:
        return [(None, None)]
    if _raised_in(excinfo, "addExpectedFailure"):  # pytest's own, in the place of the test's
        raw = excinfo.tb.tb_frame.f_locals.get("rawexcinfo")
        if isinstance(raw, tuple) and len(raw) == 3:
            return [(raw[1], raw[2])]
    return _ungrouped(excinfo.value, excinfo.tb)


def cause_of(excinfo: Any) -> Raised:
    """Return what kept pytest from collecting: behind its CollectError there is the import's own exception."""
    if excinfo is None:
        return None, None
    error = excinfo.value
    if isinstance(error, pytest.Collector.CollectError) and error.__cause__ is not None:
        error = error.__cause__
        return error, error.__traceback__
    return error, excinfo.tb


def _ungrouped(error: Any, traceback: Optional[TracebackType]) -> List[Raised]:
    """pytest 7.4 and later group the errors of several tear-downs, the last one first; older ones report the first."""
    if not str(getattr(error, "message", "")).startswith(_TEARDOWN_GROUPS):
        return [(error, traceback)]
    return [found for inner in reversed(error.exceptions) for found in _ungrouped(inner, inner.__traceback__)]


def _raised_in(excinfo: Any, function: str) -> bool:
    return excinfo.tb is not None and excinfo.tb.tb_frame.f_code.co_name == function


def _without(prefix: str, text: str) -> str:
    return text[len(prefix) :] if text.startswith(prefix) else text
