"""Which files are a project's source, and which are its tests, an environment's, or somebody else's."""

import os
import re
import sys

import pytest

from trim_telemetry.collectors.coverage_py import Rules
from trim_telemetry.collectors.source_files import SourceFiles

NO_RULES = Rules((), (), (), (), "", False, None)


def put(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")


@pytest.mark.parametrize(
    "name, expected",
    [
        ("app/models.py", True),
        ("setup.py", True),
        ("app/test/client.py", True),
        ("app/gui.pyw", True),
        ("app/testing.py", True),
        ("app/tests/factories.py", False),
        ("test_app.py", False),
        ("app/app_test.py", False),
        ("app/tests.py", False),
        ("conftest.py", False),
        (".tox/py/app.py", False),
        ("node_modules/x/build.py", False),
        ("lib/python3/site-packages/x.py", False),
        ("env/bin/x.py", False),
        ("app/page.html", False),
    ],
)
def test_files_under_the_root(name, expected, tmp_path):
    put(tmp_path, name, "env/pyvenv.cfg")
    files = SourceFiles(str(tmp_path))
    path = files.path(str(tmp_path / name))
    assert (path is not None) is expected
    if expected:
        assert files.wants(path)
        assert files.name(path) == name
        assert files.path_of(name) == path
    assert list(files.all()) == ([path] if expected else [])


@pytest.mark.parametrize("name", ["<string>", "<frozen os>", os.__file__, __file__, "nowhere.py", "\0.py"])
def test_what_is_not_under_the_root_is_none(name, tmp_path):
    assert SourceFiles(str(tmp_path)).path(name) is None


def test_our_own_package_is_never_the_projects(tmp_path):
    import trim_telemetry

    folder = os.path.dirname(os.path.abspath(trim_telemetry.__file__))
    files = SourceFiles(os.path.dirname(folder))
    assert files.path(os.path.join(folder, "session.py")) is None


def test_file_in_which_the_runner_has_found_tests_is_no_source(tmp_path):
    put(tmp_path, "checks.py", "app.py")
    files = SourceFiles(str(tmp_path))
    assert files.path(str(tmp_path / "checks.py")) is not None
    files.hold_tests([str(tmp_path / "checks.py")])
    assert files.path(str(tmp_path / "checks.py")) is None
    assert [files.name(path) for path in files.all()] == ["app.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_link_goes_by_the_file_that_it_leads_to(tmp_path):
    put(tmp_path, "project/app.py")
    (tmp_path / "link").symlink_to(tmp_path / "project")
    files = SourceFiles(str(tmp_path / "link"))
    assert files.path(str(tmp_path / "link" / "app.py")) == str((tmp_path / "project" / "app.py").resolve())
    assert [files.name(path) for path in files.all()] == ["app.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_from_outside_lead_in_and_those_inside_may_lead_out(tmp_path):
    put(tmp_path, "project/app.py", "project/sub/x.py", "elsewhere/y.py")
    (tmp_path / "elsewhere" / "linked.py").symlink_to(tmp_path / "project" / "app.py")
    (tmp_path / "project" / "out.py").symlink_to(tmp_path / "elsewhere" / "y.py")
    files = SourceFiles(str(tmp_path / "project"))
    app = str((tmp_path / "project" / "app.py").resolve())
    assert files.path(str(tmp_path / "elsewhere" / "y.py")) is None
    assert files.path(str(tmp_path / "elsewhere" / "linked.py")) == app
    assert files.path(str(tmp_path / "project" / "sub" / ".." / "app.py")) == app
    assert files.path(str(tmp_path / "project" / "out.py")) is None


def test_rules_of_the_project(tmp_path):
    put(tmp_path, "src/a.py", "src/skip.py", "src/pkg/__init__.py", "src/pkg/b.py", "src/loose/c.py", "other/d.py")
    source = os.path.realpath(tmp_path / "src")

    def names(**changes):
        files = SourceFiles(str(tmp_path))
        files.obey(NO_RULES._replace(**changes))
        return sorted(files.name(path) for path in files.all())

    everything = ["other/d.py", "src/a.py", "src/loose/c.py", "src/pkg/__init__.py", "src/pkg/b.py", "src/skip.py"]
    assert names() == everything
    in_source = ["src/a.py", "src/pkg/__init__.py", "src/pkg/b.py", "src/skip.py"]
    assert names(folders=(source,)) == in_source  # as coverage.py: below them are packages
    assert names(folders=(source,), namespaces=True) == everything[1:]
    assert names(packages=("pkg",)) == ["src/pkg/__init__.py", "src/pkg/b.py"]
    assert names(packages=("pkg.b",)) == ["src/pkg/b.py"]
    assert names(omit=(re.compile(".*/skip.py"), re.compile(".*/other/.*"))) == [
        name for name in everything if "skip" not in name and "other" not in name
    ]
    assert names(include=(re.compile(".*/src/.*"), re.compile(".*a.py"))) == ["src/a.py"]


def test_too_many_folders_are_said(tmp_path, monkeypatch):
    put(tmp_path, "a/x.py", "b/x.py")
    monkeypatch.setattr("trim_telemetry.collectors.source_files._MOST_FOLDERS", 2)
    with pytest.raises(OverflowError, match="more than 2 folders"):
        list(SourceFiles(str(tmp_path)).all())
