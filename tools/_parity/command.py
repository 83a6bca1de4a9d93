"""A test command, taken apart: who runs the tests, and what the same command is when it is instrumented."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

UNITTEST = "unittest"
PYTEST = "pytest"
DJANGO = "django"

MODULE = "module"
PLUGIN = "plugin"
TEST_RUNNER = "testrunner"
DOORS = (MODULE, PLUGIN, TEST_RUNNER)

_UNDERSTOOD = (
    "understood are: pytest ..., python -m pytest ..., python -m unittest ..., python manage.py test ..., "
    "python runtests.py ... (--django for a script of another name), each behind VAR=value words if need be"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_INTERPRETER = re.compile(r"(python|pypy)[0-9.]*(\.exe)?")
_PYTEST_NAMES = ("pytest", "py.test", "pytest.exe")
_DJANGO_SCRIPTS = ("manage.py", "runtests.py")
_VALUED_OPTIONS = "WX"  # of the interpreter: the rest of the word, or the next one, is their value
_MODES = {"-h", "--help", "--version", "-V", "--collect-only", "--co", "--fixtures", "--markers", "--setup-plan"}


class UsageError(Exception):
    """The command can't be compared; the message says why, in one sentence."""


class Command(NamedTuple):
    """One test command in its two forms.

    plain, instrumented: its words up to a lone `--`; behind: that and what follows; additions: what makes the runner
    list its verdicts; environ: the VAR=value words; keeps_cache: pytest's cache can be given a folder for each run;
    ordered: whether two runs come in the same order; runs_tests: False for a mode such as --help; begun_by_us: whether
    the instrumented form begins with a command line of ours, and not with a runner that has yet to load us.
    """

    runner: str
    python: List[str]
    environ: Dict[str, str]
    plain: List[str]
    instrumented: List[str]
    additions: List[str]
    behind: List[str]
    keeps_cache: bool
    ordered: bool
    runs_tests: bool
    begun_by_us: bool

    def words(self, instrumented: bool, cache: str) -> List[str]:
        """Return the command line to run. cache: a folder of this run's own."""
        isolation = ["-o", f"cache_dir={cache}"] if self.keeps_cache else []
        return [*(self.instrumented if instrumented else self.plain), *self.additions, *isolation, *self.behind]


class Target(NamedTuple):
    """What a command line starts: a module or a script. python: the interpreter with its options."""

    python: List[str]
    written: List[str]
    module: str
    script: str
    arguments: List[str]


def understand(
    words: Sequence[str],
    door: str = MODULE,
    django: bool = False,
    as_is: bool = False,
    brief: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Command:
    """Take a command apart.

    django: any script is a Django test script; as_is: nothing is added to it; brief: no output of passing tests.

    Raises UsageError.
    """
    assignments, rest = split_assignments(words)
    target = find_target(rest, {**environ, **assignments})
    runner = runner_of(target, django)
    arguments, behind = _split_at_dashes(target.arguments)
    if runner == PYTEST:
        _refuse_xdist([*shlex.split(assignments.get("PYTEST_ADDOPTS", environ.get("PYTEST_ADDOPTS", ""))), *arguments])
    additions = [] if as_is else _additions(runner, arguments, brief)
    return Command(
        runner,
        target.python,
        assignments,
        [*target.written, *arguments],
        _instrumented(runner, target, arguments, door),
        additions,
        behind,
        keeps_cache=runner == PYTEST and bool(additions) and not _names_plugin(arguments, "no:cacheprovider"),
        ordered=not (runner == DJANGO and _is_parallel(arguments)),
        runs_tests=not _MODES.intersection(arguments),
        begun_by_us=door == MODULE,
    )


def split_assignments(words: Sequence[str]) -> Tuple[Dict[str, str], List[str]]:
    """Part the VAR=value words in front from the command."""
    rest = list(words)
    if rest and rest[0] == "env":
        del rest[0]
    assignments: Dict[str, str] = {}
    while rest and _ASSIGNMENT.match(rest[0]):
        name, _, value = rest.pop(0).partition("=")
        assignments[name] = value
    return assignments, rest


def find_target(words: Sequence[str], environ: Mapping[str, str]) -> Target:
    """Find out what a command line starts. Raises UsageError where that is no module and no script of Python's."""
    if not words:
        raise UsageError(f"no command; {_UNDERSTOOD}")
    program = os.path.basename(words[0])
    if _INTERPRETER.fullmatch(program):
        return _python_target(words)
    if program in _PYTEST_NAMES:
        return Target([_interpreter_of(words[0], environ)], [words[0]], "pytest", "", list(words[1:]))
    if program.endswith(".py"):
        return Target([_interpreter_of(words[0], environ)], [words[0]], "", words[0], list(words[1:]))
    raise UsageError(f"{words[0]!r} is no test command that can be instrumented; {_UNDERSTOOD}")


def _python_target(words: Sequence[str]) -> Target:
    place = 1
    while place < len(words):
        word = words[place]
        if not word.startswith("-") or word == "-":
            return Target(list(words[:place]), list(words[: place + 1]), "", word, list(words[place + 1 :]))
        letter, value = _last_option(word)
        if letter == "m" and (value or place + 1 < len(words)):
            end = place + (1 if value else 2)
            flags = word[: len(word) - len(value) - 1]  # what stands before the m in one word with it
            python = [*words[:place], *([flags] if len(flags) > 1 else [])]
            return Target(python, list(words[:end]), value or words[end - 1], "", list(words[end:]))
        if letter == "c":
            break
        place += 2 if (letter in _VALUED_OPTIONS and not value) or word == "--check-hash-based-pycs" else 1
    raise UsageError(f"no module and no script behind {words[0]!r}; {_UNDERSTOOD}")


def _last_option(word: str) -> Tuple[str, str]:
    """Return the letter in a word of short options that takes the rest of the word as its value, and that rest."""
    if not word.startswith("--"):
        for place, letter in enumerate(word[1:], 2):
            if letter in "mc" + _VALUED_OPTIONS:
                return letter, word[place:]
    return "-", ""


def _interpreter_of(script: str, environ: Mapping[str, str]) -> str:
    """Return the interpreter that runs an installed script: the one of its first line, else the one beside it."""
    path = shutil.which(script, path=environ.get("PATH")) or script
    try:
        with open(path, "rb") as file:
            first = file.readline(500).decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"{script}: {error.strerror}") from None
    named = first[2:].split() if first.startswith("#!") else []
    for word in named:
        if _INTERPRETER.fullmatch(os.path.basename(word)):
            return word
    for name in ("python", "python3", "python.exe"):
        beside = os.path.join(os.path.dirname(path), name)
        if os.path.exists(beside):
            return beside
    raise UsageError(f"can't tell which Python runs {script}: write python -m, or python before the script")


