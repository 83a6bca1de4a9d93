"""How two outputs differ, in memory that does not grow with them."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import islice
from typing import Callable, Iterable, Iterator, List, NamedTuple, Sequence, Set, Tuple

_WINDOW = 1_000  # lines of each side that are aligned at a time
_SHOWN_OF_A_SIDE = 12


class Hunk(NamedTuple):
    """Lines of one side that stand where the other has others. left_at, right_at: 0-based number of the first."""

    left_at: int
    left: List[str]
    right_at: int
    right: List[str]


def hunks(
    left: Iterable[str], right: Iterable[str], normalise: Callable[[str], str], window: int = _WINDOW
) -> Iterator[Hunk]:
    """Yield where two outputs differ, once each line is normalised; the hunks have the lines as they were."""
    sides = (_Side(left), _Side(right))
    while True:
        _skip_common(sides, normalise)
        a, b = (side.ahead(window) for side in sides)
        if not a and not b:
            return
        found, used = _align(a, b, normalise, whole=len(a) < window and len(b) < window)
        for start, end, other_start, other_end in found:
            yield Hunk(sides[0].at + start, a[start:end], sides[1].at + other_start, b[other_start:other_end])
        for side, count in zip(sides, used):
            side.drop(count)


class _Side:
    """One output, with the lines that were read ahead. at: how many lines were dropped."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._ahead: List[str] = []
        self.at = 0

    def ahead(self, count: int) -> List[str]:
        self._ahead += islice(self._lines, max(0, count - len(self._ahead)))
        return self._ahead[:count]

    def drop(self, count: int) -> None:
        del self._ahead[:count]
        self.at += count


def _skip_common(sides: Tuple[_Side, _Side], normalise: Callable[[str], str]) -> None:
    while True:
        a, b = (side.ahead(_WINDOW) for side in sides)
        common = 0
        for one, other in zip(a, b):
            if one != other and normalise(one) != normalise(other):
                break
            common += 1
        for side in sides:
            side.drop(common)
        if common == 0 or common < min(len(a), len(b)):
            return


def _align(
    a: List[str], b: List[str], normalise: Callable[[str], str], whole: bool
) -> Tuple[List[Tuple[int, int, int, int]], Tuple[int, int]]:
    """Return the differing ranges of two windows, and how many lines of each are dealt with.

    whole: nothing comes behind the windows. Else what stands behind their last common line waits for more.
    """
    matcher = SequenceMatcher(None, [normalise(line) for line in a], [normalise(line) for line in b], autojunk=False)
    changes = [(i, j, k, m) for tag, i, j, k, m in matcher.get_opcodes() if tag != "equal"]
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if whole or not blocks:
        return changes, (len(a), len(b))
    end_a, end_b = blocks[-1].a + blocks[-1].size, blocks[-1].b + blocks[-1].size
    return [change for change in changes if change[1] <= end_a and change[3] <= end_b], (end_a, end_b)


class Unstable:
    """Where two plain runs of one command differ from each other. shape: what is alike in lines that only vary."""

    def __init__(self, shape: Callable[[str], str]) -> None:
        self._shape = shape
        self._places: Set[int] = set()
        self._shapes: Set[str] = set()
        self.lines = 0

    def learn(self, found: Iterable[Hunk]) -> None:
        """Take in what differed between two plain runs; the left one is the one that is compared later."""
        for hunk in found:
            self._places.update(_places(hunk))
            self._shapes.update(self._shape(line) for line in [*hunk.left, *hunk.right])
            self.lines += max(len(hunk.left), len(hunk.right))

    def covers(self, hunk: Hunk) -> bool:
        """Does this differ in a way, or at a place, in which two plain runs differed, too?"""
        within = (
            _places(hunk) if hunk.left else (hunk.left_at - 1, hunk.left_at)
        )  # an insertion: what it stands between
        if self._places.issuperset(within):
            return True
        return bool(self._shapes) and all(self._shape(line) in self._shapes for line in [*hunk.left, *hunk.right])


def _places(hunk: Hunk) -> range:
    return range(hunk.left_at, hunk.left_at + len(hunk.left))


def unified(found: Sequence[Hunk], limit: int) -> List[str]:
    """Return hunks as a diff of at most `limit` lines."""
    lines: List[str] = []
    for hunk in found:
        lines.append(f"@@ -{hunk.left_at + 1},{len(hunk.left)} +{hunk.right_at + 1},{len(hunk.right)} @@")
        lines += [*_some("-", hunk.left), *_some("+", hunk.right)]
        if len(lines) > limit:
            return [*lines[:limit], "(more)"]
    return lines


def _some(sign: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield the first lines of one side of a hunk: both sides of it are to be seen in a short diff."""
    yield from (f"{sign}{line}" for line in lines[:_SHOWN_OF_A_SIDE])
    if len(lines) > _SHOWN_OF_A_SIDE:
        yield f"{sign}... and {len(lines) - _SHOWN_OF_A_SIDE} more lines"
