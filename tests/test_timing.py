"""Clocks and the timestamps made from them."""

import re
import time
from datetime import datetime, timezone
from unittest import mock

import pytest

from trim_telemetry.collectors.timing import Clock

FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
BILLION = 1_000_000_000


def clock_at(wall_ns):
    """A clock whose reading 0 is the given wall-clock time."""
    clock = Clock()
    clock._offset = wall_ns
    return clock


@pytest.mark.parametrize(
    "wall, now, text",
    [
        (0, 0, "1970-01-01T00:00:00.000000+00:00"),
        (0, 999, "1970-01-01T00:00:00.000000+00:00"),
        (0, 1_000, "1970-01-01T00:00:00.000001+00:00"),
        (0, BILLION - 1, "1970-01-01T00:00:00.999999+00:00"),
        (0, BILLION, "1970-01-01T00:00:01.000000+00:00"),
        (1_757_338_215_123_456_789, 0, "2025-09-08T13:30:15.123456+00:00"),
        (1_757_338_215_123_456_789, BILLION, "2025-09-08T13:30:16.123456+00:00"),
        (1_709_164_799 * BILLION, BILLION, "2024-02-29T00:00:00.000000+00:00"),
    ],
)
def test_timestamp_is_rfc_3339_in_utc_with_six_digits(wall, now, text):
    assert clock_at(wall).timestamp(now) == text


def test_text_of_a_second_is_not_kept_for_the_next():
    clock = clock_at(0)
    assert [clock.timestamp(second * BILLION)[17:19] for second in (1, 1, 2, 1, 61)] == ["01", "01", "02", "01", "01"]


def test_reading_of_now_is_the_wall_clocks_time():
    clock = Clock()
    text = clock.timestamp(clock.now())
    assert FORM.fullmatch(text)
    assert abs((datetime.fromisoformat(text) - datetime.now(timezone.utc)).total_seconds()) < 60


def test_clock_runs_on_while_a_test_mocks_time():
    clock = Clock()
    first = clock.now()
    names = ("time", "time_ns", "monotonic", "perf_counter", "perf_counter_ns", "process_time_ns", "gmtime")
    with mock.patch.multiple(time, **{name: mock.Mock(side_effect=AssertionError) for name in names}):
        assert clock.now() > first
        assert clock.cpu() >= 0
        assert FORM.fullmatch(clock.timestamp(clock.now()))


def test_clock_runs_on_while_freezegun_has_stopped_time():
    freezegun = pytest.importorskip("freezegun")
    clock = Clock()
    with freezegun.freeze_time("1999-12-31"):
        assert clock.now() < clock.now()
        assert not clock.timestamp(clock.now()).startswith("1999")


def test_clock_runs_on_while_time_machine_travels():
    time_machine = pytest.importorskip("time_machine")
    clock = Clock()
    with time_machine.travel(0, tick=False):
        assert clock.now() < clock.now()
        assert not clock.timestamp(clock.now()).startswith("1970")
