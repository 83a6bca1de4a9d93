"""What workers had told only to their spills, when the process that writes the stream died."""

import json

import pytest

from trim_telemetry import cli
from trim_telemetry.runs.watch import Watched

from .support import read_file
from .support import run as run_door

SUITE = """
import unittest

class T(unittest.TestCase):
    def test_a(self): pass
    def test_b(self): pass
    def test_c(self): pass
    def test_d(self): pass

class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls): 1 / 0
    def test_e(self): pass
"""


class Parts:
    """A run's records, to be dealt out to its file and to spills."""

    def __init__(self, records):
        self.head = records[:2]
        self.starts = {record["name"]: record for record in records if record["record_type"] == "test_start"}
        self.results = {record["name"]: record for record in records if record["record_type"] == "test_result"}

    def start(self, name, worker):
        return {**self.starts[f"test_{name}"], "worker": worker}

    def spilled(self, name, worker):
        """As a worker has it: without its place in the run."""
        result = self.results.get(f"test_{name}") or self.results[name]
        figures = dict.fromkeys(["avg_duration", "median_duration", "p95_duration", "p99_duration", "total_tests_run"])
        return {**result, "worker": worker, "seq": None, "performance": {**result["performance"], **figures}}

    def result(self, name, worker, seq):
        return {**self.results[f"test_{name}"], "worker": worker, "seq": seq}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_suite.py").write_text(SUITE, "utf-8")
    return Parts(run_door("-m", "trim_telemetry.unittest_instrumentation", cwd=folder, file=folder / "r.ndjson").file)


def write(path, records, torn=""):
    path.write_text("".join(json.dumps(record) + "\n" for record in records) + torn, "ascii")


@pytest.fixture
def recover(tmp_path, capsys):
    """Writes a file and spills; recovers; returns the results."""

    def recover(records, **spills):
        file = tmp_path / "r.ndjson"
        write(file, records)
        for worker, spilled in spills.items():
            write(tmp_path / f"r.ndjson.{worker}.spill", spilled, torn='{"record_type": "test_re')
        assert cli.main(["recover", str(file)]) == 0
        assert cli.main(["validate", str(file)]) == 0
        assert capsys.readouterr().out == ""
        assert [path.name for path in tmp_path.iterdir()] == ["r.ndjson"]
        return read_file(file)

    return recover


def told(records):
    return [(r["name"], r["worker"], r["outcome"], r["seq"]) for r in records if r["record_type"] == "test_result"]


def test_results_and_tests_in_flight_are_merged_and_numbered(parts, recover):
    records = recover(
        [*parts.head, parts.result("a", "gw0", 1)],
        gw0=[parts.start("a", "gw0"), parts.spilled("a", "gw0"), parts.start("b", "gw0"), parts.spilled("b", "gw0")],
        gw1=[parts.start("c", "gw1"), parts.spilled("c", "gw1"), parts.start("d", "gw1")],
    )
    assert told(records) == [
        ("test_a", "gw0", "passed", 1),
        ("test_b", "gw0", "passed", 2),
        ("test_c", "gw1", "passed", 3),
        ("test_d", "gw1", "crashed", 4),
    ]
    assert [record["performance"]["total_tests_run"] for record in records[3:6]] == [2, 3, 3]
    summary = records[-1]
    assert (summary["total_tests"], summary["collected_tests"], summary["not_run_tests"]) == (4, 5, 1)
    assert summary["performance"]["total_tests_run"] == 3


def test_crash_of_a_worker_that_was_told_already_is_not_told_again(parts, recover):
    crashed = {**parts.result("b", "gw0", 2), "outcome": "crashed", "status": "error", "duration": None}
    records = recover(
        [*parts.head, parts.result("a", "gw0", 1), crashed],
        gw0=[parts.start("a", "gw0"), parts.spilled("a", "gw0"), parts.start("b", "gw0")],
    )
    assert told(records) == [("test_a", "gw0", "passed", 1), ("test_b", "gw0", "crashed", 2)]
    assert records[-1]["not_run_tests"] == 3


def test_what_each_worker_says_of_a_class_is_said_once(parts, recover):
    name = next(name for name in parts.results if name.startswith("setUpClass"))
    records = recover(parts.head, gw0=[parts.spilled(name, "gw0")], gw1=[parts.spilled(name, "gw1")])
    assert told(records) == [(name, "gw0", "error", 1)]


def test_spill_of_another_run_is_none_of_it(parts, recover):
    other = {**parts.spilled("a", "gw0"), "run_id": "other"}
    assert told(recover(parts.head, gw0=[other])) == []


def test_test_that_is_on_in_a_worker_may_take_too_long(parts, tmp_path):
    write(tmp_path / "r.ndjson", parts.head)
    watched = Watched(str(tmp_path / "r.ndjson"))
    write(tmp_path / "r.ndjson.gw0.spill", [parts.start("a", "gw0")])
    assert [watched.is_overdue(10.0, now) for now in (0.0, 9.0, 11.0)] == [False, False, True]
    with open(tmp_path / "r.ndjson.gw0.spill", "a", encoding="ascii") as spill:
        spill.write(json.dumps(parts.spilled("a", "gw0")) + "\n")
    assert not watched.is_overdue(10.0, 12.0)
    watched.close()
