"""Percentiles of a growing set of durations, exact at every moment.

Adding one duration and reading three percentiles costs the same at the millionth test as at the first: the durations
lie sorted in blocks of bounded length, and for each percentile a cursor remembers the block and the place in it that
its rank fell in last time. The rank moves by one place at most with each duration, and so does the cursor.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import List, Sequence

_BLOCK = 250  # durations a block; it splits in two at twice that


class _Cursor:
    """Where a percentile lies: in the block of index `block`, which is `values`, `rest` hundredths behind the duration
    of index `rank`."""

    __slots__ = ("block", "percent", "rank", "rest", "values")

    def __init__(self, percent: int, values: List[float]) -> None:
        self.percent = percent
        self.block = 0
        self.values = values
        self.rank = self.rest = 0


class RunningPercentiles:
    """Percentiles as `statistics.quantiles(durations, n=100, method="inclusive")` gives them, kept as durations come.

    percents: which of the 99 cut points are wanted, as in (50, 95, 99). Memory: 32 bytes a
    duration (an array would take a quarter, and twice the time).
    """

    def __init__(self, percents: Sequence[int]) -> None:
        self.count = 0
        self.total = 0.0
        self.maximum = 0.0
        self._blocks: List[List[float]] = [[]]
        self._highest: List[float] = []  # of each block but the last
        self._cursors = [_Cursor(percent, self._blocks[0]) for percent in percents]
        self._values = [0.0] * len(percents)

    def add(self, duration: float) -> None:
        """Take in one more duration. The hot path of every test, so it is one function."""
        self.count += 1
        self.total += duration
        if duration > self.maximum:
            self.maximum = duration
        index = bisect_left(self._highest, duration)
        block = self._blocks[index]
        insort(block, duration)
        if self.count == 1:
            self._values = [duration] * len(self._values)
            return
        self._values = found = []
        for cursor in self._cursors:
            rank, rest, values = cursor.rank, cursor.rest + cursor.percent, cursor.values
            if rest >= 100:  # a division costs more than these steps
                rest -= 100
                rank += 1
            if index < cursor.block:
                rank -= 1
            cursor.rank, cursor.rest = rank, rest
            if 0 <= rank < len(values) - 1:
                found.append((values[rank] * (100 - rest) + values[rank + 1] * rest) / 100)
            else:
                found.append(self._across(cursor))
        if len(block) > 2 * _BLOCK:
            self._split(index)

    def mean(self) -> float:
        """Return the average; 0.0 of no duration."""
        return self.total / self.count if self.count else 0.0

    def values(self) -> List[float]:
        """Return the wanted percentiles; of one duration: that duration; of none: 0.0."""
        return self._values

    def _across(self, cursor: _Cursor) -> float:
        """Return the percentile where its place is in another block than before, or the last one in its own."""
        self._seek(cursor)
        values, rank, rest = cursor.values, cursor.rank, cursor.rest
        high = values[rank + 1] if rank + 1 < len(values) else self._first_behind(cursor)
        return (values[rank] * (100 - rest) + high * rest) / 100

    def _first_behind(self, cursor: _Cursor) -> float:
        """The lowest duration of the next block; of all durations the longest has none, and needs none."""
        behind = self._blocks[cursor.block + 1 : cursor.block + 2]
        return behind[0][0] if behind else self.maximum

    def _seek(self, cursor: _Cursor) -> None:
        blocks = self._blocks
        while cursor.rank < 0:
            cursor.block -= 1
            cursor.rank += len(blocks[cursor.block])
        while cursor.rank >= len(blocks[cursor.block]):
            cursor.rank -= len(blocks[cursor.block])
            cursor.block += 1
        cursor.values = blocks[cursor.block]

    def _split(self, index: int) -> None:
        block = self._blocks[index]
        self._blocks[index : index + 1] = [block[:_BLOCK], block[_BLOCK:]]
        self._highest.insert(index, block[_BLOCK - 1])
        for cursor in self._cursors:
            if cursor.block > index:  # it pointed past the block that is two now
                cursor.block += 1
            elif cursor.block == index:
                self._seek(cursor)
