"""What a command costs as a whole process, and what it adds to a plain one: shared by the tools that measure."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent


class FailedCommand(Exception):
    """A command that does not end with 0."""


class Cost(NamedTuple):
    """One finished process: s of CPU (user and system), MB at its peak, bytes on stdout."""

    cpu: float
    memory: float
    output: int


class Figures(NamedTuple):
    """Medians of several runs: s of CPU, s more than plain in the same round, the ratio of both, MB, bytes."""

    cpu: float
    added: float
    ratio: float
    memory: float
    output: int


def environment(path: Sequence[Path] = (), **ours: str) -> Dict[str, str]:
    """Return a user's environment, in which nothing of whoever measures turns anything on or off."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRIM_", "PYTEST", "PYTHON"))}
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *path))), **ours}


def cost_of(arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> Cost:
    """Run this Python, its output read as a CI service would, through a pipe. Raises FailedCommand."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    pipe = process.stdout
    assert pipe is not None
    output = sum(map(len, iter(lambda: pipe.read(1 << 16), b"")))
    _, status, usage = os.wait4(process.pid, 0)
    pipe.close()
    process.returncode = status
    if status:
        raise FailedCommand(f"`{' '.join(arguments)}` ended with {os.WEXITSTATUS(status)}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def figures(found: Sequence[Cost], plain: Sequence[Cost]) -> Figures:
    """Return the medians of a variant's runs. plain: those of the plain command, in the same rounds."""
    pairs = list(zip(found, plain))
    return Figures(
        statistics.median(cost.cpu for cost in found),
        statistics.median(ours.cpu - theirs.cpu for ours, theirs in pairs),
        statistics.median(ours.cpu / theirs.cpu for ours, theirs in pairs),
        statistics.median(cost.memory for cost in found),
        found[-1].output,
    )


def table(columns: Sequence[str]) -> List[str]:
    """Return the head of a table in Markdown."""
    return [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
