"""tools/parity.py: what it understands, what it reads off a screen, and what it calls a difference."""

import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

from tools._parity import judge, pytest_listing, unittest_listing, verdicts
from tools._parity.command import UsageError, understand
from tools._parity.hunks import Hunk, Unstable, hunks, unified
from tools._parity.screen import Normaliser, comparable, shape, without_colours, without_markers, without_our_plugin
from tools._parity.told import Result, Told, key
from tools._parity.told import read as read_records
from tools._parity.verdicts import Printed, executions, wanted

from .support import ROOT, environment

PROBES = ROOT / "tests" / "probes"
TOOL = ROOT / "tools" / "parity.py"


# -- commands ----------------------------------------------------------------------------------------------------------

UNITTEST_DOOR = ["-m", "trim_telemetry.unittest_instrumentation"]
PYTEST_DOOR = ["-m", "trim_telemetry.pytest_instrumentation"]
DJANGO_DOOR = ["-m", "trim_telemetry.django_instrumentation"]


@pytest.mark.parametrize(
    ("command", "plain", "instrumented"),
    [
        ("python -m unittest", "python -m unittest -v", ["python", *UNITTEST_DOOR, "-v"]),
        (
            "py/bin/python3.8 -W error -Xdev -m unittest discover -s t",
            "py/bin/python3.8 -W error -Xdev -m unittest discover -s t -v",
            ["py/bin/python3.8", "-W", "error", "-Xdev", *UNITTEST_DOOR, "discover", "-s", "t", "-v"],
        ),
        ("python -bBm unittest a", "python -bBm unittest a -v", ["python", "-bB", *UNITTEST_DOOR, "a", "-v"]),
        ("python -munittest a", "python -munittest a -v", ["python", *UNITTEST_DOOR, "a", "-v"]),
        (
            "python -m pytest -q tests -- x",
            "python -m pytest -q tests --verbosity=1 -rA -o cache_dir=C -- x",
            ["python", *PYTEST_DOOR, "-q", "tests", "--verbosity=1", "-rA", "-o", "cache_dir=C", "--", "x"],
        ),
        (
            "python -m pytest -p no:cacheprovider",
            "python -m pytest -p no:cacheprovider --verbosity=1 -rA",
            ["python", *PYTEST_DOOR, "-p", "no:cacheprovider", "--verbosity=1", "-rA"],
        ),
        (
            "python -m pytest -pno:terminal",
            "python -m pytest -pno:terminal",
            ["python", *PYTEST_DOOR, "-pno:terminal"],
        ),
        (
            "python manage.py test --settings=x shop",
            "python manage.py test --settings=x shop --verbosity 2",
            ["python", *DJANGO_DOOR, "manage.py", "test", "--settings=x", "shop", "--verbosity", "2"],
        ),
        (
            "python -u tests/runtests.py basic",
            "python -u tests/runtests.py basic --verbosity 2",
            ["python", "-u", *DJANGO_DOOR, "tests/runtests.py", "basic", "--verbosity", "2"],
        ),
    ],
)
def test_a_command_has_a_plain_and_an_instrumented_form(command, plain, instrumented):
    made = understand(command.split(), environ={})
    assert made.words(False, "C") == plain.split()
    assert made.words(True, "C") == instrumented


def test_words_in_front_of_a_command_are_its_environment():
    made = understand(["env", "A=1", "B=x=y", "python", "-m", "unittest"], environ={})
    assert made.environ == {"A": "1", "B": "x=y"}
    assert made.plain == ["python", "-m", "unittest"]


def test_other_doors_keep_the_command_as_it_is_written():
    plugin = understand(["python", "-m", "pytest", "t"], door="plugin", environ={})
    assert plugin.instrumented == ["python", "-m", "pytest", "t", "-p", "trim_telemetry.pytest_plugin", "--trim"]
    runner = understand(["python", "-m", "django", "test", "t"], door="testrunner", environ={})
    option = "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner"
    assert runner.instrumented == ["python", "-m", "django", "test", "t", option]


def test_what_passing_tests_print_can_be_left_out():
    made = understand(["python", "-m", "pytest"], brief=True, environ={})
    assert made.additions == ["--verbosity=1", "-rfEsxXp"]
    assert understand(["python", "-m", "unittest"], brief=True, environ={}).additions == ["-v"]


def test_nothing_is_added_to_a_command_that_is_to_stay_as_it_is():
    made = understand(["python", "-m", "pytest", "-x"], as_is=True, environ={})
    assert made.words(False, "C") == ["python", "-m", "pytest", "-x"]


def test_an_installed_script_is_instrumented_with_the_python_of_its_first_line(tmp_path):
    script = tmp_path / "pytest"
    script.write_text("#!/opt/some/python3.9\nimport sys\n")
    made = understand([str(script), "t"], environ={"PATH": ""})
    assert made.plain == [str(script), "t"]
    assert made.instrumented == ["/opt/some/python3.9", *PYTEST_DOOR, "t"]


def test_an_installed_script_without_such_a_line_is_instrumented_with_the_python_beside_it(tmp_path):
    script = tmp_path / "pytest"
    script.write_text("#!/bin/sh\n'''exec' ...\n")
    (tmp_path / "python").touch()
    assert understand([str(script)], environ={"PATH": ""}).python == [str(tmp_path / "python")]


