"""The unittest door over one probe suite: the verdict of every test, who it is, and what else its record says."""

import re
from collections import Counter
from pathlib import Path

import pytest

from ..support import Run, run
from .unittest_verdicts import TWICE, VERDICTS, WITHOUT_CLASS, expected_verdicts, untimed, verdict_of

SUITE = Path(__file__).parent / "probes" / "unittest_suite"
DOOR = ("-m", "trim_telemetry.unittest_instrumentation")
PLAIN = ("-m", "unittest")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Run:
    return run(*DOOR, cwd=SUITE, file=tmp_path_factory.mktemp("whole") / "run.ndjson")


@pytest.fixture(scope="module")
def records(whole):
    """By id; of an id that came twice, the first."""
    return {result["id"]: result for result in reversed(whole.results)}


@pytest.fixture(scope="module")
def plain() -> Run:
    return run(*PLAIN, cwd=SUITE)


def test_every_test_has_the_verdict_of_the_table(records):
    assert {name: verdict_of(record) for name, record in records.items()} == expected_verdicts()


def test_each_test_has_one_record_but_for_ids_that_were_run_twice(whole):
    counts = Counter(result["id"] for result in whole.results)
    assert {name for name, count in counts.items() if count > 1} == set(TWICE)
    assert all(counts[name] == 2 for name in TWICE)
    assert [result["seq"] for result in whole.results] == list(range(1, len(whole.results) + 1))


def test_the_screen_and_the_exit_code_are_those_of_plain_unittest(whole, plain):
    assert whole.code == plain.code == 1
    assert whole.stdout == plain.stdout
    assert untimed(whole.stderr) == untimed(plain.stderr)


def test_the_summary_agrees_with_the_records(whole):
    statuses = Counter(result["status"] for result in whole.results)
    summary = whole.summary
    assert summary["total_tests"] == len(whole.results) == sum(statuses.values())
    assert summary["passed_tests"] == statuses["passed"]
    assert summary["failed_tests"] == statuses["failed"] + statuses["error"]
    assert summary["error_tests"] == statuses["error"]
    assert summary["skipped_tests"] == statuses["skipped"]
    assert summary["xfailed_tests"] == 4
    assert summary["xpassed_tests"] == 2
    assert summary["exit_code"] == whole.code == 1
    assert summary["exit_reason"] == "tests_failed"
    assert summary["warnings"] == []


def test_no_collected_test_is_left_over(whole):
    """Those of a class or module that can't be set up are spoken for by its record."""
    assert whole.summary["not_run_tests"] == 0
    assert whole.summary["complete"] is True


def test_the_file_and_stdout_say_the_same(whole):
    in_file = [dict(record) for record in whole.file if record["record_type"] == "test_result"]
    for record in in_file:
        del record["record_type"]
    assert in_file == whole.results
    last = dict(whole.file[-1])
    assert last.pop("record_type") == "run_summary"
    assert last == whole.summary


def test_records_above_a_test_name_no_place_and_have_no_duration(records):
    above = [name for name in records if name.startswith(("setUp", "tearDown", "unittest.loader"))]
    assert len(above) == 18
    for name in above:
        record = records[name]
        assert record["name"] == name
        assert record["line"] is record["rerun"] is record["duration"] is record["cpu_time"] is None
        assert record["performance"]["is_slow"] is record["performance"]["current_duration"] is None
        assert record["class"] == record["module"] == record["file"] == ""


def test_a_test_has_a_duration_even_where_it_was_skipped_before_it_began(records):
    for name, record in records.items():
        if not name.startswith(("setUp", "tearDown", "unittest.loader")):
            assert record["duration"] >= 0.0
            assert record["phases"] == {"setup": None, "call": record["duration"], "teardown": None}
            assert record["cpu_time"] >= 0.0


def test_skipped_tests_and_records_above_tests_stay_out_of_the_averages(whole):
    timed = [result for result in whole.results if result["duration"] is not None and result["outcome"] != "skipped"]
    performance = whole.summary["performance"]
    assert performance["total_tests_run"] == len(timed)
    assert performance["max_duration"] == max(result["duration"] for result in timed)


