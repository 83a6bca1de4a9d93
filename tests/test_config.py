"""Where settings may stand, which of them wins, and what is refused before the first test."""

import json
import sys

import pytest

from trim_telemetry import config
from trim_telemetry.config import Config, Thresholds, find_root, load, split_arguments
from trim_telemetry.errors import ConfigError

needs_toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python before 3.11 has no TOML parser")


@pytest.fixture
def root(tmp_path):
    return str(tmp_path)


@pytest.fixture
def table(tmp_path):
    """Writes [tool.trim_telemetry]."""

    def write(text):
        (tmp_path / "pyproject.toml").write_text(f"[tool.trim_telemetry]\n{text}\n", encoding="utf-8")

    return write


# -- the command line --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, ours, rest",
    [
        ([], {}, []),
        (["-v", "test_a"], {}, ["-v", "test_a"]),
        (["--trim-file", "a.ndjson", "-v"], {"file": "a.ndjson"}, ["-v"]),
        (["-v", "--trim-file=a=b.ndjson"], {"file": "a=b.ndjson"}, ["-v"]),
        (["--trim-run-id=x", "--trim-max-logs", "3"], {"run_id": "x", "max_logs": "3"}, []),
        (["--trim-stdout=on", "--trim-stdout=off"], {"stdout": "off"}, []),
        (["--trim-file", "--trim-stdout"], {"file": "--trim-stdout"}, []),
        (["--trim-file="], {"file": ""}, []),
        (["-k", "a", "--", "--trim-stdout=off"], {}, ["-k", "a", "--", "--trim-stdout=off"]),
        (["--trim"], {}, ["--trim"]),
        (["--trimming", "-trim-file"], {}, ["--trimming", "-trim-file"]),
    ],
)
def test_command_line_is_parted(words, ours, rest):
    assert split_arguments(words) == (ours, rest)


def test_parting_leaves_the_command_line_as_it_is():
    words = ["--trim-file", "x", "-v"]
    split_arguments(words)
    assert words == ["--trim-file", "x", "-v"]


@pytest.mark.parametrize(
    "words, source, problem",
    [
        (["--trim-flie=x"], "--trim-flie", "did you mean --trim-file?"),
        (["--trim-std-out", "on"], "--trim-std-out", "did you mean --trim-stdout?"),
        (["--trim-zzzzzzzz"], "--trim-zzzzzzzz", "known: --trim-stdout, --trim-file"),
        (["-v", "--trim-file"], "--trim-file", "needs a value: a path"),
        (["--trim-"], "--trim-", "no such option"),
    ],
)
def test_wrong_option_is_named_with_the_nearest(words, source, problem):
    with pytest.raises(ConfigError) as caught:
        split_arguments(words)
    assert caught.value.source == source
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"trim-telemetry: {source}: ")


# -- defaults and precedence -------------------------------------------------------------------------------------------


def test_defaults_are_the_contracts(root):
    made = load({}, {}, root)
    assert made == Config(root=root, run_id=made.run_id)
    assert made.stdout is True
    assert made.file is None
    assert (made.log_level, made.max_logs, made.max_output) == (30, 100, 10_000)
    assert made.thresholds == Thresholds(1000.0, 5000.0, 50, 100, 10, 100.0)


@pytest.mark.parametrize(
    "value, expected",
    [
        ("auto", "auto"),
        (" Require ", "require"),
        ("off", "off"),
        ("0", "off"),
        ("on", "auto"),
        (False, "off"),
        (True, "auto"),
    ],
)
def test_coverage_is_off_auto_or_required(value, expected, root):
    assert load({"coverage": value}, {}, root).coverage == expected


def test_coverage_that_is_none_of_these_is_refused(root):
    with pytest.raises(ConfigError, match="allowed: off, auto or require"):
        load({}, {"TRIM_COVERAGE": "maybe"}, root)


def test_run_id_is_unguessable(root):
    ids = {load({}, {}, root).run_id for _ in range(20)}
    assert len(ids) == 20
    assert {len(run_id) for run_id in ids} == {24}


@needs_toml
def test_command_line_beats_environment_beats_pyproject_beats_default(root, table):
    table("max_logs = 3\nmax_output = 3\nmax_message = 3")
    made = load({"max_logs": "1"}, {"TRIM_MAX_LOGS": "2", "TRIM_MAX_OUTPUT": "2"}, root)
    assert (made.max_logs, made.max_output, made.max_message, made.max_traceback) == (1, 2, 3, 20_000)