@pytest.mark.parametrize(
    ("command", "ordered", "runs_tests"),
    [
        ("python manage.py test", True, True),
        ("python manage.py test --parallel", False, True),
        ("python manage.py test --parallel=4", False, True),
        ("python manage.py test --parallel 1", True, True),
        ("python -m pytest --collect-only", True, False),
        ("python -m unittest --help", True, False),
        ("python -m pytest -n0", True, True),
        ("python -m pytest -n 0", True, True),
    ],
)
def test_it_is_known_which_runs_have_an_order_and_which_run_no_tests(command, ordered, runs_tests):
    made = understand(command.split(), environ={})
    assert (made.ordered, made.runs_tests) == (ordered, runs_tests)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("", "no command"),
        ("make test", "'make'"),
        ("python", "no module and no script"),
        ("python -c pass", "no module and no script"),
        ("python -m tox", "'tox'"),
        ("python setup.py test", "'setup.py'"),
        ("python manage.py migrate", "without 'test'"),
        ("python -m django test", "manage.py"),
        ("python -m pytest -n 4", "-n0"),
        ("python -m pytest -nauto", "-n0"),
        ("python -m pytest --numprocesses=2", "-n0"),
        ("PYTEST_ADDOPTS=-n2 python -m pytest", "-n0"),
        ("surely/not/there/pytest", "No such file"),
    ],
)
def test_a_command_that_cannot_be_compared_is_refused_with_a_sentence(command, sentence):
    with pytest.raises(UsageError, match=sentence):
        understand(command.split(), environ={})


def test_a_door_that_a_runner_lacks_is_refused():
    with pytest.raises(UsageError, match="no door"):
        understand(["python", "-m", "unittest"], door="plugin", environ={})


# -- the screen --------------------------------------------------------------------------------------------------------

OURS = b'\nTEST_RESULT:{"id": "a", "run_id": "me"}\n'
OUR_SUMMARY = b'\nTEST_SUMMARY:{"run_id": "me"}\n'


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (b"a\n" + OURS + b"b\n", b"a\nb\n"),
        (b"test_a " + OURS + b"PASSED\n", b"test_a PASSED\n"),
        (b"." + OURS + b"." + OURS + OUR_SUMMARY + b"\n", b"..\n"),
        (OURS + OURS, b""),
        (b"no end" + OURS + b"no end", b"no endno end"),
        (b'\nTEST_RESULT:{"id": "a", "run_id": "other"}\n', b'\nTEST_RESULT:{"id": "a", "run_id": "other"}\n'),
        (b"x TEST_RESULT:me\n", b"x TEST_RESULT:me\n"),
        (b"", b""),
    ],
)
def test_marker_lines_are_taken_out_with_the_newline_before_them(written, left):
    taken: List[bytes] = []
    assert b"".join(without_markers(written.splitlines(keepends=True), b"me", taken.append)) == left
    assert len(taken) == written.count(b'"me"')


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ran 3 tests in 0.002s", "Ran 3 tests in 12.5s"),
        ("==== 3 passed in 0.12s ====", "=== 3 passed in 71.12s (0:01:11) ==="),
        ("<object object at 0x7f12ab34cd>", "<object object at 0x7f99ab34cdef>"),
        ("/tmp/pytest-of-me/pytest-3/a0", "/tmp/pytest-of-me/pytest-4/a0"),
        ("/tmp/tmpab12_xyz/x", "/tmp/tmpq9w8e7r6/x"),
        ("fork in process 12345", "fork in process 6789"),
        ("pid=4711", "pid=815"),
        ("Using shuffle seed: 12345 (generated)", "Using shuffle seed: 777 (generated)"),
        ("at 2024-01-02 03:04:05.678", "at 2025-11-12 13:14:15.001"),
        ("<Thread(a, started 140123456789012)>", "<Thread(a, started 139123456789012)>"),
        ("http://127.0.0.1:43210/", "http://127.0.0.1:51234/"),
        ("6fa459ea-ee8a-3ca4-894e-db77e160355e", "16fd2706-8baf-433b-82eb-8c7fada847da"),
        ("cachedir: /w/plain-1/cache", "cachedir: /w/instrumented/cache"),
        ("[Previous line repeated 970 more times]", "[Previous line repeated 961 more times]"),
    ],
)
def test_what_differs_between_any_two_runs_is_no_difference(one, other):
    normalise = Normaliser(["/w/plain-1", "/w/instrumented"])
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ran 3 tests in 0.1s", "Ran 4 tests in 0.1s"),
        ("test_a PASSED", "test_a FAILED"),
        ("assert 1234567 == 1", "assert 1234568 == 1"),
        ("File x.py, line 12", "File x.py, line 13"),
        ("==== 3 passed in 0.12s ====", "==== 2 passed in 0.12s ===="),
    ],
)
def test_anything_else_is_a_difference(one, other):
    normalise = Normaliser()
    assert normalise(one) != normalise(other)


def test_frames_of_the_ways_in_and_tables_of_durations_are_left_out():
    plain = """\
0.12s call     test_a.py::test_b
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/lib/python3.11/unittest/__main__.py", line 18, in <module>
    main(module=None)
  File "/lib/python3.11/unittest/main.py", line 102, in __init__
    self.runTests()
INTERNALERROR>   File "/lib/pluggy/_callers.py", line 11, in _multicall
INTERNALERROR>     res = hook_impl.function(*args)
ValueError
"""
    instrumented = """\
0.34s setup    test_a.py::test_c
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/x/trim_telemetry/unittest_instrumentation.py", line 3, in <module>
    main()
    ~~~~^^
  File "/x/trim_telemetry/unittest_instrumentation.py", line 9, in main
    unittest.main(module=None)
  File "/lib/python3.11/unittest/main.py", line 102, in __init__
    self.runTests()
INTERNALERROR>   File "/x/trim_telemetry/pytest_hooks.py", line 11, in hook
INTERNALERROR>     yield
INTERNALERROR>   File "/lib/pluggy/_callers.py", line 11, in _multicall
INTERNALERROR>     res = hook_impl.function(*args)
ValueError
"""
    left = list(comparable(plain.splitlines()))
    assert left == list(comparable(instrumented.splitlines()))
    assert left[1:3] == ['  File "/lib/python3.11/unittest/main.py", line 102, in __init__', "    self.runTests()"]


