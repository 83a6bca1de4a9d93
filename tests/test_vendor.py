"""A vendored copy is the same bytes everywhere, and runs with nothing else around."""

import hashlib
import os
import subprocess
import sys
import zipfile

import pytest

from tests.support import ROOT, environment, read

TOOL = str(ROOT / "tools" / "vendor.py")
SUITE = """
import unittest
class T(unittest.TestCase):
    def test_ok(self): pass
    def test_no(self): self.fail('no')
"""


def vendor(*arguments, cwd):
    done = subprocess.run([sys.executable, TOOL, *arguments], cwd=cwd, stdout=-1, stderr=-1, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def run_bare(door, cwd, path):
    """Run the unittest door with no site-packages, no environment and no home; `path` is all that is on sys.path."""
    start = f"import sys, runpy; sys.path.insert(0, {str(path)!r}); sys.argv[0] = ''; "
    code = start + f"runpy.run_module({door!r}, None, '__main__')"
    done = subprocess.run([sys.executable, "-S", "-E", "-c", code], cwd=cwd, env={}, stdout=-1, stderr=-1, timeout=60)
    return read(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def suite(tmp_path):
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "test_it.py").write_text(SUITE)
    return folder


def test_two_zips_are_the_same_bytes_and_the_printed_sum_is_theirs(tmp_path):
    sums = [vendor(f"{name}.zip", "--zip", cwd=tmp_path)[1].split()[0] for name in ("one", "two")]
    contents = [(tmp_path / f"{name}.zip").read_bytes() for name in ("one", "two")]
    assert contents[0] == contents[1]
    assert sums == [hashlib.sha256(contents[0]).hexdigest()] * 2


def test_a_zip_holds_no_trace_of_the_machine_that_made_it(tmp_path):
    vendor("copy.zip", "--zip", cwd=tmp_path)
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.create_system == 3
            assert entry.compress_type == zipfile.ZIP_STORED
            assert "__pycache__" not in entry.filename


def test_the_folder_lists_the_sum_of_each_of_its_files(tmp_path):
    code, out, _ = vendor("vendor", cwd=tmp_path)
    package = tmp_path / "vendor" / "trim_telemetry"
    listed = dict(reversed(line.split("  ")) for line in (package / "SHA256SUMS").read_text().splitlines())
    found = {p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file()} - {"SHA256SUMS"}
    assert code == 0
    assert set(listed) == found >= {"schema.json", "py.typed", "LICENSE", "session.py"}
    assert all(hashlib.sha256((package / name).read_bytes()).hexdigest() == sum_ for name, sum_ in listed.items())
    assert out.split()[0] == hashlib.sha256((package / "SHA256SUMS").read_bytes()).hexdigest()


def test_an_earlier_copy_is_replaced_and_anything_else_is_not(tmp_path):
    assert vendor("vendor", cwd=tmp_path)[0] == 0
    stale = tmp_path / "vendor" / "trim_telemetry" / "stale.py"
    stale.write_text("")
    assert vendor("vendor", cwd=tmp_path)[0] == 0
    assert not stale.exists()
    (tmp_path / "vendor" / "mine").mkdir()
    code, _, err = vendor("vendor", "--name", "mine", cwd=tmp_path)
    assert code == 2
    assert "is no vendored copy" in err
    assert list((tmp_path / "vendor" / "mine").iterdir()) == []


def test_messages_name_the_copy_and_not_what_it_was_copied_from(tmp_path):
    vendor("vendor", "--name", "our_telemetry", cwd=tmp_path)
    for words, said in (
        (["our_telemetry", "collect", "--", "true"], "`python -m our_telemetry.pytest_instrumentation`"),
        (["our_telemetry.django_instrumentation"], "as in: python -m our_telemetry.django_instrumentation"),
    ):
        env = environment(PYTHONPATH=str(tmp_path / "vendor"))
        done = subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, env=env, stdout=-1, stderr=-1, timeout=60)
        assert said in done.stderr.decode()


@pytest.mark.parametrize("name", ["a-b", "class"])
def test_a_name_that_is_no_package_name_is_refused(tmp_path, name):
    code, _, err = vendor("vendor", "--name", name, cwd=tmp_path)
    assert code == 2
    assert "a package name is letters" in err


def test_a_folder_under_another_name_runs_bare(tmp_path, suite):
    vendor("vendor", "--name", "our_telemetry", cwd=tmp_path)
    run = run_bare("our_telemetry.unittest_instrumentation", suite, tmp_path / "vendor")
    assert run.code == 1
    assert run.verdicts() == {"test_it.T.test_ok": "passed/passed", "test_it.T.test_no": "failed/failed"}
    assert run.summary["exit_code"] == 1


def test_a_zip_runs_from_pythonpath(tmp_path, suite):
    vendor("copy.zip", "--zip", "--name", "zipped", cwd=tmp_path)
    env = {**environment(), "PYTHONPATH": str(tmp_path / "copy.zip")}
    command = [sys.executable, "-m", "zipped.unittest_instrumentation"]
    done = subprocess.run(command, cwd=suite, env=env, stdout=-1, stderr=-1, timeout=60)
    run = read(done.returncode, done.stdout, done.stderr)
    assert run.code == 1
    assert len(run.results) == 2


def test_a_read_only_copy_runs(tmp_path, suite):
    vendor("vendor", cwd=tmp_path)
    for folder, _, names in os.walk(tmp_path / "vendor"):
        for name in names:
            os.chmod(os.path.join(folder, name), 0o444)
        os.chmod(folder, 0o555)
    try:
        assert (
            run_bare("trim_telemetry.unittest_instrumentation", suite, tmp_path / "vendor").summary["total_tests"] == 2
        )
    finally:
        for folder, _, _ in os.walk(tmp_path / "vendor"):
            os.chmod(folder, 0o755)
