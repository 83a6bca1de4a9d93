"""The command that `collect` was given: how it is started, and with telemetry put in where we know its tests' runner.

What is put in stands in the command line, because whatever the tests themselves start would inherit an environment.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

_PACKAGE = __name__.rpartition(".runs.")[0]  # a copy under another name puts itself in
_PLUGIN = ["-p", f"{_PACKAGE}.pytest_plugin", "--trim"]
_DOORS = {"pytest": f"{_PACKAGE}.pytest_instrumentation", "unittest": f"{_PACKAGE}.unittest_instrumentation"}
_SCRIPT_DOOR = f"{_PACKAGE}.django_instrumentation"
_RUNNER = f"{_PACKAGE}.django_runner.TrimTelemetryRunner"

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*t?d?(?:\.exe)?$", re.IGNORECASE)
_PYTEST = re.compile(r"(?:py\.test|pytest(?:-?[0-9.]+)?)(?:\.exe)?$", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_IN_FRONT = frozenset(
    ["!", "{", "if", "then", "elif", "else", "while", "until", "do", "time", "exec", "env", "command", "nohup"]
)
_TAKING_A_VALUE = "WX"  # options of the interpreter


class Command(NamedTuple):
    """words: what is executed; variables: what stood before it as VAR=x; is_shell: a shell runs the user's line."""

    words: List[str]
    variables: Dict[str, str]
    is_shell: bool


def prepare(arguments: Sequence[str]) -> Command:
    """Return how to start COMMAND. One argument is a line for the shell, as make gives it; several are its words.

    A line that needs no shell is started without one: signals and exit codes are the command's own then.
    """
    if len(arguments) > 1:
        return _of_words(list(arguments))
    tokens = list(_tokens(arguments[0]))
    if all(token.is_plain for token in tokens):
        return _of_words([token.word for token in tokens])
    return Command(_shell(_with_telemetry_in_line(arguments[0], tokens)), {}, True)


def _of_words(words: List[str]) -> Command:
    variables: Dict[str, str] = {}
    while words and _ASSIGNMENT.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    return Command(with_telemetry(words), variables, False)


def _shell(line: str) -> List[str]:
    if os.name == "nt":
        return [os.environ.get("COMSPEC", "cmd.exe"), "/c", line]
    return ["/bin/sh", "-c", line]


def with_telemetry(words: Sequence[str]) -> List[str]:
    """Return the words with telemetry put in; as they are where we don't know what they run, or it is there already."""
    changes = _changes(words)
    return [part for index, word in enumerate(words) for part in _parts(word, changes.get(index))]


def _parts(word: str, parts: Optional[List[str]]) -> List[str]:
    return [word] if parts is None else [part or word for part in parts]


def _changes(words: Sequence[str]) -> Dict[int, List[str]]:
    """Return what is to stand in the place of which word; "" stands for the word itself."""
    head = next((index for index, word in enumerate(words) if not _is_in_front(word)), len(words))
    if head == len(words):
        return {}
    name = re.split(r"[/\\]", words[head])[-1]
    if _PYTEST.match(name) and "--trim" not in words:
        return {head: ["", *_PLUGIN]}
    return _changes_of_python(words, head + 1) if _PYTHON.match(name) else {}


def _is_in_front(word: str) -> bool:
    return word in _IN_FRONT or _ASSIGNMENT.match(word) is not None


def _changes_of_python(words: Sequence[str], first: int) -> Dict[int, List[str]]:
    """first: where the interpreter's own arguments begin."""
    index = first
    while index < len(words) and words[index].startswith("-") and words[index] != "-":
        option, rest = _cluster(words[index])
        if option == "c":
            return {}
        if option == "m":
            return _changes_of_module(words, index, rest)
        index += 2 if option and not rest else 1
    is_test = words[index + 1 : index + 2] == ["test"] and words[index].endswith("manage.py")
    if not is_test or any(word.endswith(_RUNNER) for word in words):
        return {}
    return {index: ["-m", _SCRIPT_DOOR, ""]}