@pytest.mark.parametrize(
    "name, phase, kind, message, others",
    [
        ("test_verdicts.Body.test_fails", "call", "AssertionError", "1 != 2 : one is not two", 0),
        ("test_verdicts.Body.test_exits", "call", "SystemExit", "3", 0),
        ("test_verdicts.SetUp.test_raises", "setup", "ValueError", "set-up", 0),
        ("test_verdicts.SetUp.test_fails", "setup", "AssertionError", "set-up", 0),
        ("test_verdicts.SetUp.test_raises_and_cleanup_raises", "setup", "KeyError", "'set-up'", 1),
        ("test_verdicts.TearDown.test_passes_before", "teardown", "OSError", "tear-down", 0),
        ("test_verdicts.TearDown.test_fails_before", "call", "AssertionError", "body", 1),
        ("test_verdicts.TearDown.test_two_cleanups_raise", "teardown", "KeyError", "'cleanup'", 1),
        ("test_verdicts.Expected.test_raises", "call", "ValueError", "as expected", 0),
        ("test_subtests.Subtests.test_one_raises_one_fails", "call", "AssertionError", "second", 1),
        ("test_subtests.Subtests.test_fails_then_the_body_raises", "call", "AssertionError", "subtest", 1),
        ("test_subtests.SetUp.test_never_reached", "setup", "AssertionError", "set-up", 0),
        ("test_subtests.TearDown.test_passes_before", "teardown", "ValueError", "tear-down", 0),
        ("test_async.Async.test_set_up_raises", "setup", "ValueError", "async set-up", 0),
        ("test_async.Async.test_fails", "call", "AssertionError", "async", 0),
        ("test_async.Async.test_tear_down_raises", "teardown", "ValueError", "async tear-down", 0),
        ("setUpClass (test_class_fixtures.SetUpRaises)", "setup", "ValueError", "class set-up", 0),
        ("setUpClass (test_class_fixtures.SetUpAndCleanupRaise)", "setup", "ValueError", "class set-up", 1),
        (
            "tearDownClass (test_class_fixtures.TearDownAndCleanupsRaise)",
            "teardown",
            "ValueError",
            "class tear-down",
            2,
        ),
        ("tearDownModule (test_teardown_module_and_cleanup_raise)", "teardown", "OSError", "module tear-down", 1),
    ],
)
def test_the_failure_is_the_one_that_decided(records, name, phase, kind, message, others):
    failure = records[name]["failure"]
    assert (failure["phase"], failure["type"], failure["message"], failure["others"]) == (phase, kind, message, others)


def test_the_failure_stands_in_the_users_own_file(records):
    for name in (
        "test_verdicts.Body.test_fails",
        "test_async.Async.test_raises",
        "test_identity.Generated.test_number_0",
    ):
        failure, file = records[name]["failure"], f"{name.split('.')[0]}.py"
        assert failure["file"] == file
        assert "raise" in line_of(file, failure["line"]) or "assert" in line_of(file, failure["line"])


def line_of(file, number):
    return (SUITE / file).read_text().splitlines()[number - 1]


def test_the_traceback_is_what_the_screen_shows(records, plain):
    for name in ("test_verdicts.Body.test_raises", "test_subtests.Subtests.test_one_fails", "duck"):
        traceback = records[name]["failure"]["traceback"]
        assert traceback
        assert traceback in plain.stderr


def test_every_failure_on_the_screen_is_in_the_stream(records, whole):
    printed = re.findall(r"^(?:ERROR|FAIL): ", whole.stderr, re.MULTILINE)
    failures = [result["failure"] for result in whole.results if result["status"] in ("failed", "error")]
    unexpected = [result for result in whole.results if result["outcome"] == "xpassed"]
    assert len(printed) == sum(1 + failure["others"] for failure in failures if failure) and len(unexpected) == 2


def test_an_import_error_tells_what_could_not_be_imported(records):
    failure = records["unittest.loader._FailedTest.test_broken_import"]["failure"]
    assert failure["type"] == "ImportError"
    assert "no_such_module_anywhere" in failure["message"]