def test_colours_are_no_part_of_a_verdict():
    assert list(without_colours(["\x1b[32mPASSED\x1b[0m", "plain"])) == ["PASSED", "plain"]


# -- how two outputs differ --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [4, 7, 1000])
@pytest.mark.parametrize("seed", range(20))
def test_hunks_turn_one_output_into_the_other(seed, window):
    dice = random.Random(seed)
    left = [dice.choice("abcdefgh") for _ in range(dice.randrange(60))]
    right = [line for line in left if dice.random() > 0.1]
    for _ in range(dice.randrange(6)):
        right.insert(dice.randrange(len(right) + 1), dice.choice("xyz"))
    rebuilt, at = [], 0
    for hunk in hunks(left, right, str, window):
        assert left[hunk.left_at : hunk.left_at + len(hunk.left)] == hunk.left
        rebuilt += left[at : hunk.left_at] + hunk.right
        at = hunk.left_at + len(hunk.left)
        assert len(rebuilt) == hunk.right_at + len(hunk.right)
    assert rebuilt + left[at:] == right


def test_outputs_that_only_differ_normalised_alike_have_no_hunks():
    assert list(hunks(["in 0.1s", "b"], ["in 0.2s", "b"], Normaliser())) == []


def test_an_output_is_compared_without_being_held_in_memory():
    lines = 300_000

    def output(other: int):
        for number in range(lines):
            yield f"line {number if number != other else 'another'}"

    found = list(hunks(output(-1), output(lines - 1), str))
    assert found == [Hunk(lines - 1, [f"line {lines - 1}"], lines - 1, ["line another"])]


def test_a_line_that_two_plain_runs_write_differently_is_left_out():
    unstable = Unstable(shape)
    unstable.learn(hunks(["a", "chance 1", "pick an apple"], ["a", "chance 22", "pick a pear"], str))
    found = list(hunks(["a", "chance 1", "pick an apple"], ["a", "chance 333", "pick a plum"], str))
    assert [unstable.covers(hunk) for hunk in found] == [True]
    assert not unstable.covers(Hunk(0, ["a"], 0, ["b"]))
    assert not unstable.covers(Hunk(3, [], 3, ["a line behind it"]))
    assert unstable.covers(Hunk(2, [], 2, ["a line within it"]))
    assert unstable.lines == 2


def test_a_diff_shows_both_sides_of_a_long_hunk():
    lines = unified([Hunk(0, ["a"] * 30, 0, ["b"] * 13)], 40)
    assert lines[:13] == ["@@ -1,30 +1,13 @@", *["-a"] * 12]
    assert lines[13:] == ["-... and 18 more lines", *["+b"] * 12, "+... and 1 more lines"]


def test_a_diff_is_cut_at_its_limit():
    lines = unified([Hunk(number, ["a"], number, ["b"]) for number in range(20)], 40)
    assert lines[:3] == ["@@ -1,1 +1,1 @@", "-a", "+b"]
    assert len(lines) == 41
    assert lines[-1] == "(more)"


# -- what unittest prints ----------------------------------------------------------------------------------------------

