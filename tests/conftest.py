"""What holds for all tests."""

import signal
import sys

import pytest

# What a shell's background job ignores, and what nohup does: whatever is started from there would, too. With a handler
# this process does as before, while a program that it starts has the default back.
IGNORED = {"SIGINT": signal.default_int_handler, "SIGHUP": lambda number, frame: None}
GUARD = "trim_telemetry.guard.installation"


@pytest.fixture(scope="session", autouse=True)
def _children_hear_signals():
    before = {}
    for name, handler in IGNORED.items():
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def _network_is_not_guarded():
    """A guard stays until its process ends, and would be handed on to all that the tests start."""
    guarded = GUARD in sys.modules  # by a run of ours that these tests are in
    yield
    assert guarded or GUARD not in sys.modules
