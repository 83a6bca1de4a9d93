"""A pytest item's identity, where it is out of the ordinary."""

import os
from pathlib import Path
from typing import List

import pytest

from trim_telemetry.pytest_case import can_be_named, options_to_keep

from .pytest_doors import VERSION, observed, write


@pytest.mark.parametrize(
    "arguments, kept",
    [
        ([], []),
        (["-q", "-x", "tests", "--tb=short"], []),
        (["-m", "slow"], ["-m", "slow"]),
        (["-k", "some", "-vv"], []),
        (["-c", "other.ini", "tests"], ["-c", "other.ini"]),
        (["--config-file=other.ini"], ["-c", "other.ini"]),
        (["--rootdir", "..", "--import-mode=importlib"], ["--import-mode=importlib", "--rootdir=.."]),
        (["--doctest-modules", "src"], ["--doctest-modules"]),
        (
            ["-o", "python_files=check_*", "-o", "xfail_strict=1"],
            ["-o", "python_files=check_*", "-o", "xfail_strict=1"],
        ),
        (["-p", "trim_telemetry.pytest_plugin", "--trim", "-p", "mine"], ["-p", "mine"]),
        (["-c"], []),
    ],
    ids=lambda words: " ".join(words) or "none",
)
def test_options_that_decide_which_tests_there_are_are_kept(arguments: List[str], kept: List[str]) -> None:
    assert options_to_keep(arguments) == kept


@pytest.mark.parametrize(
    "file, rest, named",
    [
        ("test_a.py", "test_b", True),
        ("test_a.py", "test_b[c]", True),
        ("test_a.py", "test_b[c[d]]", True),
        ("test_a.py", "test_b[é]", True),
        ("test_a.py", "test_b[c::d]", VERSION >= (7, 0)),
        ("test_[a].py", "test_b", VERSION < (7, 0)),
        ("test_a.py", "test_b[\0]", False),
        ("test_a.py", "test_b[\ud800]", False),
        ("test_a.py", "test_b[\x1b[31mred]", False),
        ("test_a.py", "test_b[a\nb]", True),
    ],
)
def test_node_id_that_can_not_be_given_on_a_command_line_is_no_rerun(file: str, rest: str, named: bool) -> None:
    assert can_be_named(file, rest) is named


ODD_IDS = """
    import pytest

    @pytest.mark.parametrize("text", [0, 1, 2, 3], ids=["é", "a\\tb", "\\x1b[31mred", "日本"])
    def test_it(text): pass
"""


def test_ids_that_pytest_leaves_unescaped_are_clean(tmp_path: Path) -> None:
    write(tmp_path, test_it=ODD_IDS)
    option = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support=true"
    done = observed("-q", "-o", option, cwd=tmp_path)
    assert [result["name"] for result in done.results] == [
        "test_it[é]",
        "test_it[a\tb]",
        "test_it[red]",
        "test_it[日本]",
    ]
    assert [result["id"].partition("::")[2] for result in done.results] == [result["name"] for result in done.results]
    assert done.results[0]["rerun"] == ["-o", option, "test_it.py::test_it[é]"]


OWN_KIND = """
    import pytest

    class Item(pytest.Item):
        def runtest(self):
            assert self.name != "fails"

        def repr_failure(self, excinfo):
            return "said by the item"

        def reportinfo(self):
            return self.fspath, 6 if self.name == "has a line" else None, "usecase: " + self.name

    class File(pytest.File):
        def collect(self):
            for name in ("passes", "fails", "has a line"):
                yield Item.from_parent(self, name=name)

    if hasattr(pytest, "version_tuple") and pytest.version_tuple >= (7, 0):
        def pytest_collect_file(parent, file_path):
            if file_path.suffix == ".cases":
                return File.from_parent(parent, path=file_path)
    else:
        def pytest_collect_file(path, parent):
            if path.ext == ".cases":
                return File.from_parent(parent, fspath=path)
"""


