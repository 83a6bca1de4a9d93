"""Django's statements: a project whose tests declare what theirs are, on each database and through each door.

The declarations were made by hand. Run plain, with its oracle on, the project holds them against Django's own log.
"""

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from . import servers
from .support import ROOT, Run, environment, run

django = pytest.importorskip("django")

PROJECT = Path(__file__).parent / "probes" / "queries_django"
DOOR = ("-m", "trim_telemetry.django_instrumentation")
RUNNER = "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner"
TEST = ("manage.py", "test", "--noinput")
FILES = sorted(str(path.relative_to(PROJECT)) for path in PROJECT.glob("library/test*.py"))
Variables = Dict[str, str]


# -- databases ---


def _memory(_: Path, alias: str) -> Dict[str, Any]:
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}


def _file(folder: Path, alias: str) -> Dict[str, Any]:
    path = str(folder / alias)
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "TEST": {"NAME": f"{path}.test"}}


def _unique(alias: str) -> str:
    return f"trim_{os.getpid()}_{alias}"  # two runs of this file may share a server


def _psycopg2(_: Path, alias: str) -> Dict[str, Any]:
    if not find_spec("psycopg2"):
        pytest.skip("psycopg2 is not installed")
    return _postgres("psycopg2", alias)


def _psycopg(_: Path, alias: str) -> Dict[str, Any]:
    if django.VERSION < (4, 2) or not find_spec("psycopg"):
        pytest.skip("psycopg is not installed, or not known to this Django")
    return _postgres("psycopg", alias)


def _postgres(driver: str, alias: str) -> Dict[str, Any]:
    module = pytest.importorskip(driver)
    servers.need("PostgreSQL", lambda: module.connect(servers.POSTGRES))
    words = dict(word.partition("=")[::2] for word in servers.POSTGRES.split())
    place = {name.upper(): words[name] for name in ("host", "port", "user", "password") if name in words}
    return {"ENGINE": "django.db.backends.postgresql", "NAME": _unique(alias), **place}


def _mysql(_: Path, alias: str) -> Dict[str, Any]:
    module = pytest.importorskip("MySQLdb" if find_spec("MySQLdb") else "pymysql")
    place = {name: value for name, value in servers.MYSQL.items() if name in ("host", "port", "user", "password")}
    servers.need("MySQL", lambda: module.connect(**place))
    return {
        "ENGINE": "django.db.backends.mysql",
        "NAME": _unique(alias),
        "OPTIONS": {"charset": "utf8mb4"},
        "TEST": {"CHARSET": "utf8mb4"},
        **{name.upper(): value for name, value in place.items()},
    }


BACKENDS: Dict[str, Callable[[Path, str], Dict[str, Any]]] = {
    "in memory": _memory,
    "in files": _file,
    "psycopg2": _psycopg2,
    "psycopg": _psycopg,
    "MySQL": _mysql,
}


def variables_of(backend: str, folder: Path) -> Variables:
    """The environment of the project on this kind of database; skips where there is none."""
    databases = {alias: BACKENDS[backend](folder, alias) for alias in ("default", "other")}
    hidden = {"QUERIES_HIDDEN": "psycopg"} if backend == "psycopg2" else {}
    return {"QUERIES_DATABASES": json.dumps(databases), "TRIM_SLOW_QUERY_MS": "0", **hidden}


@pytest.fixture(scope="module", params=list(BACKENDS))
def variables(request, tmp_path_factory) -> Variables:
    return variables_of(request.param, tmp_path_factory.mktemp("databases"))


@pytest.fixture
def memory(tmp_path: Path) -> Variables:
    return variables_of("in memory", tmp_path)


# -- runs ---


def manage(*arguments: str, variables: Variables, **changes: str) -> Run:
    """Run the project's tests through the door for scripts."""
    return run(*DOOR, *TEST, *arguments, cwd=PROJECT, env=environment(**variables, **changes))


def under_pytest(*arguments: str, variables: Variables, plugins: Any = ()) -> Run:
    """Run the project's tests under pytest-django."""
    pytest.importorskip("pytest_django")
    loaded = [word for name in ("pytest_django.plugin", *plugins) for word in ("-p", name)]
    env = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **variables)
    return run("-m", "trim_telemetry.pytest_instrumentation", *loaded, "-q", *arguments, cwd=PROJECT, env=env)


@pytest.fixture(scope="module")
def managed(variables: Variables) -> Run:
    return manage(variables=variables)


