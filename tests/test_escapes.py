"""Ways out and uses of this machine, on our guard, by each runner: a witness says what has really arrived outside."""

import importlib.util
import json
import subprocess
import sys

import pytest

from .support import ROOT, environment

# What stays out of reach, as the README has it.
UNREACHED = {"child_python_isolated", "child_bash", "child_curl"}


def test_nothing_arrives_and_nothing_breaks():
    command = [sys.executable, str(ROOT / "tools" / "escapes.py"), "--json"]
    done = subprocess.run(command, env=environment(), stdout=-1, stderr=-1, timeout=300)
    if done.returncode == 3:
        pytest.skip(done.stderr.decode())
    assert done.returncode == 0, done.stderr.decode()
    verdicts = {verdict["setup"]: verdict for verdict in json.loads(done.stdout)}
    runners = {"unittest", "pytest", *(["django"] if importlib.util.find_spec("django") else [])}
    assert set(verdicts) == runners
    for verdict in verdicts.values():
        assert verdict["tried"] > 60, verdict["output"]
        assert verdict["uses"] > 40, verdict["output"]
        assert set(verdict["escaped"]) <= UNREACHED, verdict["output"]
        assert (verdict["moments"], verdict["broke"]) == ([], []), verdict["output"]
