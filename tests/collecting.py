"""Runs `collect` in a subprocess, as a user would, and takes back what it leaves."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from trim_telemetry.runs.validation import flaws

from .support import environment, read_file

UNITTEST = (sys.executable, "-m", "unittest")
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")


class Collected(NamedTuple):
    """A finished collect: its exit code and output, and the records of each run's file, the files by name."""

    code: int
    stdout: str
    stderr: str
    files: List[List[Dict[str, Any]]]

    @property
    def file(self) -> List[Dict[str, Any]]:
        """The records of the only run."""
        (file,) = self.files
        return file

    @property
    def summary(self) -> Dict[str, Any]:
        """The last record of the only run: there is one summary."""
        summaries = [record for record in self.file if record["record_type"] == "run_summary"]
        assert summaries == [self.file[-1]]
        return self.file[-1]

    @property
    def results(self) -> List[Dict[str, Any]]:
        return [record for record in self.file if record["record_type"] == "test_result"]

    def verdicts(self) -> Dict[str, str]:
        """{name: outcome}."""
        return {result["name"]: result["outcome"] for result in self.results}


def command(*words: str) -> List[str]:
    """What collect with these arguments is started by."""
    return [sys.executable, "-m", "trim_telemetry", "collect", *words]


def collect(
    *words: str, cwd: Path, env: Optional[Dict[str, str]] = None, stdin: bytes = b"", **named: Any
) -> Collected:
    """Run `collect *words` in cwd; its files are in .telemetry there."""
    done = subprocess.run(
        command(*words), cwd=cwd, env=environment(**env or {}), input=stdin, stdout=-1, stderr=-1, timeout=120, **named
    )
    return read(done.returncode, done.stdout, done.stderr, cwd / ".telemetry")


def read(code: int, stdout: bytes, stderr: bytes, folder: Path) -> Collected:
    """Take the files back, each held against the schema by two checkers."""
    paths = sorted(folder.glob("*.ndjson"))
    assert [flaw for path in paths for flaw in flaws(str(path))] == []
    return Collected(
        code, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"), [read_file(path) for path in paths]
    )
