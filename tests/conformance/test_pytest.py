"""The pytest doors against the table of verdicts, and against plain pytest (record.md)."""

import json
import os
import re
from pathlib import Path
from typing import Any, Dict, List

import pytest

from ..pytest_doors import DOORS, VERSION, install, plain, through
from ..support import Run, environment

SUITE = Path(__file__).parent / "probes" / "pytest_suite"

VERDICTS = {
    "test_verdicts.py": {
        "test_passes": "passed/passed",
        "test_fails": "failed/failed",
        "test_any_exception_in_the_body_is_a_failure": "failed/failed",
        "test_fails_on_purpose": "failed/failed",
        "test_fails_without_a_traceback": "failed/failed",
        "test_exits_by_system_exit": "failed/failed",
        "test_setup_raises": "error/error",
        "test_teardown_raises": "error/error",
        "test_two_teardowns_raise": "error/error",
        "test_body_and_teardown_raise": "failed/failed",
        "test_setup_raises_and_then_a_teardown": "error/error",
        "test_skipped_by_a_mark": "skipped/skipped",
        "test_skipped_by_a_condition": "skipped/skipped",
        "test_skipped_without_a_reason": "skipped/skipped",
        "test_skipped_by_a_fixture": "skipped/skipped",
        "test_skips_in_the_body": "skipped/skipped",
        "test_skips_as_unittest_does": "skipped/skipped",
        "test_skips_for_want_of_a_module": "skipped/skipped",
        "test_skips_then_teardown_raises": "error/error",
        "test_passes_and_teardown_skips": "passed/passed",
        "test_fails_and_teardown_skips": "failed/failed",
        "test_xfails": "skipped/xfailed",
        "test_xfails_without_a_reason": "skipped/xfailed",
        "test_xfails_in_the_body": "skipped/xfailed",
        "test_xfails_in_setup": "skipped/xfailed",
        "test_xfail_that_is_not_run": "skipped/xfailed",
        "test_xfails_with_the_exception_expected": "skipped/xfailed",
        "test_fails_with_another_exception_than_expected": "failed/failed",
        "test_xfails_by_its_setup": "skipped/xfailed",
        "test_xfails_and_teardown_raises": "skipped/xfailed",  # pytest's mark expects the tear-down to fail, too
        "test_xfails_in_the_body_and_teardown_raises": "error/error",
        "test_xpasses": "passed/xpassed",
        "test_xpasses_strictly": "failed/xpassed",
        "test_xpasses_strictly_without_a_reason": "failed/xpassed",
        "test_xpasses_and_teardown_raises": "skipped/xfailed",
        "test_says_what_pytest_says_of_a_strict_xpass": "failed/failed",
        "test_says_what_pytest_says_of_an_unexpected_success": "failed/failed",
    },
    "test_unittest_cases.py": {
        "Verdicts::test_passes": "passed/passed",
        "Verdicts::test_fails": "failed/failed",
        "Verdicts::test_raises": "failed/failed",
        "Verdicts::test_skipped": "skipped/skipped",
        "Verdicts::test_skips_in_the_body": "skipped/skipped",
        "Verdicts::test_xfails": "skipped/xfailed",
        "Verdicts::test_xpasses": "failed/xpassed",
        "Verdicts::test_cleanup_raises": "failed/failed",
        "Verdicts::test_skips_then_cleanup_raises": "error/error",
        "SetUpRaises::test_never_runs": "failed/failed",
        "TearDownRaises::test_passes": "failed/failed",
        "TearDownRaises::test_fails": "failed/failed",
        "SkippedClass::test_one": "skipped/skipped",
        "Subtests::test_all_pass": "passed/passed",
        "Subtests::test_one_fails": "failed/failed",
        "Subtests::test_one_raises": "failed/failed",
        "Subtests::test_two_fail_and_the_body": "failed/failed",
        "Asynchronous::test_passes": "passed/passed",
        "Asynchronous::test_fails": "failed/failed",
    },
    "test_class_level.py": {
        "TestSetupClassRaises::test_one": "error/error",
        "TestSetupClassRaises::test_two": "error/error",
        "TestTeardownClassRaises::test_one": "passed/passed",
        "TestTeardownClassRaises::test_two": "error/error",
        "SetUpClassRaises::test_one": "error/error",
        "SetUpClassSkips::test_one": "skipped/skipped",
        "TearDownClassRaises::test_one": "passed/passed",
        "TearDownClassRaises::test_two": "error/error",
        "test_uses_a_wide_fixture": "passed/passed",
        "test_last_of_the_module": "error/error",
    },
    "test_module_setup_raises.py": {"test_one": "error/error"},
}
ABOVE = {
    "test_broken_import.py": "error/error",
    "test_broken_syntax.py": "error/error",
    "test_raises_on_import.py": "error/error",
    "test_needs_a_module.py": "skipped/skipped",
    "test_skips_itself.py": "skipped/skipped",
    "test_skips_itself_as_unittest_does.py": "skipped/skipped",
}
EXPECTED = {f"{file}::{name}": verdict for file, tests in VERDICTS.items() for name, verdict in tests.items()}
FILES = (*VERDICTS, *ABOVE)