@pytest.fixture(scope="module")
def pytested(variables: Variables) -> Run:
    return under_pytest(*FILES, variables=variables)


# -- what a record must say ---


def check(done: Run) -> None:
    """All is as declared."""
    assert wrong(done) == {}
    assert done.code == 0, done.stdout[-3000:] + done.stderr[-3000:]


def wrong(done: Run) -> Dict[str, Any]:
    """By test, what its record should have said and did not."""
    assert done.results, done.stderr[-3000:]
    found = {result["id"]: dict(_wrong(result)) for result in done.results}
    return {name: flaws for name, flaws in found.items() if flaws}


def _wrong(result: Dict[str, Any]) -> Iterator[Any]:
    queries = result["database_queries"]
    if result["status"] == "skipped":
        return
    if result["status"] != "passed":
        yield "status", result["failure"]["message"][:300]
    expected = json.loads(result["metadata"].get("expected", "null"))
    if expected is None:
        yield "expected", "it declares nothing"
        return
    said = {
        **queries,
        **queries["query_types"],
        "n_plus_one": len(queries["n_plus_one"]),
        "duplicates": [[entry["count"], entry["identical"]] for entry in queries["duplicate_queries"]],
        "places": sorted(str(entry["location"]) for entry in queries["slow_queries"]),
    }
    if "places" in expected:
        expected["places"] = sorted(map(line_of, expected["places"]))
        expected.setdefault("SELECT", expected["count"])
    expected.setdefault("leaked", 0)
    expected.setdefault("uninstrumented_connections", 0)
    if result["metadata"]["framework"] == "pytest":
        expected.setdefault("by_phase", {"call": expected["count"]} if expected["count"] else {})
    yield from (
        (name, f"{value} and not {said[name]}")
        for name, value in expected.items()
        if name not in ("unlogged", "by_method") and said[name] != value
    )
    yield from ((name, "do not agree") for name in inconsistent(queries))


def inconsistent(queries: Dict[str, Any]) -> List[str]:
    """Names of figures that do not follow from the others."""
    count, total = queries["count"], queries["total_duration"]
    agree = {
        "status": queries["status"] == "collected",
        "query_types": sum(queries["query_types"].values()) == count,
        "by_connection": sum(queries["by_connection"].values()) == count,
        "by_phase": sum(queries["by_phase"].values()) in (0, count),
        "total_duration": (total > 0.0) == (count > 0) and queries["max_duration"] <= total * 1.000001,
        "avg_duration": not count or abs(queries["avg_duration"] - total / count) < 1e-3,
    }
    return [name for name, is_right in agree.items() if not is_right]