@pytest.mark.parametrize(
    "name, reason",
    [
        ("test_verdicts.Skips.test_decorated", "by a decorator"),
        ("test_verdicts.Skips.test_without_a_reason", ""),
        ("test_verdicts.Skips.test_in_the_body", "in the body"),
        ("test_verdicts.SetUp.test_skips", "in set-up"),
        ("test_verdicts.SkippedClass.test_one", "the whole class"),
        ("test_verdicts.TearDown.test_cleanup_skips", "in a cleanup"),
        ("test_subtests.Subtests.test_all_are_skipped", "not 0"),
        ("setUpClass (test_class_fixtures.SetUpSkips)", "no class today"),
        ("setUpModule (test_setup_module_skips)", "no module today"),
        ("unittest.loader.ModuleSkipped.test_skips_itself", "not on this machine"),
        ("test_verdicts.Body.test_fails", None),
        ("test_verdicts.Body.test_passes", None),
    ],
)
def test_a_skip_has_its_reason(records, name, reason):
    assert records[name]["reason"] == reason


@pytest.mark.parametrize(
    "name, count, failed",
    [
        ("test_all_pass", 3, []),
        ("test_one_fails", 3, [("[number] (n=1)", "failed", "1 == 1")]),
        ("test_one_raises", 3, [("(n=1)", "error", "division by zero")]),
        ("test_one_raises_one_fails", 2, [("[raises]", "error", "first"), ("[fails]", "failed", "second")]),
        ("test_one_is_skipped", 3, []),
        ("test_all_are_skipped", 2, []),
        ("test_nested_one_fails", 1, [("(inner=2, outer=1)", "failed", "inside")]),
        ("test_fails_then_the_body_raises", 1, [("(<subtest>)", "failed", "subtest")]),
    ],
)
def test_subtests_are_counted_and_the_failed_ones_named(records, name, count, failed):
    subtests = records[f"test_subtests.Subtests.{name}"]["subtests"]
    assert subtests["count"] == count
    assert [(sub["name"], sub["status"], sub["message"]) for sub in subtests["failed"]] == failed


def test_a_test_stands_where_its_def_is(records):
    """Not where its first decorator is."""
    for name in (
        "test_verdicts.Body.test_passes",
        "test_verdicts.Skips.test_decorated",
        "test_async.Async.test_fails",
        "test_identity.Decorated.test_once",
        "test_identity.Decorated.test_twice",
        "test_identity.Decorated.test_patched",
        "test_identity.Decorated.test_skipped",
        "test_identity.PatchedClass.test_patched",
        "test_identity.Outer.Inner.test_nested",
        "test_identity.make.<locals>.Local.test_local",
        "test_identity.SameFile.test_inherited_in_this_file",
    ):
        record = records[name]
        assert record["file"] == f"{name.split('.')[0]}.py"
        assert f"def {record['name']}(" in line_of(record["file"], record["line"])
        assert record["defined_at"] is None


def test_an_inherited_test_has_the_file_of_its_class_and_says_where_it_is_defined(records):
    for class_name in ("Child", "OtherChild"):
        record = records[f"test_identity.{class_name}.test_inherited"]
        assert (record["class"], record["file"], record["line"]) == (class_name, "test_identity.py", None)
        file, _, line = record["defined_at"].partition(":")
        assert "def test_inherited(" in line_of(file, int(line))


def test_class_and_name_and_module_are_the_parts_of_the_id(records):
    inner = records["test_identity.Outer.Inner.test_nested"]
    assert (inner["module"], inner["class"], inner["name"]) == ("test_identity", "Outer.Inner", "test_nested")
    local = records["test_identity.make.<locals>.Local.test_local"]
    assert (local["class"], local["rerun"]) == ("make.<locals>.Local", None)


def test_a_function_as_a_test_is_found_where_it_is_written(records):
    for name in ("check_passes", "check_fails"):
        record = records[name]
        assert (record["class"], record["module"], record["name"]) == ("", "test_load_tests", name)
        assert f"def {name}(" in line_of(record["file"], record["line"])
        assert record["rerun"] is None


def test_a_doctest_is_found_where_it_is_written(records):
    example = records["test_load_tests.documented"]
    assert (example["class"], example["module"], example["file"]) == ("", "test_load_tests", "test_load_tests.py")
    assert line_of("test_load_tests.py", example["line"]).strip() == '"""'
    text = records["documented_txt"]
    assert (text["class"], text["module"], text["file"]) == ("", "", "documented.txt")


