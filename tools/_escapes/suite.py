"""The probes as a test module: `test_out_...` for each way out, `test_in_...` for each use of this machine.

ESCAPES_PORT is the first probe's port; each has the next. A test of a way out always passes: the witness has the say.
"""

from __future__ import annotations

import atexit
import os
import threading
import unittest
from typing import Any, Callable

import local
import outward

FIRST = int(os.environ.get("ESCAPES_PORT", "20000"))
LIFECYCLE = ["import", "setUpClass", "setUp", "cleanup", "tearDown", "tearDownClass", "thread", "atexit"]
NAMES = [*outward.PROBES, *(f"lifecycle_{name}" for name in LIFECYCLE)]


def target(name: str) -> outward.Target:
    number = NAMES.index(name)
    return outward.Target("203.0.113.10", "2001:db8::10", FIRST + number, f"probe{number}.example")


def reach(moment: str) -> None:
    outward.swallowing(outward.create_connection, target(f"lifecycle_{moment}"))


reach("import")
atexit.register(reach, "atexit")


class Lifecycle(unittest.TestCase):
    """Moments at which a guard may be off."""

    @classmethod
    def setUpClass(cls) -> None:
        reach("setUpClass")

    @classmethod
    def tearDownClass(cls) -> None:
        reach("tearDownClass")

    def setUp(self) -> None:
        reach("setUp")
        self.addCleanup(reach, "cleanup")

    def tearDown(self) -> None:
        reach("tearDown")

    def test_out_lifecycle(self) -> None:
        timer = threading.Timer(0.3, reach, ["thread"])
        timer.start()


class Outward(unittest.TestCase):
    """Ways out."""


class Within(unittest.TestCase):
    """Uses of this machine."""


def tell(name: str, said: str) -> None:
    """Say to who runs this how a test has ended: every runner has its own way to."""
    with open(os.environ["ESCAPES_TOLD"], "a") as file:
        file.write(f"{name} {said}\n")


def outward_test(name: str, probe: Callable[[Any], Any]) -> Callable[[Any], None]:
    def test(self: unittest.TestCase) -> None:
        try:
            probe(target(name))
        except ImportError as error:
            tell(f"test_out_{name}", "skipped")
            self.skipTest(str(error))
        except Exception:  # noqa: BLE001  # whatever a blocker has raised
            pass
        except BaseException:  # noqa: BLE001  # some raise an exception of their own kind
            pass
        tell(f"test_out_{name}", "passed")

    return test


def local_test(name: str, probe: Callable[[], Any]) -> Callable[[Any], None]:
    def test(self: unittest.TestCase) -> None:
        said = "failed"
        try:
            probe()
            said = "passed"
        except ImportError as error:
            said = "skipped"
            self.skipTest(str(error))
        finally:
            tell(f"test_in_{name}", said)

    return test


for _name, _probe in outward.PROBES.items():
    setattr(Outward, f"test_out_{_name}", outward_test(_name, _probe))
for _name, _own in local.PROBES.items():
    setattr(Within, f"test_in_{_name}", local_test(_name, _own))