# What pytest's own screen may show of a test, for what we call it: by the words of `-v` and of the summary.
SCREEN = {
    "passed/passed": {"PASSED"},
    "failed/failed": {"FAILED", "SUBFAIL", "SUBFAILED"},
    "error/error": {"ERROR"},
    "skipped/skipped": {"SKIPPED"},
    "skipped/xfailed": {"XFAIL"},
    "passed/xpassed": {"XPASS"},
    "failed/xpassed": {"FAILED"},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: Any) -> Path:
    """A folder that the package is installed in."""
    return install(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module", params=DOORS)
def verdict_run(request: Any, installed: Path) -> Run:
    return through(request.param, "-v", "--continue-on-collection-errors", *FILES, cwd=SUITE, installed=installed)


@pytest.fixture(scope="module")
def plain_verdict_run() -> Run:
    return plain("-v", "-rA", "--continue-on-collection-errors", *FILES, cwd=SUITE)


def test_every_row_of_the_table_of_verdicts(verdict_run: Run) -> None:
    assert verdict_run.verdicts() == {**EXPECTED, **ABOVE}


# xdist may hand the tests of a class or module to several workers, each of which tears it down behind the last one
# that it was given: which test such an error belongs to is chance. Here a module's tear-down raises, and two classes'.
TORN_DOWN_ANYWHERE = "test_class_level.py::"


@pytest.mark.parametrize("workers", ["-n 2", "-n 4 --dist loadscope"])
def test_every_row_of_the_table_of_verdicts_in_parallel(workers: str, installed: Path) -> None:
    pytest.importorskip("xdist")
    options = ("-p", "xdist", *workers.split(), "--continue-on-collection-errors")
    done = through("module", *options, *FILES, cwd=SUITE, installed=installed)
    found, expected = done.verdicts(), {**EXPECTED, **ABOVE}
    assert done.summary is not None
    assert done.code == done.summary["exit_code"] == 1
    assert (done.summary["complete"], done.summary["not_run_tests"], done.summary["warnings"]) == (True, 0, [])
    for name in [name for name in expected if name.startswith(TORN_DOWN_ANYWHERE)]:
        alone = expected.pop(name)
        without_teardown = alone if "setup" in name.lower() else "passed/passed"
        assert found.pop(name) in (without_teardown, "error/error"), name
    assert found == expected


def test_exit_code_is_pytests_own(verdict_run: Run, plain_verdict_run: Run) -> None:
    assert verdict_run.summary is not None
    assert verdict_run.code == plain_verdict_run.code == verdict_run.summary["exit_code"] == 1
    assert verdict_run.summary["exit_reason"] == "tests_failed"


def test_verdicts_are_those_on_pytests_screen(plain_verdict_run: Run) -> None:
    shown: Dict[str, set] = {}  # type: ignore[type-arg]  # 3.8 has no set[str]
    for word, name in re.findall(
        r"^(\w+)(?:\[.*?\]| ?\(.*?\)| at \w+ of)* (test_\S+::\S+)", plain_verdict_run.stdout, re.M
    ):
        shown.setdefault(name, set()).add(word)
    for name, verdict in EXPECTED.items():
        if verdict != "skipped/skipped":  # pytest folds skips by their place
            assert shown[name] & SCREEN[verdict], name


def test_summary_counts_what_the_records_say(verdict_run: Run) -> None:
    summary, statuses = verdict_run.summary, [result["status"] for result in verdict_run.results]
    assert summary is not None
    assert summary["total_tests"] == len(statuses) == len(EXPECTED) + len(ABOVE)
    assert summary["passed_tests"] == statuses.count("passed")
    assert summary["failed_tests"] == statuses.count("failed") + statuses.count("error")
    assert summary["skipped_tests"] == statuses.count("skipped")
    assert (summary["collected_tests"], summary["not_run_tests"], summary["complete"]) == (len(EXPECTED), 0, True)
    assert summary["warnings"] == []


def failures(run: Run) -> Dict[str, List[Any]]:
    made = {}
    for name, result in run.by_id().items():
        failure = result["failure"]
        if failure is not None:
            made[name] = [failure[key] for key in ("phase", "type", "message", "file", "line", "others")]
    return made


def line_of(file: str, text: str) -> int:
    """The 1-based line on which text stands in a file of the suite."""
    lines = (SUITE / file).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_failure_names_phase_type_message_and_place(verdict_run: Run) -> None:
    found = failures(verdict_run)
    file = "test_verdicts.py"

    def at(text: str, file: str = file) -> List[Any]:
        return [file, line_of(file, text)]

    name = f"{file}::test_any_exception_in_the_body_is_a_failure"
    assert found[name] == ["call", "ValueError", "not an assertion", *at("not an assertion"), 0]
    setup = at("set-up of a fixture", "conftest.py")
    assert found[f"{file}::test_setup_raises"] == ["setup", "LookupError", "set-up of a fixture", *setup, 0]
    teardown = at("tear-down of a fixture", "conftest.py")
    assert found[f"{file}::test_teardown_raises"] == ["teardown", "LookupError", "tear-down of a fixture", *teardown, 0]
    both = found[f"{file}::test_body_and_teardown_raise"]
    assert both[0] == "call" and both[1] == "AssertionError" and both[2].startswith("the body") and both[5] == 1
    assert found[f"{file}::test_xfails"][:2] == ["call", "AssertionError"]
    assert found[f"{file}::test_xfails_by_its_setup"][:2] == ["setup", "LookupError"]
    assert f"{file}::test_xpasses_strictly" not in found
    assert f"{file}::test_skips_in_the_body" not in found


def test_first_of_several_teardown_errors_decides_the_others_are_counted(verdict_run: Run) -> None:
    found = failures(verdict_run)["test_verdicts.py::test_two_teardowns_raise"]
    place = ["conftest.py", line_of("conftest.py", "tear-down of another")]
    others = 1 if VERSION >= (7, 4) else 0  # older ones drop them
    assert found == ["teardown", "LookupError", "tear-down of another", *place, others]


def test_unittests_expected_failure_shows_what_failed(verdict_run: Run) -> None:
    name = "test_unittest_cases.py::Verdicts::test_xfails"
    place = ["test_unittest_cases.py", line_of("test_unittest_cases.py", "as expected")]
    assert failures(verdict_run)[name] == ["call", "AssertionError", "as expected", *place, 0]


def test_file_that_can_not_be_collected_names_what_it_failed_on(verdict_run: Run) -> None:
    found = failures(verdict_run)
    missing = "No module named 'no_such_module_anywhere'"
    assert found["test_broken_import.py"] == [None, "ModuleNotFoundError", missing, "test_broken_import.py", 1, 0]
    assert found["test_raises_on_import.py"] == [None, "KeyError", "'missing'", "test_raises_on_import.py", 2, 0]
    syntax = found["test_broken_syntax.py"]
    assert [syntax[1], *syntax[3:]] == ["SyntaxError", "test_broken_syntax.py", 1, 0]


def test_record_above_the_tests_has_no_measures_and_no_line(verdict_run: Run) -> None:
    for name in ABOVE:
        record = verdict_run.by_id()[name]
        assert (record["line"], record["duration"], record["cpu_time"]) == (None, None, None)
        assert (record["performance"]["current_duration"], record["performance"]["is_slow"]) == (None, None)
        assert (record["name"], record["file"], record["rerun"]) == (name, name, None)


def test_reasons_are_the_users_own_words(verdict_run: Run) -> None:
    reasons = {name: result["reason"] for name, result in verdict_run.by_id().items()}
    expected = {
        "test_verdicts.py::test_skipped_by_a_mark": "by a mark",
        "test_verdicts.py::test_skipped_by_a_condition": "by a condition",
        "test_verdicts.py::test_skipped_by_a_fixture": "by a fixture",
        "test_verdicts.py::test_skips_in_the_body": "in the body",
        "test_verdicts.py::test_skips_as_unittest_does": "as unittest does",
        "test_verdicts.py::test_xfails": "a known bug",
        "test_verdicts.py::test_xfails_without_a_reason": None,
        "test_verdicts.py::test_xfails_in_the_body": "in the body",
        "test_verdicts.py::test_xfail_that_is_not_run": "[NOTRUN] would crash",
        "test_verdicts.py::test_xpasses": "was fixed",
        "test_verdicts.py::test_xpasses_strictly": "was fixed",
        "test_verdicts.py::test_xpasses_strictly_without_a_reason": None,
        "test_verdicts.py::test_fails": None,
        "test_unittest_cases.py::Verdicts::test_skipped": "by a decorator",
        "test_unittest_cases.py::Verdicts::test_xfails": None,
        "test_unittest_cases.py::SkippedClass::test_one": "the whole class",
        "test_class_level.py::SetUpClassSkips::test_one": "setUpClass",
        "test_skips_itself.py": "the whole file",
        "test_skips_itself_as_unittest_does.py": "the whole file",
    }
    assert {name: reasons[name] for name in expected} == expected


def test_subtests_are_counted_and_named(verdict_run: Run) -> None:
    subtests = verdict_run.by_id()["test_unittest_cases.py::Subtests::test_one_fails"]["subtests"]
    if VERSION >= (9, 0):
        assert subtests["count"] == 3
        assert [(one["name"], one["status"], one["message"]) for one in subtests["failed"]] == [
            ("[odd] (i=1)", "failed", "1 == 1")
        ]
    elif not subtests["count"]:  # pytest before 9 knows none, but by a plugin
        assert subtests == {"count": 0, "failed": []}


@pytest.mark.parametrize("door", DOORS)
def test_collection_error_ends_the_run_as_it_does_in_pytest(door: str, installed: Path) -> None:
    arguments = ("-q", "test_verdicts.py", "test_broken_import.py")
    done = through(door, *arguments, cwd=SUITE, installed=installed)
    assert done.summary is not None
    assert done.verdicts() == {"test_broken_import.py": "error/error"}
    assert done.code == done.summary["exit_code"] == plain(*arguments, cwd=SUITE).code == 2
    assert done.summary["exit_reason"] == "collection_errors"
    assert done.summary["not_run_tests"] == done.summary["collected_tests"] == len(VERDICTS["test_verdicts.py"])
    assert (done.summary["complete"], done.summary["interrupted_by"]) == (False, None)


# -- who a test is ---


@pytest.fixture(scope="module")
def identity_run(installed: Path) -> Run:
    """The suite, called from the folder above its root."""
    files = [f"{SUITE.name}/{name}" for name in ("test_identity.py", "documented.py", "test_documented.txt")]
    return through("module", "-q", "--doctest-modules", *files, cwd=SUITE.parent, installed=installed)


@pytest.fixture(scope="module")
def identities(identity_run: Run) -> Dict[str, Dict[str, Any]]:
    return {name.partition("::")[2]: result for name, result in identity_run.by_id().items()}


def test_ids_are_pytests_node_ids(identity_run: Run) -> None:
    arguments = (
        "--collect-only",
        "-q",
        "--doctest-modules",
        "test_identity.py",
        "documented.py",
        "test_documented.txt",
    )
    listed = [line for line in plain(*arguments, cwd=SUITE).stdout.splitlines() if "::" in line]
    ids = [result["id"] for result in identity_run.results]
    assert len(ids) == len(listed)
    assert [name for name in ids if len(name) < 1000] == [name for name in listed if len(name) <= 1000]


def test_long_ids_are_cut_and_stay_unique(identities: Dict[str, Dict[str, Any]]) -> None:
    long = [result for result in identities.values() if result["name"].startswith("test_with_long_ids")]
    assert len(long) == 2
    assert len({result["id"] for result in long}) == len({result["test_key"] for result in long}) == 2
    assert all(len(result["id"]) == 1000 and len(result["name"]) <= 1000 for result in long)
    assert all(result["rerun"][-1].endswith(("xxx]", "xxy]")) for result in long)


def place(result: Dict[str, Any]) -> List[Any]:
    return [result[key] for key in ("name", "class", "module", "file", "line", "defined_at")]


def test_names_and_places_are_those_of_the_def(identities: Dict[str, Dict[str, Any]]) -> None:
    def expected(name: str, class_name: str = "", text: str = "") -> List[Any]:
        line = line_of("test_identity.py", text or f"def {name.partition('[')[0]}(")
        return [name, class_name, "test_identity", "test_identity.py", line, None]

    assert place(identities["test_plain"]) == expected("test_plain")
    assert place(identities["test_patched"]) == expected("test_patched")
    assert place(identities["test_decorated"]) == expected("test_decorated")
    assert place(identities["test_lambda"]) == expected("test_lambda", text="test_lambda =")
    assert place(identities["test_with_odd_ids[a[b]]"]) == expected("test_with_odd_ids[a[b]]")
    assert place(identities["TestOuter::test_method"]) == expected("test_method", "TestOuter")
    assert place(identities["TestOuter::test_static"]) == expected("test_static", "TestOuter")
    assert place(identities["TestOuter::TestInner::test_nested"]) == expected("test_nested", "TestOuter.TestInner")
    assert place(identities["TestMade::test_local"]) == expected("test_local", "make.<locals>.TestLocal")


def test_inherited_test_says_where_it_is_defined(identities: Dict[str, Dict[str, Any]]) -> None:
    inherited = identities["TestInherits::test_inherited"]
    defined_at = f"base_cases.py:{line_of('base_cases.py', 'def test_inherited')}"
    assert place(inherited) == ["test_inherited", "TestInherits", "test_identity", "test_identity.py", None, defined_at]
    assert identities["TestInherits::test_overridden"]["defined_at"] is None


def test_doctests_are_named_by_their_file_and_module(identities: Dict[str, Dict[str, Any]]) -> None:
    line = line_of("documented.py", '"""Return twice')
    assert place(identities["documented.double"])[:4] == ["documented.double", "", "documented", "documented.py"]
    assert identities["documented.double"]["line"] in (line, line + 1)  # where pytest sees the docstring begin
    assert identities["documented.wrong"]["status"] == "failed"
    text = identities["test_documented.txt"]
    assert [text["name"], text["module"], text["file"]] == ["test_documented.txt", "", "test_documented.txt"]


def test_tags_are_the_markers(identities: Dict[str, Dict[str, Any]]) -> None:
    assert identities["test_plain"]["tags"] == ["slow"]
    assert identities["test_with_markers"]["tags"] == ["card", "slow"]
    assert identities["TestOuter::TestInner::test_nested"]["tags"] == ["card", "slow"]


def test_fixtures_are_those_asked_for_and_no_parameters(identities: Dict[str, Dict[str, Any]]) -> None:
    assert identities["test_plain"]["fixtures"] == []
    assert set(identities["test_with_fixtures"]["fixtures"]) == {"one", "tmp_path", "tmp_path_factory"}
    assert identities["test_with_parameters_and_fixtures[a-1-2]"]["fixtures"] == ["one", "letter"]
    assert identities["test_with_an_indirect_parameter[c]"]["fixtures"] == ["letter"]


COLLECT_EACH = """
import contextlib, io, json, sys
import pytest
found = []
for arguments in json.load(sys.stdin):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        pytest.main(["--collect-only", "-q", *arguments])
    found.append([line for line in said.getvalue().splitlines() if "::" in line])
print(json.dumps(found))
"""


def test_rerun_finds_that_one_test_from_the_same_folder(identity_run: Run, tmp_path: Path) -> None:
    import subprocess
    import sys

    named = [result for result in identity_run.results if result["rerun"] is not None]
    unnamed = [result["name"] for result in identity_run.results if result["rerun"] is None]
    assert unnamed == ([] if VERSION >= (7, 0) else ["test_with_odd_ids[a::b]"])
    done = subprocess.run(
        [sys.executable, "-c", COLLECT_EACH],
        input=json.dumps([result["rerun"] for result in named]).encode(),
        stdout=-1,
        cwd=SUITE.parent,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        check=True,
    )
    for result, found in zip(named, json.loads(done.stdout)):
        assert len(found) == 1, result["rerun"]
        assert found[0] == result["id"] or len(result["id"]) == 1000


def test_rerun_keeps_the_options_without_which_the_test_is_not_found(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "pytest.ini").write_text("[pytest]\naddopts = -m 'not slow'\nmarkers = slow\n")
    (tmp_path / "other.ini").write_text(
        "[pytest]\npython_functions = check_*\naddopts = -m 'not slow'\nmarkers = slow\n"
    )
    (tmp_path / "suite" / "test_it.py").write_text("import pytest\n@pytest.mark.slow\ndef check_it(): pass\n")
    arguments = ("-q", "-c", "other.ini", "-m", "slow", "-p", "no:cacheprovider", "suite")
    first = through("module", *arguments, cwd=tmp_path, installed=installed)
    again = through("module", *first.results[0]["rerun"], cwd=tmp_path, installed=installed)
    assert first.results[0]["rerun"][-1] == "suite/test_it.py::check_it"
    assert [result["id"] for result in again.results] == [result["id"] for result in first.results]


# -- what fixtures cost ---


@pytest.fixture(scope="module")
def fixture_run(installed: Path) -> Run:
    return through("module", "-q", "test_fixture_times.py", cwd=SUITE, installed=installed)


@pytest.fixture(scope="module")
def timed(fixture_run: Run) -> Dict[str, Dict[str, Any]]:
    return {name.partition("::")[2]: result for name, result in fixture_run.by_id().items()}


PAUSE = 20.0  # ms that each set-up and tear-down of the suite's sleeps, at least


def made(result: Dict[str, Any]) -> Dict[str, List[Any]]:
    """{fixture: [scope, set up?, torn down?]}: did it take the time that it sleeps?"""
    return {
        entry["name"]: [
            entry["scope"],
            *(entry[part] is not None and (entry[part] >= PAUSE or "at once") for part in ("setup", "teardown")),
        ]
        for entry in result["fixture_durations"]
    }


def test_phases_add_up_to_duration_and_shared_setup(fixture_run: Run) -> None:
    for result in fixture_run.results:
        phases = sum(result["phases"].values())
        assert phases == pytest.approx(result["duration"] + result["shared_setup"], abs=1e-6)
        assert result["duration"] == result["performance"]["current_duration"] >= 0


def test_wider_fixtures_are_shared_and_their_time_is_no_tests(timed: Dict[str, Dict[str, Any]]) -> None:
    first = timed["TestScopes::test_first"]
    shared = [entry for entry in first["fixture_durations"] if entry["scope"] != "function"]
    spent = sum(entry["setup"] or 0 for entry in shared) + sum(entry["teardown"] or 0 for entry in shared)
    assert {entry["name"] for entry in shared} == {"of_session", "of_package", "of_module", "of_class"}
    assert first["shared_setup"] == pytest.approx(spent)
    assert first["phases"]["setup"] >= 5 * PAUSE
    assert first["duration"] < first["phases"]["setup"]
    assert timed["test_after"]["shared_setup"] == 0.0


def test_fixtures_are_listed_with_the_test_that_made_or_ended_them(timed: Dict[str, Dict[str, Any]]) -> None:
    assert made(timed["TestScopes::test_first"]) == {
        "of_session": ["session", True, False],
        "of_package": ["package", True, False],
        "of_module": ["module", True, False],
        "of_class": ["class", True, False],
        "of_function": ["function", True, True],
    }
    assert made(timed["TestScopes::test_second"]) == {
        "of_function": ["function", True, True],
        "of_class": ["class", False, True],
    }


def test_fixture_made_by_another_is_timed_by_itself(timed: Dict[str, Dict[str, Any]]) -> None:
    result = timed["test_body_asks"]
    assert made(result) == {"late": ["module", True, False], "asks_late": ["function", True, "at once"]}
    durations = {entry["name"]: entry["setup"] for entry in result["fixture_durations"]}
    assert result["phases"]["call"] >= durations["late"] + durations["asks_late"]
    assert result["shared_setup"] == durations["late"]


def test_parametrised_fixture_is_torn_down_in_the_test_that_needs_the_next(timed: Dict[str, Dict[str, Any]]) -> None:
    assert made(timed["test_in_turn[one]"]) == {"in_turn": ["module", True, False]}
    assert made(timed["test_in_turn[other]"]) == {"in_turn": ["module", True, True]}


def test_xunit_functions_go_by_their_own_names(timed: Dict[str, Dict[str, Any]]) -> None:
    one, two = made(timed["TestXunit::test_one"]), made(timed["TestXunit::test_two"])
    assert one == {"setup_class": ["class", True, False], "setup_method": ["function", True, "at once"]}
    assert two == {"setup_method": ["function", True, "at once"], "setup_class": ["class", False, True]}
    assert timed["TestXunit::test_one"]["fixtures"] == []


def test_arguments_of_parametrize_are_no_fixtures(timed: Dict[str, Dict[str, Any]]) -> None:
    result = timed["test_parameters_are_no_fixtures[1]"]
    assert "number" not in made(result)
    assert result["fixtures"] == []


def test_summary_has_shared_setup_by_fixture(fixture_run: Run) -> None:
    assert fixture_run.summary is not None
    shared = {entry["name"]: entry["duration"] for entry in fixture_run.summary["shared_setup"]}
    file = "test_fixture_times.py"
    assert set(shared) == {
        *(f"{file}::{name}" for name in ("of_session", "of_package", "of_module", "of_class", "late", "in_turn")),
        f"{file}::TestXunit::setup_class",
    }
    assert sum(shared.values()) == pytest.approx(sum(result["shared_setup"] for result in fixture_run.results))
    assert shared[f"{file}::in_turn"] >= 4 * PAUSE


def test_sleeping_is_no_cpu_time(timed: Dict[str, Dict[str, Any]]) -> None:
    result = timed["TestScopes::test_first"]
    assert 0 < result["cpu_time"] < result["duration"]


# -- what a test says ---


@pytest.mark.parametrize(
    "capture, captured", [("fd", True), ("sys", True), ("tee-sys", True), ("no", False)], ids=lambda value: str(value)
)
def test_output_and_logs_of_each_phase(capture: str, captured: bool, installed: Path) -> None:
    done = through("module", "-q", f"--capture={capture}", "test_talks.py", cwd=SUITE, installed=installed)
    results = {name.partition("::")[2]: result for name, result in done.by_id().items()}
    out = "out of set-up\nout of the body\nout of tear-down\n"
    for name, kept in (("passes", False), ("fails", captured), ("skips", captured)):
        result = results[f"test_talks_and_{name}"]
        assert result["stdout"] == (out if kept else None)
        assert result["stderr"] == ("err of the body\n" if kept else None)
        assert [(log["level"], log["logger"], log["message"], log["phase"]) for log in result["logs"]] == [
            ("WARNING", "suite", "in set-up", "setup"),
            ("WARNING", "suite", "in the body", "call"),
            ("ERROR", "suite", "in tear-down", "teardown"),
        ]


def test_annotations_are_metadata(installed: Path) -> None:
    done = through("module", "-q", "test_talks.py::test_annotates", cwd=SUITE, installed=installed)
    assert done.results[0]["metadata"] == {"framework": "pytest", "ticket": "42"}  # the runner's own key stays


def test_paths_of_the_suite_say_nothing_of_where_pytest_was_called(identity_run: Run) -> None:
    assert all(not os.path.isabs(result["file"]) for result in identity_run.results)
