"""What can go wrong on our side of the fence."""

from __future__ import annotations


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
