"""Settings: what they are, where they may stand, and what is allowed.

One precedence for every setting: command line (`--trim-file`), environment (`TRIM_FILE`), `[tool.trim_telemetry]` of
the root's pyproject.toml (`file`), default. A setting that can't be used is a ConfigError, before the first test.
"""

from __future__ import annotations

import os
import re
import sys
from os.path import abspath, dirname, exists, isfile, join
from typing import Any, Callable, Dict, List, Mapping, MutableMapping, NamedTuple, Optional, Sequence, Tuple

from .errors import ConfigError

OPTION_PREFIX = "--trim-"
VARIABLE_PREFIX = "TRIM_"
TABLE = "tool.trim_telemetry"

# Taken out of os.environ before the first test: a subprocess of a test never writes into this run.
_PRIVATE_VARIABLES = ("TRIM_RUN_ID", "TRIM_FILE")
# Set by `collect` for the runs that it starts: the folder in which they report to it.
COLLECT_VARIABLE = "TRIM_COLLECT"
_VARIABLES_OF_COLLECT = (COLLECT_VARIABLE, "TRIM_STDOUT")  # taken out, too: a test's own runs are not its business
# Where a pyproject.toml can mean our table, in any spelling that TOML has; a mere mention of the package is none.
_TABLE_SPELLED = rb"""
    ^[ \t]* (\[+[ \t]*)? (["']?tool["']? [ \t]*\.[ \t]*)? ["']?trim_telemetry["']? [ \t]* [].=]  # a key of a line
    | \{[ \t]* ["']?trim_telemetry\b  # of an inline table
    | ^[ \t]* \[[ \t]* tool [ \t]*\.[ \t]* ["']?trim[-_]telemetry["']? [ \t]* (\]|\r?$)  # a slip, to be told
"""
_MISSPELLED = "trim-telemetry"  # as the distribution is called
NETWORK_MODES = ("block", "record", "enforce", "off")
REFUSALS = ("error", "connection-refused")
_HARDLY_ANYTHING_ELSE = 0.85  # likeness of two names, as difflib measures it
_ROOT_MARKS = ("pyproject.toml", "setup.cfg", "manage.py", ".git")
_LOG_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_RUN_ID_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


class Thresholds(NamedTuple):
    """Above which value a flag is raised (record.md, performance). Times in ms, the others are counts."""

    slow_test_ms: float = 1000.0
    very_slow_test_ms: float = 5000.0
    moderate_queries: int = 50
    high_queries: int = 100
    n_plus_one_selects: int = 10
    slow_query_ms: float = 100.0


class Config(NamedTuple):
    """The settings in force during one run. root: absolute path that record paths are relative to."""

    root: str
    run_id: str
    stdout: bool = True
    file: Optional[str] = None
    fsync: bool = False
    redact: bool = True
    log_level: int = _LOG_LEVELS["WARNING"]
    max_logs: int = 100
    max_output: int = 10_000
    max_message: int = 10_000
    max_traceback: int = 20_000
    queries: bool = True
    sql_parameters: bool = False
    network: str = "block"
    network_allow: Tuple[str, ...] = ()
    refuse_as: str = "error"
    coverage: str = "auto"
    max_missing_stdout: int = 500
    max_missing_file: int = 2_000
    thresholds: Thresholds = Thresholds()
    notices: Tuple[str, ...] = ()  # what of the settings could not be read; goes into the summary's warnings
    collector: Optional[str] = None  # the folder in which `collect` waits to hear of this run

    def shown(self) -> Dict[str, Any]:
        """Return the settings as `run_start` names them: plain JSON values, thresholds apart."""
        hidden = {"root", "run_id", "thresholds", "notices", "collector"}
        shown = {name: value for name, value in self._asdict().items() if name not in hidden}
        return {**shown, "network_allow": list(self.network_allow)}


class Setting(NamedTuple):
    """One setting: its key, how its value is read, what is allowed (for messages), and a line of help."""

    name: str
    read: Callable[[Any], Any]
    allowed: str
    help: str

    @property
    def option(self) -> str:
        """The command line's spelling."""
        return OPTION_PREFIX + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment's spelling."""
        return VARIABLE_PREFIX + self.name.upper()


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    states = {"on": True, "1": True, "true": True, "yes": True, "off": False, "0": False, "false": False, "no": False}
    return states[str(value).strip().lower()]


def _coverage(value: Any) -> str:
    word = str(value).strip().lower()
    return word if word in ("auto", "require") else ("auto" if _switch(value) else "off")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(value)
    return value


