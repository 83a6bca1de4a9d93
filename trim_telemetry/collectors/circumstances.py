"""In which circumstances calls to other machines are judged: by what policy, and in what run."""

from __future__ import annotations

from typing import Any, Callable, Iterable, NamedTuple, Optional, Sequence

from .attempt import Attempt
from .call_site import CallSites
from .source import Sources
from .threads import Threads


class Policy(NamedTuple):
    """What may be reached. mode: block, record or enforce; entries: of the allow-list."""

    mode: str
    entries: Sequence[str]
    refuse_as: str


class Surroundings(NamedTuple):
    """What the ledger asks of the run that it is in.

    threads: by whom each was started; failed: is told of an error of ours; phase: what part of a test runs; allowances:
    the entries that a test, a class or an item has for itself; late: is told of an attempt after the run.
    """

    sites: CallSites
    threads: Threads
    failed: Callable[[Exception], None]
    phase: Callable[[], Optional[str]]
    allowances: Callable[[Any], Iterable[str]]
    late: Callable[[Attempt], None]


def unattended(root: str) -> Surroundings:
    """Return the surroundings of a ledger without a run, whom nobody hears. root: the folder of the user's files."""
    sites = CallSites(Sources(root))
    return Surroundings(sites, Threads(sites.find), _unheard, _no_phase, _no_allowances, _unheard)


def _unheard(what: Any) -> None:
    """There is nobody to tell."""


def _no_phase() -> Optional[str]:
    return None


def _no_allowances(subject: Any) -> Iterable[str]:
    return ()