def test_items_of_a_plugins_own_kind_are_named(tmp_path: Path) -> None:
    write(tmp_path, conftest=OWN_KIND)
    (tmp_path / "some.cases").write_text("")
    done = observed("-q", cwd=tmp_path)
    assert done.verdicts() == {
        "some.cases::passes": "passed/passed",
        "some.cases::fails": "failed/failed",
        "some.cases::has a line": "passed/passed",
    }
    for result in done.results:
        assert (result["class"], result["module"], result["file"]) == ("", "", "some.cases")
        assert result["rerun"] == [result["id"]]
    assert [result["line"] for result in done.results] == [None, None, 7]
    assert done.results[1]["failure"]["traceback"] == "said by the item"


def test_file_outside_the_root_is_named_in_full(tmp_path: Path) -> None:
    write(tmp_path / "root")
    write(tmp_path / "outside", test_it="def test_it(): pass\n")
    done = observed("-q", "--rootdir=root", "outside/test_it.py", cwd=tmp_path)
    outside = (tmp_path / "outside" / "test_it.py").resolve().as_posix()
    assert done.results[0]["file"] == outside
    assert (done.results[0]["line"], done.results[0]["defined_at"]) == (1, None)
    assert done.results[0]["rerun"][-1] == "outside/test_it.py::test_it"


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_root_behind_a_symbolic_link_is_the_same_root(tmp_path: Path) -> None:
    write(tmp_path / "real", test_it="class TestIt:\n    def test_it(self): pass\n")
    os.symlink(tmp_path / "real", tmp_path / "link")
    done = observed("-q", "link", cwd=tmp_path)
    assert (done.results[0]["file"], done.results[0]["line"]) == ("test_it.py", 2)


INHERITS = """
    from base import Base

    class TestOne(Base):
        pass

    class TestTwo(Base):
        def test_own(self): pass
"""


def test_inherited_tests_of_a_package_name_the_base(tmp_path: Path) -> None:
    write(tmp_path, base="class Base:\n    def test_it(self): pass\n", test_it=INHERITS)
    done = observed("-q", cwd=tmp_path)
    places = {name: (result["line"], result["defined_at"]) for name, result in done.by_id().items()}
    assert places == {
        "test_it.py::TestOne::test_it": (None, "base.py:2"),
        "test_it.py::TestTwo::test_it": (None, "base.py:2"),
        "test_it.py::TestTwo::test_own": (8, None),
    }


def test_function_that_a_decorator_made_from_a_text_is_not_said_to_be_inherited(tmp_path: Path) -> None:
    write(tmp_path, test_it="exec('def test_it(): pass')\n")
    result = observed("-q", cwd=tmp_path).by_id()["test_it.py::test_it"]
    assert (result["file"], result["line"], result["defined_at"]) == ("test_it.py", None, None)


def test_module_is_the_dotted_import_name(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path / "package" / "tests", __init__="", test_it="def test_it(): pass\n")
    os.remove(tmp_path / "package" / "tests" / "pytest.ini")
    (tmp_path / "package" / "__init__.py").write_text("")
    done = observed("-q", cwd=tmp_path)
    assert (done.results[0]["module"], done.results[0]["file"]) == ("package.tests.test_it", "package/tests/test_it.py")


def test_same_test_asked_for_twice_keeps_its_id(tmp_path: Path) -> None:
    write(tmp_path, test_it="def test_it(): pass\n")
    done = observed("-q", "--keep-duplicates", "test_it.py", "test_it.py", cwd=tmp_path)
    assert {result["id"] for result in done.results} == {"test_it.py::test_it"}
    assert done.summary is not None and done.summary["not_run_tests"] == 0


def test_markers_put_on_by_hooks_are_tags(tmp_path: Path) -> None:
    conftest = "def pytest_collection_modifyitems(items):\n    items[0].add_marker('late')\n"
    write(tmp_path, conftest=conftest, test_it="def test_it(): pass\ndef test_next(): pass\n")
    done = observed("-q", cwd=tmp_path)
    assert [result["tags"] for result in done.results] == [["late"], []]
