"""Django's `--parallel`: records are made in the workers, and a worker that dies costs its test and no more."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Dict

import pytest

from .conformance.test_django import START_METHODS, need_start_method, own_project
from .support import Run, environment, read, read_file, run

django = pytest.importorskip("django")

PROJECT = Path(__file__).parent / "conformance" / "probes" / "django_project"
RUNNER = "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner"
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Django's parallel suite forks")


def written(folder: Path, body: str) -> str:
    """Write a test module into a folder of its own; return its label."""
    text = f"import ctypes, logging, os, signal, time\nfrom django.test import SimpleTestCase\n{textwrap.dedent(body)}"
    (folder / "made").mkdir()
    (folder / "made" / "test_made.py").write_text(text, encoding="utf-8")
    return str(folder / "made")


def manage(*arguments: str, cwd: Path = PROJECT, **changes: str) -> Run:
    """Run `manage.py test --parallel 2` in the probe project."""
    env = environment(**changes)
    return run("manage.py", "test", RUNNER, "--parallel", "2", *arguments, cwd=cwd, env=env)


def verdicts(done: Run) -> Dict[str, str]:
    """{Class.test: verdict}."""
    return {name.replace("test_made.", "", 1): verdict for name, verdict in done.verdicts().items()}


TALKS = """
    import trim_telemetry

    class Talks(SimpleTestCase):
        @classmethod
        def setUpClass(cls):
            super().setUpClass()
            time.sleep(0.02)

        def test_talks(self):
            time.sleep(0.02)
            logging.getLogger("suite").warning("careful")
            trim_telemetry.annotate("half", "\\udfff")
            self.fail("on purpose")

        def test_subtests(self):
            for number in range(3):
                with self.subTest(number=number):
                    if number == 1:
                        self.skipTest("not this one")

    class Other(SimpleTestCase):
        def test_case(self):
            self.skipTest("a reason")
"""


def test_records_are_those_of_the_workers(tmp_path: Path) -> None:
    done = manage(written(tmp_path, TALKS))
    assert verdicts(done) == {
        "Talks.test_talks": "failed/failed",
        "Talks.test_subtests": "passed/passed",
        "Other.test_case": "skipped/skipped",
    }
    found = {result["name"]: result for result in done.results}
    assert {result["worker"] for result in done.results} <= {"1", "2"}
    talks = found["test_talks"]
    assert talks["duration"] >= 20.0
    assert [(entry["level"], entry["message"], entry["phase"]) for entry in talks["logs"]] == [
        ("WARNING", "careful", "call")
    ]
    assert talks["metadata"] == {"framework": "django", "half": "\ufffd"}
    assert (talks["failure"]["message"], talks["failure"]["phase"]) == ("on purpose", "call")
    assert found["test_subtests"]["subtests"]["count"] == 3
    assert sorted(result["seq"] for result in done.results) == [1, 2, 3]
    assert done.summary is not None
    shared = {entry["name"]: entry["duration"] for entry in done.summary["shared_setup"]}
    assert shared["test_made.Talks"] >= 20.0
    assert done.summary["performance"]["total_tests_run"] == 2
    assert (done.summary["complete"], done.summary["warnings"]) == (True, [])


def test_a_test_is_run_again_by_the_arguments_of_the_parent(tmp_path: Path) -> None:
    label = written(tmp_path, "class T(SimpleTestCase):\n    def test_it(self): pass\nclass U(T): pass\n")
    done = manage(label)
    assert {tuple(result["rerun"]) for result in done.results} == {
        (label, "-k", "*test_made.T.test_it"),
        (label, "-k", "*test_made.U.test_it"),
    }


UNPICKLABLE = """
    class Fails(SimpleTestCase):
        def test_raises(self):
            class Local(Exception):
                pass
            raise Local("in a function")

        def test_subtest(self):
            self.keeps = lambda: None
            with self.subTest(what=lambda: None):
                self.fail("in a subtest")

        def test_passes(self): pass

    class Other(SimpleTestCase):
        def test_fails(self):
            self.fail("plainly")
