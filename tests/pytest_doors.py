"""The ways into pytest, run in a subprocess as a user would: with us, and without."""

import re
import shutil
from pathlib import Path
from textwrap import dedent
from typing import Tuple

import pytest

from .support import ROOT, Run, environment, run

VERSION: Tuple[int, ...] = tuple(int(part) for part in pytest.__version__.split(".")[:2])
DOORS = ("module", "plugin", "entry point")
PLUGIN = "trim_telemetry.pytest_plugin"


def install(folder: Path) -> Path:
    """Leave the package in a folder, with the metadata that an installer leaves beside it; return the folder."""
    shutil.copytree(ROOT / "trim_telemetry", folder / "trim_telemetry", ignore=shutil.ignore_patterns("__pycache__"))
    metadata = folder / "trim_telemetry-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: trim-telemetry\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text(f"[pytest11]\n{PLUGIN} = {PLUGIN}\n")
    files = [path.relative_to(folder).as_posix() for path in sorted((folder / "trim_telemetry").rglob("*.py"))]
    (metadata / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    return folder


def through(door: str, *arguments: str, cwd: Path, installed: Path, **variables: str) -> Run:
    """Run pytest through one of the doors; the entry point needs a folder that install() has filled."""
    if door == "entry point":
        env = environment(**{"PYTHONPATH": str(installed), **variables})
        return run("-m", "pytest", "--trim", *arguments, cwd=cwd, env=env)
    env = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **variables)
    if door == "module":
        return run("-m", "trim_telemetry.pytest_instrumentation", *arguments, cwd=cwd, env=env)
    return run("-m", "pytest", "-p", PLUGIN, "--trim", *arguments, cwd=cwd, env=env)


def observed(*arguments: str, cwd: Path, **variables: str) -> Run:
    """Run pytest through its own door."""
    return through("module", *arguments, cwd=cwd, installed=cwd, **variables)


def plain(*arguments: str, cwd: Path, **variables: str) -> Run:
    """Run pytest without us."""
    return run("-m", "pytest", *arguments, cwd=cwd, env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **variables))


def write(folder: Path, **files: str) -> Path:
    """Write a suite: one Python file a name. Return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return folder


def screen(done: Run) -> str:
    """What pytest showed, without what differs from run to run."""
    text = re.sub(r"\b\d+\.\d\ds\b( \(.*?\))?", "0.00s", done.stdout)
    text = re.sub(r"^plugins: .*\n", "", text, flags=re.M)
    return re.sub(r"0x[0-9a-f]+", "0x0", re.sub(r"=+", "=", text))
