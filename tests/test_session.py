"""A run from its first record to its summary, without a runner: what doors tell, and what goes wrong."""

import errno
import json
import logging
import os
from unittest import mock

import pytest

import trim_telemetry
from trim_telemetry import outcome, session
from trim_telemetry.config import Config
from trim_telemetry.errors import ConfigError
from trim_telemetry.guarding import guarded
from trim_telemetry.outcome import Event, Failure
from trim_telemetry.record import Case, Measures
from trim_telemetry.session import Session
from trim_telemetry.surroundings import Framework

from .examples import named
from .strict import check
from .support import read_file

FAILED = Event(outcome.FAILED, Failure("call", "AssertionError", "1 != 2", "Traceback", "a.py", 3))


class Adapter:
    """What stands between a runner and a session."""

    def __init__(self, session):
        self.session = session
        self.calls = 0

    @guarded
    def fail(self, error):
        self.calls += 1
        raise error

    @guarded
    def double(self, number, times=2):
        """Doubles."""
        return number * times


class Started:
    """A session of which both channels are read at the end."""

    def __init__(self, tmp_path, **config):
        self.path = tmp_path / "run.ndjson"
        self.reader, self.writer = os.pipe()
        values = {"root": str(tmp_path), "run_id": "run-1", "file": str(self.path), "coverage": "off"}
        values.update(network="off", **config)
        self.session = Session(Config(**values), Framework("unittest", "3.8.0"), stdout=self.writer)
        os.close(self.writer)
        self.adapter = Adapter(self.session)

    def test(self, name="mod.K.test_a", *events, measures=None):
        """One test, from begin to finish."""
        self.session.begin(named, name)
        for event in events:
            self.session.report(event._replace)  # which gives the event itself
        self.session.finish(measures or Measures(1.0, 1.0, None, 1.0))

    def end(self, code=0, reason=None):
        """Close; return the records of the file."""
        self.session.close(code, reason)
        return read_file(self.path)

    def summary(self, code=0, reason=None):
        return self.end(code, reason)[-1]

    def results(self):
        return [record for record in self.end() if record["record_type"] == "test_result"]

    def stdout(self):
        """All that stdout got, after the end."""
        chunks = iter(lambda: os.read(self.reader, 65536), b"")
        return b"".join(chunks).decode("ascii").splitlines()


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts runs; ends those that the test leaves open."""
    monkeypatch.setattr(session, "_current", None)
    started = []

    def start(**config):
        started.append(Started(tmp_path, **config))
        return started[-1]

    yield start
    for run in started:
        run.session.close(0)
        os.close(run.reader)


# -- the order of things ---


def test_file_has_every_record_in_order_and_stdout_the_results_and_the_summary(start):
    run = start()
    run.session.collected(2, [("test_a.py", 1.5)], 2.5)
    run.test("a")
    run.test("b", FAILED)
    records = run.end(1)
    assert [record["record_type"] for record in records] == [
        *("run_start", "collected", "test_start", "test_result", "test_start", "test_result", "run_summary"),
    ]
    assert {record["run_id"] for record in records} == {"run-1"}
    lines = [line for line in run.stdout() if line]
    assert [line.partition(":")[0] for line in lines] == ["TEST_RESULT", "TEST_RESULT", "TEST_SUMMARY"]
    from_file = [record for record in records if record["record_type"] in ("test_result", "run_summary")]
    for line, record in zip(lines, from_file):
        del record["record_type"]
        assert json.loads(line.partition(":")[2]) == record


def test_run_start_says_what_is_in_force(start):
    first = start(max_logs=7).end()[0]
    assert first["pid"] == os.getpid()
    assert first["settings"]["max_logs"] == 7
    assert first["settings"]["stdout"] is True
    assert "run_id" not in first["settings"]
    assert first["thresholds"]["slow_test_ms"] == 1000.0
    assert first["environment"]["framework"] == "unittest"


def test_records_are_numbered_and_the_running_figures_count_the_present_test_in(start):
    run = start()
    for number, spent in enumerate((4.0, 2.0)):
        run.test(str(number), measures=Measures(spent))
    first, second = run.results()
    assert (first["seq"], second["seq"]) == (1, 2)
    assert [result["performance"]["median_duration"] for result in (first, second)] == [4.0, 3.0]
    assert [result["performance"]["total_tests_run"] for result in (first, second)] == [1, 2]


def test_summary_adds_up(start):
    run = start()
    run.session.collected(5)
    run.test("a")
    run.test("b", FAILED)
    run.test("c", Event(outcome.SKIPPED, reason="no"))
    run.session.shared_setup("mod.K", 12.5, 3)
    run.session.covered(1)
    found = run.summary(1)
    assert (found["total_tests"], found["passed_tests"], found["failed_tests"], found["skipped_tests"]) == (3, 1, 1, 1)
    assert (found["exit_code"], found["exit_reason"]) == (1, "tests_failed")
    assert (found["collected_tests"], found["not_run_tests"], found["complete"]) == (5, 1, False)
    assert found["shared_setup"] == [{"name": "mod.K", "duration": 12.5, "queries": 3}]
    assert found["warnings"] == []


@pytest.mark.parametrize(
    "code, failed, given, reason",
    [
        (0, False, None, None),
        (1, True, None, "tests_failed"),
        (1, False, None, None),
        (5, False, "no_tests", "no_tests"),
        (1, True, "plugin", "plugin"),
    ],
)
def test_reason_of_the_exit_code_is_the_doors_else_the_failed_tests(code, failed, given, reason, start):
    run = start()
    run.test("a", *[FAILED] * failed)
    assert run.summary(code, given)["exit_reason"] == reason


def test_run_without_channels_goes_on(start, monkeypatch):
    monkeypatch.setattr(session, "_current", None)
    run = Session(Config("/", "run-1", coverage="off", network="off", stdout=False), Framework("unittest", "3"))
    run.begin(Case, "a", "a")
    run.finish()
    run.close(0)
    assert run.closed


def test_second_close_writes_no_second_summary(start):
    run = start()
    run.session.close(0)
    records = run.end(1)
    assert [record["record_type"] for record in records] == ["run_start", "run_summary"]
    assert records[-1]["exit_code"] == 0


# -- one test ---


def test_measures_leave_out_what_was_the_runners(start):
    run = start()
    now = iter(range(0, 10**12, 10**6))  # each reading is a millisecond after the one before
    run.session.started = next(now)
    run.session.clock.now = lambda: next(now)
    run.session.clock.cpu = lambda: next(now)
    run.session.begin(named, "a")
    run.session.measure(next(now), next(now), 250_000, 500_000)
    run.session.finish()
    (result,) = run.results()
    assert result["duration"] == result["phases"]["call"] == 0.75
    assert result["cpu_time"] == 2.5
    assert result["phases"]["setup"] is None


def test_test_that_nobody_measured_has_no_duration_and_no_part_in_the_figures(start):
    run = start()
    run.session.begin(named, "a")
    run.session.finish()
    (result,) = run.results()
    assert (result["duration"], result["cpu_time"], result["performance"]["is_slow"]) == (None, None, None)
    assert result["performance"]["total_tests_run"] == 0


def test_record_above_the_tests_is_not_timed(start):
    run = start()
    run.session.above(Case("setUpClass (mod.K)", "setUpClass (mod.K)", above=True), [FAILED])
    (result,) = run.results()
    assert (result["status"], result["failure"]["message"]) == ("failed", "1 != 2")
    assert (result["duration"], result["cpu_time"], result["line"]) == (None, None, None)
    assert result["performance"]["is_slow"] is None
    assert result["performance"]["total_tests_run"] == 0


def test_test_that_the_runner_never_ended_is_not_lost(start):
    run = start()
    run.session.begin(named, "a")
    run.session.report(lambda: FAILED)
    run.test("b")
    assert [(result["id"], result["status"]) for result in run.results()] == [("a", "failed"), ("b", "passed")]


def test_test_in_flight_when_the_run_ends_is_interrupted(start):
    run = start()
    run.session.begin(named, "a")
    run.session.interrupted("SIGINT")
    run.session.interrupted("SIGTERM")
    *_, result, summary = run.end(130)
    assert (result["status"], result["outcome"], result["reason"]) == ("error", "interrupted", "SIGINT")
    assert (summary["interrupted_by"], summary["complete"]) == ("SIGINT", False)


def test_log_records_of_a_test_are_its_own(start):
    run = start(max_logs=2)
    logger = logging.Logger("sample")
    logger.addHandler(logging.NullHandler())
    run.session.begin(named, "a", phase="setup")
    for number in range(3):
        logger.error("\x1b[31m%d", number)
    run.session.finish()
    logger.error("between")
    run.test("b")
    first, second = run.results()
    assert [(entry["message"], entry["phase"]) for entry in first["logs"]] == [("0", "setup"), ("1", "setup")]
    assert (first["truncated"], second["logs"], second["truncated"]) == (["logs"], [], [])


def test_output_is_kept_of_tests_that_did_not_pass(start):
    run = start(max_output=3)
    for events in ([], [FAILED]):
        run.session.begin(named, "a")
        for event in events:
            run.session.report(event._replace)
        run.session.trial.stdout, run.session.trial.stderr = "abcdef", ""
        run.session.finish()
    passed, failed = run.results()
    assert (passed["stdout"], passed["stderr"]) == (None, None)
    assert (failed["stdout"], failed["stderr"], failed["truncated"]) == ("def", "", ["stdout"])


# -- annotate ---


def test_annotation_is_in_the_metadata_of_its_test_only(start):
    run = start()
    run.session.begin(named, "a")
    trim_telemetry.annotate("ticket", 42)
    run.session.finish()
    trim_telemetry.annotate("between", "tests")
    run.test("b")
    first, second = run.results()
    assert first["metadata"] == {"framework": "unittest", "ticket": "42"}
    assert second["metadata"] == {"framework": "unittest"}


def test_annotation_without_a_run_does_nothing(monkeypatch):
    monkeypatch.setattr(session, "_current", None)
    trim_telemetry.annotate("key", "value")


def test_annotations_have_limits(start):
    run = start()
    run.session.begin(named, "a")
    for number in range(60):
        trim_telemetry.annotate(f"{number:03}" + "k" * 200, "\x1b[31m" + "v" * 2000)
    run.session.finish()
    (result,) = run.results()
    metadata = {key: value for key, value in result["metadata"].items() if key != "framework"}
    assert len(metadata) == 50
    assert {len(key) for key in metadata} == {100}
    assert set(metadata.values()) == {"v" * 1000}
    assert result["truncated"] == ["metadata"]


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


def test_annotation_whose_str_raises_does_not_reach_the_test(start):
    run = start()
    run.session.begin(named, "a")
    trim_telemetry.annotate("key", Speechless())
    run.session.finish()
    (warning,) = run.summary()["warnings"]
    assert warning.startswith("error-in-annotate: RuntimeError: no words (test_session.py:")


# -- errors of ours ---


def test_guarded_method_is_the_method(start):
    adapter = start().adapter
    assert (adapter.double(2), adapter.double(2, 3)) == (4, 6)
    assert (adapter.double.__name__, adapter.double.__doc__) == ("double", "Doubles.")


def test_error_of_ours_never_raises_and_is_said_once(start):
    run = start()
    for number in range(100):
        assert run.adapter.fail(ValueError(f"number {number}")) is None
    run.test("a")
    *_, result, summary = run.end()
    assert result["status"] == "passed"
    (warning,) = summary["warnings"]
    assert warning.startswith("error-in-fail: ValueError: number 0 (test_session.py:")


def test_each_part_that_fails_is_said(start):
    run = start()
    run.adapter.fail(ValueError())
    run.session.failed("logs", RuntimeError("of logs"))
    slugs = [warning.partition(":")[0] for warning in run.summary()["warnings"]]
    assert slugs == ["error-in-fail", "error-in-logs"]


@pytest.mark.parametrize("error", [Speechless(), ValueError("\x1b[31m\0\ud800" + "x" * 10_000), RecursionError("deep")])
def test_error_of_ours_is_told_whatever_its_text(error, start):
    run = start()
    run.adapter.fail(error)
    (warning,) = run.summary()["warnings"]
    assert type(error).__name__ in warning
    assert len(warning) <= 1000


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_guard_lets_pass_what_is_no_error(error, start):
    with pytest.raises(error):
        start().adapter.fail(error())


def test_after_the_end_guarded_methods_do_nothing(start):
    run = start()
    run.session.close(0)
    assert run.adapter.double(2) is None
    run.adapter.fail(ValueError())
    assert run.adapter.calls == 0


def test_case_that_can_not_be_told_still_has_a_record(start):
    run = start()

    def describe(test):
        raise RuntimeError("no id")

    run.session.begin(describe, object())
    run.session.report(lambda: FAILED)
    run.session.finish(Measures(1.0))
    *_, result, summary = run.end()
    assert (result["id"], result["status"]) == ("unknown test 1 (object)", "failed")
    assert summary["warnings"][0].startswith("error-in-describe: RuntimeError: no id")


def test_collector_of_logs_that_fails_is_left_out_and_said(start):
    run = start()
    run.session.begin(named, "a")
    run.session._logs_failed(ValueError("broken"))
    run.session.finish()
    run.test("b")
    records = run.end()
    assert [record["id"] for record in records if record["record_type"] == "test_result"] == ["a", "b"]
    assert records[-1]["warnings"] == ["error-in-logs: ValueError: broken (no traceback)"]


def test_notices_of_the_settings_are_warnings(start):
    found = start(notices=("config-not-read: there is no parser",)).summary()
    assert found["warnings"] == ["config-not-read: there is no parser"]


def test_hostile_sentences_of_the_summary_come_out_clean_and_bounded(start):
    run = start()
    run.session.interrupted("Exit: \x1b[31m\udcff" + "x" * 5000)
    found = run.summary(3, "internal_error: \0" + "y" * 5000)
    assert found["interrupted_by"].startswith("Exit: \ufffdxxx")
    assert found["exit_reason"].startswith("internal_error: yyy")
    assert len(found["interrupted_by"]) == len(found["exit_reason"]) == 1000


def test_hostile_path_of_the_file_comes_out_clean(start, tmp_path):
    run = start(file=str(tmp_path / "r\udcffn.ndjson"))
    run.path = tmp_path / "r\udcffn.ndjson"
    assert run.end()[0]["settings"]["file"].endswith("r\ufffdn.ndjson")


# -- channels that break ---


class Broken:
    """A sink that takes so many lines."""

    def __init__(self, sink, lines):
        self.sink, self.lines = sink, lines

    def write(self, *arguments):
        if not self.lines:
            raise OSError(28, "No space left on device")
        self.lines -= 1
        self.sink.write(*arguments)

    def close(self):
        self.sink.close()


def test_full_disk_ends_the_file_and_not_the_run(start):
    run = start()
    channels = run.session._channels
    channels._file = Broken(channels._file, 2)  # one test, and no more
    run.test("a")
    run.test("b")
    file = run.end()
    assert [record["record_type"] for record in file] == ["run_start", "test_start", "test_result"]
    *results, summary = [json.loads(line.partition(":")[2]) for line in run.stdout() if line]
    assert [check(result, "test_result")["id"] for result in results] == ["a", "b"]
    (warning,) = check(summary, "run_summary")["warnings"]
    assert warning.startswith("file-lost: ")
    assert warning.endswith("run.ndjson ends before the run did: [Errno 28] No space left on device")


def test_reader_that_is_gone_ends_stdout_and_not_the_file(start):
    run = start()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, run.reader)  # the pipe has no reader any more
    os.close(null)
    run.test("a")
    run.test("b")
    *_, summary = records = run.end()
    assert [record["id"] for record in records if record["record_type"] == "test_result"] == ["a", "b"]
    assert [warning.partition(":")[0] for warning in summary["warnings"]] == ["stdout-lost"]


def test_file_that_a_test_removes_is_said_once_and_the_run_goes_on(start):
    run = start()
    run.test("a")
    run.path.unlink()
    run.test("b")
    run.session.close(0)
    *results, summary = [json.loads(line.partition(":")[2]) for line in run.stdout() if line]
    assert [result["id"] for result in results] == ["a", "b"]
    assert summary["warnings"] == [f"file-lost: {run.path} was removed while the tests ran"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_disk_that_takes_no_file_at_all_is_said_and_stdout_has_everything(number, start, monkeypatch):
    def refuse(*arguments, **named):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr("trim_telemetry.sinks.ndjson_file.os.makedirs", refuse)
        run = start()
    run.test("a")
    run.session.close(0)
    result, summary = [json.loads(line.partition(":")[2]) for line in run.stdout() if line]
    assert (result["id"], summary["warnings"][0].partition(":")[0]) == ("a", "file-lost")


def test_disk_that_takes_no_file_stops_a_run_that_nobody_would_hear_of(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "_current", None)
    refuse = mock.Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr("trim_telemetry.sinks.ndjson_file.os.makedirs", refuse)
    config = Config("/", "run-1", coverage="off", network="off", stdout=False, file=str(tmp_path / "run.ndjson"))
    with pytest.raises(ConfigError, match="No space left"):
        Session(config, Framework("unittest", "3"))


def test_run_that_loses_both_channels_goes_on(start):
    run = start()
    channels = run.session._channels
    channels._file, channels._stdout = Broken(channels._file, 0), Broken(channels._stdout, 0)
    run.test("a")
    run.test("b")
    assert [record["record_type"] for record in run.end(1)] == ["run_start"]
    assert run.session.tests_failed is False


def test_stdout_that_was_closed_from_the_start_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "_current", None)
    number = os.dup(0)
    os.close(number)
    path = tmp_path / "run.ndjson"
    made = Session(
        Config("/", "run-1", coverage="off", network="off", file=str(path)), Framework("unittest", "3"), stdout=number
    )
    made.close(0)
    (warning,) = read_file(path)[-1]["warnings"]
    assert warning.startswith("stdout-lost: stdout could not be used: ")


def test_file_that_can_not_be_made_stops_the_run_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "_current", None)
    with pytest.raises(ConfigError, match=r"file \(--trim-file, TRIM_FILE\): .*(directory|exists)"):
        Session(Config("/", "run-1", coverage="off", network="off", file=str(tmp_path)), Framework("unittest", "3"))
    assert session.current() is None


# -- signals ---


def test_signal_between_records_is_handled_at_once(start):
    handled = []
    start().session.when_idle(lambda: handled.append(1))
    assert handled == [1]


def test_signal_within_a_record_waits_for_its_end(start):
    run = start()
    handled = []
    file = run.session._channels._file

    class Signalled:
        def write(self, line):
            run.session.when_idle(lambda: handled.append(len(lines())))
            assert handled == []
            file.write(line)

        close = file.close

    def lines():
        return run.path.read_text("ascii").splitlines()

    run.session.begin(named, "a")
    run.session._channels._file = Signalled()
    run.session.finish()
    assert handled == [3]  # run_start, test_start, test_result: all whole


def test_signal_that_closes_within_a_record_leaves_it_whole(start):
    run = start()
    write = run.session._channels._file.write

    def signalled(line):
        run.session._channels._file.write = write
        run.session.when_idle(lambda: run.session.close(143, "interrupted"))
        write(line)

    run.session.begin(named, "a")
    run.session._channels._file.write = signalled
    run.session.finish()
    assert [record["record_type"] for record in run.end()][-2:] == ["test_result", "run_summary"]