"""


@pytest.mark.parametrize("tblib", [True, False], ids=["tblib", "no tblib"])
def test_what_can_not_be_pickled_is_a_text_and_the_run_goes_on(tblib: bool, tmp_path: Path) -> None:
    label = written(tmp_path, UNPICKLABLE)
    if tblib:
        pytest.importorskip("tblib")
    else:
        (tmp_path / "tblib").mkdir()
        (tmp_path / "tblib" / "__init__.py").write_text("raise ImportError('as if it were not there')")
    env = environment()
    done = manage(label, PYTHONPATH=os.pathsep.join([str(tmp_path), env["PYTHONPATH"]]))
    assert verdicts(done) == {
        "Fails.test_raises": "error/error",
        "Fails.test_subtest": "failed/failed",
        "Fails.test_passes": "passed/passed",
        "Other.test_fails": "failed/failed",
    }
    raises = done.by_id()["test_made.Fails.test_raises"]["failure"]
    assert (raises["message"], raises["line"]) == ("in a function", 8)
    assert done.code == 1
    for text in ("Local: in a function", "AssertionError: in a subtest", "AssertionError: plainly", "line 8, in test_"):
        assert text in done.stderr
    assert "FAILED (failures=2, errors=1)" in done.stderr


# -- workers that die ---

DIES = """
    class Dies(SimpleTestCase):
        def test_1(self): pass
        def test_dies(self):
            {death}
        def test_never(self): pass
"""
DEATHS = {
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGSEGV": "ctypes.string_at(0)",
    "SIGABRT": "os.abort()",
    "exit code 0": "os._exit(0)",
    "exit code 3": "os._exit(3)",
}


@pytest.mark.parametrize("told", DEATHS)
def test_worker_that_dies_ends_the_run_and_its_test_has_crashed(told: str, tmp_path: Path) -> None:
    label = written(tmp_path, DIES.format(death=DEATHS[told]) + "\n    class Other(Dies):\n        test_dies = None\n")
    file = tmp_path / "out" / "run.ndjson"
    done = manage(label, f"--trim-file={file}")
    found = verdicts(done)
    assert found["Dies.test_1"] == "passed/passed"
    assert found["Dies.test_dies"] == "error/crashed"
    assert "Dies.test_never" not in found
    died = done.by_id()["test_made.Dies.test_dies"]
    assert f"died ({told}) in this test" in died["failure"]["message"]
    assert (died["name"], died["line"], died["duration"]) == ("test_dies", 6, None)
    assert done.summary is not None
    assert done.code == done.summary["exit_code"] == 1
    assert done.summary["interrupted_by"] == f"a worker died ({told})"
    assert done.summary["not_run_tests"] == done.summary["collected_tests"] - len(found) >= 1
    assert f"WorkerDied: worker {died['worker']} died ({told})" in done.stderr
    assert [path.name for path in file.parent.iterdir()] == ["run.ndjson"]
    assert read_file(file)[-1]["record_type"] == "run_summary"


def test_what_another_worker_was_at_is_interrupted_and_what_it_had_done_is_kept(tmp_path: Path) -> None:
    body = """
        class Dies(SimpleTestCase):
            def test_dies(self):
                while not os.path.exists(os.environ["MARK"]):
                    time.sleep(0.01)
                os._exit(1)

        class Hangs(SimpleTestCase):
            def test_1(self): pass
            def test_hangs(self):
                open(os.environ["MARK"], "w").close()
                time.sleep(60)
    """
    done = manage(written(tmp_path, body), MARK=str(tmp_path / "mark"))
    assert verdicts(done) == {
        "Dies.test_dies": "error/crashed",
        "Hangs.test_1": "passed/passed",
        "Hangs.test_hangs": "error/interrupted",
    }


def test_no_temporary_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    manage(written(tmp_path, TALKS), TMPDIR=str(tmp_path / "tmp"))
    assert list((tmp_path / "tmp").iterdir()) == []


# -- workers that die between two tests, with a lock of their pool ---

IDLE = """
    import sys
    from multiprocessing.connection import Connection

    def dies(*arguments):
        open(os.environ["MARK"] + " of a death", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)

    def dies_of_no_more_work(connection, *arguments):
        given = receive(connection, *arguments)
        if len(given.getvalue() if hasattr(given, "getvalue") else given) < 20:  # a pickled None
            dies()
        return given

    def dies_half_way(connection, data, *arguments):
        os.write(connection.fileno(), (1000).to_bytes(4, "big") + bytes(data)[:10])
        dies()

    def wait_for(what):
        while what is not None and not os.path.exists(os.environ["MARK"] + what):
            time.sleep(0.01)

    receive = Connection.recv_bytes

    class First(SimpleTestCase):
        def test_it(self):
            wait_for({first_waits})
            {patch}

    class Second(SimpleTestCase):
        def test_1(self):
            wait_for({second_waits})
        def test_2(self):
            open(os.environ["MARK"], "w").close()
            {second}
