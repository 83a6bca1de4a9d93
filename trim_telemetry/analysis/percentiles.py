"""Percentiles of a growing set of durations, exact at every moment.

Adding one duration and reading three percentiles costs the same at the millionth test as at the first: the durations
lie sorted in blocks of bounded length, and for each percentile a cursor remembers the block that its rank fell in last
time. The rank moves by less than two places with each duration, so the cursor steps to a neighbour at most.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import List, Sequence

_BLOCK = 250  # durations a block; it splits in two at twice that


class _Cursor:
    """A block's index, and how many durations lie in the blocks before it."""

    __slots__ = ("before", "block", "percent")

    def __init__(self, percent: int) -> None:
        self.percent = percent
        self.block = 0
        self.before = 0


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
        self._cursors = [_Cursor(percent) for percent in percents]

    def add(self, duration: float) -> None:
        """Take in one more duration."""
        self.count += 1
        self.total += duration
        if duration > self.maximum:
            self.maximum = duration
        index = bisect_left(self._highest, duration)
        block = self._blocks[index]
        insort(block, duration)
        for cursor in self._cursors:
            if cursor.block > index:
                cursor.before += 1
        if len(block) > 2 * _BLOCK:
            self._split(index)

    def mean(self) -> float:
        """Return the average; 0.0 of no duration."""
        return self.total / self.count if self.count else 0.0

    def values(self) -> List[float]:
        """Return the wanted percentiles; of one duration: that duration; of none: 0.0."""
        if self.count < 2:
            return [self.total] * len(self._cursors)
        found = []
        blocks, last = self._blocks, self.count - 1
        for cursor in self._cursors:
            position = cursor.percent * last  # in hundredths of a rank; not divmod(), whose call costs more than both
            place = position // 100 - cursor.before
            block = blocks[cursor.block]
            if not 0 <= place < len(block):
                block = self._seek(cursor, position // 100)
                place = position // 100 - cursor.before
            rest = position % 100
            high = block[place + 1] if place + 1 < len(block) else blocks[cursor.block + 1][0]
            found.append((block[place] * (100 - rest) + high * rest) / 100)
        return found

    def _seek(self, cursor: _Cursor, rank: int) -> List[float]:
        while rank < cursor.before:
            cursor.block -= 1
            cursor.before -= len(self._blocks[cursor.block])
        while rank >= cursor.before + len(self._blocks[cursor.block]):
            cursor.before += len(self._blocks[cursor.block])
            cursor.block += 1
        return self._blocks[cursor.block]

    def _split(self, index: int) -> None:
        block = self._blocks[index]
        self._blocks[index : index + 1] = [block[:_BLOCK], block[_BLOCK:]]
        self._highest.insert(index, block[_BLOCK - 1])
        for cursor in self._cursors:
            if cursor.block > index:  # it pointed past the block that is two now
                cursor.block += 1
