"""pytest-xdist: records are made in the workers, and one process writes the stream."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

from .pytest_doors import observed, plain, screen, write
from .support import Run, environment, read, read_file

pytest.importorskip("xdist")

WORKERS = ("-q", "-p", "xdist", "-n", "2")
FINE = """
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_fine(number):
        pass
"""


def summed_up(done: Run) -> Dict[str, Any]:
    """What the summary says of the run as a whole."""
    assert done.summary is not None
    assert done.summary["exit_code"] == done.code
    names = ("total_tests", "collected_tests", "not_run_tests", "complete", "exit_reason", "interrupted_by", "warnings")
    return {name: done.summary[name] for name in names}


def outcomes(done: Run) -> Dict[str, str]:
    """{name: outcome}."""
    return {name.rpartition("::")[2]: result["outcome"] for name, result in done.by_id().items()}


# -- one stream ---

TALKS = """
    import logging
    import sys
    import time
    import pytest
    import trim_telemetry

    @pytest.fixture(scope="module")
    def wide():
        time.sleep(0.02)

    @pytest.mark.slow
    def test_talks(wide, tmp_path):
        logging.getLogger("suite").propagate = False  # else pytest puts it into its report, and plain xdist dies of it
        logging.getLogger("suite").warning("half of it: \\ud800")
        trim_telemetry.annotate("half", "\\udfff")

    def test_fails():
        print("said")
        raise ValueError("on purpose")

    def test_takes_time():
        time.sleep(0.02)

    def test_again(wide): pass