def test_tags_of_class_and_method_are_joined(records):
    assert records["test_identity.Tagged.test_tagged"]["tags"] == ["db", "net", "slow"]


def test_a_runner_within_a_test_makes_no_records(whole):
    assert [result["id"] for result in whole.results if "Inside" in result["id"]] == []
    assert sum(result["id"] == "test_runners.Quiet.test_quiet" for result in whole.results) == 1


def test_ids_that_can_be_named_run_again_by_name(whole, records):
    named = [
        name
        for name, record in records.items()
        if record["rerun"] == [name] and name not in TWICE and not name.startswith("test_class_fixtures")
    ]
    assert len(named) > 60
    again = run(*DOOR, *named, cwd=SUITE)
    assert again.verdicts() == {
        name: f"{records[name]['status']}/{records[name]['outcome']}" for name in again.verdicts()
    }
    assert {name for name in again.verdicts() if not name.startswith("tearDownModule")} == set(named)


@pytest.mark.parametrize(
    "arguments",
    [
        "-v test_verdicts test_talks test_subtests",
        "-q test_verdicts test_talks test_subtests",
        "-b test_verdicts test_talks test_subtests",
        "-c --locals test_verdicts test_talks test_subtests",
        "-f test_class_fixtures",
        "-v test_class_fixtures test_setup_module_raises test_setup_module_skips",
        "discover -v -p test_[it]*.py",
        "no_such_module test_verdicts.NoSuchClass test_verdicts.Body.no_such_test",
    ],
)
def test_every_option_prints_what_plain_unittest_prints(arguments):
    words = arguments.split()
    ours, plain = run(*DOOR, *words, cwd=SUITE), run(*PLAIN, *words, cwd=SUITE)
    assert (ours.code, ours.stdout) == (plain.code, plain.stdout)
    assert untimed(ours.stderr) == untimed(plain.stderr)


def test_buffered_output_of_a_failed_test_is_in_its_record():
    records = run(*DOOR, "-b", "test_talks", cwd=SUITE).by_id()
    failed = records["test_talks.Talks.test_fails"]
    assert failed["stdout"] == "failing: to stdout\n"
    assert failed["stderr"] == "failing: to stderr, \ufffd"
    passed = records["test_talks.Talks.test_passes"]
    assert (passed["stdout"], passed["stderr"]) == (None, None)


def test_output_that_was_not_captured_is_unknown(records):
    failed = records["test_talks.Talks.test_fails"]
    assert (failed["stdout"], failed["stderr"]) == (None, None)


def test_failfast_says_how_many_were_not_run():
    found = run(*DOOR, "-f", "test_verdicts.Body", cwd=SUITE)
    assert list(found.verdicts().values()) == ["passed/passed", "error/error"]
    assert found.summary["collected_tests"] == 7
    assert found.summary["not_run_tests"] == 5
    assert found.summary["complete"] is False
    assert found.summary["interrupted_by"] is None


def test_failfast_stops_after_a_failed_subtest():
    found = run(*DOOR, "-f", "test_subtests.Subtests.test_one_fails", "test_talks", cwd=SUITE)
    assert found.verdicts() == {"test_subtests.Subtests.test_one_fails": "failed/failed"}


def test_a_pattern_selects():
    found = run(*DOOR, "-k", "*.Expected.test_*", "test_verdicts", cwd=SUITE)
    assert set(found.by_id()) == {f"test_verdicts.Expected.{name}" for name in VERDICTS["test_verdicts.Expected"]}


def test_discovery_from_another_folder_reruns_from_there(tmp_path):
    """Exactly that test, though another one's id ends or begins alike, and another module can't be imported."""
    case = (
        "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): self.fail()\n    def test_x2(self): pass\n"
    )
    tests = tmp_path / "tests"
    (tests / "sub").mkdir(parents=True)
    (tests / "sub" / "__init__.py").write_text("")
    (tests / "test_a.py").write_text(case)
    (tests / "sub" / "test_a.py").write_text(case)
    (tests / "test_broken.py").write_text("import no_such_module_anywhere\n")
    arguments = ("discover", "-s", "tests", "-p", "test_*.py")
    found = run(*DOOR, *arguments, "-v", cwd=tmp_path).by_id()
    for name in ("test_a.T.test_x", "test_a.T.test_x2", "sub.test_a.T.test_x"):
        again = run(*DOOR, *found[name]["rerun"], cwd=tmp_path)
        assert again.verdicts() == {name: f"{found[name]['status']}/{found[name]['outcome']}"}


