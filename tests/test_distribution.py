"""What is published: an sdist and a wheel install into a fresh environment, and run there.

It builds, for which pip needs an index: `pytest -m builds`, and one cell of tools/check.py.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

from .support import ROOT, environment, read

pytestmark = pytest.mark.builds

NEVER_PUBLISHED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
PUBLISHED = ("tests", "tools", "trim_telemetry")
SUITE = "import unittest\nclass T(unittest.TestCase):\n    def test_ok(self): pass\n"
METADATA = """
import importlib.metadata, json
found = importlib.metadata.distribution("trim-telemetry")
needed = [line for line in found.requires or () if "extra ==" not in line]
print(json.dumps([found.version, found.metadata["Requires-Python"], found.metadata["License"], needed]))
"""


def python(*words, at=sys.executable, cwd):
    """Run an interpreter, without the checkout on its path; return stdout."""
    env = environment()
    del env["PYTHONPATH"], env["XDG_CACHE_HOME"]  # where pip would keep its own
    done = subprocess.run([str(at), *words], cwd=cwd, env=env, stdin=-3, stdout=-1, stderr=-1, timeout=600)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8")


def new_environment(folder, *requirements):
    """Make an environment with pip and install into it; return its interpreter."""
    venv.create(folder, with_pip=True)
    found = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    python("-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements, at=found, cwd=folder)
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The checkout without what git ignores: a build leaves files where it is made."""
    copy = tmp_path_factory.mktemp("checkout") / "copy"
    shutil.copytree(ROOT, copy, ignore=NEVER_PUBLISHED)
    return copy


@pytest.fixture(scope="module")
def sdist(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    builder = new_environment(folder / "builder", "setuptools")
    build = f"from setuptools import build_meta; build_meta.build_sdist({str(folder)!r})"
    python("-c", build, at=builder, cwd=source)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def installed(sdist, tmp_path_factory):
    """The interpreters of two fresh environments: one has the sdist, one the wheel that was made of it."""
    folder = tmp_path_factory.mktemp("installed")
    python("-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(sdist), cwd=folder)
    wheel = next(folder.glob("*.whl"))
    assert re.fullmatch(r"trim_telemetry-[\w.]+-py3-none-any\.whl", wheel.name)
    return [
        new_environment(folder / "from-sdist", str(sdist)),
        new_environment(folder / "from-wheel", "--no-index", str(wheel)),
    ]


def test_an_sdist_holds_the_package_the_tools_and_the_tests(source, sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path)
    unpacked = next(tmp_path.iterdir())
    for name in PUBLISHED:
        expected = {path.relative_to(source) for path in (source / name).rglob("*") if path.is_file()}
        assert {path.relative_to(unpacked) for path in (unpacked / name).rglob("*") if path.is_file()} == expected
    assert (unpacked / "LICENSE").is_file()
    assert " 0 problems" in python("-m", "tests.conformance.bare", cwd=unpacked)
    python("tools/demo.py", cwd=unpacked)


def test_what_is_installed_needs_nothing_and_is_complete(source, installed, tmp_path):
    files = {path.relative_to(source) for path in (source / "trim_telemetry").rglob("*") if path.is_file()}
    for each in installed:
        assert python("-c", METADATA, at=each, cwd=tmp_path) == '["0.1.0", ">=3.8", "MIT", []]\n'
        site = Path(
            python("-c", "import trim_telemetry as t; print(t.__path__[0])", at=each, cwd=tmp_path).strip()
        ).parent
        found = {path.relative_to(site) for path in (site / "trim_telemetry").rglob("*") if path.is_file()}
        assert {path for path in found if path.suffix != ".pyc"} == files
        assert " 0 problems" in python("-m", "tests.conformance.bare", str(site), "trim_telemetry", cwd=source)


def test_what_is_installed_runs(installed, tmp_path):
    (tmp_path / "test_it.py").write_text(SUITE)
    for each in installed:
        output = python("-m", "trim_telemetry.unittest_instrumentation", "test_it.py", at=each, cwd=tmp_path)
        done = read(0, output.encode(), b"")
        assert done.verdicts() == {"test_it.T.test_ok": "passed/passed"}


def test_each_command_of_the_package_is_installed(source, installed, tmp_path):
    project = (source / "pyproject.toml").read_text("utf-8")
    scripts = re.findall(r"^([\w-]+) = ", project.partition("[project.scripts]")[2].partition("\n[")[0], flags=re.M)
    assert scripts == ["trim-telemetry"]
    for each in installed:
        for script in scripts:
            assert (
                subprocess.run([each.with_name(script), "--help"], cwd=tmp_path, stdout=-3, timeout=60).returncode == 0
            )