BEFORE_3_11 = """\
test_raises (m.A) ... ERROR
test_doc (m.A)
A line ... with dots. ... ok
test_noise (m.A) ... noise
ok
test_noise_without_end (m.A) ... noiseok
test_like_a_test (m.A) ... other (words)
nothing behind them
ok
test_skip (m.A) ... skipped 'why'
test_quotes (m.A) ... skipped "it's\\nso"
test_subtests_fail (m.A) ... test_subtests_skip (m.A) ... skipped 'a'
skipped 'b'
test_subtests_fail_2 (m.A)
Doc. ... test_xfail (m.A)
Doc. ... expected failure
test_xpass (m.A) ... unexpected success
test_teardown (m.B)
Doc. ... FAIL
ERROR
ERROR
skipped 'the class'
json ()
Doctest: json ... ok
module (unittest.loader._FailedTest) ... ERROR
test_odd (m.Zone[A/B]_Pure) ... ok

======================================================================
ERROR: test_raises (m.A)
----------------------------------------------------------------------
ValueError: FAIL: test_x (m.X)

======================================================================
FAIL: test_subtests_fail (m.A) [msg] (i=2)
----------------------------------------------------------------------
AssertionError

======================================================================
ERROR: test_subtests_fail_2 (m.A) (i=2)
Doc.
----------------------------------------------------------------------
AssertionError

======================================================================
ERROR: setUpClass (m.C)
----------------------------------------------------------------------
ValueError

----------------------------------------------------------------------
Ran 16 tests in 0.002s

FAILED (failures=2, errors=4, skipped=5, expected failures=1, unexpected successes=1)
"""
READ_BEFORE_3_11 = {
    "m.A.test_raises": ["ERROR"],
    "m.A.test_doc": ["ok"],
    "m.A.test_noise": ["ok"],
    "m.A.test_noise_without_end": ["ok"],
    "m.A.test_like_a_test": ["ok"],
    "m.A.test_skip": ["skipped"],
    "m.A.test_quotes": ["skipped"],
    "m.A.test_subtests_fail": ["FAIL"],
    "m.A.test_subtests_skip": ["skipped"],
    "m.A.test_subtests_fail_2": ["ERROR"],
    "m.A.test_xfail": ["expected failure"],
    "m.A.test_xpass": ["unexpected success"],
    "m.B.test_teardown": ["FAIL"],
    "json": ["ok"],
    "unittest.loader._FailedTest.module": ["ERROR"],
    "m.Zone[A/B]_Pure.test_odd": ["ok"],
    "setUpClass (m.C)": ["ERROR"],
}
FROM_3_11 = """\
test_subtests (m.A.test_subtests)
Doc. ... 
  test_subtests (m.A.test_subtests) [msg] (i=1)
Doc. ... FAIL
  test_subtests (m.A.test_subtests) [msg] (i=(2, 3))
Doc. ... skipped 'x'
test_ok (m.A.test_ok) ... ok
test_teardown (m.B.test_teardown) ... FAIL
test_teardown (m.B.test_teardown) ... ERROR
setUpClass (m.C) ... ERROR
setUpClass (m.D) ... skipped 'noD'
a.b.module (unittest.loader._FailedTest.a.b.module) ... ERROR
test_killed (m.E.test_killed) ... 
======================================================================
FAIL: test_teardown (m.B.test_teardown)
----------------------------------------------------------------------
AssertionError

======================================================================
UNEXPECTED SUCCESS: test_unlisted (m.B.test_unlisted)
----------------------------------------------------------------------
Ran 1 test in 0.002s
"""  # noqa: W291  # the line ends as unittest leaves it
READ_FROM_3_11 = {
    "m.A.test_subtests": ["FAIL", "skipped (subtest)"],
    "m.A.test_ok": ["ok"],
    "m.B.test_teardown": ["FAIL", "ERROR"],
    "setUpClass (m.C)": ["ERROR"],
    "setUpClass (m.D)": ["skipped"],
    "unittest.loader._FailedTest.a.b.module": ["ERROR"],
    "m.E.test_killed": [],
    "m.B.test_unlisted": ["unexpected success"],
}


@pytest.mark.parametrize(
    ("screen", "words", "total", "unread"),
    [
        (BEFORE_3_11, READ_BEFORE_3_11, 16, 2),
        (FROM_3_11, READ_FROM_3_11, 1, 0),
        ("..\n----\nRan 2 tests in 0.0s\n\nOK\n", {}, 2, 2),
        ("", {}, None, 0),
    ],
)
def test_verdicts_are_read_off_unittests_listing(screen, words, total, unread):
    printed = unittest_listing.read(screen.splitlines())
    assert printed.words == words
    assert list(printed.words) == list(words)
    assert (printed.total, printed.unread) == (total, unread)


@pytest.mark.parametrize(
    ("name", "where", "test"),
    [
        ("test_x", "m.C", "m.C.test_x"),
        ("test_x", "m.C.test_x", "m.C.test_x"),
        ("func", "package.module", "package.module.func"),
        ("module", "", "module"),
        ("setUpClass", "m.C", "setUpClass (m.C)"),
        ("tearDownModule", "m", "tearDownModule (m)"),
    ],
)
def test_a_description_gives_the_id(name, where, test):
    assert unittest_listing.id_of(name, where) == test


# -- what pytest prints ------------------------------------------------------------------------------------------------

