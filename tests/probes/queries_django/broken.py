"""A mistake of ours, made on purpose: a method of the recorder's raises when it is called for the third time."""

from itertools import count

from trim_telemetry.collectors import queries


def start(name):
    """name: "Class.method"."""
    kind, _, method = name.partition(".")
    original = getattr(getattr(queries, kind), method)
    calls = count(1)

    def breaks(*arguments):
        if next(calls) >= 3:
            raise KeyError("on purpose")
        return original(*arguments)

    setattr(getattr(queries, kind), method, breaks)
