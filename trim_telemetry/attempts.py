"""A session's part in the network: what the guard has seen of a test becomes its record's `http_calls`."""

from __future__ import annotations

import _socket
import os
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from . import record
from .analysis.network_stats import entry_of, http_calls
from .collectors.attempt import Attempt
from .collectors.call_site import CallSites
from .collectors.circumstances import Policy, Surroundings, unattended
from .collectors.network import ledger
from .collectors.threads import Threads
from .config import Config
from .errors import NetworkBlockedError, TelemetryWarning
from .guard.installation import install
from .sections import NO_ATTEMPTS, Section, uncollected_network
from .sinks.stderr_line import say
from .unwanted import NoAttempts


class Asked(NamedTuple):
    """What the session is asked: what takes secrets out of a text; the phase that runs; a clock's reading as RFC 3339;
    whom to tell of an error of ours, and of a warning; and the entries that a test has for itself."""

    redact: Callable[[str], str]
    phase: Callable[[], Optional[str]]
    timestamp: Callable[[int], str]
    failed: Callable[[Exception], None]
    warn: Callable[[TelemetryWarning], None]
    allowances: Callable[[Any], Iterable[str]]


class Attempts(NoAttempts):
    """Guards the network from the start of a run to the end of the process.

    sites: finds the user's code; threads: by whom each was started.
    """

    def __init__(self, config: Config, sites: CallSites, threads: Threads, asked: Asked) -> None:
        self._config = config
        self._asked = asked
        self._refused: Set[str] = set()  # entries that can't be used
        self._enforces = config.network == "enforce"
        _start(config, Surroundings(sites, threads, asked.failed, asked.phase, self._allowances, self._late))
        self.begin = ledger.begin  # type: ignore[method-assign]  # a step less
        self.begin_again = ledger.begin_again  # type: ignore[method-assign]  # a step less
        self.shared_begins = ledger.enter_shared  # type: ignore[method-assign]  # a step less
        self.shared_ends = ledger.leave_shared  # type: ignore[method-assign]  # a step less

    def allowed_services(self) -> List[Mapping[str, str]]:
        """See NoAttempts."""
        ledger.hosts.find_services()
        return [service._asdict() for service in ledger.hosts.services]

    def breach(self) -> Optional[NetworkBlockedError]:
        """See NoAttempts."""
        attempt = ledger.refused() if self._enforces else None
        return None if attempt is None else ledger.error_of(attempt)

    def end(self) -> Tuple[Section, Sequence[str]]:
        """See NoAttempts."""
        attempts = ledger.end()
        if ledger.problem is not None:
            return Section(uncollected_network("error", ledger.problem)), ()
        if not attempts:
            return NO_ATTEMPTS, ()
        made, cut = http_calls(attempts, self._asked.redact, self._asked.timestamp)
        return Section(made), cut

    def outside(self) -> List[Dict[str, Any]]:
        """See NoAttempts."""
        return [self._outside_entry(attempt) for attempt in ledger.take_outside()]

    def children(self) -> List[Dict[str, Any]]:
        """See NoAttempts."""
        return ledger.take_children()

    def _outside_entry(self, attempt: Attempt) -> Dict[str, Any]:
        entry = entry_of(attempt, self._asked.redact, self._asked.timestamp)
        return {**entry, "blocked": attempt.blocked, "test": attempt.test, "duration": attempt.spent / 1e6}

    def _allowances(self, subject: Any) -> List[str]:
        """The entries that a test has for itself; one that can't be used is said once, and admits nothing."""
        from .allow_list import AllowList

        entries = []
        for entry in self._asked.allowances(subject):
            try:
                AllowList([entry])
                entries.append(entry)
            except (ValueError, TypeError, AttributeError):
                self._asked.warn(TelemetryWarning("network-allow", f"trim_network: {entry!r} names no host"))
        return entries

    def _late(self, attempt: Attempt) -> None:
        """The run is over, its summary written, and still somebody tries: at exit, in a thread."""
        error = ledger.error_of(attempt)
        verb = "tried to reach" if attempt.blocked else "reached"
        place = f" at {error.place}" if error.place else ""
        say(f"after the run, {attempt.operation} {verb} {error.target if attempt.port else attempt.host}{place}")
        if self._config.file and not self._config.file.endswith(".spill"):
            entry = entry_of(attempt, self._asked.redact, self._asked.timestamp)
            head = {"schema_version": record.SCHEMA_VERSION, "run_id": self._config.run_id, "time": entry["time"]}
            _append(self._config.file, record.encode("late_call", {**head, "call": entry}))

    def close(self) -> None:
        """See NoAttempts."""
        ledger.close()


def guard_early(config: Config) -> None:
    """Guard the network before there is a session: while a runner gets ready, it may import a project's own code."""
    _start(config, unattended(config.root))


def _start(config: Config, around: Surroundings) -> None:
    ledger.start(Policy(config.network, config.network_allow, config.refuse_as), around, _socket.gethostname())
    install()


def _append(path: str, line: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line.encode("ascii") + b"\n")
        finally:
            os.close(descriptor)
    except OSError:  # it was removed, or the disk is full: stderr has it
        pass
