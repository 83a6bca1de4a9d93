"""The README says what there is: every field, setting, flag and command in it exists, and none is missing."""

import json
import re

import pytest

import trim_telemetry
from trim_telemetry.config import SETTINGS, VARIABLE_PREFIX, Config

from .support import ROOT

README = (ROOT / "README.md").read_text("utf-8")
SCHEMA = json.loads((ROOT / "trim_telemetry" / "schema.json").read_text("utf-8"))["$defs"]
SETTING_NAMES = {setting.name for setting in SETTINGS}


def section(title):
    """The text below a heading, up to the next of its rank or above."""
    rank, rest = re.search(rf"^(#+) {re.escape(title)}\n(.*)", README, re.M | re.S).groups()
    return re.split(rf"^#{{1,{len(rank)}}} ", rest, flags=re.M)[0]


def first_column(text):
    """The words in code type in the first column of a section's tables."""
    cells = re.findall(r"^\| (`.*?) \|", text, re.M)
    return [word for cell in cells for word in re.findall(r"`(\w+)`", cell)]


@pytest.mark.parametrize(
    "title, kind",
    [("The fields of a result", "test_result"), ("The summary", "run_summary")],
    ids=["result", "summary"],
)
def test_each_field_of_a_record_is_explained(title, kind):
    explained = first_column(section(title))
    shown = {*explained, *re.findall(r"`(\w+_tests)`", section(title))}
    assert shown == {*SCHEMA[kind]["properties"]} - {"record_type"}
    assert len(set(explained)) == len(explained)


def test_each_setting_is_explained_with_its_default():
    text = section("Settings").partition("\n### ")[0]
    assert sorted(first_column(text)) == sorted(SETTING_NAMES)
    defaults = {**Config._field_defaults, **Config._field_defaults["thresholds"]._asdict()}
    for row in re.findall(r"^\| `.*", text, re.M):
        numbers = [defaults[name] for name in first_column(row) if type(defaults.get(name)) in (int, float)]
        if "log_level" not in row:
            assert re.findall(r"\d+(?=[,)])", row.rpartition("|")[0].rpartition("|")[2]) == [
                f"{n:.0f}" for n in numbers
            ]


def test_each_flag_that_is_explained_can_be_raised():
    rules = (ROOT / "trim_telemetry" / "analysis" / "flags.py").read_text("utf-8")
    flags = first_column(section("Percentiles and flags"))
    assert flags and [flag for flag in flags if f'"{flag}"' not in rules] == []


def test_options_and_variables_are_those_of_settings():
    options = {option.replace("-", "_") for option in re.findall(r"--trim-([a-z-]+)", README)}
    variables = {name.lower() for name in re.findall(rf"\b{VARIABLE_PREFIX}([A-Z_]+)", README)}
    assert options | variables <= SETTING_NAMES


def test_each_module_and_tool_that_is_named_is_there():
    modules = set(re.findall(r"\bpython -m (?:trim_telemetry)\.(\w+)|-p trim_telemetry\.(\w+)", README))
    names = {name for pair in modules for name in pair if name}
    assert names >= {"unittest_instrumentation", "pytest_instrumentation", "django_instrumentation", "pytest_plugin"}
    assert [name for name in names if not (ROOT / "trim_telemetry" / f"{name}.py").is_file()] == []
    tools = set(re.findall(r"\btools/\w+\.py", README))
    assert tools >= {"tools/demo.py", "tools/check.py", "tools/parity.py", "tools/vendor.py"}
    assert [tool for tool in tools if not (ROOT / tool).is_file()] == []


def test_public_names_are_there():
    names = re.findall(r"trim_telemetry\.(\w+)\(", README)
    assert names and all(callable(getattr(trim_telemetry, name)) for name in names)
