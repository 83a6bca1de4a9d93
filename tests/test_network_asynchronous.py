"""Clients whose calls are made in tasks of their own: each is told with its URL, and the line that waits for it.

None is needed: what is not installed is skipped.
"""

import textwrap
from pathlib import Path
from typing import Any, Dict, List

import pytest

from .support import environment, run

CLIENT = "api.invalid", 443, "GET", "https://api.invalid/items?key=***"
ADDRESS = "192.0.2.1", 80, "POST", "http://192.0.2.1/items?key=***"
PROXY_FREE = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "")

AIOHTTP = """
    import asyncio, unittest
    import aiohttp

    async def calls(method, url):
        async with aiohttp.ClientSession() as session:
            await session.request(method, url)  # line

    def start(main): asyncio.run(main())
"""
HTTPX = """
    import asyncio, unittest
    import httpx

    async def calls(method, url):
        async with httpx.AsyncClient() as client:
            await client.request(method, url)  # line

    def start(main): asyncio.run(main())
"""
HTTPX_ON_TRIO = """
    import unittest
    import httpx, trio

    async def calls(method, url):
        async with httpx.AsyncClient() as client:
            await client.request(method, url)  # line

    def start(main): trio.run(main)
"""
PROBES = """
    class Probes(unittest.TestCase):
        def test_name(self):
            self.refused("GET", "https://api.invalid/items?key=hunter2")

        def test_address(self):
            self.refused("POST", "http://192.0.2.1/items?key=hunter2")

        def refused(self, method, url):
            async def main():
                await calls(method, url)
            with self.assertRaises(Exception):
                start(main)
"""
TOGETHER = """
    import asyncio, unittest
    import {library}

    class Probes(unittest.IsolatedAsyncioTestCase):
        async def test_together(self):
            async with {library}.{client}() as client:
                await asyncio.gather(  # line
                    client.get("https://api.invalid/items?key=hunter2"), client.post("http://192.0.2.1/items?key=hunter2"),
                    return_exceptions=True)
"""


def told(folder: Path, source: str) -> Dict[str, List[Any]]:
    """Run a suite; return {name: [(host, port, method, URL)]}, once each call is known to have the line marked so."""
    suite = textwrap.dedent(source)
    (folder / "test_it.py").write_text(suite)
    env = environment(**PROXY_FREE)
    done = run("-m", "trim_telemetry.unittest_instrumentation", "test_it", cwd=folder, env=env)
    assert done.code == 0, done.stdout + done.stderr
    marked = next(number for number, line in enumerate(suite.splitlines(), 1) if line.endswith("# line"))
    found = {result["name"]: result["http_calls"]["blocked_calls"] for result in done.results}
    places = {(call["file"], call["line"]) for calls in found.values() for call in calls}
    assert places == {("test_it.py", marked)}
    return {name: [(c["host"], c["port"], c["method"], c["url"]) for c in calls] for name, calls in found.items()}


@pytest.mark.parametrize(
    "modules, source",
    [(("aiohttp",), AIOHTTP), (("httpx", "anyio"), HTTPX), (("httpx", "trio"), HTTPX_ON_TRIO)],
    ids=["aiohttp", "httpx", "httpx on trio"],
)
def test_url_method_and_line_of_an_asynchronous_clients_call(modules: Any, source: str, tmp_path: Path) -> None:
    for module in modules:
        pytest.importorskip(module, reason=f"{module} is not installed: its calls can't be looked at")
    assert told(tmp_path, source + PROBES) == {"test_name": [CLIENT], "test_address": [ADDRESS]}


@pytest.mark.parametrize("library, client", [("aiohttp", "ClientSession"), ("httpx", "AsyncClient")])
def test_requests_that_run_at_the_same_time_are_told_apart(library: str, client: str, tmp_path: Path) -> None:
    pytest.importorskip(library, reason=f"{library} is not installed: its calls can't be looked at")
    found = told(tmp_path, TOGETHER.format(library=library, client=client))
    assert sorted(found["test_together"]) == sorted([CLIENT, ADDRESS])


ON_TRIO = """
    import socket, unittest
    import trio

    def start(task, *arguments):
        async def main():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(task, *arguments)
        with unittest.TestCase().assertRaises(Exception):
            trio.run(main)

    class Probes(unittest.TestCase):
        def test_name(self):
            async def other():
                await trio.to_thread.run_sync(socket.create_connection, ("api.invalid", 443))  # line
            start(other)
"""


def test_call_in_a_thread_of_trios_is_the_tasks_that_awaits_it(tmp_path: Path) -> None:
    pytest.importorskip("trio", reason="trio is not installed: its threads can't be looked at")
    assert told(tmp_path, ON_TRIO) == {"test_name": [("api.invalid", 443, None, None)]}
