"""Tries every way out, and every use of this machine, on a guard; a witness says what has really arrived outside.

    python tools/escapes.py                          # ours, by each runner
    python tools/escapes.py --peers                  # and the peers that are installed, and none at all
    python tools/escapes.py --python PATH --json     # another interpreter's; for a program

It runs in a network namespace of its own, whose local routes stand for the outside: nothing leaves this machine. Exit
code 3, and a sentence, where no such namespace can be made.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

ROOT = Path(__file__).resolve().parent.parent
PROBES = ROOT / "tools" / "_escapes"
PORT = 20000
_INSIDE = "ESCAPES_INSIDE"
_NO_NAMESPACE = 3
_TIMEOUT = 60.0
_HOSTS = "--allow-hosts=127.0.0.1,::1,localhost,127.0.0.0/8"
_DJANGO = "SECRET_KEY = 'x'\nINSTALLED_APPS = []\nUSE_TZ = True\n"
_BLOCKING = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.block_network(allowed_hosts=[r"127\\..*", "::1", "localhost", "^$"]))
"""


class Setup(NamedTuple):
    """A guard: what the tests are run with. needs: a module that must be there."""

    name: str
    command: Sequence[str]
    needs: str = ""


_PEERS = ("socket", "recording", "pytest_remotedata", "network", "blockage")  # as their entry points are named
_PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "early")


def _alone(*names: str) -> Sequence[str]:
    """Return a pytest command without the peers, but for those named: some meddle with sockets without being asked."""
    return [*_PYTEST, *(word for peer in _PEERS if peer not in names for word in ("-p", f"no:{peer}"))]


_MANAGE = "import early, sys; from django.core.management import execute_from_command_line as run; run(sys.argv)"
OURS = (
    Setup(
        "unittest", ("-c", "import early; from trim_telemetry.unittest_instrumentation import main; main()", "suite")
    ),
    Setup("pytest", (*_alone(), "-p", "trim_telemetry.pytest_plugin", "--trim", "suite.py"), "pytest"),
    Setup(
        "django",
        ("-c", _MANAGE, "test", "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner", "suite"),
        "django",
    ),
)
PEERS = (
    Setup("no guard", (*_alone(), "suite.py"), "pytest"),
    Setup("pytest-socket", (*_alone("socket"), "--disable-socket", "--allow-unix-socket", "suite.py"), "pytest_socket"),
    Setup(
        "pytest-socket, hosts",
        (*_alone("socket"), "--disable-socket", "--allow-unix-socket", _HOSTS, "suite.py"),
        "pytest_socket",
    ),
    Setup("pytest-recording", (*_alone("recording"), "-p", "block_network", "suite.py"), "pytest_recording"),
    Setup(
        "pytest-remotedata",
        (*_alone("pytest_remotedata"), "-o", "remote_data_strict=true", "suite.py"),
        "pytest_remotedata",
    ),
    Setup("pytest-network", (*_alone("network"), "--disable-network", "suite.py"), "pytest_network"),
    Setup(
        "pytest-blockage",
        (*_alone("blockage"), "--blockage", "--blockage-http-whitelist=localhost,127.0.0.1", "suite.py"),
        "pytest_blockage",
    ),
)


class Verdict(NamedTuple):
    """What came of one setup: ways out that arrived, moments at which they did, uses that failed; all by name."""

    setup: str
    tried: int
    escaped: List[str]
    moments: List[str]
    uses: int
    broke: List[str]
    spent: float
    output: str


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line; return the exit code: 0 where ours holds as documented."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", action="store_true", help="try the peers that are installed, too")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs the tests")
    parser.add_argument("--only", default="", help="run setups of these names only, parted by commas")
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    parser.add_argument("--output", action="store_true", help="print what the runners said")
    options = parser.parse_args(argv)
    if not os.environ.get(_INSIDE):
        return _enter_namespace(sys.argv[1:] if argv is None else list(argv))
    setups = [*OURS, *(PEERS if options.peers else ())]
    if options.only:
        setups = [setup for setup in setups if setup.name in options.only.split(",")]
    verdicts = _try_all(setups, options.python)
    if options.json:
        print(json.dumps([verdict._asdict() for verdict in verdicts]))
    else:
        _report(verdicts, options.output)
    return 0


def _enter_namespace(words: Sequence[str]) -> int:
    """Run this again where nothing leaves the machine."""
    unshare = shutil.which("unshare")
    own = [] if os.name == "posix" and os.geteuid() == 0 else ["--map-root-user"]
    command = [unshare or "unshare", *own, "--net", "--mount"]
    if unshare is None or shutil.which("ip") is None or subprocess.run([*command, "true"], stderr=-3).returncode:
        print("no network namespace can be made here (unshare --net, ip): nothing was tried", file=sys.stderr)
        return _NO_NAMESPACE
    env = {**os.environ, _INSIDE: "1"}
    return subprocess.run([*command, sys.executable, __file__, *words], env=env).returncode