PYTEST_9 = """\
============================= test session starts ==============================
plugins: PASSED-1.0
collecting ... collected 20 items / 1 skipped

t.py::test_ok PASSED                                                     [  5%]
t.py::test_long_name FAILED [ 15%]
t.py::test_setup ERROR                                                   [ 20%]
t.py::test_tear PASSED                                                   [ 25%]
t.py::test_tear ERROR                                                    [ 25%]
t.py::test_skip SKIPPED (a test FAILED (with) parens)                    [ 35%]
t.py::test_xf XFAIL (known)                                              [ 45%]
t.py::test_xf XFAIL (known)                                              [ 45%]
t.py::test_xp XPASS                                                      [ 50%]
t.py::test_strict FAILED                                                 [ 55%]
t.py::test_p[a - b] PASSED                                               [ 60%]
t.py::test_p[x PASSED] PASSED                                            [ 65%]
t.py::test_p[c - d] FAILED                                               [ 70%]
t.py::test_p[[ 50%]] PASSED                                              [ 80%]
t.py::T::test_sub 
t.py::T::test_sub PASSED                                                 [ 90%]
u.py::T::test_inherited <- t.py RERUN                                    [ 91%]
u.py::T::test_inherited <- t.py PASSED                                   [ 91%]
t.py::test_fixture SUBPASSED[m] (i=0)                                    [ 95%]
t.py::test_fixture SUBFAILED[m] (i=1)                                    [ 95%]
t.py::test_fixture SUBSKIPPED[m] (i=2) (s)                               [ 95%]
t.py::test_fixture FAILED                                                [ 95%]
t.py::test_logs 
-------------------------------- live log call ---------------------------------
INFO     root:t.py:3 hello
PASSED                                                                   [ 96%]
t.py::test_own QUARANTINED                                               [100%]

==================================== ERRORS ====================================
____________________________ ERROR at setup of test_setup ______________________
t.py::test_nested PASSED                                                 [100%]
=================================== FAILURES ===================================
_________________________________ test_strict __________________________________
[XPASS(strict)] why
------------------------------ Captured stdout call ----------------------------
=========================== short test summary info ============================
FAILED nested.py::test_nested - no
=========================== short test summary info ============================
PASSED t.py::test_p[a - b]
PASSED t.py::test_unlisted
SKIPPED [1] skips.py:2: whole file
SKIPPED [1] t.py:14: a reason
XFAIL t.py::test_xf - known
XFAIL at teardown of t.py::test_xf - known
ERROR t.py::test_setup - ValueError: x - y
ERROR broken.py
FAILED t.py::test_strict - [XPASS(strict)] why
FAILED t.py::test_p[c - d] - AssertionError: a - b
SUBFAILED[msg] (i=1) t.py::T::test_sub - AssertionError: no
= 6 failed, 8 passed, 3 skipped, 2 xfailed, 1 xpassed, 3 errors, 1 subtests passed in 1.51s =
"""  # noqa: W291  # the line ends as pytest leaves it
READ_PYTEST_9 = {
    "t.py::test_ok": ["PASSED"],
    "t.py::test_long_name": ["FAILED"],
    "t.py::test_setup": ["ERROR"],
    "t.py::test_tear": ["PASSED", "ERROR"],
    "t.py::test_skip": ["SKIPPED"],
    "t.py::test_xf": ["XFAIL", "XFAIL"],
    "t.py::test_xp": ["XPASS"],
    "t.py::test_strict": ["FAILED [XPASS(strict)]"],
    "t.py::test_p[a - b]": ["PASSED"],
    "t.py::test_p[x PASSED]": ["PASSED"],
    "t.py::test_p[c - d]": ["FAILED"],
    "t.py::test_p[[ 50%]]": ["PASSED"],
    "t.py::T::test_sub": ["PASSED", "SUBFAILED"],
    "u.py::T::test_inherited": ["RERUN", "PASSED"],
    "t.py::test_fixture": ["SUBPASSED", "SUBFAILED", "SUBSKIPPED", "FAILED"],
    "t.py::test_logs": ["PASSED"],
    "t.py::test_own": ["QUARANTINED"],
    "t.py::test_unlisted": ["PASSED"],
    "broken.py": ["ERROR"],
}
PYTEST_6 = """\
============================= test session starts ==============================
collecting ... collected 3 items / 1 error / 2 selected

t.py::test_xf XFAIL                                                      [ 45%]
t.py::test_x [m] (i=1) SUBFAIL                                           [ 50%]
t.py::test_x [m] (i=2) SUBSKIP (s)                                       [ 50%]
t.py::test_x PASSED                                                      [ 50%]
t.py::test_xp XPASS                                                      [100%]
=================================== FAILURES ===================================
_________________________________ T.test_strict ________________________________
[XPASS(strict)] why
=========================== short test summary info ============================
XFAIL t.py::test_xf
  known
XPASS t.py::test_xp known - by all
[m] (i=1) SUBFAIL t.py::test_x - assert 0
FAILED t.py::T::test_strict
!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!
====== 2 failed, 1 passed, 1 skipped, 1 xfailed, 1 xpassed in 1.02s ======
"""
READ_PYTEST_6 = {
    "t.py::test_xf": ["XFAIL"],
    "t.py::test_x": ["SUBFAIL", "SUBSKIP", "PASSED"],
    "t.py::test_xp": ["XPASS"],
    "t.py::T::test_strict": ["FAILED [XPASS(strict)]"],
}
NESTED_SUMMARY = """\
t.py::test_pytester PASSED                                               [100%]
==================================== PASSES ====================================
=========================== short test summary info ============================
FAILED nested.py::test_nested - no
============================== 1 failed in 0.01s ===============================
============================== 1 passed in 0.02s ===============================
"""
COUNTED = """\
t.py::test_a PASSED                                                      [1/2]
t.py::test_b PASSED                                                     1.23ms
============================== 2 passed in 0.02s ===============================
"""


@pytest.mark.parametrize(
    ("screen", "words", "unread"),
    [
        (PYTEST_9, READ_PYTEST_9, 1),  # the file that skips itself
        (PYTEST_6, READ_PYTEST_6, 0),
        (NESTED_SUMMARY, {"t.py::test_pytester": ["PASSED"]}, 0),
        (COUNTED, {"t.py::test_a": ["PASSED"], "t.py::test_b": ["PASSED"]}, 0),
        ("..   [100%]\n2 passed in 0.02s\n", {}, 0),
        ("", {}, 0),
    ],
)
def test_verdicts_are_read_off_pytests_screen(screen, words, unread):
    printed = pytest_listing.read(screen.splitlines())
    assert printed.words == words
    assert list(printed.words) == list(words)
    assert printed.unread == unread


@pytest.mark.parametrize(
    ("line", "workers"),
    [
        ("created: 4/4 workers", True),
        ("4 workers [12 items]", True),
        ("[gw0] [ 50%] PASSED t.py::test_a ", True),
        ("gw0 I / gw1 I", True),
        ("t.py::test_gw PASSED", False),
        ("plugins: xdist-3.8.0", False),
    ],
)
def test_xdist_is_known_by_its_lines(line, workers):
    assert pytest_listing.uses_workers([line]) is workers


# -- verdicts ----------------------------------------------------------------------------------------------------------

V = verdicts


