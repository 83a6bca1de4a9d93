"""Calls in tasks that run nothing but a library's code: each is put down to the user's line that waits for it."""

import os
import sys
import textwrap
from pathlib import Path
from typing import Any, Dict

from .support import environment, run

LIBRARY = """
    import asyncio, socket, threading

    def reach(host):
        try:
            socket.create_connection((host, 80), 0.2)
        except RuntimeError:
            pass

    async def fetch(host):
        await asyncio.sleep(0)
        reach(host)

    async def fetch_now(host):
        reach(host)

    async def race(host):
        done, _ = await asyncio.wait([asyncio.ensure_future(fetch(host))])

    async def fetch_eagerly(host):
        await asyncio.sleep(0)
        await asyncio.Task(fetch_now(host), loop=asyncio.get_running_loop(), eager_start=True)

    def fetch_later(host):
        asyncio.get_running_loop().call_soon(reach, host)
"""
SUITE = """
    import asyncio, sys, unittest
    from library import fetch, fetch_eagerly, fetch_later, fetch_now, race, reach

    async def mine(host):
        await asyncio.sleep(0)
        reach(host)  # line of mine

    class InLoop(unittest.IsolatedAsyncioTestCase):
        async def test_awaits(self):
            await fetch("192.0.2.1")  # line

        async def test_task_of_ones_own_code(self):
            await asyncio.create_task(mine("192.0.2.1"))

        async def test_awaits_a_task(self):
            await asyncio.create_task(fetch("192.0.2.1"))  # line

        async def test_task_of_the_librarys(self):
            await race("192.0.2.1")  # line

        async def test_gathers(self):
            await asyncio.gather(fetch("192.0.2.1"), asyncio.sleep(0))  # line

        async def test_waits_for(self):
            await asyncio.wait_for(fetch("192.0.2.1"), 30)  # line

        async def test_shields(self):
            await asyncio.shield(fetch("192.0.2.1"))  # line

        async def test_gathers_tasks_that_wait(self):
            async def other():
                await asyncio.gather(race("192.0.2.1"), race("192.0.2.1"))  # line
            await asyncio.gather(other(), asyncio.sleep(0))

        async def test_spawns_and_does_something_else(self):
            task = asyncio.create_task(fetch("192.0.2.1"))
            while not task.done():
                await asyncio.sleep(0)  # line

        async def test_callback(self):
            fetch_later("192.0.2.1")
            await asyncio.sleep(0)  # line
            await asyncio.sleep(0)

        async def test_executor(self):
            async def other():
                await asyncio.get_running_loop().run_in_executor(None, reach, "192.0.2.1")  # line
            await asyncio.gather(other(), asyncio.sleep(0))

    class WithoutLoop(unittest.TestCase):
        def test_runs(self):
            async def main():
                await asyncio.gather(fetch("192.0.2.1"))  # line
            asyncio.run(main())

        def test_runs_the_librarys(self):
            asyncio.run(race("192.0.2.1"))  # line
"""
GROUP = """
        async def test_group(self):
            async with asyncio.TaskGroup() as group:  # line
                group.create_task(fetch("192.0.2.1"))
"""
EAGER = """
        async def test_eager(self):
            async def now():
                reach("192.0.2.1")  # line
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            await asyncio.create_task(now())

        async def test_eager_of_the_librarys(self):
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            await asyncio.create_task(fetch_now("192.0.2.1"))  # line

        async def test_eager_within_a_task_of_the_librarys(self):
            await asyncio.gather(fetch_eagerly("192.0.2.1"), asyncio.sleep(0))  # line
"""


def told(folder: Path, source: str) -> Dict[str, Any]:
    """Run a suite beside an installed library; return {name: (file, text of the line, function)} of its only calls."""
    installed = folder / "site-packages"
    installed.mkdir()
    (installed / "library.py").write_text(textwrap.dedent(LIBRARY))
    suite = textwrap.dedent(source)
    (folder / "test_it.py").write_text(suite)
    env = environment(PYTHONPATH=os.pathsep.join([str(installed), environment()["PYTHONPATH"]]))
    done = run("-m", "trim_telemetry.unittest_instrumentation", "test_it", cwd=folder, env=env)
    assert done.code == 0, done.stdout + done.stderr
    lines = suite.splitlines()
    found = {}
    for result in done.results:
        (call,) = result["http_calls"]["blocked_calls"]
        found[result["name"]] = call["file"], call["line"] and lines[call["line"] - 1].partition("  # ")[2]
    return found


def test_each_call_has_the_line_that_waits_for_it(tmp_path: Path) -> None:
    newer = [GROUP] if sys.version_info >= (3, 11) else []
    newer += [EAGER] if sys.version_info >= (3, 12) else []
    in_loop, without = SUITE.split("    class WithoutLoop")
    found = told(tmp_path, "".join([in_loop.rstrip(), "\n", *newer, "\n    class WithoutLoop", without]))
    expected = dict.fromkeys(found, ("test_it.py", "line"))
    assert found == {**expected, "test_task_of_ones_own_code": ("test_it.py", "line of mine")}
    assert len(found) == 13 + len(newer) + 2 * (EAGER in newer)
