"""What a process ends with, against a process that does."""

import subprocess
import sys

import pytest

from trim_telemetry import exit_status as module
from trim_telemetry.exit_status import exit_status


@pytest.mark.parametrize("code", [None, 0, 1, 7, 255, 256, 300, -1, True, "said", "", 1.5, [0]])
def test_status_is_what_the_system_shows(code):
    done = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.exit({code!r})"], stderr=subprocess.DEVNULL)
    assert exit_status(code) == done.returncode


def test_only_posix_keeps_no_more_than_a_byte(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(module.os, "name", "nt")
        found = exit_status(300), exit_status(-1)
    assert found == (300, -1)
