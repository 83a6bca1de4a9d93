"""The table of verdicts of the unittest probe suite. It needs no third-party package: `bare.py` reads it, too."""

import re

# Outcomes by id. Two words where status and outcome differ.
VERDICTS = {
    "test_async.Async": {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_raises": "error",
        "test_skips": "skipped",
        "test_set_up_raises": "error",
        "test_tear_down_raises": "error",
        "test_subtest_fails": "failed",
        "test_plain": "passed",
    },
    "test_class_fixtures.TearDownRaises": {"test_one": "passed", "test_two": "passed"},
    "test_class_fixtures.TearDownSkips": {"test_one": "passed", "test_two": "passed"},
    "test_class_fixtures.CleanupRaises": {"test_one": "passed", "test_two": "passed"},
    "test_class_fixtures.TearDownAndCleanupsRaise": {"test_one": "passed", "test_two": "passed"},
    "test_class_fixtures.Works": {"test_one": "passed", "test_two": "passed"},
    "test_identity.Child": {"test_inherited": "passed"},
    "test_identity.OtherChild": {"test_inherited": "failed"},
    "test_identity.WithMixin": {"test_inherited_from_a_mixin": "passed"},
    "test_identity.Parent": {"test_inherited_in_this_file": "passed"},
    "test_identity.SameFile": {"test_inherited_in_this_file": "passed"},
    "test_identity.Decorated": {
        "test_once": "passed",
        "test_twice": "passed",
        "test_patched": "passed",
        "test_skipped": "skipped",
    },
    "test_identity.PatchedClass": {"test_patched": "passed"},
    "test_identity.Outer.Inner": {"test_nested": "passed"},
    "test_identity.make.<locals>.Local": {"test_local": "passed"},
    "test_identity.Generated": {"test_number_0": "failed", "test_number_1": "passed"},
    "test_identity.Tagged": {"test_tagged": "passed"},
    "test_load_tests": {"documented": "passed", "documented_wrongly": "failed"},
    "test_load_tests.Parametrized": {"check[0]": "passed", "check[1]": "failed"},
    "test_load_tests.Twice": {"test_again": "passed"},  # that one twice
    "test_module_cleanup_raises.First": {"test_one": "passed"},
    "test_module_cleanup_raises.Second": {"test_two": "passed"},
    "test_runners.Nested": {
        "test_runs_a_runner": "passed",
        "test_runs_a_case": "passed",
        "test_runs_a_program": "passed",
    },
    "test_runners.Quiet": {"test_quiet": "passed"},
    "test_runners.OwnRun": {"test_own_run": "passed"},
    "test_runners.Retries": {"test_retried": "passed"},  # that one twice
    "test_runners.AsksItsResult": {"test_asks_whether_to_stop": "failed"},
    "test_subtests.Subtests": {
        "test_all_pass": "passed",
        "test_one_fails": "failed",
        "test_one_raises": "error",
        "test_one_raises_one_fails": "failed",
        "test_one_is_skipped": "passed",
        "test_all_are_skipped": "skipped",
        "test_one_is_skipped_one_fails": "failed",
        "test_one_fails_as_expected": "skipped xfailed",
        "test_all_pass_unexpectedly": "failed xpassed",
        "test_nested_one_fails": "failed",
        "test_pass_then_the_body_fails": "failed",
        "test_fails_then_the_body_raises": "failed",
        "test_raises_then_the_body_skips": "error",
        "test_pass_then_the_body_skips": "skipped",
        "test_fails_then_a_cleanup_raises": "failed",
    },
    "test_subtests.SetUp": {"test_never_reached": "failed"},
    "test_subtests.TearDown": {"test_passes_before": "error"},
    "test_talks.Talks": {"test_passes": "passed", "test_fails": "failed"},
    "test_teardown_module_and_cleanup_raise.First": {"test_one": "passed"},
    "test_teardown_module_and_cleanup_raise.Second": {"test_two": "passed"},
    "test_teardown_module_raises.First": {"test_one": "passed"},
    "test_teardown_module_raises.Second": {"test_two": "passed"},
    "test_verdicts.Body": {
        "test_passes": "passed",
        "test_case": "passed",
        "test_fails": "failed",
        "test_raises": "error",
        "test_raises_an_exception_that_cannot_be_shown": "error",
        "test_exits": "error",
        "test_with_own_failure_exception": "failed",
    },
    "test_verdicts.SetUp": {
        "test_raises": "error",
        "test_fails": "failed",
        "test_skips": "skipped",
        "test_raises_and_cleanup_raises": "error",
    },
    "test_verdicts.TearDown": {
        "test_passes_before": "error",
        "test_fails_before": "failed",
        "test_raises_before": "error",
        "test_skips_before": "error",
        "test_fails_before_as_expected": "error",
        "test_passes_before_unexpectedly": "error",
        "test_cleanup_raises": "error",
        "test_two_cleanups_raise": "error",
        "test_skips_then_cleanup_raises": "error",
        "test_cleanup_skips": "skipped",
    },
    "test_verdicts.Expected": {
        "test_fails": "skipped xfailed",
        "test_raises": "skipped xfailed",
        "test_passes": "failed xpassed",
        "test_skips": "skipped",
    },
    "test_verdicts.ExpectedSetUp": {"test_never_reached": "error"},
    "test_verdicts.ExpectedClass": {"test_fails": "skipped xfailed"},
    "test_verdicts.Skips": {
        "test_decorated": "skipped",
        "test_without_a_reason": "skipped",
        "test_in_the_body": "skipped",
    },
    "test_verdicts.SkippedClass": {"test_one": "skipped", "test_two": "skipped"},
    "unittest.loader._FailedTest": {
        "test_broken_import": "error",
        "test_broken_syntax": "error",
        "test_load_tests_raises": "error",
    },
    "unittest.loader.ModuleSkipped": {"test_skips_itself": "skipped"},
}
WITHOUT_CLASS = {
    "7": "passed",  # a test whose id() is not a text
    "check_fails": "failed",
    "check_passes": "passed",
    "documented_txt": "failed",
    "duck": "failed",
    "setUpClass (test_class_fixtures.SetUpAndCleanupRaise)": "error",
    "setUpClass (test_class_fixtures.SetUpFails)": "error",
    "setUpClass (test_class_fixtures.SetUpRaises)": "error",
    "setUpClass (test_class_fixtures.SetUpSkips)": "skipped",
    "setUpModule (test_setup_module_and_cleanup_raise)": "error",
    "setUpModule (test_setup_module_raises)": "error",
    "setUpModule (test_setup_module_skips)": "skipped",
    "tearDownClass (test_class_fixtures.CleanupRaises)": "error",
    "tearDownClass (test_class_fixtures.TearDownAndCleanupsRaise)": "error",
    "tearDownClass (test_class_fixtures.TearDownRaises)": "error",
    "tearDownClass (test_class_fixtures.TearDownSkips)": "skipped",
    "tearDownModule (test_module_cleanup_raises)": "error",
    "tearDownModule (test_teardown_module_and_cleanup_raise)": "error",
    "tearDownModule (test_teardown_module_raises)": "error",
}
TWICE = ("test_load_tests.Twice.test_again", "test_runners.Retries.test_retried")


def expected_verdicts():
    known = dict(WITHOUT_CLASS)
    for class_name, methods in VERDICTS.items():
        known.update({f"{class_name}.{method}": verdict for method, verdict in methods.items()})
    return known


def verdict_of(record):
    """A record's verdict as the table spells it."""
    status, outcome = record["status"], record["outcome"]
    return status if status == outcome else f"{status} {outcome}"


def untimed(text):
    """What unittest prints, less what differs from run to run: times and addresses."""
    return re.sub(r"0x[0-9a-f]+", "0xN", re.sub(r"in \d+\.\d+s", "in N s", text))
