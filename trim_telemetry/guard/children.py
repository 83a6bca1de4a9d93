"""Processes that are started: guarded where they are forks or the same Python, else said to be out of reach.

A child Python is told by its environment, or its program text: by the child's own copy, never by os.environ. What it
tries goes to a folder, and is put down to the test that has started it.
"""

from __future__ import annotations

import json
import os
import sys
from os.path import basename, dirname, join, realpath
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..collectors.network import ledger
from ..stand_ins import Patches, like, unseen
from .passes import passes

VARIABLE = "TRIM_GUARDED_CHILD"
_STARTUP = join(dirname(realpath(__file__)), "startup", "sitecustomize.py")
_PACKAGE = dirname(dirname(realpath(__file__)))
_NAME = __name__.rpartition(".guard")[0]
_PYTHON = realpath(sys.executable) if sys.executable else ""
_UNREACHED = frozenset("EIS")  # flags with which Python reads no environment, or no sitecustomize
_WITH_VALUE = frozenset("WX")  # flags that take the next word
_ENV, _SHELL = 6, 9  # positions of Popen._execute_child's arguments, the same from 3.8 to 3.13
_dumps = json.JSONEncoder(ensure_ascii=True).encode


def install() -> None:
    """Know of forks."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=ledger.forked)


def patch_subprocess(module: Any) -> None:
    """Have Pythons that subprocess starts guard themselves."""
    Patches().replace(module.Popen, "_execute_child", _guarding)


def _guarding(original: Callable[..., Any]) -> Callable[..., Any]:
    def _execute_child(self: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        try:
            arguments = _with_environment(arguments)
        except Exception as error:  # noqa: BLE001  # ours, whatever it is: the user's process is started
            ledger.child_lost("python", error)
        passes.starting = True
        try:
            return original(self, *arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        finally:
            passes.starting = False

    return like(_execute_child, original)


def _with_environment(arguments: Tuple[Any, ...]) -> Tuple[Any, ...]:
    """Give a Python's environment, which is its copy, what it has to know; say of others that they are out of reach."""
    if not ledger.active or len(arguments) <= _SHELL:
        return arguments
    words = _words(arguments[0])
    env = arguments[_ENV]
    program = os.fsdecode(arguments[1]) if arguments[1] else words[0] if words else ""
    if arguments[_SHELL] or not _is_reachable(program, words[1:], env):
        ledger.unguarded(_shown(words[0] if words else program, bool(arguments[_SHELL])))
        return arguments
    return (*arguments[:_ENV], _environment(os.environ if env is None else env), *arguments[_ENV + 1 :])


def _words(command: Any) -> List[str]:
    if isinstance(command, (str, bytes, os.PathLike)):
        return [os.fsdecode(command)]
    return [os.fsdecode(word) for word in command]


def _shown(program: str, by_shell: bool) -> str:
    """Name a program without its arguments, which may have secrets."""
    return f"sh: {basename(program.split()[0]) if program.split() else ''}" if by_shell else basename(program)


def _is_reachable(program: str, words: Sequence[str], env: Optional[Mapping[Any, Any]]) -> bool:
    """Is it this Python, or a script for it, and will it look at its environment?"""
    found = _which(program, env)
    if found is None:
        return False
    if realpath(found) == _PYTHON:
        return not _UNREACHED.intersection(_flags(words))
    return _is_script_of_ours(found, env)


def _which(program: str, env: Optional[Mapping[Any, Any]]) -> Optional[str]:
    if os.sep in program:
        return program
    folders = os.get_exec_path(None if env is None else {os.fsdecode(name): os.fsdecode(env[name]) for name in env})
    return next((path for path in (join(folder, program) for folder in folders) if os.access(path, os.X_OK)), None)


def _flags(words: Sequence[str]) -> str:
    """Return the letters of Python's own options, which end where its program begins."""
    letters, skip = "", False
    for word in words:
        if skip:
            skip = False
        elif len(word) < 2 or not word.startswith("-") or word.startswith("--"):
            break
        else:
            flags = word[1:]
            for number, letter in enumerate(flags):
                if letter in "cm":
                    return letters
                letters += letter
                if letter in _WITH_VALUE:
                    skip = number == len(flags) - 1
                    break
    return letters


