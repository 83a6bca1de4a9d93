"""What of coverage.py is private, and leaned on: pinned on whichever release is installed, the oldest or the newest."""

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("coverage")

from .support import environment

START = """
import json, os, sys
sys.path.insert(0, os.getcwd())
from trim_telemetry.collectors import coverage_py
import coverage
def lines(found): return {os.path.basename(file): sorted(lines) for file, lines in found.items() if lines}
"""


def told(folder, program, **files):
    """What a program says, of a fresh interpreter in a folder with a module `app`."""
    (folder / "app.py").write_text("def f(a):\n    if a:\n        return 1\n    return 2\n")
    for name, text in files.items():
        (folder / name).write_text(textwrap.dedent(text))
    command = [sys.executable, "-c", START + textwrap.dedent(program)]
    done = subprocess.run(
        command, cwd=folder, env=environment(COVERAGE_CORE="ctrace"), stdout=-1, stderr=-1, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_own_coverage_is_read_in_place_and_seen_by_nobody(tmp_path):
    program = """
        own = coverage_py.Own(lambda name, is_template: name.endswith("app.py"), None)
        import app
        app.f(0)
        print(lines(own.take()), coverage.Coverage.current(), coverage_py.running(), own.is_on_top)
        def deep():
            own.take()
            app.f(1)
        deep()
        print(lines(own.take()), lines(own.take()), sys.gettrace() is own.tracer)
        own.stop()
        app.f(0)
        print(lines(own.take()), sys.gettrace())
    """
    assert told(tmp_path, program).splitlines() == [
        "{'app.py': [1, 2, 4]} None None True",
        "{'app.py': [2, 3]} {} True",
        "{} None",
    ]


def test_own_coverage_beneath_another_is_taken_away_without_a_trace(tmp_path):
    program = """
        own = coverage_py.Own(lambda name, is_template: True, None)
        other = coverage.Coverage(data_file=None, include=["*/app.py"])
        other.start()
        print(own.is_on_top, coverage_py.running() is other)
        own.stop()
        import app
        app.f(1)
        other.stop()
        print(lines({file: other.get_data().lines(file) for file in other.get_data().measured_files()}), sys.gettrace())
    """
    assert told(tmp_path, program).splitlines() == ["False True", "{'app.py': [1, 2, 3]} None"]


@pytest.mark.parametrize("branch", [False, True])
def test_owner_of_a_borrowed_coverage_gets_everything(branch, tmp_path):
    program = f"""
        def measured(borrows):
            sys.modules.pop("app", None)
            owner = coverage.Coverage(data_file=None, include=["*/app.py"], branch={branch})
            owner.start()
            borrowed = coverage_py.borrow(owner) if borrows else None
            import app
            taken = [lines(borrowed.take())] if borrows else []
            for context, argument in (("one", 0), ("two", 1)):
                owner.switch_context(context)
                app.f(argument)
                if borrows:
                    taken.append(lines(borrowed.take()))
            if borrows:
                borrowed.give_back()
            owner.stop()
            data = owner.get_data()
            (file,) = data.measured_files()
            contexts = sorted(data.contexts_by_lineno(file).items())
            print(sorted(data.lines(file)), sorted(data.arcs(file) or ()), contexts)
            return taken
        measured(False)
        print(measured(True))
    """
    plain, borrowed, taken = told(tmp_path, program).splitlines()
    assert borrowed == plain
    assert taken == "[{'app.py': [1]}, {'app.py': [2, 4]}, {'app.py': [2, 3]}]"


@pytest.mark.parametrize("branch", [False, True])
def test_owner_is_paid_when_he_asks_and_not_before(branch, tmp_path):
    """What is in a data file before that may be erased: another process of a run does, where `parallel` is set."""
    program = f"""
        owner = coverage.Coverage(data_file="data", include=["*/app.py"], branch={branch})
        owner.start()
        borrowed = coverage_py.borrow(owner)
        import app
        print(lines(borrowed.take()))
        borrowed.give_back()
        print(os.path.exists("data"))
        app.f(0)
        owner.stop()
        owner.save()
        data = owner.get_data()
        print(lines({{file: data.lines(file) for file in data.measured_files()}}), lines(borrowed.take()))
        print(os.path.exists("data"), {{"flush_data", "reset"}} & set(vars(owner._collector)))
    """
    assert told(tmp_path, program).splitlines() == [
        "{'app.py': [1]}",
        "False",
        "{'app.py': [1, 2, 4]} {}",
        "True set()",
    ]


@pytest.mark.parametrize("branch", [False, True])
def test_owner_whose_files_did_nothing_but_be_entered_can_touch_them(branch, tmp_path):
    """There was activity, and no line: an empty CoverageData that nobody has told of what kind it is refuses files."""
    program = f"""
        import app
        owner = coverage.Coverage(data_file=None, source=["."], branch={branch})
        owner.start()
        borrowed = coverage_py.borrow(owner)
        owner._collector._activity = lambda: True
        borrowed.take()
        borrowed.give_back()
        owner.stop()
        print(lines({{file: [1] for file in owner.get_data().measured_files()}}))
    """
    assert told(tmp_path, program) == "{'app.py': [1]}"


@pytest.mark.parametrize("branch", [False, True])
def test_owner_who_erases_his_data_is_owed_nothing_of_it(branch, tmp_path):
    program = f"""
        owner = coverage.Coverage(data_file=None, include=["*/app.py"], branch={branch})
        owner.start()
        borrowed = coverage_py.borrow(owner)
        import app
        print(lines(borrowed.take()), borrowed.is_on)
        app.f(0)
        owner.stop()
        owner.erase()
        print(lines(borrowed.take()))
        owner.start()
        print(borrowed.is_on)
        app.f(1)
        owner.stop()
        data = owner.get_data()
        print(lines({{file: data.lines(file) for file in data.measured_files()}}))
    """
    assert told(tmp_path, program).splitlines() == [
        "{'app.py': [1]} True",
        "{'app.py': [2, 4]}",
        "False",
        "{'app.py': [2, 3]}",
    ]


CONFIG = """
    [run]
    source =
        src
        pkg.sub
    omit = */skip.py
    plugins = django_coverage_plugin
    [report]
    exclude_also = never_mind
    include_namespace_packages = true
    [django_coverage_plugin]
    template_extensions = html
"""


def test_rules_are_read_from_coverages_own_settings(tmp_path):
    (tmp_path / "src").mkdir()
    program = """
        import re
        rules = coverage_py.rules()
        print([os.path.basename(folder) for folder in rules.folders], rules.packages, rules.include, rules.namespaces)
        print([bool(omit.match(name)) for omit in rules.omit for name in ("/a/skip.py", "/a/keep.py")])
        print([bool(re.search(rules.exclude, text)) for text in ("never_mind", "# pragma: no cover", "x = 1")])
        print(rules.templates)
    """
    assert told(tmp_path, program, **{".coveragerc": CONFIG}).splitlines() == [
        "['src'] ('pkg.sub',) () True",
        "[True, False]",
        "[True, True, False]",
        "{'template_extensions': 'html'}",
    ]


@pytest.mark.parametrize(
    "files, expected",
    [
        ({}, False),
        ({".coveragerc": ""}, True),
        ({"setup.cfg": "[coverage:run]\n"}, True),
        ({"setup.cfg": "[flake8]\n"}, False),
        ({"pyproject.toml": "[tool.coverage.run]\n"}, True),
    ],
)
def test_project_without_settings_costs_no_import(files, expected, tmp_path):
    assert told(tmp_path, "print(coverage_py.may_be_configured('.'))", **files) == str(expected)