def line_of(place: str) -> str:
    """The "file:line" of "file:comment"."""
    file, _, comment = place.partition(":")
    lines = (PROJECT / file).read_text("utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if line.endswith(f"  # {comment}")]
    return f"{file}:{number}"


def figures(done: Run) -> Dict[str, Any]:
    """What each test's record says, but for times and for what they are cut at."""
    names = ("count", "failed", "leaked", "query_types", "transaction_statements", "by_connection")
    return {
        f"{result['class']}.{result['name']}": {name: result["database_queries"][name] for name in names}
        for result in done.results
    }


def check_summary(done: Run) -> None:
    """The summary is the sum of the records."""
    assert done.summary is not None
    totals = done.summary["database_queries"]
    records = [result["database_queries"] for result in done.results]
    for name in ("count", "failed", "leaked", "transaction_statements", "uninstrumented_connections"):
        assert totals[name] == sum(record[name] or 0 for record in records), name
    for kind, count in totals["query_types"].items():
        assert count == sum(record["query_types"][kind] or 0 for record in records)
    assert sum(totals["by_connection"].values()) == totals["count"]
    assert done.summary["warnings"] == []


# -- each database, each door ---


def test_the_declarations_are_what_djangos_own_log_says(variables):
    done = run(*TEST, cwd=PROJECT, env=environment(QUERIES_ORACLE="1", **variables))
    assert (done.code, done.stderr[-3000:] if done.code else "") == (0, "")
    assert "after the run: (1,) (2,)" in done.stderr


def test_each_record_says_what_its_test_declares(managed):
    check(managed)
    assert "after the run: (1,) (2,)" in managed.stderr
    check_summary(managed)


def test_under_pytest_the_figures_are_the_same_and_are_those_of_the_call(managed, pytested):
    check(pytested)
    assert figures(pytested) == figures(managed)
    check_summary(pytested)


def test_shared_set_up_is_no_tests(managed, pytested):
    for done in (managed, pytested):
        shared = {entry["name"]: entry["queries"] for entry in done.summary["shared_setup"] if entry["queries"]}
        found = {name: count for name, count in shared.items() if re.search(r"Prepared|Counting|Places", name)}
        assert sorted(found.values()) == [5, 6, 6], shared  # three of setUpClass and two of setUpTestData; six of that
        assert [name for name in shared if "EachTime" in name] == []


def test_fixtures_of_pytest_have_a_phase(variables):
    reruns = find_spec("pytest_rerunfailures")
    words = [] if reruns else ["--deselect", "library/pytest_style.py::test_run_again"]
    done = under_pytest(
        "library/pytest_style.py", *words, variables=variables, plugins=["pytest_rerunfailures"] if reruns else []
    )
    check(done)
    check_summary(done)
    assert {result["attempts"] for result in done.results} == ({1, 3} if reruns else {1})
    shared = {entry["name"]: entry["queries"] for entry in done.summary["shared_setup"] if entry["queries"]}
    assert shared.pop("django_db_setup") > 10  # making the databases, migrations included
    assert shared == {"library/pytest_style.py::shared": 5}  # an author of the module's, made and deleted


def test_the_finding_in_the_readme_is_in_the_record(memory):
    variables = {**memory, "TRIM_SLOW_QUERY_MS": "100"}
    done = manage("library.test_places.Places.test_client_with_template", variables=variables)
    (result,) = done.results
    section = (ROOT / "README.md").read_text("utf-8").partition("\n## Queries\n")[2].partition("\n## ")[0]
    python, shown = re.findall(r"```(?:python|json)\n(.*?)```", section, re.S)
    assert json.loads(shown) == {"n_plus_one": result["database_queries"]["n_plus_one"]}
    assert result["performance"]["flags"] == ["n_plus_1_queries"] and "`n_plus_1_queries`" in section
    view = re.sub(r' +""".*?"""\n|  # \w+', "", (PROJECT / "library" / "views.py").read_text("utf-8"))
    assert python.strip() in view


# -- the other doors, and several processes ---


def test_through_the_runner_the_figures_are_those_of_the_other_door(memory):
    done = run(*TEST, RUNNER, cwd=PROJECT, env=environment(**memory))
    check(done)
    check_summary(done)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Django's parallel suite forks")
@pytest.mark.parametrize("backend", ["in memory", "psycopg2", "MySQL"])
def test_workers_of_djangos_collect_their_own(backend, tmp_path):
    words = (*TEST, RUNNER, "--parallel", "2", "--exclude-tag", "isolated")
    done = run(*words, cwd=PROJECT, env=environment(**variables_of(backend, tmp_path)))
    check(done)
    assert {result["worker"] for result in done.results} == {"1", "2"}
    check_summary(done)


@pytest.mark.parametrize("backend", ["in memory", "psycopg"])
def test_workers_of_xdist_collect_their_own(backend, tmp_path):
    pytest.importorskip("xdist")
    words = ("-n", "2", "--dist", "loadscope", *FILES)
    done = under_pytest(*words, variables=variables_of(backend, tmp_path), plugins=["xdist"])
    check(done)
    assert {result["worker"] for result in done.results} == {"gw0", "gw1"}
    check_summary(done)


# -- errors of ours ---

BROKEN = {
    "a statement": "Recorder._new",
    "its parameters": "Recorder.tell",
    "a thread's first": "Recorder._enter",
    "its time": "Recorder.remark",
}


@pytest.mark.parametrize("part", BROKEN)
def test_an_error_of_ours_changes_no_verdict_and_is_said_once(part, memory):
    done = manage(variables=memory, QUERIES_BROKEN=BROKEN[part])
    assert done.code == 0
    assert {result["status"] for result in done.results} == {"passed", "skipped"}
    assert [text.partition(":")[0] for text in done.summary["warnings"]] == ["error-in-queries"]
    assert "KeyError: 'on purpose'" in done.summary["warnings"][0]
    statuses = [result["database_queries"]["status"] for result in done.results]
    first = statuses.index("error")
    assert {*statuses[:first]} <= {"collected"} and {*statuses[first:]} == {"error"}
    broken = done.results[-1]["database_queries"]
    assert (broken["reason"], broken["count"], broken["slow_queries"]) == ("KeyError", None, [])
    assert done.results[-1]["performance"]["is_db_heavy"] is None
