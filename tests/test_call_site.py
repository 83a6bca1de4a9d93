"""Whose frame it is."""

import json
import sys
from os.path import join

import pytest

from trim_telemetry.collectors import call_site
from trim_telemetry.collectors.call_site import OTHERS, RUNNERS, USERS, CallSites
from trim_telemetry.collectors.source import Sources

from .support import ROOT

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


def test_beyond_the_runner_is_nobody():
    sites = CallSites(Sources(str(ROOT)))
    sites.kinds[__file__] = OTHERS
    assert sites.find(sys._getframe()) is None  # pytest comes next


def test_location_is_relative_to_the_root():
    assert CallSites(Sources(str(ROOT))).location(join(str(ROOT), "app", "models.py"), 3) == "app/models.py:3"


def test_our_own_folder_is_known():
    assert PACKAGE == call_site._PACKAGE