@pytest.mark.parametrize(
    ("meanings", "expected"),
    [
        ([V.PASSED], "passed/passed"),
        ([V.FAILED], "failed/failed"),
        ([V.FAILED_OR_XPASSED], "failed/failed failed/xpassed"),
        ([V.FAILED_OR_XPASSED, V.ERROR], "failed/failed failed/xpassed"),
        ([V.XPASSED_STRICT, V.ERROR], "error/error"),
        ([V.ERROR], "error/error"),
        ([V.PASSED, V.ERROR], "error/error"),
        ([V.FAILED, V.ERROR], "failed/failed"),
        ([V.SKIPPED], "skipped/skipped"),
        ([V.SKIPPED, V.ERROR], "error/error"),
        ([V.XFAILED], "skipped/xfailed"),
        ([V.XPASSED], "passed/xpassed"),
        ([V.XPASSED_STRICT], "failed/xpassed"),
        ([V.RERUN, V.PASSED], "passed/passed"),
        ([V.PASSED, V.SUBTEST_FAILED], "failed/failed"),
        ([V.PASSED, V.SUBTEST_SKIPPED], "passed/passed skipped/skipped"),
        ([V.PASSED, V.SUBTEST_PASSED], "passed/passed"),
        ([V.PASSED, V.UNKNOWN], None),
        ([V.RERUN], None),
        ([], None),
    ],
)
def test_words_of_a_runner_give_the_verdict_that_a_record_must_have(meanings, expected):
    allowed = wanted(meanings)
    assert (allowed and " ".join(sorted("/".join(verdict) for verdict in allowed))) == expected


def test_a_skip_of_a_test_with_subtests_may_be_one_of_its_subtests():
    assert wanted([V.SKIPPED], has_subtests=True) == {("skipped", "skipped"), ("passed", "passed")}


@pytest.mark.parametrize(
    ("meanings", "once", "times"),
    [
        ([V.PASSED], True, (1, 1)),
        ([V.PASSED, V.ERROR], True, (1, 1)),
        ([V.ERROR, V.ERROR], True, (1, 1)),
        ([V.RERUN, V.RERUN, V.FAILED_OR_XPASSED], True, (1, 1)),
        ([V.SUBTEST_FAILED, V.PASSED], True, (1, 1)),
        ([V.PASSED, V.PASSED], True, (2, 2)),
        ([V.XFAILED, V.XFAILED], True, (1, 2)),
        ([V.PASSED], False, (1, 1)),
        ([V.PASSED, V.PASSED], False, (2, 2)),
        ([V.FAILED, V.ERROR], False, (1, 2)),
        ([], False, (1, 1)),
    ],
)
def test_words_of_a_runner_tell_how_often_a_test_was_run(meanings, once, times):
    assert executions(meanings, once) == times


# -- what is called a difference ---------------------------------------------------------------------------------------

WORDS = {"ok": V.PASSED, "FAIL": V.FAILED, "ERROR": V.ERROR, "skipped": V.SKIPPED, "QUARANTINED": V.UNKNOWN}


def printed_words(words: Dict[str, List[str]], unread: int = 0, total=None, once: bool = False) -> Printed:
    return Printed(words, WORDS, unread, total, once)


def told_results(*results: str, **summary) -> Told:
    """Records from "id status/outcome" texts; "above" as a third word: without a class."""
    made = []
    for text in results:
        test, verdict, *rest = text.split()
        status, outcome = verdict.split("/")
        made.append(Result(test, status, outcome, "above" not in rest, 0))
    return Told("/root", made, summary or None, [])


def whats(differences) -> List[str]:
    return [f"{difference.what} {difference.test}".strip() for difference in differences]


@pytest.mark.parametrize(
    ("plain", "instrumented", "found"),
    [
        ({"a": ["ok"], "b": ["ok"]}, {"a": ["ok"], "b": ["ok"]}, []),
        ({"a": ["ok"]}, {"a": ["FAIL"]}, ["verdict a"]),
        ({"a": ["ok"], "b": ["ok"]}, {"a": ["ok"]}, ["verdict b"]),
        ({"a": ["ok"]}, {"a": ["ok"], "b": ["ok"]}, ["verdict b"]),
        ({"a": ["ok"], "b": []}, {"a": ["ok"], "b": ["ok"]}, ["verdict b"]),
        ({"a": ["ok"], "b": ["ok"]}, {"b": ["ok"], "a": ["ok"]}, ["order of tests, from the one in place 1 on"]),
    ],
)
def test_two_runs_differ_by_ids_verdicts_and_order(plain, instrumented, found):
    compared = judge.verdicts(printed_words(plain), printed_words(instrumented), set(), ordered=True)
    assert whats(compared) == found


def test_the_order_of_a_parallel_run_and_unstable_ids_are_no_difference():
    plain, other = printed_words({"a": ["ok"], "b": ["ok"]}), printed_words({"b": ["FAIL"], "a": ["ok"]})
    unstable = judge.unstable_ids(plain, other)
    assert unstable == {"b"}
    assert list(judge.verdicts(plain, other, unstable, ordered=False)) == []