def _is_script_of_ours(path: str, env: Optional[Mapping[Any, Any]]) -> bool:
    try:
        with open(path, "rb") as file:
            start = file.read(256)
    except OSError:
        return False
    if not start.startswith(b"#!"):
        return False
    words = start[2:].split(b"\n")[0].decode("utf-8", "replace").split()
    if words and basename(words[0]) == "env":
        words = words[1:]
    found = _which(words[0], env) if words else None
    return found is not None and realpath(found) == _PYTHON and not _UNREACHED.intersection(_flags(words[1:]))


def _environment(env: Mapping[Any, Any]) -> Dict[Any, Any]:
    given = {**ledger.child_policy(), "package": _PACKAGE, "name": _NAME}
    changed = dict(env)
    raw = next((name for name in env if os.fsdecode(name) == "PYTHONPATH"), "PYTHONPATH")
    path = env.get(raw)
    given["pythonpath"] = None if path is None else os.fsdecode(path)
    changed[raw] = os.pathsep.join([dirname(_STARTUP), *([given["pythonpath"]] if path else [])])
    changed[VARIABLE] = _dumps(given)
    return changed


# -- multiprocessing ---


def patch_multiprocessing(module: Any) -> None:
    """Have Pythons that multiprocessing spawns guard themselves. module: its util."""
    Patches().replace(module, "spawnv_passfds", _guarding_spawn)


def _guarding_spawn(original: Callable[..., Any]) -> Callable[..., Any]:
    def spawnv_passfds(path: Any, args: Any, passfds: Any) -> Any:
        __tracebackhide__ = True
        try:
            args = _with_program(args)
        except Exception as error:  # noqa: BLE001  # ours, whatever it is: the user's process is started
            ledger.child_lost("multiprocessing", error)
        return original(path, args, passfds)

    return like(spawnv_passfds, original)


def _with_program(words: Sequence[Any]) -> Sequence[Any]:
    if not ledger.active or "-c" not in words:
        return words
    place = list(words).index("-c") + 1
    if "resource_tracker" in words[place]:  # runs nothing of the user's
        return words
    given = _dumps({**ledger.child_policy(), "package": _PACKAGE, "name": _NAME})
    start = f"exec(compile(open({_STARTUP!r}).read(), {_STARTUP!r}, 'exec'), {{'GIVEN': {given!r}}})\n"
    return [*words[:place], start + words[place], *words[place + 1 :]]


# -- others ---


def _named(program: Any) -> None:
    ledger.unguarded(_shown(_words(program)[0], False))


def _shell(arguments: Tuple[Any, ...]) -> None:
    ledger.unguarded(_shown(_words(arguments[0])[0], True))


def _program(arguments: Tuple[Any, ...]) -> None:
    if not passes.starting:
        _named(arguments[0])


def _spawned(arguments: Tuple[Any, ...]) -> None:
    _named(arguments[1])


def _forks(arguments: Tuple[Any, ...]) -> None:
    ledger.prepare_for_children()


def _heard(hear: Callable[[Tuple[Any, ...]], None]) -> Callable[[Tuple[Any, ...]], None]:
    def guarded(arguments: Tuple[Any, ...]) -> None:
        try:
            hear(arguments)
        except Exception as error:  # noqa: BLE001  # ours, whatever it is: the user's process is started
            ledger.child_lost("a process", error)

    return guarded


started: Dict[str, Callable[[Tuple[Any, ...]], None]] = {  # by audit event
    "os.fork": _heard(_forks),
    "os.forkpty": _heard(_forks),
    "os.system": _heard(_shell),
    "os.posix_spawn": _heard(_program),
    "os.exec": _heard(_program),
    "os.spawn": _heard(_spawned),
    "os.startfile": _heard(_program),
}
