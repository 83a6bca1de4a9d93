"""A run read back: the same figures as the run itself had, and no record that breaks the reader."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry.runs.run import Run
from trim_telemetry.runs.stream import Tail

from .support import run as run_door

SUITE = """
import time, unittest

class T(unittest.TestCase):
    def test_a(self): pass
    def test_b(self): self.fail()
    def test_c(self): 1 / 0
    def test_d(self): self.skipTest("not today")
    @unittest.expectedFailure
    def test_e(self): self.fail()
    def test_f(self): time.sleep(0.002)

class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls): 1 / 0
    def test_g(self): pass
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """A run's records, as a door has written them."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_suite.py").write_text(SUITE, "utf-8")
    door = ("-m", "trim_telemetry.unittest_instrumentation", "--trim-slow-test-ms", "1")
    return run_door(*door, cwd=folder, file=folder / "run.ndjson").file


def test_figures_are_the_runs_own(records):
    *others, summary = records
    run = Run().take_all(others)
    assert run.unreadable == 0
    for found in (run.tally.users_counts(), run.tally.counts()):
        assert found == {key: summary[key] for key in found}
    figures = run.tally.figures()
    assert figures["flags"] == summary["flags"]
    assert [entry["id"] for entry in figures["slowest"]] == [entry["id"] for entry in summary["slowest"]]
    assert figures["performance"] == pytest.approx(summary["performance"], abs=1e-5)
    assert (run.seq, run.framework, run.in_flight, run.summary) == (7, "unittest", {}, None)
    assert run.take_all([summary]).summary is summary


def test_test_in_flight_is_known_until_its_result(records):
    run = Run()
    flights = []
    for content in records:
        run.take(content)
        flights.append([began["id"].rpartition(".")[2] for began in run.in_flight.values()])
    assert [flight for flight in flights if flight] == [[f"test_{letter}"] for letter in "abcdef"]


def test_workers_have_a_test_in_flight_each(records):
    begun = next(content for content in records if content["record_type"] == "test_start")
    run = Run().take_all({**begun, "worker": worker, "id": f"{worker}.x"} for worker in ("gw0", "gw1"))
    result = next(content for content in records if content["record_type"] == "test_result")
    run.take({**result, "worker": "gw0", "id": "gw0.x"})
    assert [began["id"] for began in run.in_flight.values()] == ["gw1.x"]


def test_types_and_keys_that_are_not_known_are_passed_over(records):
    run = Run().take_all([{"record_type": "of the future", "run_id": "r"}, {"record_type": ["x"]}, {}])
    assert (run.is_empty, run.tally.users_counts()["total_tests"]) == (True, 0)
    assert Run().take_all({**content, "new": 1} for content in records).unreadable == 0


@pytest.mark.parametrize(
    "change", [{"passed_tests": "1"}, {"exit_code": None}, {"not_run_tests": "0"}, {"warnings": None}]
)
def test_summary_that_is_none_of_ours_is_no_summary(change, records):
    run = Run().take_all([{**records[-1], **change}, {"record_type": "run_summary", "run_id": "r", "exit_code": 0}])
    assert (run.summary, run.unreadable) == (None, 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_no_value_breaks_the_reader(records, data):
    content = copy.deepcopy(data.draw(st.sampled_from(records)))
    key = data.draw(st.sampled_from(sorted(content)))
    if data.draw(st.booleans()):
        del content[key]
    else:
        content[key] = data.draw(JSON)
    run = Run()
    run.take(content)
    json.dumps(run.tally.figures())


@pytest.mark.parametrize("line", ["Infinity", "1e999", "9" * 400])
def test_numbers_beyond_all_bounds_do_not_break_the_reader(line, records):
    result = next(content for content in records if content["record_type"] == "test_result")
    run = Run()
    run.take({**result, "duration": json.loads(line)})
    run.take({"record_type": "collected", "run_id": "r", "count": json.loads(line), "collection": {}, "time": "x"})
    assert run.unreadable == 2


def test_memory_does_not_grow_with_what_records_hold(tmp_path, records):
    """A reader keeps a float of each test: 2,000 records of 20 kB leave next to nothing."""
    tracemalloc = pytest.importorskip("tracemalloc")
    result = next(content for content in records if content["record_type"] == "test_result")
    path = tmp_path / "run.ndjson"
    line = json.dumps({**result, "stdout": "x" * 20_000}) + "\n"
    with open(path, "w", encoding="ascii") as file:
        file.writelines(line for _ in range(2_000))
    tail, run = Tail(str(path)), Run()
    tracemalloc.start()
    run.take_all(tail.records())
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    tail.close()
    assert run.seq == 2_000
    assert kept < 200_000
    assert peak < 8_000_000
