"""Running percentiles against `statistics`, exactly."""

import random
import statistics
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry.analysis import percentiles
from trim_telemetry.analysis.percentiles import RunningPercentiles

WANTED = (50, 95, 99)
durations = st.one_of(st.floats(min_value=0, max_value=1e9), st.sampled_from((0.0, 1.0, 1.0 + 2**-52, 250.0)))


def expected(values):
    """What the contract says: `statistics.quantiles`, and by hand what it does not take."""
    if len(values) < 2:
        return [sum(values)] * len(WANTED)
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return [cuts[percent - 1] for percent in WANTED]


def check_blocks(running, block):
    """Whatever came in: sorted, complete, and no block so long that an insertion costs more than another."""
    blocks = running._blocks
    flat = [value for part in blocks for value in part]
    assert flat == sorted(flat)
    assert len(flat) == running.count
    assert max(map(len, blocks)) <= 2 * block
    assert len(blocks) == 1 or min(map(len, blocks)) >= block
    assert running._highest == [part[-1] for part in blocks[:-1]]


@given(st.lists(durations, max_size=80), st.integers(min_value=1, max_value=5))
def test_percentiles_are_those_of_the_statistics_module_after_each_duration(values, block):
    with mock.patch.object(percentiles, "_BLOCK", block):
        running = RunningPercentiles(WANTED)
        for count, value in enumerate(values, 1):
            running.add(value)
            assert running.values() == expected(values[:count])
        check_blocks(running, block)


@given(st.lists(st.tuples(durations, st.booleans()), max_size=80), st.integers(min_value=1, max_value=5))
def test_percentiles_may_be_read_whenever_one_likes(steps, block):
    with mock.patch.object(percentiles, "_BLOCK", block):
        running = RunningPercentiles(WANTED)
        for count, (value, is_read) in enumerate(steps, 1):
            running.add(value)
            if is_read:
                assert running.values() == expected([value for value, _ in steps[:count]])


@given(st.lists(durations, min_size=1, max_size=60), st.sets(st.integers(1, 99), min_size=1))
def test_every_cut_point_can_be_had(values, percents):
    running = RunningPercentiles(sorted(percents))
    for value in values:
        running.add(value)
    if len(values) > 1:
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        assert running.values() == [cuts[percent - 1] for percent in sorted(percents)]
    assert running.maximum == max(values)
    assert running.count == len(values)


MANY = 30_000
_random = random.Random(20250908)
SHAPES = {
    "as they come": [_random.expovariate(0.01) for _ in range(MANY)],
    "ascending": [float(number) for number in range(MANY)],
    "descending": [float(MANY - number) for number in range(MANY)],
    "equal": [7.25] * MANY,
    "two values": [float(number % 2) for number in range(MANY)],
    "to and fro": [float(number if number % 2 else -number + 2 * MANY) for number in range(MANY)],
    "slow ones last": [1.0] * (MANY - 500) + [float(number) for number in range(500)],
    "a saw": [float(number % 1009) for number in range(MANY)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_percentiles_of_tens_of_thousands_are_exact_and_the_blocks_bounded(shape):
    running = RunningPercentiles(WANTED)
    for count, value in enumerate(SHAPES[shape], 1):
        running.add(value)
        if count % 4999 == 0 or count == MANY:
            assert running.values() == expected(SHAPES[shape][:count])
            check_blocks(running, percentiles._BLOCK)


@pytest.mark.parametrize("shape", SHAPES)
def test_cost_of_a_duration_does_not_grow(shape):
    running = RunningPercentiles(WANTED)
    for value in SHAPES[shape]:
        before = [cursor.block for cursor in running._cursors]
        blocks = len(running._blocks)
        running.add(value)
        split = len(running._blocks) - blocks  # one block more before a cursor is no step of it
        assert all(abs(cursor.block - was) <= 1 + split for cursor, was in zip(running._cursors, before))
