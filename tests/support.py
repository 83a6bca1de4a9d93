"""Runs a door in a subprocess, as a user would, and takes its records back, each held against the schema."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from .strict import check

ROOT = Path(__file__).resolve().parent.parent


# What a child has beside that, if nothing else is asked for. Most tests are of something else than coverage, which
# takes an import in each of their children; those of conformance/ have it as users do. Nothing is kept at home.
DEFAULTS = {"TRIM_COVERAGE": "off", "XDG_CACHE_HOME": os.devnull}


class Run(NamedTuple):
    """A finished process: its exit code, its output without our lines, and our records."""

    code: int
    stdout: str
    stderr: str
    results: List[Dict[str, Any]]
    summary: Optional[Dict[str, Any]]
    file: List[Dict[str, Any]]

    def by_id(self) -> Dict[str, Dict[str, Any]]:
        """The results by id; an id that comes twice is a mistake."""
        ids = [result["id"] for result in self.results]
        assert len(set(ids)) == len(ids), f"an id came twice: {ids}"
        return {result["id"]: result for result in self.results}

    def verdicts(self) -> Dict[str, str]:
        """{id: "status/outcome"}."""
        return {name: f"{result['status']}/{result['outcome']}" for name, result in self.by_id().items()}


def environment(**changes: str) -> Dict[str, str]:
    """The environment of a child: ours without what a run of ours, or a CI service, would read."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TRIM_", "PYTEST", "PYTHONUNBUFFERED", "DJANGO", "COV_", "COVERAGE"))
    }
    path = os.pathsep.join([str(ROOT), *filter(None, [kept.get("PYTHONPATH")])])
    ours = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    return {**kept, **DEFAULTS, **ours, **changes}


def run(*command: str, cwd: Path, env: Optional[Dict[str, str]] = None, file: Optional[Path] = None) -> Run:
    """Run `python *command` and take its records back. file: where TRIM_FILE points, None for no file."""
    env = dict(environment() if env is None else env)
    if file is not None:
        env["TRIM_FILE"] = str(file)
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, timeout=120
    )
    return read(done.returncode, done.stdout, done.stderr, file)


_NOTICE = re.compile("^trim-telemetry: coverage was traced, .*\n", re.MULTILINE)  # of Python before 3.12


def read(code: int, stdout: bytes, stderr: bytes, file: Optional[Path] = None) -> Run:
    """Part a process's output into our lines and everything else."""
    results, summary, rest = [], None, bytearray()
    for line in stdout.split(b"\n"):
        if line.startswith(b"TEST_RESULT:"):
            assert summary is None, "a result behind the summary"
            assert len(line) < 64_000
            results.append(check(_strict(line[len("TEST_RESULT:") :]), "test_result"))
            del rest[-1:]  # the newline that we put in front
        elif line.startswith(b"TEST_SUMMARY:"):
            assert summary is None, "a second summary"
            summary = check(_strict(line[len("TEST_SUMMARY:") :]), "run_summary")
            del rest[-1:]
        else:
            rest += line + b"\n"
    return Run(
        code,
        bytes(rest[:-1]).decode("utf-8", "replace"),
        _NOTICE.sub("", stderr.decode("utf-8", "replace")),
        results,
        summary,
        read_file(file) if file is not None and file.exists() else [],
    )


def read_file(path: Path) -> List[Dict[str, Any]]:
    """Take every record of an NDJSON file back."""
    records = [_strict(line) for line in path.read_bytes().splitlines()]
    for record in records:
        check(record, record["record_type"])
        assert next(iter(record)) == "record_type"
    return records


def _strict(line: bytes) -> Dict[str, Any]:
    """JSON as the strictest reader takes it: ASCII, no NaN, no key twice."""

    def no_constant(name: str) -> Any:
        raise AssertionError(f"{name} in a record")

    def no_double(pairs: Any) -> Dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs), "a key came twice"
        return dict(pairs)

    record = json.loads(line.decode("ascii"), parse_constant=no_constant, object_pairs_hook=no_double)
    assert isinstance(record, dict)
    return record