"""


@pytest.fixture(scope="module")
def talk(tmp_path_factory: Any) -> Run:
    folder = write(tmp_path_factory.mktemp("talk"), test_it=TALKS, test_broken="import no_such_module")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = slow\naddopts = -p no:cacheprovider\n")
    return observed(*WORKERS, "--continue-on-collection-errors", "--trim-file=out/run.ndjson", cwd=folder)


def test_records_are_those_of_the_workers(talk: Run) -> None:
    assert outcomes(talk) == {
        "test_broken.py": "error",
        "test_talks": "passed",
        "test_fails": "failed",
        "test_takes_time": "passed",
        "test_again": "passed",
    }
    assert {result["worker"] for result in talk.results} == {"gw0", "gw1"}
    by_name = {result["name"]: result for result in talk.results}
    assert by_name["test_takes_time"]["duration"] >= 20.0
    assert by_name["test_talks"]["tags"] == ["slow"]
    assert by_name["test_talks"]["line"] == 13
    failure = by_name["test_fails"]["failure"]
    assert (failure["type"], failure["message"], failure["line"]) == ("ValueError", "on purpose", 20)
    assert by_name["test_fails"]["stdout"] == "said\n"
    assert by_name["test_broken.py"]["failure"]["type"] == "ModuleNotFoundError"


def test_what_is_added_to_a_report_is_clean(talk: Run) -> None:
    talks = next(result for result in talk.results if result["name"] == "test_talks")
    assert [entry["message"] for entry in talks["logs"]] == ["half of it: \ufffd"]
    assert talks["metadata"] == {"framework": "pytest", "half": "\ufffd"}


def test_one_process_numbers_the_records_and_computes_the_figures(talk: Run) -> None:
    assert [result["seq"] for result in talk.results] == [1, 2, 3, 4, 5]
    assert [result["performance"]["total_tests_run"] for result in talk.results] == [0, 1, 2, 3, 4]
    assert summed_up(talk) == {
        "total_tests": 5,
        "collected_tests": 4,
        "not_run_tests": 0,
        "complete": True,
        "exit_reason": "tests_failed",
        "interrupted_by": None,
        "warnings": [],
    }


def test_summary_has_shared_setup_and_collection_of_the_workers(talk: Run) -> None:
    assert talk.summary is not None
    shared = {entry["name"]: entry["duration"] for entry in talk.summary["shared_setup"]}
    assert shared["test_it.py::wide"] >= 20.0
    assert sum(shared.values()) == pytest.approx(sum(result["shared_setup"] or 0 for result in talk.results))
    assert talk.summary["collection"]["duration"] > 0
    assert {entry["file"] for entry in talk.summary["collection"]["slowest"]} == {"test_it.py", "test_broken.py"}


def test_rerun_has_the_options_that_the_controller_was_called_with(tmp_path: Path) -> None:
    write(tmp_path, test_it="def test_it(): pass")
    done = observed(*WORKERS, "-p", "no:doctest", cwd=tmp_path)
    assert done.results[0]["rerun"] == ["-p", "xdist", "-p", "no:doctest", "test_it.py::test_it"]


def test_xdist_may_be_loaded_by_its_modules_name(tmp_path: Path) -> None:
    done = observed("-q", "-p", "xdist.plugin", "-n", "2", cwd=write(tmp_path, test_it=FINE))
    assert (len(done.results), summed_up(done)["complete"]) == (6, True)
    assert {result["worker"] for result in done.results} <= {"gw0", "gw1"}


@pytest.mark.parametrize("mode", ["load", "loadscope", "loadfile", "loadgroup", "worksteal", "each"])
def test_every_way_to_distribute_tests(mode: str, tmp_path: Path) -> None:
    text = FINE.replace("@pytest", '@pytest.mark.xdist_group("one@two")\n    @pytest')
    arguments = (*WORKERS, "--dist", mode)
    if "invalid choice" in plain(*arguments, cwd=write(tmp_path, test_it=text)).stderr:
        pytest.skip("this release of pytest-xdist does not know it")
    done = observed(*arguments, cwd=tmp_path)
    runs = 2 if mode == "each" else 1
    assert sorted(result["id"] for result in done.results) == sorted(
        f"test_it.py::test_fine[{number}]" for number in range(6) for _ in range(runs)
    )
    assert summed_up(done)["collected_tests"] == 6 * runs
    assert summed_up(done)["complete"] is True


def test_screen_is_that_of_plain_pytest(tmp_path: Path) -> None:
    write(tmp_path, test_it=TALKS.replace("\\ud800", "").replace("@pytest.mark.slow", ""))
    done, without = observed(*WORKERS, cwd=tmp_path), plain(*WORKERS, cwd=tmp_path)
    assert done.code == without.code == 1
    assert sorted(screen(done).replace("gw1", "gw0").replace("F", ".")) == sorted(
        screen(without).replace("gw1", "gw0").replace("F", ".")
    )


def test_a_report_that_plain_xdist_can_not_send_ends_the_run_as_without_us(tmp_path: Path) -> None:
    write(tmp_path, test_it='def test_it(): raise ValueError("\\ud800")')
    done, without = observed(*WORKERS, cwd=tmp_path), plain(*WORKERS, cwd=tmp_path)
    assert done.code == without.code
    assert summed_up(done)["complete"] is (done.code == 1)


def test_workers_are_left_alone_where_no_run_is_asked_for(tmp_path: Path) -> None:
    test_it = "import sys\ndef test_it(): assert 'trim_telemetry.session' not in sys.modules"
    done = plain(*WORKERS, "-p", "trim_telemetry.pytest_plugin", cwd=write(tmp_path, test_it=test_it))
    assert (done.code, done.results) == (0, [])


# -- workers that die ---

DIES = """
    import ctypes
    import os
    import signal

    def test_is_killed(): os.kill(os.getpid(), signal.SIGKILL)
    def test_exits_0(): os._exit(0)
    def test_exits_3(): os._exit(3)
    def test_segfaults(): ctypes.string_at(0)
    def test_aborts(): os.abort()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_test_that_kills_its_worker_has_crashed_and_the_next_worker_goes_on(tmp_path: Path) -> None:
    write(tmp_path, test_it=DIES + FINE)
    done = observed(*WORKERS, "--trim-file=run.ndjson", cwd=tmp_path)
    crashed = {result["name"]: result for result in done.results if result["outcome"] == "crashed"}
    assert sorted(crashed) == ["test_aborts", "test_exits_0", "test_exits_3", "test_is_killed", "test_segfaults"]
    assert all(result["status"] == "error" and result["worker"] for result in crashed.values())
    killed = crashed["test_is_killed"]
    assert (killed["file"], killed["line"], killed["duration"]) == ("test_it.py", 6, None)
    assert killed["rerun"][-1] == "test_it.py::test_is_killed"
    assert "crashed while running" in killed["failure"]["message"]
    assert summed_up(done) == {
        "total_tests": 11,
        "collected_tests": 11,
        "not_run_tests": 0,
        "complete": True,
        "exit_reason": "tests_failed",
        "interrupted_by": None,
        "warnings": [],
    }
    assert [path.name for path in tmp_path.glob("*spill")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_tests_that_no_worker_was_left_for_are_counted(tmp_path: Path) -> None:
    write(tmp_path, test_it=DIES + FINE)
    done = observed("-q", "-p", "xdist", "-n", "1", "--max-worker-restart=0", cwd=tmp_path)
    assert outcomes(done) == {"test_is_killed": "crashed"}
    assert summed_up(done)["not_run_tests"] == 10
    assert summed_up(done)["complete"] is False
    assert done.code != 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_test_that_is_given_to_one_worker_after_another_counts_as_one(tmp_path: Path) -> None:
    """`--dist loadscope` hands the whole scope on, the test that has killed its worker first."""
    write(tmp_path, test_it=DIES + FINE)
    arguments = ("-q", "-p", "xdist", "-n", "1", "--dist", "loadscope", "--max-worker-restart=2")
    done = observed(*arguments, cwd=tmp_path)
    assert {(result["name"], result["outcome"]) for result in done.results} == {("test_is_killed", "crashed")}
    assert summed_up(done)["not_run_tests"] == 10


IDENTITY = """
    import os
    import pytest

    class Base:
        def test_in_its_body(self, one, tmp_path):
            assert os.environ["DEATH"] != "body" or os._exit(1)

    @pytest.fixture
    def one(request):
        assert os.environ["DEATH"] != request.node.name or os._exit(1)

    @pytest.mark.first
    @pytest.mark.parametrize("word", ["a::b"])
    def test_first(one, word): pass

    @pytest.mark.second
    class TestClass(Base):
        @pytest.mark.third
        def test_in_its_set_up(self, one, tmp_path): pass

        def test_in_its_tear_down(self, one, request):
            request.addfinalizer(lambda: os.environ["DEATH"] != "tear-down" or os._exit(1))
"""
WHO = ("id", "name", "class", "module", "file", "line", "defined_at", "tags", "fixtures", "rerun", "test_key")
DEATHS = {
    "test_in_its_set_up": "test_in_its_set_up",
    "body": "test_in_its_body",
    "tear-down": "test_in_its_tear_down",
}


@pytest.mark.parametrize("file", [(), ("--trim-file=run.ndjson",)], ids=["no file", "file"])
@pytest.mark.parametrize("death", [*DEATHS, "test_first[a::b]"])
def test_test_that_kills_its_worker_has_the_identity_that_it_has_else(death: str, file: Any, tmp_path: Path) -> None:
    arguments = ("-q", "-p", "xdist", "-n", "1", *file)
    write(tmp_path, test_it=IDENTITY)
    alive, dead = (observed(*arguments, cwd=tmp_path, DEATH=how).by_id() for how in ("", death))
    expected = {test_id: {key: result[key] for key in WHO} for test_id, result in alive.items()}
    crashed = next(result for result in dead.values() if result["name"] == DEATHS.get(death, death))
    assert crashed["outcome"] == "crashed"
    if death in DEATHS or file:
        assert {test_id: {key: result[key] for key in WHO} for test_id, result in dead.items()} == expected
    else:  # nobody has told anything of a worker's first test yet
        assert crashed["id"] in expected
        assert (crashed["file"], crashed["line"], crashed["rerun"]) == (
            "test_it.py",
            None,
            expected[crashed["id"]]["rerun"],
        )


# -- the run ends early ---


def test_stop_at_the_first_failure(tmp_path: Path) -> None:
    write(tmp_path, test_it="def test_fails(): assert False\n", test_other=FINE)
    done, without = observed(*WORKERS, "-x", cwd=tmp_path), plain(*WORKERS, "-x", cwd=tmp_path)
    assert done.code == without.code
    assert outcomes(done)["test_fails"] == "failed"
    summary = summed_up(done)
    assert summary["not_run_tests"] == summary["collected_tests"] - summary["total_tests"]


def start(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start a run in two workers."""
    env = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    command = [sys.executable, "-m", "trim_telemetry.pytest_instrumentation", *WORKERS, *arguments]
    process = subprocess.Popen(command, cwd=folder, env=env, stdin=-3, stdout=-1, stderr=-1, start_new_session=True)
    assert process.stdout is not None
    return process


def lines_until(process: "subprocess.Popen[bytes]", count: int) -> List[bytes]:
    """Read its output until it has had so many results."""
    assert process.stdout is not None
    lines: List[bytes] = []
    while sum(line.startswith(b"TEST_RESULT:") for line in lines) < count:
        line = process.stdout.readline()
        assert line, b"".join(lines)
        lines.append(line)
    return lines


HANGS = "def test_{}(): pass\ndef test_hangs{}(): import time; time.sleep(60)\n"


def start_hanging(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start a run whose workers hang, each in its second test: with its first result it tells who that is."""
    write(folder, test_a=HANGS.format("one", ""), test_b=HANGS.format("two", "_too"))
    return start(folder, "--dist=loadfile", *arguments)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number, name", [(signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM")])
