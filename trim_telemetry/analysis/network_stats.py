"""A test's calls to other machines as its record says them, and those of a run as its summary does (record.md)."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ..sections import NO_ATTEMPTS, NO_NETWORK, Section, no_attempts, uncollected_network
from ..texts import clean

_LISTED = 100  # entries of a list
_LISTED_OF_A_RUN = 10
_OUTSIDE_LISTED = 100
_HOSTS_SHOWN = 20
_HOSTS = 1_000  # told apart of a run
_TEXT_LIMIT = 1_000

_Redact = Callable[[str], str]


def http_calls(
    attempts: Sequence[Any], redact: _Redact, timestamp: Callable[[int], str]
) -> Tuple[Dict[str, Any], List[str]]:
    """Return a record's `http_calls`, and the names of those of its lists that were cut.

    attempts: each a collectors.network.Attempt; timestamp: returns a clock's reading as RFC 3339.
    """
    made = no_attempts()
    made["count"] = sum(attempt.count for attempt in attempts)
    made["total_duration"] = sum(attempt.spent for attempt in attempts if not attempt.blocked) / 1e6
    cut = []
    for name, blocked in (("external_calls", False), ("blocked_calls", True)):
        entries = [entry_of(attempt, redact, timestamp) for attempt in attempts if attempt.blocked is blocked]
        made[name] = entries[:_LISTED]
        cut += [f"http_calls.{name}"] if len(entries) > _LISTED else []
    return made, cut


def entry_of(attempt: Any, redact: _Redact, timestamp: Callable[[int], str]) -> Dict[str, Any]:
    """Return an attempt as records have it."""

    def said(text: Optional[str]) -> Optional[str]:
        return None if text is None else clean(text)[:_TEXT_LIMIT]

    return {
        "operation": said(attempt.operation),
        "host": said(attempt.host),
        "port": attempt.port,
        "address": said(attempt.address),
        "method": said(attempt.method),
        "url": None if attempt.url is None else said(redact(mask_url(attempt.url))),
        "file": said(attempt.file),
        "line": attempt.line,
        "function": said(attempt.function),
        "thread": said(attempt.thread),
        "phase": attempt.phase,
        "time": timestamp(attempt.first),
        "count": attempt.count,
    }


def mask_url(url: str) -> str:
    """Take user, password and the values of the query out of a URL."""
    plain, has_fragment, _ = url.partition("#")
    place, has_query, query = plain.partition("?")
    scheme, has_scheme, rest = place.partition("://")
    host, slash, path = rest.partition("/")
    if has_scheme and "@" in host:
        place = f"{scheme}://***@{host.rpartition('@')[2]}{slash}{path}"
    masked = "&".join(_masked(pair) for pair in query.split("&"))
    return f"{place}{has_query}{masked}{'#***' if has_fragment else ''}"


def _masked(pair: str) -> str:
    name, has_value, value = pair.partition("=")
    return f"{name}=***" if has_value and value else pair if has_value else "***" if pair else ""


def blocked_hosts(entries: Iterable[Mapping[str, Any]]) -> Set[str]:
    """Return the hosts that an allow-list would have to have."""
    return {entry["host"] or entry["address"] for entry in entries if entry["host"] or entry["address"]}


class NetworkTotals:
    """The attempts of all tests together, and those outside of tests. None of them collected: everything is unknown."""

    def __init__(self) -> None:
        self._made: Optional[Dict[str, Any]] = None
        self._uncollected: Mapping[str, Any] = uncollected_network("disabled", "no test was measured")
        self._outside: List[Mapping[str, Any]] = []
        self._children: Dict[Tuple[Any, ...], Dict[str, Any]] = {}
        self.blocked_tests = 0
        self.blocked_outside = 0
        self.blocked_hosts: Set[str] = set()

    def add(self, section: Section) -> None:
        """Count in what one record says, as far as it was collected."""
        if section is NO_ATTEMPTS:  # most tests
            self._made = self._made or no_attempts()
        elif section.value["status"] == "collected":
            self._made = self._made or no_attempts()
            self._add(self._made, section.value)
        elif section is NO_NETWORK or not section.name:
            self._uncollected = section.value

    def add_outside(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Count in attempts that were made outside of any test, entries of `outside_tests`."""
        made = self._made = self._made or no_attempts()
        for entry in entries:
            made["count"] += entry["count"]
            made["total_duration"] += entry["duration"]
            if entry["blocked"]:
                self.blocked_outside += 1
                self._take_hosts([entry])
        self._outside = [*self._outside, *entries][:_OUTSIDE_LISTED]

    def add_children(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Count in processes that were started, and that the guard can't reach."""
        self._made = self._made or no_attempts()
        for entry in entries:
            key = tuple(value for name, value in entry.items() if name != "count")
            if key in self._children:
                self._children[key]["count"] += entry["count"]
            elif len(self._children) < _OUTSIDE_LISTED:
                self._children[key] = dict(entry)

    def _add(self, made: Dict[str, Any], value: Mapping[str, Any]) -> None:
        made["count"] += value["count"]
        made["total_duration"] += value["total_duration"]
        for name in ("external_calls", "blocked_calls"):
            if value[name]:
                both = [*made[name], *value[name]]
                made[name] = sorted(both, key=lambda entry: -entry["count"])[:_LISTED_OF_A_RUN]
        if value["blocked_calls"]:
            self.blocked_tests += 1
            self._take_hosts(value["blocked_calls"])

    def _take_hosts(self, entries: Sequence[Mapping[str, Any]]) -> None:
        if len(self.blocked_hosts) < _HOSTS:
            self.blocked_hosts |= blocked_hosts(entries)

    def advice(self) -> Optional[str]:
        """Return what a user is to do about refusals; None: there were none."""
        if not self.blocked_tests and not self.blocked_outside:
            return None
        parts = [f"{self.blocked_tests} test{'s' * (self.blocked_tests != 1)}"] if self.blocked_tests else []
        parts += ["code outside of tests"] if self.blocked_outside else []
        hosts = sorted(self.blocked_hosts)
        more = f" (and {len(hosts) - _HOSTS_SHOWN} more)" if len(hosts) > _HOSTS_SHOWN else ""
        del hosts[_HOSTS_SHOWN:]
        listed = ", ".join(f'"{host}"' for host in hosts)
        return (
            f"{' and '.join(parts)} tried to reach other machines: {', '.join(hosts) or 'unknown'}{more}. To allow "
            f"that, in [tool.trim_telemetry] of pyproject.toml: network_allow = [{listed}]; "
            "TRIM_NETWORK=record lets everything through and reports it"
        )

    def value(self) -> Dict[str, Any]:
        """Return the summary's `http_calls`."""
        found = self._made or self._uncollected
        return {**found, "outside_tests": self._outside, "unguarded_children": list(self._children.values())}
