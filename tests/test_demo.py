"""The bundled demo: with the standard library alone it shows a stream and a summary, and tells wrong from right."""

import os
import subprocess
import sys

from .support import ROOT, environment, read_file

DEMO = str(ROOT / "tools" / "demo.py")


def demo(*arguments, **changes):
    """Run it as a newcomer would: no package of ours on the path, nothing installed (-S)."""
    env = environment(**changes)
    del env["PYTHONPATH"]
    done = subprocess.run(
        [sys.executable, "-S", DEMO, *map(str, arguments)], env=env, stdin=-3, stdout=-1, stderr=-1, timeout=120
    )
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def test_the_demo_shows_each_test_and_the_summary(tmp_path):
    code, screen, complaints = demo(tmp_path / "demo.ndjson")
    assert (code, complaints) == (0, "")
    assert screen.count("\nTEST_RESULT:{") == 8
    assert screen.count("\nTEST_SUMMARY:{") == 1
    assert '"failure": "-5 not greater than or equal to 0 : a negative purchase was taken"' in screen
    assert '"subtests_failed": ["(cents=250)"]' in screen
    assert '"reason": "no printer here"' in screen
    assert "FAILED (failures=2, skipped=1, expected failures=1)" in screen


def test_the_demos_file_holds_every_record_of_its_last_run(tmp_path):
    file = tmp_path / "folder" / "demo.ndjson"
    demo(file)
    code, screen, _ = demo(file)
    assert code == 0
    assert f"lines of NDJSON in {file}" in screen
    kinds = [record["record_type"] for record in read_file(file)]
    assert (kinds.count("run_start"), kinds.count("test_result"), kinds.count("run_summary")) == (1, 8, 1)


def test_the_demo_is_not_led_astray_by_settings_of_the_caller(tmp_path):
    other = tmp_path / "other.ndjson"
    code, _, _ = demo(tmp_path / "demo.ndjson", TRIM_STDOUT="off", TRIM_FILE=str(other), TRIM_SLOW_TEST_MS="0")
    assert code == 0
    assert not other.exists()


def test_the_demo_fails_where_the_records_are_not_as_they_should_be(tmp_path):
    copy = tmp_path / "checkout"
    package = copy / "trim_telemetry"
    package.mkdir(parents=True)
    (copy / "tools" / "demo_suite").mkdir(parents=True)
    (copy / "tools" / "demo.py").write_bytes((ROOT / "tools" / "demo.py").read_bytes())
    (package / "__init__.py").write_text("")
    (package / "unittest_instrumentation.py").write_text("import os, sys\nopen(sys.argv[-1][12:], 'w').close()\n")
    done = subprocess.run(
        [sys.executable, os.fspath(copy / "tools" / "demo.py"), os.fspath(tmp_path / "demo.ndjson")],
        env=environment(),
        stdout=-1,
        stderr=-1,
    )
    assert done.returncode == 1
    assert b"did NOT go as it should" in done.stderr


def test_wrong_usage_of_the_demo_is_refused_with_its_help():
    code, screen, _ = demo("one", "two")
    assert code == 2
    assert screen.startswith("Shows what the telemetry says")
