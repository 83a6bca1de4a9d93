"""Percentiles by hand; tests/property holds them against `statistics`."""

import pytest

from trim_telemetry.analysis import percentiles
from trim_telemetry.analysis.percentiles import RunningPercentiles


def fed(durations, percents=(50, 95, 99)):
    running = RunningPercentiles(percents)
    for duration in durations:
        running.add(duration)
    return running


def test_no_duration_makes_zeros():
    running = fed([])
    assert (running.values(), running.mean(), running.maximum, running.count) == ([0.0, 0.0, 0.0], 0.0, 0.0, 0)


def test_one_duration_is_each_percentile():
    running = fed([7.5])
    assert (running.values(), running.mean(), running.maximum, running.count) == ([7.5, 7.5, 7.5], 7.5, 7.5, 1)


@pytest.mark.parametrize(
    "durations, expected",
    [
        ([1.0, 2.0], [1.5, 1.95, 1.99]),
        ([2.0, 1.0], [1.5, 1.95, 1.99]),
        ([1.0, 2.0, 3.0], [2.0, 2.9, 2.98]),
        ([5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0]),
        ([float(number) for number in range(101)], [50.0, 95.0, 99.0]),
    ],
)
def test_percentiles_interpolate_between_neighbours(durations, expected):
    assert fed(durations).values() == expected


def test_reading_changes_nothing():
    running = fed([3.0, 1.0, 2.0])
    assert running.values() == running.values() == [2.0, 2.9, 2.98]


def test_percentiles_need_not_be_asked_for_in_order():
    assert fed([1.0, 2.0, 3.0], (99, 50)).values() == [2.98, 2.0]


def test_mean_and_maximum_are_over_all():
    running = fed([4.0, 1.0, 1.0])
    assert (running.mean(), running.maximum, running.count) == (2.0, 4.0, 3)


def test_rank_that_falls_on_the_border_of_two_blocks_interpolates_over_it(monkeypatch):
    monkeypatch.setattr(percentiles, "_BLOCK", 2)
    running = fed([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])  # blocks of two: the median lies between 3 and 4
    assert len(running._blocks) > 1
    assert running.values()[0] == 3.5
