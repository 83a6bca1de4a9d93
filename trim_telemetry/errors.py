"""What can go wrong on our side of the fence."""

from __future__ import annotations

from typing import Optional


class TrimTelemetryError(Exception):
    """Base of every exception that this package raises on purpose."""


class ConfigError(TrimTelemetryError):
    """A setting that can't be used. It stops the run before the first test.

    source: where the setting stands ("--trim-file", "TRIM_STDOUT", "pyproject.toml"); problem: what is wrong with it
    and what to write instead.
    """

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source = source
        self.problem = problem

    def __str__(self) -> str:
        return f"trim-telemetry: {self.source}: {self.problem}"


class MissingDependencyError(TrimTelemetryError):
    """An optional integration was asked for and its package is not installed; the text says what to install."""


class TelemetryWarning:
    """Something that the telemetry itself could not do; said once in the summary's `warnings`.

    slug: a stable short name ("stdout-lost"), so that readers can tell warnings apart; message: a sentence.
    """

    __slots__ = ("message", "slug")

    def __init__(self, slug: str, message: str) -> None:
        self.slug = slug
        self.message = message

    def __str__(self) -> str:
        return f"{self.slug}: {self.message}"


class NetworkBlockedError(TrimTelemetryError, RuntimeError):
    """A call to another machine that was refused.

    A RuntimeError, because clients try again for seconds after an OSError. It can be pickled. operation: what was
    called; host, port: as they were asked for; test: id of the test that this is put down to, None: of none; place:
    "file:line" of the user's own code, None where there is none.
    """

    def __init__(
        self,
        operation: str,
        host: Optional[str] = None,
        port: Optional[int] = None,
        test: Optional[str] = None,
        place: Optional[str] = None,
    ) -> None:
        super().__init__(operation, host, port, test, place)
        self.operation = operation
        self.host = host
        self.port = port
        self.test = test
        self.place = place

    def __str__(self) -> str:
        target = "another machine" if self.host is None else self.host if self.port is None else f"{self.target}"
        return (
            f"{self.operation}: {target} is out of bounds for {self.test or 'what runs outside of tests'}"
            f"{f', called at {self.place}' if self.place else ''}; {self._way_out()}"
        )

    @property
    def target(self) -> str:
        """Return host and port in one."""
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host
        return f"{host}:{self.port}"

    def _way_out(self) -> str:
        if self.host is None:
            return "TRIM_NETWORK=record lets it through"
        return (
            f'to allow it: network_allow = ["{self.host}"] in [tool.trim_telemetry] of pyproject.toml, '
            f'TRIM_NETWORK_ALLOW={self.host}, or for one test @trim_network(allow=["{self.host}"]); '
            "TRIM_NETWORK=record lets everything through"
        )