def _try_all(setups: Sequence[Setup], python: str) -> List[Verdict]:
    from _escapes import witness

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in ("early.py", "outward.py", "local.py", "suite.py"):
            shutil.copy2(PROBES / name, work / name)
        (work / "escapes_settings.py").write_text(_DJANGO)
        (work / "pytest.ini").write_text("[pytest]\n")
        (work / "block_network.py").write_text(_BLOCKING)
        _ask_witness(work)
        witness.set_up()
        names = _names(work, python)
        seen = witness.Witness(PORT, len(names))
        return [_try(setup, work, python, names, seen) for setup in setups if _has(setup.needs, python)]


def _ask_witness(work: Path) -> None:
    """Have names be asked of the witness: in this namespace alone."""
    for path, text in (
        ("/etc/resolv.conf", "nameserver 203.0.113.53\noptions timeout:1 attempts:1\n"),
        ("/etc/nsswitch.conf", "hosts: files dns\n"),
    ):
        if os.path.exists(path):
            own = work / os.path.basename(path)
            own.write_text(text)
            subprocess.run(["mount", "--bind", str(own), os.path.realpath(path)], check=True)


def _names(work: Path, python: str) -> List[str]:
    code = "import outward; print(' '.join(outward.PROBES))"
    done = subprocess.run([python, "-c", code], cwd=work, stdout=subprocess.PIPE, check=True)
    lifecycle = ["import", "setUpClass", "setUp", "cleanup", "tearDown", "tearDownClass", "thread", "atexit"]
    return [*done.stdout.decode().split(), *(f"lifecycle_{name}" for name in lifecycle)]


def _has(module: str, python: str) -> bool:
    return not module or not subprocess.run([python, "-c", f"import {module}"], stderr=-3, stdout=-3).returncode


def _environment(work: Path) -> Dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRIM_", "PYTEST", "DJANGO"))}
    kept.pop(_INSIDE)
    path = os.pathsep.join([str(ROOT), str(work)])
    return {**kept, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "escapes_settings", "ESCAPES_PORT": str(PORT)}


def _try(setup: Setup, work: Path, python: str, names: List[str], seen: Any) -> Verdict:
    seen.take()
    began = time.monotonic()
    junit = work / "junit.txt"
    junit.unlink() if junit.exists() else None
    env = {**_environment(work), "ESCAPES_TOLD": str(junit)}
    output = _run([python, *setup.command], work, env)
    time.sleep(0.5)  # what is on its way arrives
    arrived = set(seen.take())
    escaped = [name for number, name in enumerate(names) if _is_among(number, arrived)]
    told = dict(line.split(" ", 1) for line in junit.read_text().splitlines()) if junit.exists() else {}
    uses = [name for name, said in told.items() if name.startswith("test_in_") and said != "skipped"]
    broke = [name[len("test_in_") :] for name in uses if told[name] != "passed"]
    tried = [name for name, said in told.items() if name.startswith("test_out_") and said != "skipped"]
    return Verdict(
        setup.name,
        len(tried) - ("test_out_lifecycle" in tried),
        [name for name in escaped if not name.startswith("lifecycle_")],
        [name[len("lifecycle_") :] for name in escaped if name.startswith("lifecycle_")],
        len(uses),
        broke,
        time.monotonic() - began,
        output,
    )


def _run(command: Sequence[str], work: Path, env: Dict[str, str]) -> str:
    """Run tests to their end, or to a limit: a probe may hang under a guard that breaks what it is made of."""
    path = work / "output.txt"
    with open(path, "wb") as file:
        child = subprocess.Popen(command, cwd=work, env=env, stdout=file, stderr=file, start_new_session=True)
        try:
            child.wait(_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGABRT)
            child.wait()
    return path.read_text("utf-8", "replace")


def _is_among(number: int, arrived: Any) -> bool:
    """Has this probe's port been reached, or its name been asked for, be it backwards?"""
    reverse = f"{(PORT + number) % 200 + 20}.113.0.203.in-addr.arpa"
    return bool({str(PORT + number), f"probe{number}.example", reverse} & arrived)


def _report(verdicts: Sequence[Verdict], with_output: bool) -> None:
    print("| guard | ways out that arrived | moments | local uses broken | s |")
    print("| --- | --- | --- | --- | --- |")
    for verdict in verdicts:
        print(
            f"| {verdict.setup} | {len(verdict.escaped)} of {verdict.tried} | {len(verdict.moments)} of 8 "
            f"| {len(verdict.broke)} of {verdict.uses} | {verdict.spent:.0f} |"
        )
    for verdict in verdicts:
        print(f"\n{verdict.setup}: arrived: {' '.join([*verdict.escaped, *verdict.moments]) or 'nothing'}")
        print(f"{verdict.setup}: broke: {' '.join(verdict.broke) or 'nothing'}")
        if with_output:
            print(re.sub(r"(?m)^TEST_.*\n?", "", verdict.output))


if __name__ == "__main__":
    sys.exit(main())
