"""tools/check.py: which interpreters it takes, what it pairs, what it skips, and what it says in the end."""

import importlib.util
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tools._check import interpreters, queue, report
from tools._check.cells import (
    Cell,
    Workshop,
    all_tests,
    conformance_tests,
    coverage_cells,
    door_tests,
    extras,
    intrusive_cells,
    paired_cells,
)
from tools._check.commands import Failed, Log, environment
from tools._check.environments import digest, refused
from tools._check.interpreters import Interpreter
from tools._check.probe import Support, last_error
from tools._check.releases import DJANGO, PYTEST, Release, pairs, tried_on
from tools._check.report import Result

from .support import ROOT

CHECK = str(ROOT / "tools" / "check.py")


def answer(version, implementation="CPython", is_final=True, is_free_threaded=False, has_venv=True):
    return json.dumps([implementation, version, is_final, is_free_threaded, has_venv])


def at(path, *version, flaw=""):
    return Interpreter(path, version, flaw)


def names(found):
    return [release.name for release in found]


# -- interpreters


def test_an_interpreter_says_its_version():
    assert interpreters.parse("/bin/python", answer([3, 8, 18])) == at("/bin/python", 3, 8, 18)


@pytest.mark.parametrize(
    "said, flaw",
    [
        (answer([3, 9, 1], implementation="PyPy"), "PyPy, not CPython"),
        (answer([3, 7, 16]), "older than 3.8"),
        (answer([3, 15, 0], is_final=False), "a pre-release"),
        (answer([3, 13, 0], is_free_threaded=True), "a free-threaded build"),
        (answer([3, 11, 2], has_venv=False), "lacks the modules venv and ensurepip"),
    ],
)
def test_an_interpreter_that_cannot_be_used_has_a_flaw(said, flaw):
    assert interpreters.parse("/bin/python", said).flaw == flaw


def test_this_interpreter_answers():
    assert interpreters.ask(sys.executable).version == sys.version_info[:3]


def test_what_is_no_interpreter_does_not_answer(tmp_path):
    shim = tmp_path / "python3.9"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert interpreters.ask(str(shim)) is None
    assert interpreters.ask(str(tmp_path / "missing")) is None


def test_every_folder_of_path_is_searched(tmp_path):
    suffix = ".exe" if os.name == "nt" else ""
    made = [tmp_path / "a" / f"python3.9{suffix}", tmp_path / "b" / f"python3.9{suffix}"]
    for path in [*made, tmp_path / "a" / "python2.7", tmp_path / "b" / "python3.99"]:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    searched = os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "missing"), str(tmp_path / "b")])
    found = [path for path in interpreters.candidates(searched) if path.startswith(str(tmp_path))]
    assert found == list(map(str, made))


def test_of_each_minor_version_the_latest_is_kept_and_the_others_are_named():
    old, new, other = at("/a", 3, 11, 2), at("/b", 3, 11, 7), at("/c", 3, 9, 18)
    assert interpreters.select([old, new, other]) == ([other, new], [at("/a", 3, 11, 2, flaw="3.11.7 is later")])


def test_the_same_version_found_twice_is_taken_once():
    assert interpreters.select([at("/a", 3, 9, 1), at("/b", 3, 9, 1)]) == ([at("/a", 3, 9, 1)], [])


def test_a_later_patch_that_cannot_be_used_does_not_hide_one_that_can():
    good, bad = at("/a", 3, 11, 2), at("/b", 3, 11, 7, flaw="lacks the modules venv and ensurepip")
    assert interpreters.select([good, bad]) == ([good], [bad])


def test_of_the_same_version_the_one_that_can_be_used_is_kept():
    good, bad = at("/a", 3, 11, 7), at("/b", 3, 11, 7, flaw="a free-threaded build")
    assert interpreters.select([bad, good]) == ([good], [])


def test_the_promised_versions_that_are_missing_are_named():
    assert interpreters.lacking([at("/a", 3, 8, 1), at("/b", 3, 13, 0)]) == ["3.9", "3.10", "3.11", "3.12", "3.14"]


# -- what is paired


@pytest.mark.parametrize(
    "minor, expected",
    [
        ((3, 8), ["6.0.2", "7.4.4", "8.3", "9"]),
        ((3, 9), ["6.0.2", "7.4.4", "8.3", "9"]),
        ((3, 10), ["6.2.5", "7.4.4", "8.3", "9"]),
        ((3, 14), ["6.2.5", "7.4.4", "8.3", "9"]),
    ],
)
def test_each_python_has_its_own_oldest_pytest(minor, expected):
    assert names(tried_on(minor, PYTEST)) == expected
    assert names(tried_on(minor, DJANGO)) == ["3.2", "4.2", "5.2", "6"]