def _cluster(word: str) -> Tuple[str, str]:
    """-Bm, -Werror: the option that takes what follows it, which ends a cluster, and that; ("", "") for none."""
    if word == "--check-hash-based-pycs":
        return "check", ""
    if word.startswith("--"):
        return "", ""
    for position, letter in enumerate(word[1:], 2):
        if letter in _TAKING_A_VALUE + "cm":
            return letter, word[position:]
    return "", ""


def _changes_of_module(words: Sequence[str], index: int, rest: str) -> Dict[int, List[str]]:
    """rest: the module's name where it stands in the same word as -m."""
    name = rest or "".join(words[index + 1 : index + 2])
    if name not in _DOORS:
        return {}
    if rest:
        return {index: [words[index][: -len(rest)] + _DOORS[name]]}
    return {index + 1: [_DOORS[name]]}


# -- a line for the shell ---


class _Token(NamedTuple):
    """A word or an operator of a line: where it stands, what the word is, and whether no shell is needed for it."""

    start: int
    end: int
    word: str
    is_operator: bool
    is_plain: bool


_SPACE = re.compile(r"(?:[ \t]|\\\n)+|#.*")
_OPERATOR = re.compile(r"[0-9]*(?:&>>?|>>|>&|>\||<&|<>|<<-?|>|<)|&&|\|\||;;|[;&|()\n]")
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.", re.DOTALL)
_NEEDS_SHELL = re.compile(r"[$`*?\[~{]")


def _tokens(line: str) -> Iterator[_Token]:
    """Part a line as a POSIX shell does (Shell Command Language, 2.3), as far as it takes to find its commands."""
    place = 0
    while place < len(line):
        space = _SPACE.match(line, place)
        if space:
            place = space.end()
            continue
        operator = _OPERATOR.match(line, place)
        end = operator.end() if operator else _end_of_word(line, place)
        yield _token(line, place, end, operator is not None)
        place = end


def _token(line: str, start: int, end: int, is_operator: bool) -> _Token:
    text = line[start:end]
    if is_operator:
        return _Token(start, end, text, True, False)
    try:
        word = "".join(shlex.split(text))
    except ValueError:  # a quote that is never closed: the shell will say so
        return _Token(start, end, text, False, False)
    unquoted = re.sub(r"'[^']*'", "", text)
    is_plain = not (_NEEDS_SHELL.search(unquoted) or "\\" in text or word in _IN_FRONT)
    return _Token(start, end, word, False, is_plain)


def _end_of_word(line: str, place: int) -> int:
    while place < len(line) and line[place] not in " \t\n;&|()<>":
        quoted = _QUOTED.match(line, place)
        if quoted:
            place = quoted.end()
        elif line.startswith("$(", place):
            place = _end_of_substitution(line, place + 2)
        elif line[place] == "`":
            place = (line.find("`", place + 1) + 1) or len(line)
        else:
            place += 1
    return place


def _end_of_substitution(line: str, place: int) -> int:
    depth = 1
    while place < len(line) and depth:
        quoted = _QUOTED.match(line, place)
        if quoted:
            place = quoted.end()
            continue
        depth += {"(": 1, ")": -1}.get(line[place], 0)
        place += 1
    return place


def _with_telemetry_in_line(line: str, tokens: Sequence[_Token]) -> str:
    """Return the line with telemetry put into its commands; all else in it stays as it is written."""
    if any(token.is_operator and "<<" in token.word for token in tokens):  # what follows is no command but a text
        return line
    made, done = [], 0
    for command in _commands(tokens):
        for index, parts in _changes([token.word for token in command]).items():
            token = command[index]
            made += [line[done : token.start], " ".join(_parts(line[token.start : token.end], parts))]
            done = token.end
    return "".join(made) + line[done:]


def _commands(tokens: Sequence[_Token]) -> Iterator[List[_Token]]:
    """Yield the words of each simple command; what stands behind a redirection is none of them."""
    words: List[_Token] = []
    waiting = iter(tokens)
    for token in waiting:
        if not token.is_operator:
            words.append(token)
        elif "<" in token.word or ">" in token.word:
            next(waiting, None)
        else:
            yield words
            words = []
    yield words
