"""Per-test telemetry for Django, pytest and unittest suites.

Importing this package imports none of its submodules: the public names below are resolved when they are first
asked for. (pytest must not try to rewrite this package's asserts: PYTEST_DONT_REWRITE.)
"""

__version__ = "0.1.0"

__all__ = ["__version__", "annotate", "trim_network"]


def __getattr__(name):  # type: ignore[no-untyped-def]  # annotating it would import typing for every user
    if name == "annotate":
        from .session import annotate

        return annotate
    if name == "trim_network":
        from .permission import trim_network

        return trim_network
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
