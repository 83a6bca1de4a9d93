"""Commands that are run into a log, in an environment that holds nothing of the caller's project."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Dict, List, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
_SERVERS = ("TRIM_TEST_", "TRIM_REQUIRE_")  # where the tests find database servers, and whether they must
_STRAY = ("TRIM_", "PYTEST", "DJANGO", "COV_", "COVERAGE", "MYPY", "PYTHON", "VIRTUAL_ENV", "__PYVENV")


class Failed(Exception):
    """A cell can't go on; the message is one line."""


def environment(*bins: Path, **changes: str) -> Dict[str, str]:
    """Return the environment of a command: ours without strays, `bins` in front of PATH, as activating would do."""
    kept = {name: value for name, value in os.environ.items() if _is_kept(name)}
    kept["PATH"] = os.pathsep.join([*map(str, bins), kept.get("PATH", os.defpath)])
    return {**kept, **changes}


def _is_kept(name: str) -> bool:
    return name.startswith(_SERVERS) or not name.startswith(_STRAY)


class Log:
    """A file that takes each command and all that it prints."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        self.path = path

    def run(self, words: Sequence[str], env: Mapping[str, str], timeout: float, cwd: Path = ROOT) -> int:
        """Run a command; return its exit code. Raises Failed when it can't start or has no end after `timeout` s."""
        with self.path.open("ab") as file:
            file.write(f"\n$ {' '.join(map(shlex.quote, words))}\n".encode())
            file.flush()
            try:
                return subprocess.run(
                    words, env=dict(env), cwd=cwd, timeout=timeout, stdin=subprocess.DEVNULL, stdout=file, stderr=file
                ).returncode
            except subprocess.TimeoutExpired:
                raise Failed(f"no end after {timeout:.0f} s: {words[0]}") from None
            except OSError as error:
                raise Failed(f"can't run {words[0]}: {error.strerror}") from None

    def must(self, words: Sequence[str], env: Mapping[str, str], timeout: float, cwd: Path = ROOT) -> None:
        """Run a command. Raises Failed when it ends with another code than 0."""
        code = self.run(words, env, timeout, cwd)
        if code:
            raise Failed(f"exit code {code}: {self.last_line()}")

    def lines(self) -> List[str]:
        """Return what the log holds by now."""
        return self.path.read_text("utf-8", "replace").splitlines()

    def last_line(self) -> str:
        """Return the last line that says something."""
        return next((line.strip() for line in reversed(self.lines()) if line.strip(" =")), "")[:200]