"""
WAITING = "Connection.recv_bytes = dies"
SENDING = "Connection.send_bytes = dies_half_way"
ENDING = "Connection.recv_bytes = dies_of_no_more_work"


def dying(label: str, file: Path, method: str) -> Run:
    """Run it. This waits for the end of its output: no process that has inherited that is left, either."""
    folder = file.parent.parent
    arguments = (label, f"--trim-file={file}")
    return manage(*arguments, cwd=own_project(folder), START_METHOD=method, MARK=str(folder / "mark"))


@pytest.mark.parametrize("method", START_METHODS)
@pytest.mark.parametrize("patch", [WAITING, SENDING], ids=["waiting for work", "sending results"])
def test_worker_that_dies_with_a_lock_of_the_pool_ends_the_run(patch: str, method: str, tmp_path: Path) -> None:
    need_start_method(method)
    label = written(tmp_path, IDLE.format(first_waits="''", second_waits=None, patch=patch, second="time.sleep(60)"))
    file = tmp_path / "out" / "run.ndjson"
    done = dying(label, file, method)
    assert verdicts(done) == {
        "First.test_it": "passed/passed",
        "Second.test_1": "passed/passed",
        "Second.test_2": "error/interrupted",
    }
    assert done.summary is not None
    assert done.code == done.summary["exit_code"] == 1
    assert (done.summary["complete"], done.summary["interrupted_by"]) == (False, "a worker died (SIGKILL)")
    assert "WorkerDied: a worker died (SIGKILL) between two tests" in done.stderr
    assert [path.name for path in file.parent.iterdir()] == ["run.ndjson"]


@pytest.mark.parametrize("method", START_METHODS)
def test_worker_that_dies_with_the_lock_before_another_has_work_ends_the_run(method: str, tmp_path: Path) -> None:
    need_start_method(method)
    others = "".join(f"\n    class T{number}(Second):\n        pass\n" for number in range(20))
    label = written(
        tmp_path, IDLE.format(first_waits=None, second_waits="' of a death'", patch=WAITING, second="pass") + others
    )
    done = dying(label, tmp_path / "out" / "run.ndjson", method)
    assert verdicts(done)["First.test_it"] == "passed/passed"
    assert done.summary is not None
    assert done.code == done.summary["exit_code"] == 1
    assert done.summary["complete"] is False
    assert done.summary["not_run_tests"] == 43 - len(done.results) >= 40


def test_worker_that_dies_with_the_lock_when_all_tests_are_done_ends_the_run(tmp_path: Path) -> None:
    """Each takes the lock for the word that there is no more work: the one that dies then leaves the other waiting."""
    body = IDLE.format(first_waits="''", second_waits=None, patch=ENDING, second=ENDING)
    file = tmp_path / "out" / "run.ndjson"
    done = dying(written(tmp_path, body), file, "fork")
    assert set(verdicts(done).values()) == {"passed/passed"}
    assert done.summary is not None
    assert done.code == done.summary["exit_code"] == 1
    assert (done.summary["not_run_tests"], done.summary["interrupted_by"]) == (0, "a worker died (SIGKILL)")
    assert [path.name for path in file.parent.iterdir()] == ["run.ndjson"]


# -- the run ends early ---

HANGS = """
    class Fine(SimpleTestCase):
        def test_1(self): pass

    class Hangs(SimpleTestCase):
        def test_1(self): pass
        def test_hangs(self):
            print("hangs", flush=True)
            time.sleep(60)
"""


@pytest.mark.parametrize("number, name", [(signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM")])
def test_test_in_flight_is_interrupted(number: int, name: str, tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "test", RUNNER, "--parallel", "2", written(tmp_path, HANGS)]
    streams: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=PROJECT, env=environment(), start_new_session=True, **streams)
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith(b"hangs"):
                break
        os.killpg(process.pid, number)
        rest = process.communicate(timeout=60)[0]
    finally:
        process.kill()
    done = read(process.returncode, b"".join(lines) + rest, b"")
    found = verdicts(done)
    assert (found["Hangs.test_1"], found["Hangs.test_hangs"]) == ("passed/passed", "error/interrupted")
    assert done.summary is not None
    assert (done.summary["interrupted_by"], done.summary["complete"]) == (name, False)


def test_failfast_stops_the_workers(tmp_path: Path) -> None:
    body = "class T(SimpleTestCase):\n    def test_1(self): self.fail()\n    def test_2(self): pass\n"
    done = manage("--failfast", written(tmp_path, body + "class U(SimpleTestCase):\n    def test_1(self): pass\n"))
    assert verdicts(done)["T.test_1"] == "failed/failed"
    assert "T.test_2" not in verdicts(done)
    assert done.summary is not None
    assert (done.code, done.summary["interrupted_by"]) == (1, None)
