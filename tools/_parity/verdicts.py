"""What a runner's own words say of a test, and which record the contract wants for them (record.md, Verdicts)."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

_Verdict = Tuple[str, str]  # status and outcome of a record

PASSED = "passed"
FAILED = "failed"
FAILED_OR_XPASSED = "failed_or_xpassed"  # pytest says FAILED of a strict unexpected success, too, and seldom why
ERROR = "error"
SKIPPED = "skipped"
XFAILED = "xfailed"
XPASSED = "xpassed"
XPASSED_STRICT = "xpassed_strict"
SUBTEST_FAILED = "subtest_failed"
SUBTEST_SKIPPED = "subtest_skipped"
SUBTEST_PASSED = "subtest_passed"
RERUN = "rerun"
UNKNOWN = "unknown"  # a plugin's own word

_CALLS = (PASSED, FAILED, FAILED_OR_XPASSED, SKIPPED, XFAILED, XPASSED, XPASSED_STRICT)


class Printed(NamedTuple):
    """What a runner printed of its tests.

    words: {id: its words, in the order they came}; known: {word: its meaning, one of the above}; unread: how many
    verdicts at most were printed without a name that can be read; total: how many tests the runner says that it ran;
    once: the runner gives each id one test, so that two words of a kind are two tests.
    """

    words: Dict[str, List[str]]
    known: Mapping[str, str]
    unread: int
    total: Optional[int]
    once: bool

    def meanings(self, test_id: str) -> List[str]:
        """Return what the words of an id mean."""
        return [self.known.get(word, UNKNOWN) for word in self.words[test_id]]


# The first that a test has decides.
_RANKS: Sequence[Tuple[Set[str], Set[_Verdict]]] = (
    ({FAILED, SUBTEST_FAILED}, {("failed", "failed")}),
    ({FAILED_OR_XPASSED}, {("failed", "failed"), ("failed", "xpassed")}),
    ({ERROR}, {("error", "error")}),
    ({XPASSED_STRICT}, {("failed", "xpassed")}),
    ({XFAILED}, {("skipped", "xfailed")}),
    ({XPASSED}, {("passed", "xpassed")}),
    ({SKIPPED}, {("skipped", "skipped")}),
    ({SUBTEST_SKIPPED}, {("skipped", "skipped"), ("passed", "passed")}),
    ({PASSED, SUBTEST_PASSED}, {("passed", "passed")}),
)


def wanted(meanings: Sequence[str], has_subtests: bool = False) -> Optional[FrozenSet[_Verdict]]:
    """Return the verdicts that a record may have for words of these meanings; None where they say too little.

    has_subtests: unittest prints a skipped subtest as a skip of the whole test (before 3.11).
    """
    given = set(meanings)
    if UNKNOWN in given:
        return None
    for ranked, verdicts in _RANKS:
        if ranked & given:
            if ranked == {SKIPPED} and has_subtests:
                verdicts = verdicts | {("passed", "passed")}
            return frozenset(verdicts)
    return None


def executions(meanings: Sequence[str], once: bool) -> Tuple[int, int]:
    """Return how often, at least and at most, a test was run for which words of these meanings were printed."""
    if once:  # though a set-up or tear-down that raises in an expected failure is one, too
        calls = [meaning for meaning in meanings if meaning in _CALLS]
        return max(sum(meaning != XFAILED for meaning in calls), 1), max(len(calls), 1)
    certain = sum(meaning in (PASSED, XFAILED, XPASSED_STRICT) for meaning in meanings)
    return max(certain, 1), max(len(meanings), 1)
