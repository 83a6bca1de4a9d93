"""Virtual environments that are made once for each set of requirements."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Dict, List, Sequence

from .commands import Failed, Log, environment

_MINUTES = 60.0
_INSTALL = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet")
_NO_RELEASE = ("No matching distribution found", "requires a different Python")


class Environment:
    """A virtual environment in `folder`, of the interpreter at `base`."""

    def __init__(self, folder: Path, base: str) -> None:
        self._folder = folder
        self._base = base
        self._bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self._stamp = folder / "made-of.txt"

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return str(self._bin / "python")

    def variables(self, **changes: str) -> Dict[str, str]:
        """Return the environment variables for what runs in here."""
        return environment(self._bin, **changes)

    def make(self, log: Log, requirements: Sequence[str], inputs: Sequence[Path] = ()) -> None:
        """Make it and install into it, unless it is there, made of the same. Raises Failed.

        inputs: files whose content the requirements stand for.
        """
        stamp = digest(self._base, requirements, inputs)
        if self._stamp.is_file() and self._stamp.read_text("utf-8") == stamp:
            return
        self.make_bare(log, with_pip=bool(requirements))
        if requirements:
            log.must([self.python, *_INSTALL, *requirements], self.variables(), 20 * _MINUTES)
        self._stamp.write_text(stamp, "utf-8")

    def make_bare(self, log: Log, with_pip: bool = True) -> None:
        """Make it anew, with nothing but pip in it, or not even that. Raises Failed."""
        shutil.rmtree(self._folder, ignore_errors=True)
        options = [] if with_pip else ["--without-pip"]
        log.must([self._base, "-m", "venv", *options, str(self._folder)], environment(), 5 * _MINUTES)

    def install_apart(self, log: Log, requirement: str, target: Path) -> str:
        """Install a requirement into the folder `target`; return "" or why there is none for this Python.

        Raises Failed for any other end of pip's: an index out of reach is no reason to skip something.
        """
        shutil.rmtree(target, ignore_errors=True)
        words = [self.python, *_INSTALL, "--no-compile", "--target", str(target), requirement]
        before = len(log.lines())
        if log.run(words, self.variables(), 10 * _MINUTES) == 0:
            return ""
        refusal = refused(log.lines()[before:])
        if not refusal:
            raise Failed(f"pip could not install {requirement}: {log.last_line()}")
        return refusal


def refused(lines: Sequence[str]) -> str:
    """Return why pip has no release for this Python; "" where that is not what its output says."""
    text = "\n".join(lines)
    if "from versions: none" in text:  # the index did not answer, or knows no such project
        return ""
    if any(said in text for said in _NO_RELEASE):
        return "no release for this Python"
    return "can't be built on this Python" if "metadata-generation-failed" in text else ""


def digest(base: str, requirements: Sequence[str], inputs: Sequence[Path]) -> str:
    """Return what tells whether something was made of the same interpreter, requirements and files."""
    parts: List[bytes] = [base.encode(), *(requirement.encode() for requirement in requirements)]
    parts.extend(path.read_bytes() for path in inputs)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