def test_empty_variable_is_an_unset_one(root):
    assert load({}, {"TRIM_MAX_LOGS": "", "TRIM_FILE": "", "TRIM_STDOUT": ""}, root).max_logs == 100


def test_private_variables_are_taken_out_of_the_environment_and_no_others(root):
    environ = {"TRIM_RUN_ID": "r", "TRIM_FILE": "f", "TRIM_STDOUT": "off", "HOME": "h"}
    load({}, environ, root)
    assert environ == {"TRIM_STDOUT": "off", "HOME": "h"}


def test_what_collect_sets_is_for_the_run_that_it_starts_and_not_for_its_tests(root):
    environ = {"TRIM_COLLECT": "/c", "TRIM_STDOUT": "off", "TRIM_FILE": "f", "TRIM_FSYNC": "on", "HOME": "h"}
    made = load({}, environ, root)
    assert (made.collector, made.stdout, made.fsync) == ("/c", False, True)
    assert environ == {"TRIM_FSYNC": "on", "HOME": "h"}


def test_private_variables_go_even_where_the_command_line_wins(root):
    environ = {"TRIM_RUN_ID": "r", "TRIM_FILE": "f"}
    made = load({"run_id": "mine"}, environ, root)
    assert (made.run_id, environ) == ("mine", {})


