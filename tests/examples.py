"""Records to write, shared by the tests of what writes and cuts them."""

import json

from trim_telemetry.record import Case, Detail, Judgement, Measures, Record, RunIdentity, Running

from . import strict

RUN = RunIdentity("run-1", "unittest")
NOWHERE = Running(None, None, None, None, None)
UNREMARKABLE = Judgement(False, None, None, None, ())
NOON = "2025-09-08T12:00:00.000000+00:00"
CASE = Case("mod.K.test_a", "test_a", "K", "mod", "mod.py", 7)


def written(case=CASE, status="passed", final="passed", measures=None, detail=None, run=RUN, **place):
    """A record, written, held against the schema, and taken back."""
    made = Record(case, status, final, (NOON, NOON), measures or Measures(), detail, place.get("worker"))
    seq, running, judgement = place.get("seq", 1), place.get("running", NOWHERE), place.get("judgement", UNREMARKABLE)
    return strict.check(json.loads(made.to_json(run, seq, running, judgement)), "test_result")


def detailed(**values):
    detail = Detail()
    for name, value in values.items():
        setattr(detail, name, value)
    return detail


def named(name):
    """The case of a test of which nothing but its name is known."""
    return Case(name, name)