def test_tests_in_flight_are_interrupted(number: int, name: str, tmp_path: Path) -> None:
    process = start_hanging(tmp_path)
    try:
        lines = lines_until(process, 2)
        os.kill(process.pid, number)
        rest, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    done = read(process.returncode, b"".join(lines) + rest, stderr)
    found = outcomes(done)
    assert (found["test_one"], found["test_two"]) == ("passed", "passed")
    assert {found[name] for name in found if "hangs" in name} <= {"interrupted"}
    assert {result["worker"] for result in done.results} == {"gw0", "gw1"}
    assert all(result["line"] for result in done.results)
    assert done.summary is not None
    assert done.summary["interrupted_by"] == name
    assert done.summary["complete"] is False
    assert done.summary["not_run_tests"] + len(found) == 4


DIES_BEHIND_ITS_TEST = """
    import os

    def pytest_runtest_logfinish(nodeid):
        if "PYTEST_XDIST_WORKER" in os.environ and "dies" in nodeid:
            os._exit(9)
"""


def test_worker_that_dies_right_behind_its_test_costs_no_other_test_its_place(tmp_path: Path) -> None:
    write(
        tmp_path,
        test_it="def test_dies(): pass\ndef test_b(): pass\ndef test_c(): pass\n",
        conftest=DIES_BEHIND_ITS_TEST,
    )
    done = observed("-q", "-p", "xdist", "-n", "1", "--max-worker-restart=0", cwd=tmp_path)
    # xdist has shown it as passed, and shows it as failed then.
    assert [(result["name"], result["outcome"]) for result in done.results] == [
        ("test_dies", "passed"),
        ("test_dies", "crashed"),
    ]
    summary = summed_up(done)
    assert (summary["collected_tests"], summary["not_run_tests"], summary["complete"]) == (3, 2, False)