def test_file_is_absolute_and_has_the_run_in_its_name(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = load({"file": "out/{run_id}.ndjson", "run_id": "r1"}, {}, root)
    assert made.file == str(tmp_path / "out" / "r1.ndjson")


@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_can_stand_in_each_place(setting, root):
    words = {
        "stdout": "off",
        "redact": "off",
        "fsync": "on",
        "queries": "off",
        "coverage": "require",
        "sql_parameters": "on",
        "file": "f",
        "run_id": "r",
        "log_level": "ERROR",
        "network": "record",
        "network_allow": "db",
        "refuse_as": "connection-refused",
    }
    word = words.get(setting.name, "7")
    assert setting.option == "--trim-" + setting.name.replace("_", "-")
    ours, _ = split_arguments([setting.option, word])
    by_option, by_variable = load({"run_id": "x", **ours}, {}, root), load(
        {}, {"TRIM_RUN_ID": "x", setting.variable: word}, root
    )
    assert by_option == by_variable != load({"run_id": "x"}, {}, root)


def test_every_setting_belongs_to_the_config_and_the_other_way_round():
    fields = {*Config._fields, *Thresholds._fields} - {"root", "thresholds", "notices", "collector"}
    assert {setting.name for setting in config.SETTINGS} == fields


def test_help_names_the_default():
    defaults = {**Config("", "")._asdict(), **Thresholds()._asdict()}
    for setting in config.SETTINGS:
        value = defaults[setting.name]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and setting.name != "log_level":
            assert f"({value:g})" in setting.help, setting.name


# -- values ------------------------------------------------------------------------------------------------------------

GOOD = [
    *[("stdout", word, True) for word in ("on", "ON", "1", "true", "yes", " on ", True, 1)],
    *[("stdout", word, False) for word in ("off", "0", "false", "No", False, 0)],
    ("run_id", "A-b_c.9", "A-b_c.9"),
    ("run_id", "x" * 100, "x" * 100),
    *[("log_level", word, 20) for word in ("INFO", "info", " Info ")],
    ("log_level", "CRITICAL", 50),
    *[("max_logs", word, 0) for word in ("0", 0)],
    *[("max_logs", word, 12) for word in ("12", " 12 ", 12)],
    *[("slow_test_ms", word, 250.0) for word in ("250", "250.0", "2.5e2", 250, 250.0)],
    ("slow_test_ms", "0", 0.0),
    *[("network", word, "off") for word in ("off", " OFF ", False)],
    *[("network", word, word) for word in ("block", "record", "enforce")],
    *[("network_allow", word, ("db:5432", "10.0.0.0/8")) for word in ("db:5432,10.0.0.0/8", " db:5432, 10.0.0.0/8 ")],
    *[("network_allow", word, ("db",)) for word in ("db", ["db"])],
    *[("network_allow", word, ()) for word in ("", ",", [])],
    ("refuse_as", "connection-refused", "connection-refused"),
]
BAD = [
    *[("stdout", word) for word in ("", "maybe", "2", 2, 1.0, [], {})],
    *[("file", word) for word in ("", "a\0b", 5, True, ["a"])],
    *[("run_id", word) for word in ("", "x" * 101, "a b", "a/b", "..", ".hidden", "é", "a\n", 5)],
    *[("log_level", word) for word in ("", "LOUD", "30", 30, 30.0, True, ["INFO"])],
    *[("max_logs", word) for word in ("", "-1", -1, "1.5", 1.0, 1.5, float("inf"), float("nan"), "x", True, None, [1])],
    *[("network", word) for word in ("", "on", "yes", True, 1, ["off"])],
    *[
        ("network_allow", word)
        for word in ("https://a.example", "a b:", ["a b"], [1], 1, True, {"a": 1}, "10.0.0.0/99")
    ],
    *[("refuse_as", word) for word in ("", "off", False, "timeout")],
    *[("slow_test_ms", word) for word in ("", "-1", -0.5, "nan", "inf", "1e999", float("nan"), "1s", True, [1.0], {})],
]


def loaded(made, name):
    return getattr(made if name in Config._fields else made.thresholds, name)


@pytest.mark.parametrize("name, word, value", GOOD)
def test_value_that_is_allowed_is_read(name, word, value, root):
    found = loaded(load({name: word}, {}, root), name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("name, word", [case for case in BAD if case[1] is not None])
def test_value_that_is_not_allowed_is_refused_with_what_is(name, word, root):
    setting = next(setting for setting in config.SETTINGS if setting.name == name)
    with pytest.raises(ConfigError) as caught:
        load({name: word}, {}, root)
    assert caught.value.source == setting.option
    assert setting.allowed in caught.value.problem
    assert repr(word) in caught.value.problem


def test_wrong_variable_is_named_as_the_source(root):
    with pytest.raises(ConfigError, match=r"^trim-telemetry: TRIM_STDOUT: 'maybe' can't be used; allowed: on or off$"):
        load({}, {"TRIM_STDOUT": "maybe"}, root)


def test_variable_that_is_hardly_anything_but_a_setting_misspelt_is_said(root):
    environ = {
        "TRIM_SLOW_TSET_MS": "5",
        "TRIM_RUNID": "x",
        "TRIM_TEST_POSTGRES": "x",
        "TRIM": "x",
        "TRIM_THE_HEDGE": "x",
    }
    made = load({}, environ, root)
    assert made.thresholds.slow_test_ms == 1000.0
    assert sorted(notice.partition(": ")[2] for notice in made.notices) == [
        "TRIM_RUNID is no setting; did you mean TRIM_RUN_ID?",
        "TRIM_SLOW_TSET_MS is no setting; did you mean TRIM_SLOW_TEST_MS?",
    ]


def test_settings_are_shown_as_plain_json_without_the_thresholds(root):
    shown = load({"run_id": "r"}, {}, root).shown()
    assert json.loads(json.dumps(shown)) == shown
    caps = {"max_logs", "max_output", "max_message", "max_traceback", "max_missing_stdout", "max_missing_file"}
    switches = {"stdout", "fsync", "redact", "queries", "sql_parameters", "network", "coverage"}
    assert set(shown) == {"file", "log_level", "network_allow", "refuse_as", *switches, *caps}


# -- pyproject.toml ----------------------------------------------------------------------------------------------------


@needs_toml
@pytest.mark.parametrize(
    "text, name, value",
    [
        ("stdout = false", "stdout", False),
        ('stdout = "off"', "stdout", False),
        ('log_level = "ERROR"', "log_level", 40),
        ("max_logs = 5", "max_logs", 5),
        ("slow_test_ms = 5", "slow_test_ms", 5.0),
        ("high_queries = 5", "high_queries", 5),
    ],
)
def test_pyproject_gives_settings_in_tomls_own_types(text, name, value, table, root):
    table(text)
    found = loaded(load({}, {}, root), name)
    assert found == value
    assert type(found) is type(value)


@needs_toml
@pytest.mark.parametrize(
    "text", ["max_logs = true", "max_logs = 5.0", "log_level = 30", "file = 1979-05-27", "stdout = []"]
)
def test_wrong_type_in_pyproject_is_refused_with_file_and_key(text, table, root, tmp_path):
    table(text)
    key = text.split()[0]
    with pytest.raises(ConfigError) as caught:
        load({}, {}, root)
    assert caught.value.source == f"{tmp_path / 'pyproject.toml'}, [tool.trim_telemetry] {key}"
    assert "allowed: " in caught.value.problem


@needs_toml
@pytest.mark.parametrize(
    "key, hint",
    [("max_log", "did you mean max_logs?"), ("slow-test-ms", "did you mean slow_test_ms?"), ("q", "known: ")],
)
def test_unknown_key_in_pyproject_is_refused_with_the_nearest(key, hint, table, root):
    table(f"{key} = 1")
    with pytest.raises(ConfigError) as caught:
        load({}, {}, root)
    assert caught.value.source.endswith(f"pyproject.toml, [tool.trim_telemetry] {key}")
    assert hint in caught.value.problem


@needs_toml
@pytest.mark.parametrize("content", [b"[tool.trim_telemetry]\nfile\n", b"[tool.trim_telemetry]\nfile = '\xff'\n"])
def test_broken_pyproject_is_refused(content, root, tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load({}, {}, root)


@needs_toml
@pytest.mark.parametrize(
    "text, said",
    [
        (
            "[tool.trim-telemetry]\nmax_logs = 5",
            r"\[tool\.trim-telemetry\]: no such table; did you mean \[tool\.trim_tele",
        ),
        ("[tool.trim_telemetry\nmax_logs = 5", "is not valid TOML"),
    ],
)
def test_slip_in_our_tables_name_is_told(text, said, root, tmp_path):
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load({}, {}, root)


def test_pyproject_that_can_not_be_read_is_refused(table, root, monkeypatch):
    table("max_logs = 5")

    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(config, "open", refuse, raising=False)
    with pytest.raises(ConfigError, match=r"pyproject\.toml: can't be read: Permission denied"):
        load({}, {}, root)


@needs_toml
@pytest.mark.parametrize("text", ["[tool]\ntrim_telemetry = 5", "[[tool.trim_telemetry]]\nmax_logs = 5"])
def test_pyproject_where_our_table_is_none_is_refused(text, root, tmp_path):
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"tool\.trim_telemetry is not a table"):
        load({}, {}, root)


@needs_toml
@pytest.mark.parametrize(
    "text",
    [
        "[tool.trim_telemetry]\nmax_logs = 5",
        "  [ tool . trim_telemetry ]\nmax_logs = 5",
        "[tool.'trim_telemetry']\nmax_logs = 5",
        "[tool]\ntrim_telemetry = {max_logs = 5}",
        "[tool]\ntrim_telemetry.max_logs = 5",
        "tool.trim_telemetry.max_logs = 5",
        "tool = {trim_telemetry = {max_logs = 5}}",
    ],
)
def test_table_counts_in_whatever_spelling_toml_has_for_it(text, root, tmp_path):
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert load({}, {}, root).max_logs == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[project]\ndependencies = ['trim_telemetry']",
        "[tool.pytest.ini_options]\naddopts = '-p trim_telemetry.pytest_plugin --trim'",
        "[tool.trim_telemetry_of_somebody_else]\nx = 1",
        "[tool.poetry.dependencies]\ntrim-telemetry = '^0.1'",
        "[tool.trim-telemetry-of-somebody-else]\nx = 1",
        "tool = 5",
    ],
)
def test_pyproject_without_our_table_is_not_even_parsed(text, root, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(config, "_toml_parser", None)
    assert load({}, {}, root).notices == ()


def test_without_a_parser_one_notice_says_that_pyproject_was_not_read(root, table, monkeypatch):
    table("max_logs = 5")
    for name in ("tomllib", "tomli"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it raises ImportError
    made = load({}, {}, root)
    assert made.max_logs == 100
    (notice,) = made.notices
    assert notice.startswith("config-not-read: ")
    assert "tomli" in notice


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="Python from 3.11 on has a parser of its own")
def test_before_3_11_tomli_is_used_where_it_is_there(root, table, monkeypatch):
    table("max_logs = 5")

    class Tomli:
        @staticmethod
        def loads(text):
            assert "max_logs = 5" in text
            return {"tool": {"trim_telemetry": {"max_logs": 5}}}

    monkeypatch.setitem(sys.modules, "tomli", Tomli)
    assert load({}, {}, root).max_logs == 5


# -- the root ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["pyproject.toml", "setup.cfg", "manage.py", ".git"])
def test_root_is_the_nearest_folder_upwards_with_a_mark(mark, tmp_path):
    inner = tmp_path / "project" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "setup.cfg").touch()
    (tmp_path / "project" / mark).touch()
    assert find_root(str(inner)) == str(tmp_path / "project")


def test_without_a_mark_the_root_is_the_folder_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "_ROOT_MARKS", ("a-mark-that-nobody-has",))
    assert find_root(str(tmp_path)) == str(tmp_path)