@pytest.mark.parametrize(
    ("printed", "results", "found"),
    [
        (printed_words({"a": ["ok"]}), ["a passed/passed"], []),
        (printed_words({"a": ["ok"]}), [], ["records of a test a"]),
        (printed_words({"a": ["ok"]}), ["a passed/passed", "a passed/passed"], ["records of a test a"]),
        (printed_words({"a": ["ok"]}), ["a failed/failed"], ["verdict of a record a"]),
        (printed_words({"a": ["FAIL", "ERROR"]}), ["a error/error"], ["verdict of a record a"]),
        (printed_words({"a": ["QUARANTINED"]}), ["a failed/failed"], []),
        (printed_words({"a": ["ok", "ok"]}), ["a passed/passed", "a passed/passed"], []),
        (printed_words({"a": ["ok", "FAIL"]}), ["a passed/passed", "a skipped/skipped"], ["verdict of a record a"]),
        (printed_words({}), ["a passed/passed"], ["a record a"]),
        (printed_words({}, unread=1), ["a passed/passed"], []),
        (printed_words({}, unread=1), ["a passed/passed", "b passed/passed"], ["a record a", "a record b"]),
        (printed_words({"a": []}), [], []),
        (printed_words({"a": []}), ["a error/interrupted"], []),
        (printed_words({}), ["a error/crashed"], []),
        (printed_words({"x" * 2000: ["ok"]}), ["x" * 983 + "~0123456789abcdef passed/passed"], []),
        (printed_words({"a": ["ok"]}, total=1), ["a passed/passed"], []),
        (printed_words({"a": ["FAIL", "FAIL"]}, total=1), ["a failed/failed"] * 2, ["number of tests"]),
        (printed_words({"setUpClass_C": ["ERROR"]}, total=0), ["setUpClass_C error/error above"], []),
        (
            printed_words({"unittest.loader._FailedTest.x": ["ERROR"]}, total=1),
            ["unittest.loader._FailedTest.x error/error above"],
            [],
        ),
    ],
)
def test_records_differ_from_the_screen_by_absence_number_and_verdict(printed, results, found):
    assert whats(judge.records(printed, told_results(*results))) == found


def test_decorated_skips_may_be_missing_from_the_count_of_the_one_python_that_leaves_them_out():
    printed = printed_words({"a": ["ok"], "b": ["skipped"]}, total=1)
    results = "a passed/passed", "b skipped/skipped"
    assert whats(judge.records(printed, told_results(*results, environment={"python": "3.12.2"}))) == [
        "number of tests"
    ]
    assert whats(judge.records(printed, told_results(*results, environment={"python": "3.12.1"}))) == []


def summary_of(total=2, passed=1, failed=1, skipped=0, exit_code=1):
    return {
        "total_tests": total,
        "passed_tests": passed,
        "failed_tests": failed,
        "skipped_tests": skipped,
        "exit_code": exit_code,
    }


@pytest.mark.parametrize(
    ("summary", "code", "found"),
    [
        (summary_of(), 1, []),
        (summary_of(exit_code=0), 1, ["exit code"]),
        (summary_of(exit_code=130), -2, []),
        (summary_of(exit_code=-2), -2, []),
        (summary_of(total=3, skipped=1), 1, ["total_tests", "skipped_tests"]),
        ({}, 1, ["no summary was written"]),
    ],
)
def test_a_summary_differs_from_the_process_and_from_its_records(summary, code, found):
    told = told_results("a passed/passed", "b error/error", **summary)
    assert whats(judge.summary(told, code)) == found


def test_records_on_stdout_differ_from_those_in_the_file():
    told = told_results("a passed/passed", "b passed/passed")
    assert list(judge.stdout_lines(["a", "b"], told)) == []
    assert whats(judge.stdout_lines(["a"], told)) == ["record 2 on stdout and in the file"]
    assert whats(judge.stdout_lines(["b", "a"], told)) == ["record 1 on stdout and in the file"]


def test_a_line_of_the_file_that_is_no_record_is_a_difference():
    told = read_records([b'{"record_type": "run_start", "root": "/r"}\n', b"{torn"])
    assert told.root == "/r"
    assert whats(judge.summary(told, 0)) == ["a line of the file that is no record", "no summary was written"]


@pytest.mark.parametrize(
    ("printed", "recorded"),
    [
        ("test_a.py::T::test_x", "sub/test_a.py::T::test_x"),
        ("../test_a.py::test_x[a/../b]", "test_a.py::test_x[a/../b]"),
        ("test_broken.py", "sub/test_broken.py"),
    ],
)
def test_ids_that_pytest_prints_from_the_working_directory_are_found_from_the_root(tmp_path, printed, recorded):
    (tmp_path / "sub").mkdir()
    assert judge.from_root(printed, str(tmp_path / "sub"), str(tmp_path)) == recorded
    assert judge.from_root(printed, str(tmp_path), str(tmp_path)) == printed


def test_ids_that_a_record_cuts_are_compared_by_what_it_keeps():
    assert key("x" * 1000) == key("x" * 983 + "~0123456789abcdef")
    assert key("x" * 999) == "x" * 999


# -- the tool itself ---------------------------------------------------------------------------------------------------