def _run_id(value: Any) -> str:
    if not 1 <= len(_text(value)) <= 100 or not _RUN_ID_ALPHABET.issuperset(value) or value.startswith("."):
        raise ValueError(value)
    return str(value)


def _count(value: Any) -> int:
    number = int(value)
    if isinstance(value, (bool, float)) or number < 0:
        raise ValueError(value)
    return number


def _milliseconds(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not 0 <= number < float("inf"):
        raise ValueError(value)
    return number


def _level(value: Any) -> int:
    return _LOG_LEVELS[str(value).strip().upper()]


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value is False and "off" in choices:  # as TOML has it
            return "off"
        return choices[choices.index(str(value).strip().lower())]

    return read


def _hosts(value: Any) -> Tuple[str, ...]:
    entries = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ValueError(value)
    if entries:
        from .allow_list import AllowList  # only for who has such a list

        AllowList(entries)
    return tuple(entries)


_A_COUNT = "a whole number, 0 or more"
_A_LIST_OF_HOSTS = "a list of: host, *.suffix, address, CIDR, host:port, private, *"
_MILLISECONDS = "milliseconds, 0 or more"

SETTINGS = (
    Setting("stdout", _switch, "on or off", "write TEST_RESULT and TEST_SUMMARY lines to stdout (on)"),
    Setting("file", _text, "a path", "write every record to this NDJSON file; {run_id} in it is replaced"),
    Setting("fsync", _switch, "on or off", "have every record of the file on the disk before the run goes on (off)"),
    Setting("redact", _switch, "on or off", "take secrets out of messages, logs, SQL and output (on)"),
    Setting("queries", _switch, "on or off", "collect the database queries of each test (on)"),
    Setting("sql_parameters", _switch, "on or off", "show the parameters of slow and repeated queries (off)"),
    Setting(
        "network", _one_of(*NETWORK_MODES), ", ".join(NETWORK_MODES), "what becomes of calls to the outside (block)"
    ),
    Setting("network_allow", _hosts, _A_LIST_OF_HOSTS, "hosts that tests may reach (none)"),
    Setting("refuse_as", _one_of(*REFUSALS), " or ".join(REFUSALS), "what a blocked call raises (error)"),
    Setting("coverage", _coverage, "off, auto or require", "collect the lines of each test; require: or stop (auto)"),
    Setting("max_missing_stdout", _count, _A_COUNT, "missing lines listed in a record on stdout, else ranges (500)"),
    Setting("max_missing_file", _count, _A_COUNT, "missing lines listed in a record of the file, else ranges (2000)"),
    Setting("run_id", _run_id, "1 to 100 letters, digits, '.', '_' or '-'", "the run's id (default: a random one)"),
    Setting("log_level", _level, ", ".join(_LOG_LEVELS), "lowest level of log records that are kept (WARNING)"),
    Setting("max_logs", _count, _A_COUNT, "log records kept of a test (100)"),
    Setting("max_output", _count, _A_COUNT, "characters kept of a failed test's stdout and stderr each (10000)"),
    Setting("max_message", _count, _A_COUNT, "characters kept of a failure's message (10000)"),
    Setting("max_traceback", _count, _A_COUNT, "characters kept of a failure's traceback (20000)"),
    Setting("slow_test_ms", _milliseconds, _MILLISECONDS, "a test over this is `slow` (1000)"),
    Setting("very_slow_test_ms", _milliseconds, _MILLISECONDS, "a test over this is `very_slow` (5000)"),
    Setting("moderate_queries", _count, _A_COUNT, "more queries are `moderate_db_queries` (50)"),
    Setting("high_queries", _count, _A_COUNT, "more queries are `high_db_queries` (100)"),
    Setting("n_plus_one_selects", _count, _A_COUNT, "more SELECTs are `potential_n_plus_1_queries` (10)"),
    Setting("slow_query_ms", _milliseconds, _MILLISECONDS, "a query over this is a slow query (100)"),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def split_arguments(arguments: Sequence[str]) -> Tuple[Dict[str, str], List[str]]:
    """Part a command line into our `--trim-*` options, by setting name, and what the runner is to see.

    Everything behind a lone `--` is the runner's. Raises ConfigError for an option that is not ours or lacks a value.
    """
    ours: Dict[str, str] = {}
    rest: List[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            return ours, [*rest, word, *waiting]
        if not word.startswith(OPTION_PREFIX):
            rest.append(word)
            continue
        option, has_value, value = word.partition("=")
        name = option[len(OPTION_PREFIX) :].replace("-", "_")
        if name not in _BY_NAME:
            raise ConfigError(option, "no such option" + _nearest(option, [s.option for s in SETTINGS]))
        if not has_value:
            if not waiting:
                raise ConfigError(option, f"needs a value: {_BY_NAME[name].allowed}")
            value = waiting.pop(0)
        ours[name] = value
    return ours, rest


def load(
    options: Mapping[str, Any],
    environ: MutableMapping[str, str],
    root: str,
) -> Config:
    """Read the settings in force from the command line's options, the environment and root's pyproject.toml.

    Takes TRIM_RUN_ID and TRIM_FILE out of `environ`, and what `collect` has put there. Raises ConfigError, which names
    the source, what is allowed and the nearest known key.
    """
    table, notices = _read_table(root)
    notices += _slips(environ)
    values: Dict[str, Any] = {}
    for setting in SETTINGS:
        for source, found in (
            (setting.option, options.get(setting.name)),
            (setting.variable, environ.get(setting.variable) or None),  # an empty variable is an unset one
            (f"{join(root, 'pyproject.toml')}, [{TABLE}] {setting.name}", table.get(setting.name)),
        ):
            if found is not None:
                values[setting.name] = _checked(setting, source, found)
                break
    collector = environ.get(COLLECT_VARIABLE) or None
    for name in _PRIVATE_VARIABLES + (_VARIABLES_OF_COLLECT if collector else ()):
        environ.pop(name, None)
    thresholds = {name: values.pop(name) for name in Thresholds._fields if name in values}
    values.setdefault("run_id", os.urandom(12).hex())
    if "file" in values:
        values["file"] = abspath(values["file"].replace("{run_id}", values["run_id"]))
    return Config(root=root, thresholds=Thresholds(**thresholds), notices=notices, collector=collector, **values)


def find_root(directory: str) -> str:
    """Return the nearest folder from `directory` upwards that holds a project's mark, else `directory` itself."""
    start = folder = abspath(directory)
    while True:
        if any(exists(join(folder, mark)) for mark in _ROOT_MARKS):
            return folder
        if dirname(folder) == folder:
            return start
        folder = dirname(folder)


def _checked(setting: Setting, source: str, value: Any) -> Any:
    try:
        return setting.read(value)
    except (KeyError, ValueError, TypeError, OverflowError):
        raise ConfigError(source, f"{value!r} can't be used; allowed: {setting.allowed}") from None


def _read_table(root: str) -> Tuple[Dict[str, Any], Tuple[str, ...]]:
    """Return [tool.trim_telemetry] of root's pyproject.toml, and a notice where it could not be read."""
    path = join(root, "pyproject.toml")
    if not isfile(path):
        return {}, ()
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise ConfigError(path, f"can't be read: {error.strerror}") from None
    # Spares most projects the parser's import, and its absence before 3.11.
    if re.search(_TABLE_SPELLED, content, re.MULTILINE | re.VERBOSE) is None:
        return {}, ()
    parse = _toml_parser()
    if parse is None:
        return {}, (f"config-not-read: {path} was not read: Python before 3.11 needs the package tomli for it",)
    try:
        tools = parse(content.decode("utf-8")).get("tool", {})
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ConfigError(path, f"is not valid TOML: {error}") from None
    if isinstance(tools, dict) and _MISSPELLED in tools:
        raise ConfigError(f"{path}, [tool.{_MISSPELLED}]", f"no such table; did you mean [{TABLE}]?")
    table = tools.get("trim_telemetry", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise ConfigError(path, f"{TABLE} is not a table")
    for key in table:
        if key not in _BY_NAME:
            raise ConfigError(f"{path}, [{TABLE}] {key}", "no such setting" + _nearest(key, _BY_NAME))
    return table, ()


def _slips(environ: Mapping[str, str]) -> Tuple[str, ...]:
    """Return notices of variables that are hardly anything but a setting misspelt. Others' may begin as ours do."""
    ours = [setting.variable for setting in SETTINGS]
    strange = [name for name in environ if name.startswith(VARIABLE_PREFIX) and name not in ours]
    if not strange:
        return ()
    from difflib import get_close_matches

    near = {name: get_close_matches(name, ours, 1, _HARDLY_ANYTHING_ELSE) for name in strange}
    return tuple(
        f"config-unknown-{name}: {name} is no setting; did you mean {meant[0]}?"
        for name, meant in near.items()
        if meant
    )


def _toml_parser() -> Optional[Callable[[str], Dict[str, Any]]]:
    try:
        if sys.version_info >= (3, 11):
            import tomllib as parser
        else:
            import tomli as parser
    except ImportError:
        return None
    loads: Callable[[str], Dict[str, Any]] = parser.loads
    return loads


def _nearest(word: str, known: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]}?" if near else "; known: " + ", ".join(known)
