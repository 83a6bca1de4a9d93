"""Which object it is."""

from __future__ import annotations

from typing import Callable

# What id() says, with its bits in another order. id() itself is audited: while the network is guarded, Python tells our
# hook of each call, which takes ten times the call itself.
identity: Callable[[object], int] = object.__hash__
