"""The CPython interpreters of a machine: found on PATH and under pyenv, asked for their version, one kept of each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

FIRST = (3, 8)
PROMISED = tuple((3, minor) for minor in range(8, 15))  # those whose absence is said
_LATER = 20  # python3.20 is the last name that is looked for

_QUESTION = """
import importlib.util, json, platform, sys, sysconfig
print(json.dumps([
    platform.python_implementation(),
    list(sys.version_info[:3]),
    sys.version_info.releaselevel == "final",
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
]))
"""


class Interpreter(NamedTuple):
    """One interpreter; flaw: why it can't be used, "" when it can."""

    path: str
    version: Tuple[int, int, int]
    flaw: str = ""

    @property
    def minor(self) -> Tuple[int, int]:
        """(3, 8)."""
        return self.version[:2]

    def __str__(self) -> str:
        return ".".join(map(str, self.version))


def find() -> Tuple[List[Interpreter], List[Interpreter]]:
    """Return the interpreters to use, oldest first, and those left out, each with its flaw."""
    return select(filter(None, map(ask, candidates())))


def candidates(path: Optional[str] = None) -> Iterator[str]:
    """Paths that may be interpreters: this one, python3.8 to python3.20 in every folder of PATH, and pyenv's.

    pyenv's shims are left out: they are slow, and what they stand for is found behind them.
    """
    yield sys.executable
    root = _pyenv_root()
    folders = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    for folder in dict.fromkeys(Path(folder or ".").resolve() for folder in folders):
        for minor in range(FIRST[1], _LATER + 1) if folder != root / "shims" else ():
            found = folder / f"python3.{minor}{'.exe' if os.name == 'nt' else ''}"
            if found.is_file():
                yield str(found)
    yield from map(str, sorted(root.glob("versions/*/bin/python")))


def _pyenv_root() -> Path:
    try:
        done = subprocess.run(["pyenv", "root"], stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return Path(os.devnull)
    return Path(done.stdout.decode("utf-8", "replace").strip() or os.devnull).resolve()


def ask(path: str) -> Optional[Interpreter]:
    """Ask an interpreter what it is; None where nothing comes back (a pyenv shim of a version that is not active)."""
    try:
        done = subprocess.run([path, "-I", "-c", _QUESTION], stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse(path, done.stdout.decode("utf-8", "replace")) if done.returncode == 0 else None


def parse(path: str, answer: str) -> Interpreter:
    """Read what an interpreter says of itself."""
    implementation, version, is_final, is_free_threaded, has_venv = json.loads(answer)
    flaws = (
        (implementation != "CPython", f"{implementation}, not CPython"),
        (tuple(version) < FIRST, "older than 3.8"),
        (not is_final, "a pre-release"),
        (is_free_threaded, "a free-threaded build"),
        (not has_venv, "lacks the modules venv and ensurepip"),
    )
    return Interpreter(path, tuple(version), next((flaw for holds, flaw in flaws if holds), ""))


def select(found: Iterable[Interpreter]) -> Tuple[List[Interpreter], List[Interpreter]]:
    """Keep one of each minor version, the latest patch; return those kept and those left out, oldest first."""
    kept: List[Interpreter] = []
    left: List[Interpreter] = []
    seen = set()
    for one in sorted(found, key=lambda one: (one.version, not one.flaw), reverse=True):
        if one.version in seen:
            continue
        seen.add(one.version)
        taken = next((other for other in kept if other.minor == one.minor), None)
        if one.flaw or taken:
            left.append(one if one.flaw else one._replace(flaw=f"{taken} is later"))
        else:
            kept.append(one)
    return kept[::-1], left[::-1]


def lacking(found: Sequence[Interpreter]) -> List[str]:
    """Return the minor versions that are promised and not there: ["3.14"]."""
    there = {one.minor for one in found}
    return ["%d.%d" % minor for minor in PROMISED if minor not in there]
