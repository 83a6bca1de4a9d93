"""Whether a release of pytest or Django works on an interpreter without us: pip installs it and a probe passes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

from .commands import Log
from .environments import Environment, digest
from .interpreters import Interpreter
from .releases import Release

_PROBES = Path(__file__).resolve().parent / "probes"
_RUNNERS: Dict[str, Sequence[str]] = {
    "pytest": ("-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", "-c", "pytest.ini"),
    "django": ("-B", "manage.py", "test"),
}
_FOLDERS = {"pytest": _PROBES / "pytest_suite", "django": _PROBES / "django_project"}
_TIMEOUT = 120.0
_AN_ERROR = re.compile(r"(?:E\s+)?((?:\w+\.)*\w*(?:Error|Exception)\b.*)")


class Support(NamedTuple):
    """What one interpreter can be paired with: the releases that work, and why the others don't."""

    interpreter: Interpreter
    works: List[Release]
    skipped: Dict[Release, str]

    def of(self, project: str) -> List[Release]:
        """The releases of one project that work, oldest first."""
        return [release for release in self.works if release.project == project]


def probe(interpreter: Interpreter, releases: Sequence[Release], folder: Path, log: Log) -> Support:
    """Try each release on an interpreter, in a folder of its own. Raises Failed where that can't be told."""
    support = Support(interpreter, [], {})
    environment = Environment(folder / "venv", interpreter.path)
    for release in releases:
        reason = _known(release, environment, interpreter, folder, log)
        if reason:
            support.skipped[release] = reason
        else:
            support.works.append(release)
    return support


def _known(release: Release, environment: Environment, interpreter: Interpreter, folder: Path, log: Log) -> str:
    """Return why a release is skipped, "" when it works: from the last time, where nothing has changed since."""
    memory = folder / f"{release.project}-{release.name}.json"
    files = sorted(path for path in _FOLDERS[release.project].rglob("*") if path.is_file())
    made_of = digest(interpreter.path, [release.requirement], files)
    if memory.is_file():
        known = json.loads(memory.read_text("utf-8"))
        if known["made_of"] == made_of:
            return str(known["reason"])
    environment.make(log, ["pip"])
    reason = _try(release, environment, folder / release.project, log)
    memory.write_text(json.dumps({"made_of": made_of, "reason": reason}), "utf-8")
    return reason


def _try(release: Release, environment: Environment, target: Path, log: Log) -> str:
    reason = environment.install_apart(log, release.requirement, target)
    if reason:
        return reason
    before = len(log.lines())
    words = [environment.python, *_RUNNERS[release.project]]
    variables = environment.variables(PYTHONPATH=str(target))
    if log.run(words, variables, _TIMEOUT, cwd=_FOLDERS[release.project]) == 0:
        return ""
    return f"plain runner fails the probe: {last_error(log.lines()[before:])}"


def last_error(lines: Sequence[str]) -> str:
    """Return the last line that names an exception, else the last line."""
    for line in reversed(lines):
        found = _AN_ERROR.fullmatch(line.strip())
        if found:
            return found.group(1)[:200]
    return lines[-1].strip()[:200] if lines else "no output"