def runner_of(target: Target, django: bool) -> str:
    """Return who runs the tests. Raises UsageError."""
    if target.module in ("pytest", "py.test"):
        return PYTEST
    if target.module == "unittest":
        return UNITTEST
    name = os.path.basename(target.script)
    if target.module == "django" or name == "manage.py":
        if "test" not in target.arguments:
            raise UsageError(f"{target.module or name} without 'test' runs no tests; {_UNDERSTOOD}")
        return DJANGO
    if target.script and (django or name in _DJANGO_SCRIPTS):
        return DJANGO
    raise UsageError(f"{target.module or target.script!r} is no test runner that is known here; {_UNDERSTOOD}")


def _instrumented(runner: str, target: Target, arguments: Sequence[str], door: str) -> List[str]:
    """Return the command with one of the doors put in."""
    if door == PLUGIN and runner == PYTEST:
        return [*target.written, *arguments, "-p", "trim_telemetry.pytest_plugin", "--trim"]
    if door == TEST_RUNNER and runner == DJANGO:
        return [*target.written, *arguments, "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner"]
    if door != MODULE:
        raise UsageError(f"{runner} has no door of the kind {door!r}")
    if runner == DJANGO and not target.script:
        raise UsageError("python -m django has no script to instrument: use manage.py, or --through testrunner")
    script = [target.script] if runner == DJANGO else []
    return [*target.python, "-m", f"trim_telemetry.{runner}_instrumentation", *script, *arguments]


def _additions(runner: str, arguments: Sequence[str], brief: bool) -> List[str]:
    """Return the runner's own options that make it name every test with its verdict."""
    if runner == UNITTEST:
        return ["-v"]
    if runner == DJANGO:
        return ["--verbosity", "2"]
    if _names_plugin(arguments, "no:terminal"):  # nothing is printed, and these options don't exist then
        return []
    return ["--verbosity=1", "-rfEsxXp" if brief else "-rA"]


def _split_at_dashes(arguments: Sequence[str]) -> Tuple[List[str], List[str]]:
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    return list(arguments[:end]), list(arguments[end:])


def _names_plugin(arguments: Sequence[str], name: str) -> bool:
    return name in arguments or f"-p{name}" in arguments


def _is_parallel(arguments: Sequence[str]) -> bool:
    for place, word in enumerate(arguments):
        option, has_value, value = word.partition("=")
        if option == "--parallel":
            value = value if has_value else "".join(arguments[place + 1 : place + 2])
            return value not in ("0", "1")
    return False


def _refuse_xdist(arguments: Sequence[str]) -> None:
    for place, word in enumerate(arguments):
        option, has_value, value = word.partition("=")
        if option in ("-n", "--numprocesses"):
            value = value if has_value else "".join(arguments[place + 1 : place + 2])
        elif re.fullmatch(r"-n(\d+|auto|logical)", word):
            value = word[2:]
        else:
            continue
        if value != "0":
            raise UsageError(XDIST)


XDIST = "xdist's workers finish in another order each time, so two runs can't be compared: run the command with -n0"
