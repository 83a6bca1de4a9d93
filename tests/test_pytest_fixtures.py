"""Times of fixtures in odd situations."""

from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from trim_telemetry.pytest_fixtures import xunit_function

from .pytest_doors import observed, write
from .support import Run


@pytest.mark.parametrize(
    "name, function",
    [
        ("_xunit_setup_module_fixture_test_a", "setup_module"),
        ("_xunit_setup_class_fixture_TestA", "setup_class"),
        ("_xunit_setup_method_fixture_TestA", "setup_method"),
        ("_xunit_setup_function_fixture_test_a", "setup_function"),
        ("_unittest_setUpClass_fixture_A", "setUpClass"),
        ("_unittest_setup_method_fixture_A", "setup_method"),
        ("_unittest_skip_fixture_A", "skip"),
        ("xunit_setup_module_fixture_test_a", "setup_module"),  # 6.2
        ("unittest_setUpClass_fixture_A", "setUpClass"),
        ("_Module__pytest_setup_module", "setup_module"),  # 6.0
        ("_Class__pytest_setup_class", "setup_class"),
        ("_UnitTestCase__pytest_class_setup", "setUpClass"),
        ("_UnitTestCase__pytest_method_setup", "setup_method"),
        ("setup_module", None),
        ("unittest_database", None),
        ("xunit_report", None),
        ("_private", None),
        ("tmp_path", None),
    ],
)
def test_xunit_fixtures_are_known_by_their_names(name: str, function: Any) -> None:
    assert xunit_function(name) == function


def durations(done: Run, test: str) -> List[Tuple[str, str, bool, bool]]:
    entries = done.by_id()[f"test_it.py::{test}"]["fixture_durations"]
    return [(e["name"], e["scope"], e["setup"] is not None, e["teardown"] is not None) for e in entries]


def check_sums(done: Run) -> None:
    """Phases add up to duration and shared set-up, nothing is negative, and the summary has all that is shared."""
    for result in done.results:
        phases = [phase for phase in result["phases"].values() if phase is not None]
        assert sum(phases) == pytest.approx(result["duration"] + result["shared_setup"], abs=1e-6)
        assert all(value >= 0 for value in (*phases, result["duration"], result["shared_setup"], result["cpu_time"]))
        for entry in result["fixture_durations"]:
            assert all(entry[part] is None or entry[part] >= 0 for part in ("setup", "teardown"))
    assert done.summary is not None
    assert done.summary["warnings"] == []


RAISES = """
    import time
    import pytest

    @pytest.fixture(scope="module")
    def wide():
        time.sleep(0.02)
        raise LookupError("wide")

    @pytest.fixture
    def narrow():
        time.sleep(0.02)
        raise LookupError("narrow")

    @pytest.fixture
    def ends_badly():
        yield
        time.sleep(0.02)
        raise LookupError("at the end")

    def test_wide(wide): pass

    def test_wide_again(wide): pass

    def test_narrow(narrow): pass

    def test_ends_badly(ends_badly): pass

    def test_last(): pass
"""


def test_fixture_that_raises_is_timed_too(tmp_path: Path) -> None:
    done = observed("-q", cwd=write(tmp_path, test_it=RAISES))
    check_sums(done)
    assert durations(done, "test_wide")[0][:3] == ("wide", "module", True)
    assert durations(done, "test_narrow")[0][:3] == ("narrow", "function", True)
    results = done.by_id()
    assert results["test_it.py::test_wide"]["shared_setup"] >= 20
    assert results["test_it.py::test_narrow"]["duration"] >= 20
    assert results["test_it.py::test_narrow"]["shared_setup"] == 0.0
    assert durations(done, "test_ends_badly") == [("ends_badly", "function", True, True)]
    assert results["test_it.py::test_ends_badly"]["fixture_durations"][0]["teardown"] >= 20


ASKS_WHILE_ENDING = """
    import time
    import pytest

    @pytest.fixture(scope="module")
    def other():
        time.sleep(0.03)
        yield

    @pytest.fixture(scope="module")
    def wide(request):
        yield
        time.sleep(0.01)
        request.getfixturevalue("other")

    def test_it(wide): pass
"""


def test_fixture_made_while_another_is_torn_down_is_counted_once(tmp_path: Path) -> None:
    done = observed("-q", cwd=write(tmp_path, test_it=ASKS_WHILE_ENDING))
    result = done.results[0]
    assert result["duration"] >= 0
    times = {entry["name"]: entry for entry in result["fixture_durations"]}
    if "other" in times and times["wide"]["teardown"] is not None:  # newer pytest refuses to make it
        assert (times["wide"]["teardown"] >= 10, times["other"]["setup"] >= 30) == (True, True)
    phases = sum(phase for phase in result["phases"].values() if phase is not None)
    assert phases == pytest.approx(result["duration"] + result["shared_setup"], abs=1e-6)


OVERRIDDEN = """
    import pytest

    @pytest.fixture(scope="module")
    def value(value):
        return value + 1

    class TestIt:
        @pytest.fixture(scope="class")
        def value(self, value):
            return value + 1

        def test_it(self, value):
            assert value == 3
"""


def test_fixtures_of_one_name_are_told_apart(tmp_path: Path) -> None:
    conftest = "import pytest\n@pytest.fixture(scope='session')\ndef value(): return 1\n"
    done = observed("-q", cwd=write(tmp_path, conftest=conftest, test_it=OVERRIDDEN))
    check_sums(done)
    assert done.code == 0
    assert sorted(entry[:2] for entry in durations(done, "TestIt::test_it")) == [
        ("value", "class"),
        ("value", "module"),
        ("value", "session"),
    ]
    assert done.summary is not None
    names = {entry["name"] for entry in done.summary["shared_setup"]}
    assert names == {"value", "test_it.py::value", "test_it.py::TestIt::value"}


STOPS = """
    import time
    import pytest

    @pytest.fixture(scope="session")
    def wide():
        yield
        time.sleep(0.02)

    def test_fails(wide): assert False

    def test_next(wide): pass
"""


def test_fixture_that_ends_after_the_last_test_is_in_the_summary(tmp_path: Path) -> None:
    done = observed("-q", "-x", cwd=write(tmp_path, test_it=STOPS))
    check_sums(done)
    assert done.summary is not None
    shared: Dict[str, float] = {entry["name"]: entry["duration"] for entry in done.summary["shared_setup"]}
    assert shared["test_it.py::wide"] >= 20


BUSY = """
    import time
    import pytest

    def burn():
        until = time.process_time() + 0.1
        while time.process_time() < until:
            pass

    @pytest.fixture(scope="module")
    def wide():
        burn()
        yield
        burn()

    @pytest.fixture
    def narrow(wide):
        burn()

    def test_first(wide): pass

    def test_last(narrow): pass
"""


def test_cpu_time_of_wide_fixtures_is_no_tests(tmp_path: Path) -> None:
    done = observed("-q", cwd=write(tmp_path, test_it=BUSY))
    check_sums(done)
    first, last = done.results
    assert first["cpu_time"] < 100 <= first["shared_setup"]
    assert 100 <= last["cpu_time"] < 200