def made(project, count):
    return [Release(project, str(number), project) for number in range(count)]


@pytest.mark.parametrize("pytests, djangos", list(product(range(1, 6), range(1, 6))))
def test_each_release_is_paired_oldest_with_oldest_and_newest_with_newest(pytests, djangos):
    left, right = made("pytest", pytests), made("django", djangos)
    found = pairs(left, right)
    assert len(found) == max(pytests, djangos)
    assert sorted(found) == found
    assert [*dict.fromkeys(one for one, _ in found)] == left
    assert [*dict.fromkeys(other for _, other in found)] == right
    assert found[0] == (left[0], right[0])
    assert found[-1] == (left[-1], right[-1])


def test_without_django_pytest_stands_alone_and_without_pytest_there_is_nothing_to_run():
    assert pairs(PYTEST[:2], []) == [(PYTEST[0], None), (PYTEST[1], None)]
    assert pairs([], DJANGO) == []


SUPPORTS = [
    (8, [PYTEST[0], PYTEST[2], PYTEST[3], *DJANGO[:2]]),
    (10, [*PYTEST[1:], *DJANGO[:3]]),
    (13, [*PYTEST[1:], *DJANGO[1:]]),
    (14, [PYTEST[4], *DJANGO[1:]]),
    (15, [PYTEST[4]]),
    (16, DJANGO),
]
CELLS = [
    "3.8.0 pytest 6.0.2 django 3.2 (pytest and django tests)",
    "3.8.0 pytest 7.4.4 django 3.2 (pytest tests)",
    "3.8.0 pytest 8.3 django 4.2",
    "3.10.0 pytest 6.2.5 django 3.2 (pytest tests, django conformance)",
    "3.10.0 pytest 7.4.4 django 3.2 (pytest conformance)",
    "3.10.0 pytest 8.3 django 4.2 (pytest and django conformance)",
    "3.10.0 pytest 9 django 5.2",
    "3.13.0 pytest 6.2.5 django 4.2 (pytest and django conformance)",
    "3.13.0 pytest 7.4.4 django 4.2 (pytest conformance)",
    "3.13.0 pytest 8.3 django 5.2 (pytest and django conformance)",
    "3.13.0 pytest 9 django 6",
    "3.14.0 pytest 9 django 4.2 (django conformance)",
    "3.14.0 pytest 9 django 5.2 (django conformance)",
    "3.14.0 pytest 9 django 6",
    "3.15.0 pytest 9",
]


def test_newest_pair_runs_all_tests_and_each_release_its_doors_once_and_else_its_conformance(tmp_path):
    supports = [Support(at("/bin/python", 3, minor, 0), works, {}) for minor, works in SUPPORTS]
    assert [cell.name for cell in paired_cells(Workshop(tmp_path), supports)] == CELLS


def test_conformance_suites_are_there():
    found = conformance_tests(ROOT / "tests", ["pytest", "django"])
    assert [Path(file).name for file in found if Path(file).is_file()] == ["test_pytest.py", "test_django.py"]


def test_oldest_and_newest_pytest_meet_other_plugins():
    newest = "suite,plugins,drivers,clients"
    oldest, later = at("/bin/python", 3, 8, 18), at("/bin/python", 3, 9, 18)
    assert [extras(oldest, *which) for which in ((False, True), (False,), (True,))] == [
        "suite,plugins",
        "suite",
        newest,
    ]
    assert [extras(later, *which) for which in ((False, True), (False,), (True,))] == ["suite", "suite", newest]


def test_intrusive_plugins_are_tried_with_the_oldest_of_all_and_the_newest_of_all(tmp_path):
    supports = [
        Support(at("/bin/python", 3, 7, 0), [], {}),
        Support(at("/bin/python", 3, 8, 0), [*PYTEST[:2], *DJANGO[:2]], {}),
        Support(at("/bin/python", 3, 11, 0), [PYTEST[3]], {}),
        Support(at("/bin/python", 3, 13, 0), [*PYTEST[3:], *DJANGO[2:]], {}),
    ]
    found = [cell.name for cell in intrusive_cells(Workshop(tmp_path), supports)]
    assert found == ["3.8.0 pytest 6.0.2 django 3.2 among plugins", "3.13.0 pytest 9 django 6 among plugins"]
    alone = [Support(at("/bin/python", 3, 11, 0), [PYTEST[3]], {})]
    assert [cell.name for cell in intrusive_cells(Workshop(tmp_path), alone)] == ["3.11.0 pytest 8.3 among plugins"]
    assert intrusive_cells(Workshop(tmp_path), []) == []