def test_discovery_with_a_top_level_folder_elsewhere_reruns_from_there(tmp_path):
    package = tmp_path / "src" / "package" / "tests"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    (package / "check_a.py").write_text(
        "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n    def test_y(self): pass\n"
    )
    arguments = ("discover", "-s", "src/package/tests", "-t", "src", "-p", "check*.py")
    found = run(*DOOR, *arguments, cwd=tmp_path).by_id()
    name = "package.tests.check_a.T.test_x"
    assert set(run(*DOOR, *found[name]["rerun"], cwd=tmp_path).by_id()) == {name}


def test_discovery_whose_modules_can_be_imported_from_here_reruns_by_name(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("")
    (tmp_path / "tests" / "test_a.py").write_text(
        "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n"
    )
    found = run(*DOOR, "discover", "-s", "tests", "-t", ".", cwd=tmp_path).by_id()
    assert found["tests.test_a.T.test_x"]["rerun"] == ["tests.test_a.T.test_x"]


def test_shared_set_up_is_in_the_summary_and_in_no_test(tmp_path):
    (tmp_path / "test_shared.py").write_text(
        "import time, unittest\n"
        "def setUpModule(): time.sleep(0.2)\n"
        "class T(unittest.TestCase):\n"
        "    @classmethod\n"
        "    def setUpClass(cls): time.sleep(0.1)\n"
        "    @classmethod\n"
        "    def tearDownClass(cls): time.sleep(0.1)\n"
        "    def test_x(self): pass\n"
        "class Plain(unittest.TestCase):\n"
        "    def test_y(self): pass\n"
    )
    found = run(*DOOR, cwd=tmp_path)
    shared = {entry["name"]: entry["duration"] for entry in found.summary["shared_setup"]}
    assert set(shared) == {"test_shared", "test_shared.T"}
    assert min(shared.values()) >= 200.0
    assert all(result["duration"] < 200.0 for result in found.results)


def test_formatting_a_failure_is_not_billed_to_the_test(tmp_path):
    """Neither the runner's own formatting, nor what the telemetry does with the failure."""
    (tmp_path / "test_slow.py").write_text(
        "import time, unittest\n"
        "class Slow(Exception):\n"
        "    def __str__(self):\n"
        "        time.sleep(0.4)\n"
        "        return 'slow to show'\n"
        "class T(unittest.TestCase):\n"
        "    def test_raises(self): raise Slow\n"
        "    def test_subtest_raises(self):\n"
        "        with self.subTest(): raise Slow\n"
        "    def tearDown(self): time.sleep(0.02)\n"
    )
    found = run(*DOOR, cwd=tmp_path).by_id()
    for record in found.values():
        assert record["failure"]["message"] == "slow to show"
        assert 20.0 <= record["duration"] < 400.0


def test_fixtures_of_a_test_are_billed_to_it(tmp_path):
    (tmp_path / "test_slow.py").write_text(
        "import time, unittest\n"
        "class T(unittest.TestCase):\n"
        "    def setUp(self): time.sleep(0.02); self.addCleanup(time.sleep, 0.02)\n"
        "    def tearDown(self): time.sleep(0.02)\n"
        "    def test_x(self): pass\n"
    )
    (record,) = run(*DOOR, cwd=tmp_path).results
    assert record["duration"] >= 60.0


def test_a_local_class_is_told_from_one_of_the_same_name(records):
    assert records["test_identity.Outer.Inner.test_nested"]["rerun"] == ["test_identity.Outer.Inner.test_nested"]


def test_all_of_the_suite_is_in_the_table():
    """Whoever adds a probe adds its verdict."""
    modules = {path.stem for path in SUITE.glob("test_*.py")}
    named = {name.split(".")[0] for name in VERDICTS} | set(re.findall(r"test_\w+", " ".join(WITHOUT_CLASS)))
    named |= set(VERDICTS["unittest.loader._FailedTest"]) | set(VERDICTS["unittest.loader.ModuleSkipped"])
    assert modules - named == {"test_text_file"}
