"""The releases of pytest and Django that the package promises to work with, and which go together in one cell."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple


class Release(NamedTuple):
    """One line of releases of a project, and the Python versions (from, below) that it is tried on."""

    project: str
    name: str
    requirement: str
    first: Tuple[int, int] = (3, 8)
    below: Tuple[int, int] = (4, 0)

    def __str__(self) -> str:
        return f"{self.project} {self.name}"


PYTEST = (
    Release("pytest", "6.0.2", "pytest==6.0.2", below=(3, 10)),  # can't rewrite asserts on 3.10
    Release("pytest", "6.2.5", "pytest==6.2.5", first=(3, 10)),
    Release("pytest", "7.4.4", "pytest==7.4.4"),
    Release("pytest", "8.3", "pytest==8.3.*"),
    Release("pytest", "9", "pytest>=9"),
)
DJANGO = (
    Release("django", "3.2", "django==3.2.*"),
    Release("django", "4.2", "django==4.2.*"),
    Release("django", "5.2", "django==5.2.*"),
    Release("django", "6", "django>=6"),
)
Pair = Tuple[Release, Optional[Release]]


def tried_on(minor: Tuple[int, int], releases: Sequence[Release]) -> List[Release]:
    """Return the releases that are to be tried on a version of Python."""
    return [release for release in releases if release.first <= minor < release.below]


def pairs(pytests: Sequence[Release], djangos: Sequence[Release]) -> List[Pair]:
    """Pair oldest with oldest and newest with newest, so that each release comes at least once.

    Without any Django the others stand alone; without any pytest there is nothing that runs the tests, so no pair.
    """
    if not pytests:
        return []
    count = max(len(pytests), len(djangos))
    return [
        (_spread(pytests, place, count), _spread(djangos, place, count) if djangos else None) for place in range(count)
    ]


def _spread(releases: Sequence[Release], place: int, count: int) -> Release:
    return releases[place * len(releases) // count]
