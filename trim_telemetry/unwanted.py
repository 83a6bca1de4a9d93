"""What a session has in place of a collector that is turned off: nothing is patched, and no module of it imported."""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

from .sections import NO_QUERIES, Section


class NoStatements:
    """Queries that are not collected; and what it is to collect them."""

    def begin(self) -> None:
        """A test begins, or is run once more: what was seen of it so far does not count."""

    def resume(self, phase: Optional[str]) -> None:
        """The test's own code runs from here on. phase: None where the runner has none."""

    def suspend(self) -> None:
        """What runs from here on is the runner's."""

    def shared_begins(self) -> None:
        """Shared set-up (a class's, a module's, a wider fixture's) or its tear-down begins."""

    def shared_ends(self) -> Optional[int]:
        """It is over: return how many statements it sent; None: nobody knows."""
        return None

    def end(self) -> Tuple[Section, Sequence[str]]:
        """The test is over: return what it has sent, and the names of lists that were cut."""
        return NO_QUERIES, ()

    def close(self) -> None:
        """The run is over: drivers are as they were."""
