"""The guard of a process that a test has started."""

from __future__ import annotations

import _socket
from typing import Any, Mapping

from ..collectors.circumstances import Policy, unattended
from ..collectors.network import ledger
from .installation import install


def start(given: Mapping[str, Any]) -> None:
    """Guard this process. given: what the parent's ledger has said in child_policy()."""
    mode, entries, refuse_as = given["policy"]
    ledger.start(Policy(mode, entries, refuse_as), unattended(given["root"]), _socket.gethostname())
    ledger.start_child(given)
    install()
