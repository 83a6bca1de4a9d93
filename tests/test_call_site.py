"""Whose frame it is."""

import json
import subprocess
import sys
import unittest
from os.path import join

import pytest

from trim_telemetry.collectors import call_site
from trim_telemetry.collectors.call_site import OTHERS, RUNNERS, USERS, CallSites
from trim_telemetry.collectors.source import Sources

from .support import ROOT, environment

PACKAGE = join(str(ROOT), "trim_telemetry", "")


@pytest.mark.parametrize(
    "filename, kind",
    [
        (__file__, USERS),
        (join(str(ROOT), "app", "models.py"), USERS),
        (join(PACKAGE, "drivers", "calls.py"), OTHERS),
        (join(str(ROOT), ".venv", "lib", "site-packages", "django", "db", "x.py"), OTHERS),
        (join("somewhere", "unittest", "case.py"), RUNNERS),
        (join("somewhere", "site-packages", "_pytest", "python.py"), RUNNERS),
        (json.__file__, OTHERS),
        ("<string>", OTHERS),
        ("<frozen importlib._bootstrap>", OTHERS),
    ],
)
def test_whose_file_it_is(filename, kind):
    sites = CallSites(Sources(str(ROOT)))
    assert sites.classify(filename) == kind
    assert sites.kinds == {filename: kind}


def test_first_frame_of_the_users_own_is_found_through_others():
    sites = CallSites(Sources(str(ROOT)))
    found = json.loads("{}", object_hook=lambda _: sites.find(sys._getframe(1)))  # from a frame of json's
    assert found.f_code.co_name == "test_first_frame_of_the_users_own_is_found_through_others"


def test_frames_of_others_modules_are_passed_by_without_a_look_that_is_audited(tmp_path):
    (tmp_path / "looks.py").write_text(
        "import json, sys\n"
        "from trim_telemetry.collectors.call_site import CallSites\n"
        "from trim_telemetry.collectors.source import Sources\n"
        "sites, seen, frames = CallSites(Sources('.')), [], []\n"
        "def look(found):\n"
        "    frames.append(sys._getframe(1))\n"  # json's, of which there are three
        "    return sites.find(frames[-1])\n"
        "assert json.loads('{}', object_hook=look).f_code.co_name == '<module>'\n"
        "sys.addaudithook(lambda event, arguments: seen.append(arguments[1:]) if 'object.' in event else None)\n"
        "json.loads('{}', object_hook=look)\n"
        "print(seen.count(('f_code',)), len({id(frame) for frame in frames}))\n"
    )
    done = subprocess.run([sys.executable, "looks.py"], cwd=tmp_path, env=environment(), stdout=-1, check=True)
    assert done.stdout.split() == [b"1", b"2"]


class Names(dict):
    """What exec() may be given, too."""

    def get(self, *arguments):
        raise AssertionError("the names of a module are not the user's to be asked")


@pytest.mark.parametrize("kind", [dict, Names])
def test_users_code_that_is_run_in_the_names_of_another_module_is_told_by_its_code(kind):
    sites = CallSites(Sources(str(ROOT)))
    names = kind({"__file__": None, "sites": sites, "sys": sys})
    exec(compile("def asks():\n    return sites.find(sys._getframe())", join(str(ROOT), "app", "x.py"), "exec"), names)
    assert names["asks"]().f_code.co_name == "asks"


@pytest.mark.parametrize(
    "asserts",
    [
        pytest.raises,
        unittest.TestCase().assertRaises,
        lambda error, function: unittest.TestCase().assertRaisesRegex(error, "", function),
    ],
    ids=["pytest.raises", "assertRaises", "assertRaisesRegex"],
)
def test_what_an_assertion_calls_is_the_tests_that_asserts(asserts):
    sites, found = CallSites(Sources(str(ROOT))), []
    sites.kinds[__file__] = USERS
    ask = eval("lambda: found.append(sites.find(sys._getframe())) or 1 / 0", {**globals(), **locals()})
    asserts(ZeroDivisionError, ask)  # whose own code has no file
    assert found[0].f_code.co_filename == __file__


def test_beyond_the_runner_is_nobody():
    sites = CallSites(Sources(str(ROOT)))
    sites.kinds[__file__] = OTHERS
    assert sites.find(sys._getframe()) is None  # pytest comes next


def test_location_is_relative_to_the_root():
    assert CallSites(Sources(str(ROOT))).location(join(str(ROOT), "app", "models.py"), 3) == "app/models.py:3"


def test_our_own_folder_is_known():
    assert PACKAGE == call_site._PACKAGE