# -- spills ---

LOOKS = """
    import json
    import os

    def test_looks_at_its_spill():
        with open(f"out/run.ndjson.{os.environ['PYTEST_XDIST_WORKER']}.spill") as file:
            lines = [json.loads(line) for line in file]
        with open("seen.json", "w") as file:
            json.dump(lines, file)
"""


def test_worker_keeps_a_spill_that_is_removed_when_it_was_taken_over(tmp_path: Path) -> None:
    write(tmp_path, test_it="def test_first(): pass\n" + LOOKS.replace("\n    ", "\n"))
    done = observed("-q", "-p", "xdist", "-n", "1", "--trim-file=out/run.ndjson", cwd=tmp_path)
    assert outcomes(done) == {"test_first": "passed", "test_looks_at_its_spill": "passed"}
    (tmp_path / "seen.ndjson").write_text(
        "".join(json.dumps(line) + "\n" for line in json.loads((tmp_path / "seen.json").read_text()))
    )
    spill = read_file(tmp_path / "seen.ndjson")
    assert [record["record_type"] for record in spill] == ["test_start", "test_result", "test_start"]
    assert {record["worker"] for record in spill} == {"gw0"}
    assert spill[1]["seq"] is None
    assert spill[1]["performance"]["avg_duration"] is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run.ndjson"]
    types = [record["record_type"] for record in read_file(tmp_path / "out" / "run.ndjson")]
    assert types == ["run_start", "collected", "collected", "test_result", "test_result", "run_summary"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_killed_run_leaves_its_spills(tmp_path: Path) -> None:
    process = start_hanging(tmp_path, "--trim-file=run.ndjson")
    try:
        lines_until(process, 2)
        while not any(b"test_hangs" in path.read_bytes() for path in tmp_path.glob("run.ndjson.gw*.spill")):
            assert process.poll() is None
    finally:
        process.kill()
        process.communicate(timeout=60)
    records = [record for path in tmp_path.glob("run.ndjson.gw*.spill") for record in read_file(path)]
    finished = {record["name"]: record["outcome"] for record in records if record["record_type"] == "test_result"}
    started = {record["id"].partition("::")[2] for record in records if record["record_type"] == "test_start"}
    assert (finished.pop("test_one"), finished.pop("test_two")) == ("passed", "passed")
    assert set(finished.values()) <= {"interrupted"}  # xdist has its workers end when the controller is gone
    assert started - {"test_one", "test_two"} != set()


def test_another_runs_spill_of_the_same_name_stays(tmp_path: Path) -> None:
    write(tmp_path, test_it="def test_it(): pass")
    (tmp_path / "run.ndjson.gw0.spill").write_text('{"record_type": "test_start", "run_id": "another"}\n')
    done = observed("-q", "-p", "xdist", "-n", "1", "--trim-file=run.ndjson", cwd=tmp_path)
    assert done.code == 0
    assert (tmp_path / "run.ndjson.gw0.spill").exists()


def test_spill_that_can_not_be_made_is_one_warning(tmp_path: Path) -> None:
    write(tmp_path, test_it=FINE)
    (tmp_path / "run.ndjson.gw0.spill").mkdir()
    done = observed("-q", "-p", "xdist", "-n", "1", "--trim-file=run.ndjson", cwd=tmp_path)
    assert len(done.results) == 6
    (warning,) = summed_up(done)["warnings"]
    assert warning.startswith("spill-lost: ")