def parity(probe: str, tmp_path: Path, *arguments: str):
    """Run the tool in a copy of a probe suite."""
    folder = tmp_path / probe
    shutil.copytree(PROBES / probe, folder)
    return subprocess.run(
        [sys.executable, str(TOOL), *arguments],
        cwd=folder,
        env={**environment(), "PYTHONPATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


DJANGO = ["DJANGO_SETTINGS_MODULE=site_settings", sys.executable, "manage.py", "test"]
UNITTEST = [sys.executable, "-m", "unittest"]
PYTEST = ["PYTEST_DISABLE_PLUGIN_AUTOLOAD=1", sys.executable, "-m", "pytest", "--rootdir=.", "-p", "no:randomly"]


def test_our_name_among_pytests_plugins_is_no_difference():
    lines = [
        "platform linux",
        "plugins: trim-telemetry-0.1.0",
        "plugins: a-1.0, trim-telemetry-0.1.0, b-2",
        "plugins: a-1.0",
    ]
    assert list(without_our_plugin(lines)) == ["platform linux", "plugins: a-1.0, b-2", "plugins: a-1.0"]


def test_a_unittest_suite_that_runs_alike_gives_0(tmp_path):
    done = parity("parity_unittest", tmp_path, "--", *UNITTEST)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no difference" in done.stdout
    assert "26 records" in done.stdout


def test_a_pytest_suite_that_runs_alike_gives_0(tmp_path):
    done = parity("parity_pytest", tmp_path, "--", *PYTEST, "--continue-on-collection-errors")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no difference" in done.stdout
    assert "23 records" in done.stdout


@pytest.mark.parametrize("door", ["module", "testrunner"])
def test_a_django_suite_that_runs_alike_gives_0_through_either_door(tmp_path, door):
    pytest.importorskip("django")
    done = parity("parity_django", tmp_path, "--through", door, "--", *DJANGO)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no difference" in done.stdout
    assert "7 records" in done.stdout


def test_a_django_suite_that_ends_before_its_runner_is_made_has_no_records_and_no_difference(tmp_path):
    pytest.importorskip("django")
    (tmp_path / "lacks_an_app.py").write_text("SECRET_KEY = 'x'\nINSTALLED_APPS = ['missing']\n")
    variables = ["DJANGO_SETTINGS_MODULE=lacks_an_app", f"PYTHONPATH={tmp_path}"]
    command = [*variables, sys.executable, "manage.py", "test"]
    done = parity("parity_django", tmp_path, "--through", "testrunner", "--", *command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "note: the run ended before its runner came to load us" in done.stdout


def test_a_django_suite_that_is_disturbed_by_telemetry_gives_1_and_is_told_how(tmp_path):
    pytest.importorskip("django")
    done = parity("parity_django", tmp_path, "--", "PARITY_SABOTAGE=verdict", *DJANGO, "-k", "sabotaged")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "verdict: test_garden.WithDatabase.test_sabotaged_verdict" in done.stdout


def absent(texts: List[str], done) -> List[str]:
    """The texts that the report lacks."""
    return [text for text in texts if text not in done.stdout]


def test_a_unittest_suite_that_is_disturbed_by_telemetry_gives_1_and_is_told_how(tmp_path):
    command = ["PARITY_SABOTAGE=verdict,stdout,stderr", *UNITTEST, "test_garden.Noise", "test_garden.Sabotaged"]
    done = parity("parity_unittest", tmp_path, "--", *command)
    assert done.returncode == 1, done.stdout + done.stderr
    verdict = [
        "1. exit code",
        "2. verdict: test_garden.Sabotaged.test_verdict",
        "plain:        ok",
        "instrumented: FAIL",
    ]
    output = ["stdout: 1 lines differ", "-no endalone", "+no endobserved", "-test_output (", "+test_output ("]
    assert absent([*verdict, *output], done) == []
    assert done.stdout.endswith("DIFFERENT\n")


def test_an_exit_code_that_the_summary_does_not_say_is_a_difference(tmp_path):
    command = ["PARITY_SABOTAGE=exit code", *UNITTEST, "test_garden.Sabotaged"]
    done = parity("parity_unittest", tmp_path, "--", *command)
    assert done.returncode == 1, done.stdout + done.stderr
    runs = ["1. exit code", "plain:        0", "instrumented: 9"]
    assert absent([*runs, "2. exit code", "process:      9", "summary:      0"], done) == []


def test_a_pytest_suite_that_is_disturbed_by_telemetry_gives_1_and_is_told_how(tmp_path):
    command = ["PARITY_SABOTAGE=verdict,stdout", *PYTEST, "test_garden.py", "-k", "sabotaged"]
    done = parity("parity_pytest", tmp_path, "--", *command)
    assert done.returncode == 1, done.stdout + done.stderr
    verdict = ["verdict: test_garden.py::test_sabotaged_verdict", "plain:        PASSED", "instrumented: FAILED"]
    assert absent([*verdict, "-alone", "+observed"], done) == []


def test_what_two_plain_runs_print_differently_is_left_out_and_said(tmp_path):
    command = ["PARITY_CHANCE=1", *UNITTEST, "test_garden.Sabotaged"]
    assert parity("parity_unittest", tmp_path / "once", "--", *command).returncode == 1
    done = parity("parity_unittest", tmp_path / "twice", "--repeat", "2", "--", *command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "because 2 plain runs differ: 0 ids, 1 lines of stdout, 0 lines of stderr" in done.stdout


def test_outputs_and_records_are_kept_where_asked_for(tmp_path):
    done = parity("parity_unittest", tmp_path, "--keep", str(tmp_path / "kept"), "--", *UNITTEST, "test_garden.Noise")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "kept" / "instrumented" / "records").read_bytes().startswith(b'{"record_type": "run_start"')
    again = parity("parity_unittest", tmp_path / "again", "--keep", str(tmp_path / "kept"), "--", *UNITTEST)
    assert again.returncode == 2
    assert "has an earlier comparison" in again.stderr
    assert b"a line on stderr" in (tmp_path / "kept" / "plain-1" / "stderr").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--", "make", "test"], "'make' is no test command"),
        (["--", "no-such-place/python", "-m", "unittest"], "no-such-place/python: No such file"),
        (["--repeat", "0", "--", "python", "-m", "unittest"], "at least 1"),
        (["python", "-m", "unittest"], "unrecognized arguments"),
        ([], "put the test command behind --"),
    ],
)
def test_a_command_that_cannot_be_compared_gives_2(tmp_path, arguments, sentence):
    done = parity("parity_unittest", tmp_path, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""
