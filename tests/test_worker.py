"""What a worker finds out gets to the one process whole."""

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from trim_telemetry import outcome
from trim_telemetry.config import Config, Thresholds
from trim_telemetry.errors import TelemetryWarning
from trim_telemetry.outcome import Event
from trim_telemetry.record import Case, Measures, Record
from trim_telemetry.sections import NO_COVERAGE
from trim_telemetry.session import Session
from trim_telemetry.surroundings import Framework
from trim_telemetry.worker import Takeover, WorkerSession, pack, spill_of, unpack

from .support import read_file


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """The session that writes the stream, and a worker's."""
    config = Config(
        str(tmp_path), "run-1", coverage="off", network="off", stdout=False, file=str(tmp_path / "run.ndjson")
    )
    session = Session(config, Framework("pytest", "9"))
    worker = WorkerSession(unpack(pack(config), "gw0"), Framework("pytest", "9"), "gw0")
    yield session, worker
    worker.close(0)
    session.close(0)


def amend(made: Record) -> None:
    """Nothing is to be amended."""


def case(test: str) -> Case:
    return Case(test, test, "Class", "module", "file.py", 3, None, ("slow",), ("one",), [test])


def results(folder: Path) -> List[Dict[str, Any]]:
    return [record for record in read_file(folder / "run.ndjson") if record["record_type"] == "test_result"]


def test_settings_are_the_runs_but_for_the_file_and_what_was_said_once(tmp_path: Path) -> None:
    thresholds = Thresholds(slow_test_ms=7.0)
    config = Config("/root", "run-1", file="/out/run.ndjson", max_logs=3, thresholds=thresholds, notices=("a: b",))
    assert unpack(pack(config), "gw3") == config._replace(file="/out/run.ndjson.gw3.spill", notices=())
    assert unpack(pack(config), "gw3", "/there").root == "/there"
    assert spill_of(None, "gw3") is None


def test_record_is_the_same_after_the_way(run: Any, tmp_path: Path) -> None:
    session, worker = run
    worker.begin(case, "test_one")
    worker.annotate("half", "\ud800")
    worker.report(Event, outcome.FAILED, None, "why \udfff")
    worker.finish(
        Measures(
            2.5, 1.5, 0.25, 2.0, 0.25, 0.0, [{"name": "one", "scope": "function", "setup": 0.25, "teardown": None}]
        )
    )
    parcel = worker.take_parcel()
    assert parcel.isascii()
    Takeover(session, amend).open(parcel)
    (found,) = results(tmp_path)
    (spilled,) = [r for r in read_file(tmp_path / "run.ndjson.gw0.spill") if r["record_type"] == "test_result"]
    of_the_stream = {"seq": 1, "performance": found["performance"]}
    assert found == {**spilled, **of_the_stream}
    assert (found["worker"], found["tags"], found["rerun"]) == ("gw0", ["slow"], ["test_one"])
    assert (spilled["seq"], spilled["performance"]["p95_duration"]) == (None, None)
    assert found["performance"]["p95_duration"] == 2.5


def test_parcel_is_empty_once_it_was_taken(run: Any) -> None:
    _, worker = run
    worker.begin(case, "test_one")
    worker.finish()
    assert worker.has_news
    worker.take_parcel()
    assert not worker.has_news
    assert "records" not in json.loads(worker.take_parcel())


def test_what_no_test_owns_is_added_up(run: Any) -> None:
    session, worker = run
    takeover = Takeover(session, amend)
    takeover.collected(5)
    worker.shared_setup("wide", 2.0, 4)
    worker.shared_setup("wide", 3.0, None)
    worker.covered(2)
    worker.warn(TelemetryWarning("slug", "a sentence"))
    worker.collected(5, [("slow.py", 9.0)], 10.0)
    takeover.open(worker.take_parcel())
    found = session._summary(0, None, NO_COVERAGE.value)
    assert found["shared_setup"] == [{"name": "wide", "duration": 5.0, "queries": 4}]
    assert (found["collected_tests"], found["not_run_tests"]) == (5, 3)
    assert found["warnings"] == ["slug: a sentence"]
    assert found["collection"] == {"duration": 10.0, "slowest": [{"file": "slow.py", "duration": 9.0}]}