def test_oldest_coverage_is_tried_on_each_python_that_it_is_made_for(tmp_path):
    supports = [Support(at("/bin/python", 3, minor, 0), [PYTEST[3], DJANGO[1]], {}) for minor in (8, 13, 14)]
    supports.append(Support(at("/bin/python", 3, 7, 0), [], {}))
    found = [cell.name for cell in coverage_cells(Workshop(tmp_path), supports)]
    assert found == ["3.8.0 coverage 7.6.0", "3.13.0 coverage 7.6.0"]


def test_the_tests_of_a_door_are_known_by_their_names(tmp_path):
    kept = ["conformance/test_django.py", "test_parity.py", "test_pytest_recorder.py"]
    for name in [*kept, "test_session.py", "conformance/test_unittest.py", "probes/test_pytest.py", "pytest.py"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert door_tests(tmp_path, ["pytest", "django"]) == [str(tmp_path / name) for name in kept]
    assert door_tests(tmp_path, ["pytest"]) == [str(tmp_path / name) for name in kept[1:]]
    assert door_tests(tmp_path, []) == []


@pytest.mark.parametrize("minor, all_of_them", [(8, True), (12, False), (13, True)])
def test_slowest_tests_are_left_to_some_pythons(minor, all_of_them):
    left = [argument.partition("=") for argument in all_tests(at("/bin/python", 3, minor, 0))]
    assert (left == []) is all_of_them
    assert all(option == "--ignore" and (ROOT / path).exists() for option, _, path in left)


def test_each_door_of_a_framework_has_tests_that_are_known_by_their_names():
    found = {Path(path).name for path in door_tests(ROOT / "tests", ["pytest", "django"])}
    assert {"test_django.py", "test_pytest.py"} <= found
    assert "test_drivers_django.py" not in found  # the cells that run all tests do so


# -- what is skipped


@pytest.mark.parametrize(
    "line, reason",
    [
        ("ERROR: No matching distribution found for pytest>=9", "no release for this Python"),
        ("ERROR: Package 'pytest' requires a different Python: 3.8.18 not in '>=3.10'", "no release for this Python"),
        ("error: metadata-generation-failed", "can't be built on this Python"),
        ("ERROR: No space left on device", ""),
    ],
)
def test_pip_that_has_no_release_is_told_from_pip_that_failed(line, reason):
    assert refused(["Looking in indexes", line]) == reason


def test_an_index_out_of_reach_is_no_reason_to_skip():
    lines = [
        "ERROR: Could not find a version that satisfies the requirement pytest>=9 (from versions: none)",
        "ERROR: No matching distribution found for pytest>=9",
    ]
    assert refused(lines) == ""


@pytest.mark.parametrize(
    "lines, error",
    [
        (["Traceback", "ModuleNotFoundError: No module named 'cgi'", ""], "ModuleNotFoundError: No module named 'cgi'"),
        (["E   TypeError: required field", "1 failed in 0.1s"], "TypeError: required field"),
        (["django.core.exceptions.ImproperlyConfigured: no", "x.y.SomeError: deep"], "x.y.SomeError: deep"),
        (["no tests ran"], "no tests ran"),
        ([], "no output"),
    ],
)
def test_the_reason_of_a_failed_probe_is_its_last_error(lines, error):
    assert last_error(lines) == error


def test_an_environment_is_made_anew_when_anything_that_it_is_made_of_changes(tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text("one")
    first = digest("/bin/python", ["pytest"], [file])
    assert first == digest("/bin/python", ["pytest"], [file])
    assert first != digest("/bin/other", ["pytest"], [file])
    assert first != digest("/bin/python", ["pytest", "django"], [file])
    file.write_text("two")
    assert first != digest("/bin/python", ["pytest"], [file])


# -- running


def test_a_command_sees_nothing_of_the_callers_project(monkeypatch):
    for name in ("TRIM_FILE", "PYTEST_ADDOPTS", "PYTHONPATH", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "stray")
    for name in ("KEPT", "TRIM_TEST_POSTGRES", "TRIM_REQUIRE_SERVERS"):
        monkeypatch.setenv(name, "kept")
    found = environment(Path("bin"))
    assert {found[name] for name in ("KEPT", "TRIM_TEST_POSTGRES", "TRIM_REQUIRE_SERVERS")} == {"kept"}
    assert found["PATH"].split(os.pathsep)[0] == "bin"
    assert "stray" not in found.values()


def test_a_log_takes_the_command_and_what_it_prints(tmp_path):
    log = Log(tmp_path / "logs" / "one.log")
    assert log.run([sys.executable, "-c", "print('said'); raise SystemExit(3)"], environment(), 60) == 3
    assert log.lines()[1].startswith("$ ")
    assert log.last_line() == "said"
    with pytest.raises(Failed, match="exit code 4: why"):
        log.must([sys.executable, "-c", "print('why'); raise SystemExit(4)"], environment(), 60)


def test_a_command_without_end_fails_its_cell(tmp_path):
    log = Log(tmp_path / "one.log")
    with pytest.raises(Failed, match="no end after 0 s"):
        log.run([sys.executable, "-c", "import threading; threading.Event().wait()"], environment(), 0.01)


def test_cells_keep_their_order_and_a_failed_one_stops_no_other(tmp_path):
    def fails(log):
        log.must([sys.executable, "-c", "print('seen in the tail'); raise SystemExit(1)"], environment(), 60)

    said = []
    cells = [Cell("first one", fails), Cell("second", lambda log: "12 passed")]
    results = queue.run(Workshop(tmp_path), cells, lambda *lines: said.extend(lines))
    assert [(one.name, one.state, one.note) for one in results] == [
        ("first one", "failed", "exit code 1: seen in the tail"),
        ("second", "passed", "12 passed"),
    ]
    assert "    | seen in the tail" in said
    assert f"    all of it: {tmp_path / 'logs' / 'first-one.log'}" in said


def test_an_interpreter_that_cannot_be_probed_is_a_failure(tmp_path):
    broken = at(str(tmp_path / "no-python"), 3, 8, 0)
    said = []
    (support,), (result,) = queue.supports(Workshop(tmp_path), [broken], lambda *lines: said.extend(lines))
    assert support.works == []
    assert (result.name, result.state) == ("3.8.0 probe", "failed")
    assert result.note.startswith(f"can't run {broken.path}: ")
    assert said[0].startswith("3.8.0 works with nothing")


def test_the_tail_of_a_log_leaves_the_terminal_alone(tmp_path):
    log = Log(tmp_path / "one.log")
    log.path.write_bytes(b"a\x00b\x1b[31m\tc\xff\n")
    assert Result("one", "failed", "why", 1.0, log).lines()[1] == "    | a?b?[31m        c\ufffd"


# -- what is said in the end

RESULTS = [
    Result("3.8.18 pytest 6.0.2 django 3.2", "passed", "300 passed, 2 skipped in 60.1s", 71.4, object()),
    Result("3.8.18 pytest 9", "skipped", "no release for this Python"),
    Result("3.13.0 ruff", "failed", "exit code 1: Found 3 errors.", 0.3, object()),
]


def test_the_table_has_a_line_for_each_cell():
    assert report.table(RESULTS) == [
        "cell                                      s",
        "3.8.18 pytest 6.0.2 django 3.2  passed   71  300 passed, 2 skipped in 60.1s",
        "3.8.18 pytest 9                 skipped      no release for this Python",
        "3.13.0 ruff                     failed    0  exit code 1: Found 3 errors.",
    ]


def test_the_last_line_counts_what_passed_and_what_failed():
    assert report.closing(RESULTS) == "1 passed, 1 failed"


def test_only_a_run_in_which_something_passed_and_nothing_failed_is_good():
    passed, skipped, failed = RESULTS
    assert report.is_good([passed, skipped])
    assert not report.is_good([passed, failed])
    assert not report.is_good([skipped])
    assert not report.is_good([])


# -- the command

can_make_environments = pytest.mark.skipif(
    importlib.util.find_spec("ensurepip") is None, reason="this Python has no ensurepip"
)


def check(*arguments):
    return subprocess.run([sys.executable, CHECK, *arguments], stdin=-3, stdout=-1, stderr=-1, timeout=120)


@can_make_environments
def test_the_steps_of_one_interpreter_can_be_listed():
    done = check("--list")
    assert done.returncode == 0, done.stderr
    version = "%d.%d.%d" % sys.version_info[:3]
    steps = [line[len(version) + 1 :] for line in done.stdout.decode().splitlines() if line.startswith(version)]
    assert steps[:5] == ["tests", "black", "ruff", "mypy", "architecture"]


@can_make_environments
def test_a_name_that_no_cell_has_is_wrong_usage():
    done = check("--only", "no such cell")
    assert done.returncode == 2
    assert b"no cell's name holds no such cell" in done.stderr


def test_every_release_that_is_tried_is_named_once():
    assert len({str(release) for release in (*PYTEST, *DJANGO)}) == len(PYTEST) + len(DJANGO)
