"""What a session has in place of a collector that is turned off: nothing is patched, and no module of it imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from .errors import NetworkBlockedError
from .sections import NO_COVERAGE, NO_NETWORK, NO_QUERIES, Section

if TYPE_CHECKING:
    from .collectors.owner import Owner


class NoStatements:
    """Queries that are not collected; and what it is to collect them."""

    def begin(self, test: Owner) -> None:
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


class NoAttempts:
    """A network that is not guarded; and what it is to guard it."""

    def begin(self, test: Owner) -> None:
        """A test begins."""

    def begin_again(self) -> None:
        """It is run once more: what was seen of it so far does not count."""

    def shared_begins(self, subject: Any) -> None:
        """Shared set-up or its tear-down begins. subject: a class with allowances; None: the present test's hold."""

    def shared_ends(self) -> None:
        """It is over."""

    def breach(self) -> Optional[NetworkBlockedError]:
        """Return what the test in flight is to fail with, because it tried to reach another machine."""
        return None

    def end(self) -> Tuple[Section, Sequence[str]]:
        """The test is over: return what it has tried, and the names of lists that were cut."""
        return NO_NETWORK, ()

    def outside(self) -> List[Dict[str, Any]]:
        """Return what was tried outside of tests since this was last asked, as `outside_tests` has it."""
        return []

    def children(self) -> List[Dict[str, Any]]:
        """Return the processes out of reach that were started since this was last asked, as `unguarded_children`."""
        return []

    def allowed_services(self) -> List[Mapping[str, str]]:
        """Return the services that are allowed because the project's own settings name them."""
        return []

    def close(self) -> None:
        """The run is over."""


class NoLines:
    """Lines that are not collected; and what it is to collect them.

    section: what a record says then.
    """

    def __init__(self, section: Section = NO_COVERAGE) -> None:
        self.section = section

    def hold_tests(self, files: Iterable[str]) -> None:
        """The runner has found tests in these files."""

    def begin(self) -> None:
        """A test begins, or is run once more: what was seen of it so far does not count."""

    def shared_begins(self) -> None:
        """Shared set-up, or its tear-down, begins."""

    def shared_ends(self) -> None:
        """It is over."""

    def over(self) -> None:
        """The test's own code is over; its record is still to come."""

    def end(self) -> Section:
        """The test is over: return what it ran."""
        return self.section

    def untraced(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Return what an action of ours, that calls nothing of the user's, returns: its lines count for nobody."""
        return action(*arguments)

    def ran_elsewhere(self) -> Section:
        """The test that is over ran in a process of its own: return what its record says."""
        return self.section

    def delegate(self) -> None:
        """From here on other processes run the tests."""

    def news(self) -> Optional[Mapping[str, Any]]:
        """Return what a worker has found out since this was last asked, as JSON has it; None for nothing."""
        return None

    def merge(self, news: Mapping[str, Any]) -> None:
        """Take over what a worker has found out."""

    def whole_run(self, is_complete: bool) -> Tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the summary's part, for the file and for stdout. is_complete: were all tests run?"""
        return self.section.value, self.section.value

    def close(self) -> Optional[str]:
        """The run is over; return what is to be said of it on the screen, if anything."""
        return None
