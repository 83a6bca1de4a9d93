"""A source file of the run, looked at again now and then."""

import pytest

from trim_telemetry.analysis.file_lines import FileLines
from trim_telemetry.covered_sources import Source


def test_frozen_clock_does_not_stop_the_looking_again() -> None:
    freezegun = pytest.importorskip("freezegun")
    with freezegun.freeze_time("2020-01-01"):
        first = Source(FileLines("app.py", [1], {}), None, (), (0, 0))
        assert sum(range(100_000))  # true time goes by
        second = Source(FileLines("app.py", [1], {}), None, (), (0, 0))
    assert second.checked > first.checked