def test_next_test_is_known_before_a_record_of_the_same_parcel_is_written(tmp_path: Path) -> None:
    """SIGTERM may end the run behind that record, with the next test in flight."""
    config = Config(str(tmp_path), "run-1", coverage="off", network="off", stdout=False)
    session = Session(config, Framework("pytest", "9"))
    worker = WorkerSession(unpack(pack(config), "gw0"), Framework("pytest", "9"), "gw0")
    worker.begin(case, "test_one")
    worker.finish()
    worker.announce(case, "test_two")
    known = []
    takeover = Takeover(session, lambda made: known.append(takeover.case_of("test_two", "gw0")))
    takeover.open(worker.take_parcel())
    worker.close(0)
    session.close(0)
    assert [found and found.line for found in known] == [3]


def test_one_record_above_the_tests_is_enough(run: Any, tmp_path: Path) -> None:
    session, worker = run
    takeover = Takeover(session, amend)
    for _ in range(2):
        worker.above(Case("broken.py", "broken.py", above=True), [Event(outcome.ERROR)])
        takeover.open(worker.take_parcel())
    assert takeover.has_above("broken.py")
    assert [result["id"] for result in results(tmp_path)] == ["broken.py"]


@pytest.mark.parametrize("delivered", [True, False])
def test_spill_of_a_worker_that_died_goes_only_if_all_of_it_is_in_the_file(
    delivered: bool, run: Any, tmp_path: Path
) -> None:
    session, worker = run
    takeover = Takeover(session, amend)
    worker.begin(case, "test_one")
    worker.finish()
    if delivered:
        takeover.open(worker.take_parcel())
    worker.begin(case, "test_dies")
    takeover.remove_spills(str(tmp_path / "run.ndjson"), ["gw0", "gw1"])
    assert (tmp_path / "run.ndjson.gw0.spill").exists() is not delivered


def test_what_was_not_handed_over_is_read_from_the_spill(run: Any, tmp_path: Path) -> None:
    session, worker = run
    takeover = Takeover(session, amend)
    for test in ("test_one", "test_two"):
        worker.begin(case, test)
        worker.report(Event, outcome.FAILED, None, "why")
        worker.annotate("ticket", "42")
        worker.finish(
            Measures(2.5, 1.5, 0.25, 2.0, 0.25, 0.0, [{"name": "a", "scope": "class", "setup": 1.0, "teardown": None}])
        )
        if test == "test_one":
            takeover.open(worker.take_parcel())
    worker.begin(case, "test_dies")
    spill = tmp_path / "run.ndjson.gw0.spill"
    with spill.open("a") as file:
        file.write('{"record_type": "test_res')
    assert takeover.read_spill(str(spill), "gw0") == "test_dies"
    one, two = results(tmp_path)
    assert (one["id"], two["id"], two["seq"]) == ("test_one", "test_two", 2)
    own = ("id", "name", "test_key", "rerun", "seq", "start_time", "end_time", "performance")
    assert {**two, **{key: one[key] for key in own}} == one
    assert takeover.read_spill(str(spill), "gw0") == "test_dies"
    assert len(results(tmp_path)) == 2


def test_a_test_that_a_worker_started_is_known_from_its_spill(run: Any, tmp_path: Path) -> None:
    session, worker = run
    takeover = Takeover(session, amend)
    worker.announce(case, "test_next")
    assert not worker.has_news  # the spill will have it
    worker.begin(case, "test_dies")
    assert takeover.case_of("test_dies", "gw0") == case("test_dies")._replace(tags=["slow"], fixtures=["one"])
    assert [
        takeover.case_of(*asked) for asked in (("test_never", "gw0"), ("test_dies", "gw1"), ("test_dies", None))
    ] == [
        None,
        None,
        None,
    ]


def test_without_a_spill_it_is_known_from_what_the_worker_told(tmp_path: Path) -> None:
    config = Config(str(tmp_path), "run-1", coverage="off", network="off", stdout=False)
    session = Session(config, Framework("pytest", "9"))
    worker = WorkerSession(unpack(pack(config), "gw0"), Framework("pytest", "9"), "gw0")
    takeover = Takeover(session, amend)
    for test in ("test_one", "test_two", "test_three"):
        worker.announce(case, test)
        assert worker.has_news
        takeover.open(worker.take_parcel())
    assert takeover.case_of("test_one", "gw0") is None
    for test in ("test_two", "test_three"):
        assert takeover.case_of(test, "gw0") == case(test)._replace(tags=["slow"], fixtures=["one"], rerun=[test])
    worker.close(0)
    session.close(0)
