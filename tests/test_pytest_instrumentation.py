"""The pytest door's own command line."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .pytest_doors import observed, plain, write
from .support import environment, read, read_file, run

PASSES = "def test_passes(): pass\n"
DOOR = "trim_telemetry.pytest_instrumentation"


def test_without_pytest_it_says_what_to_install(tmp_path: Path) -> None:
    done = run("-S", "-m", DOOR, "-q", cwd=tmp_path)  # -S: no site-packages
    assert (done.code, done.stdout, done.summary) == (4, "", None)
    assert done.stderr == "trim-telemetry: pytest is not installed; do: pip install trim-telemetry[pytest]\n"


def test_pytest_that_is_broken_is_not_called_missing(tmp_path: Path) -> None:
    (tmp_path / "pytest.py").write_text("import no_such_module_anywhere\n")
    done = run("-m", DOOR, "-q", cwd=tmp_path)
    assert done.code == 1
    assert "no_such_module_anywhere" in done.stderr and "pip install" not in done.stderr


def test_unknown_option_of_ours_names_the_nearest(tmp_path: Path) -> None:
    done = observed("--trim-slow-tests-ms=3", cwd=write(tmp_path, test_it=PASSES))
    assert (done.code, done.results, done.summary) == (4, [], None)
    assert "did you mean --trim-slow-test-ms" in done.stderr


@pytest.mark.parametrize("words", ["--trim-file {}", "--trim-file={}"])
def test_path_in_our_options_is_no_path_to_pytest(words: str, tmp_path: Path) -> None:
    suite = write(tmp_path / "project" / "suite", test_it=PASSES)
    file = tmp_path / "elsewhere" / "records.ndjson"
    file.parent.mkdir()
    file.write_text("")  # what exists could be taken for a place to look for tests, and for pytest.ini
    (file.parent / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    done = observed("-q", *words.format(file).split(), cwd=suite)
    assert done.verdicts() == {"test_it.py::test_passes": "passed/passed"}
    records = read_file(file)
    assert [record["record_type"] for record in records][:2] == ["run_start", "collected"]
    assert records[0]["root"] == str(suite.resolve())


def test_run_id_is_replaced_in_the_files_name(tmp_path: Path) -> None:
    write(tmp_path, test_it=PASSES)
    done = observed("-q", "--trim-run-id=mine", "--trim-file=out/{run_id}.ndjson", cwd=tmp_path)
    assert done.code == 0
    assert {record["run_id"] for record in read_file(tmp_path / "out" / "mine.ndjson")} == {"mine"}


def test_stdout_can_be_left_to_pytest(tmp_path: Path) -> None:
    write(tmp_path, test_it=PASSES)
    done = observed("-q", cwd=tmp_path, TRIM_STDOUT="off", TRIM_FILE=str(tmp_path / "records.ndjson"))
    assert (done.code, done.results, done.summary) == (0, [], None)
    assert read_file(tmp_path / "records.ndjson")[-1]["record_type"] == "run_summary"


TELLS = """
    import os
    import sys

    def test_tells():
        print("argv:", sys.argv)
        print("path:", sys.path)
        print("cwd:", os.getcwd())
        print("file:", os.path.basename(sys.modules["__main__"].__spec__.name.rpartition(".")[2]))
"""


def test_tests_see_the_command_line_of_pytest_itself(tmp_path: Path) -> None:
    write(tmp_path, test_it=TELLS)
    done = observed("-qs", "-p", "no:logging", "--trim-max-logs=3", cwd=tmp_path)
    without = plain("-qs", "-p", "no:logging", cwd=tmp_path)
    for word in ("argv:", "path:", "cwd:"):
        assert [line for line in done.stdout.splitlines() if line.startswith(word)] == [
            line for line in without.stdout.splitlines() if line.startswith(word)
        ]


def test_options_may_stand_in_pytests_own_places(tmp_path: Path) -> None:
    write(tmp_path, test_it=PASSES)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --trim-run-id=from-ini\n")
    assert plain("-q", cwd=tmp_path).code == 4
    assert observed("-q", cwd=tmp_path).results[0]["run_id"] == "from-ini"
    assert observed("-q", cwd=tmp_path, PYTEST_ADDOPTS="--trim-run-id=from-env").results[0]["run_id"] == "from-env"


def test_main_returns_the_exit_code(tmp_path: Path) -> None:
    write(tmp_path, test_it="def test_fails(): assert False\n")
    calls = f"import sys; from {DOOR} import main; print('code:', int(main(['-q']))); print('still here')"
    done = run("-c", calls, cwd=tmp_path, env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"))
    assert done.summary is None or done.summary["exit_code"] == 1
    assert done.code == 0
    assert "code: 1" in done.stdout and "still here" in done.stdout


INTERRUPTS = "import os, signal, time\nos.kill(os.getpid(), signal.{})\ntime.sleep(30)\n"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signal_before_pytest_has_begun(name: str, tmp_path: Path) -> None:
    write(tmp_path, test_it=PASSES, conftest=INTERRUPTS.format(name))  # pytest captures stdout meanwhile
    done, without = observed("-q", cwd=tmp_path), plain("-q", cwd=tmp_path)
    assert done.summary is not None
    assert done.code == without.code
    assert done.summary["exit_code"] == (done.code if done.code >= 0 else 128 - done.code)
    assert (done.summary["exit_reason"], done.summary["interrupted_by"]) == ("interrupted", name)
    assert "trim_telemetry" not in done.stderr  # our frames are no part of the traceback


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_sigterm_in_a_mode_that_runs_no_tests_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, test_it=INTERRUPTS.format("SIGTERM"))
    done = observed("--collect-only", "-q", cwd=tmp_path)
    assert (done.code, done.summary) == (-signal.SIGTERM, None)


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="no pipes that break")
def test_reader_that_has_gone_away_is_pytests_own_exit_code(tmp_path: Path) -> None:
    write(tmp_path, test_it=PASSES)
    codes = []
    for module in (DOOR, "pytest"):
        reader, writer = os.pipe()
        os.close(reader)
        command = [sys.executable, "-m", module, "-q"]
        env = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        done = subprocess.run(command, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stdout=writer, stderr=-1)
        os.close(writer)
        codes.append((done.returncode, b"Traceback" in done.stderr))
    assert codes[0] == codes[1]


@pytest.mark.skipif(os.name != "posix", reason="a shell that can close descriptors")
def test_run_without_a_stdout_ends_as_pytest_does(tmp_path: Path) -> None:
    write(tmp_path, test_it=PASSES)
    codes = []
    for module in (DOOR, "pytest"):
        command = f'exec "{sys.executable}" -m {module} -q -p no:terminal >&-'
        env = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", TRIM_FILE=str(tmp_path / "records.ndjson"))
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stderr=-1)
        codes.append(done.returncode)
    records = read_file(tmp_path / "records.ndjson")
    assert codes[0] == codes[1] == records[-1]["exit_code"]  # not 0: pytest can't do without


def test_output_of_both_streams_in_one_pipe_keeps_our_lines_whole(tmp_path: Path) -> None:
    talks = "import sys\ndef test_talks():\n    print('o', end='')\n    print('e', end='', file=sys.stderr)\n"
    write(tmp_path, test_it=talks)
    command = [sys.executable, "-m", DOOR, "-s", "-v"]
    env = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    done = subprocess.run(command, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stdout=-1, stderr=subprocess.STDOUT)
    result = read(done.returncode, done.stdout, b"")
    assert result.verdicts() == {"test_it.py::test_talks": "passed/passed"}
    assert result.summary is not None
