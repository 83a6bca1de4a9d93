"""One run of a command, its output in files: nothing of it is kept in memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional

from .command import Command, UsageError

_PRIVATE = ("TRIM_FILE", "TRIM_RUN_ID")


class Execution(NamedTuple):
    """A finished run. folder: holds `stdout`, `stderr`, and `records` of an instrumented one; seconds: wall time;

    cpu: seconds of CPU of all its processes that were waited for, 0.0 where the system does not say.
    """

    command: List[str]
    code: int
    seconds: float
    cpu: float
    folder: Path
    run_id: str

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of one of its files, with their line ends; none where there is no such file."""
        path = self.folder / name
        if path.exists():
            with path.open("rb") as file:
                yield from file


def copy_package(source: Path, folder: Path, python: List[str], environ: Mapping[str, str]) -> None:
    """Copy the package to a folder that holds nothing else, compiled: that folder can stand on any suite's sys.path.

    (The checkout can't: its `tests` would hide a suite's own.)
    """
    shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    words = [python[0], "-m", "compileall", "-q", str(folder)]
    try:
        subprocess.run(words, env={**os.environ, **environ}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    except OSError as error:
        raise UsageError(f"{python[0]}: {error.strerror}") from None


def execute(command: Command, folder: Path, package: Path, run_id: Optional[str] = None) -> Execution:
    """Run a command, instrumented where a run_id is given. package: the folder with the package. Raises UsageError."""
    folder.mkdir()
    words = command.words(run_id is not None, str(folder / "cache"))
    environ = _environment(command.environ, folder, package)
    if run_id is not None:
        environ.update(TRIM_FILE=str(folder / "records"), TRIM_RUN_ID=run_id)
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        began, cpu = time.monotonic(), _children_cpu()
        try:
            code = subprocess.run(words, env=environ, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr).returncode
        except OSError as error:
            raise UsageError(f"{words[0]}: {error.strerror}") from None
        seconds, cpu = time.monotonic() - began, _children_cpu() - cpu
    return Execution(words, code, seconds, cpu, folder, run_id or "")


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _environment(assignments: Mapping[str, str], folder: Path, package: Path) -> Dict[str, str]:
    """Return what both kinds of run see alike: the package on the path, and no state that one leaves to the next.

    One hash seed; no bytecode written (the first run alone would compile, and show the compiler's warnings); a folder
    of its own for the examples that Hypothesis remembers.
    """
    environ = {"PYTHONHASHSEED": "0", "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")}
    environ.update((name, value) for name, value in os.environ.items() if name not in _PRIVATE)
    environ.update(assignments)
    path = [str(package), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"}
