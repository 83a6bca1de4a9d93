"""House rule 1: nothing that goes wrong in here reaches the runner; methods of the adapters are `guarded`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast

from .collectors.source import safe_str
from .errors import TelemetryWarning

if TYPE_CHECKING:
    from typing import Protocol

    from .session import Session
else:
    Protocol = object

_Method = TypeVar("_Method", bound=Callable[..., Any])


class Guest(Protocol):
    """Whoever has a `session` and guarded methods."""

    session: Session


def guarded(method: _Method) -> _Method:
    """Make a method that never raises into the runner (house rule 1): an error of ours is said in the summary.

    It takes its arguments by position only: names would cost every call a dict.
    """

    def guard(self: Guest, *arguments: Any) -> Any:
        session = self.session
        if session.closed:
            return None
        try:
            return method(self, *arguments)
        except Exception as error:  # noqa: BLE001  # the one broad except: it is ours, whatever it is
            session.failed(method.__name__, error)
            return None

    guard.__name__ = method.__name__
    guard.__doc__ = method.__doc__
    return cast(_Method, guard)


def mishap(part: str, error: Exception) -> TelemetryWarning:
    """Return what the summary says of an error of ours in `part` of the telemetry."""
    sentence = f"{type(error).__name__}: {safe_str(error)} ({_last_line_of(error)})"
    return TelemetryWarning(f"error-in-{part}", sentence)


def _last_line_of(error: BaseException) -> str:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return "no traceback"
    # Not by os.path: a test that has patched it may be the very reason of the error.
    file = traceback.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{file}:{traceback.tb_lineno}"
