"""The guard of a process that a test has started."""

from __future__ import annotations

import _socket
from typing import Any, Iterable, Mapping, Optional

from ..collectors.call_site import CallSites
from ..collectors.network import Policy, Surroundings, ledger
from ..collectors.source import Sources
from .installation import install


def start(given: Mapping[str, Any]) -> None:
    """Guard this process. given: what the parent's ledger has said in child_policy()."""
    around = Surroundings(CallSites(Sources(given["root"])), _unheard, _no_phase, _no_allowances, _unheard)
    mode, entries, refuse_as = given["policy"]
    ledger.start(Policy(mode, entries, refuse_as), around, _socket.gethostname())
    ledger.start_child(given)
    install()


def _unheard(what: Any) -> None:
    """There is nobody to tell in a child."""


def _no_phase() -> Optional[str]:
    return None


def _no_allowances(subject: Any) -> Iterable[str]:
    return ()
