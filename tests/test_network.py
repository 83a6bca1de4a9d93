"""What becomes of calls to other machines: whole runs of unittest, pytest and Django, in a subprocess.

No test here reaches out, guard or not: names end in .invalid, and addresses are those of documentation (RFC 5737).
"""

import asyncio
import json
import os
import socket
import sys
import textwrap
import types
from pathlib import Path
from typing import Any, Dict, List

import pytest

from trim_telemetry.collectors.circumstances import Policy, unattended
from trim_telemetry.collectors.network import Ledger
from trim_telemetry.errors import NetworkBlockedError
from trim_telemetry.guard import event_loops, judging

from .support import Run, environment, run

DOORS = {"unittest": "trim_telemetry.unittest_instrumentation", "pytest": "trim_telemetry.pytest_instrumentation"}
EXTERNAL = "192.0.2.1"
each_door = pytest.mark.parametrize("door", DOORS)

PROBES = """
    import _socket, atexit, pickle, socket, threading, unittest

    def reach(host):
        try:
            socket.create_connection((host, 80), 0.2)
        except Exception as error:
            return error

    reach("import.invalid")
    atexit.register(reach, "atexit.invalid")

    class Probes(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            reach("setupclass.invalid")

        @classmethod
        def tearDownClass(cls):
            reach("teardownclass.invalid")

        def setUp(self):
            self.addCleanup(reach, "cleanup.invalid") if "cleanup" in self.id() else None

        def test_cleanup(self):
            pass

        def test_quiet(self):
            server = socket.create_server(("127.0.0.1", 0))
            client = socket.create_connection(("127.1", server.getsockname()[1]), 5)
            self.assertEqual(client.getpeername()[0], "127.0.0.1")
            one, other = socket.socketpair()
            self.assertIsInstance(one, socket.socket)

        def test_raises(self):
            socket.create_connection(("192.0.2.1", 80))

        def test_swallows(self):
            for _ in range(3):
                error = reach("swallowed.invalid")
            self.assertIsInstance(error, RuntimeError)
            self.assertEqual(str(pickle.loads(pickle.dumps(error))), str(error))

        def test_thread(self):
            thread = threading.Thread(target=reach, args=["thread.invalid"], name="busy")
            thread.start()
            thread.join()

        def test_udp(self):
            sock = socket.socket(type=socket.SOCK_DGRAM)
            self.assertRaises(RuntimeError, sock.sendto, b"x", ("192.0.2.1", 53))
            self.assertRaises(RuntimeError, sock.connect_ex, ("192.0.2.1", 53))

        def test_underneath(self):
            self.assertRaises(RuntimeError, _socket.socket().connect, ("192.0.2.1", 80))
            self.assertEqual(socket.getfqdn("192.0.2.1"), "192.0.2.1")
            self.assertRaises(RuntimeError, _socket.getaddrinfo, "lookup.invalid", 80)
"""


def ran(folder: Path, source: str, door: str = "unittest", **settings: str) -> Run:
    """Run a test module through a door, with a file."""
    (folder / "test_it.py").write_text(textwrap.dedent(source))
    arguments = ["-q", "-p", "no:cacheprovider", "test_it.py"] if door == "pytest" else ["test_it"]
    return run("-m", DOORS[door], *arguments, cwd=folder, env=environment(**settings), file=folder / "run.ndjson")


def calls(done: Run) -> Dict[str, Dict[str, Any]]:
    """{name: http_calls}."""
    return {result["name"]: result["http_calls"] for result in done.results}


def blocked(done: Run) -> Dict[str, List[Any]]:
    """{name: [(operation, host)]} of those that were refused."""
    return {
        name: [(call["operation"], call["host"]) for call in found["blocked_calls"]]
        for name, found in calls(done).items()
        if found["blocked_calls"]
    }


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(PROBES.splitlines()) if text in line) + 1


@pytest.fixture(scope="module", params=DOORS)
def probed(request: Any, tmp_path_factory: Any) -> Any:
    """A door, and what it says of the probes while calls are blocked."""
    return request.param, ran(tmp_path_factory.mktemp("probed"), PROBES, request.param)


def test_no_window_is_open_and_each_attempt_is_put_down_to_its_test(probed: Any) -> None:
    door, done = probed
    assert blocked(done) == {
        "test_cleanup": [("getaddrinfo", "cleanup.invalid")],
        "test_raises": [("connect", EXTERNAL)],
        "test_swallows": [("getaddrinfo", "swallowed.invalid")],
        "test_thread": [("getaddrinfo", "thread.invalid")],
        "test_udp": [("sendto", EXTERNAL), ("connect", EXTERNAL)],
        "test_underneath": [("connect", EXTERNAL), ("gethostbyaddr", EXTERNAL), ("getaddrinfo", "lookup.invalid")],
    }
    found = calls(done)
    quiet = {"count": 0, "total_duration": 0.0, "external_calls": [], "blocked_calls": []}
    assert found["test_quiet"] == {**quiet, "status": "collected", "reason": None}
    (call,) = found["test_swallows"]["blocked_calls"]
    assert (call["count"], found["test_swallows"]["count"], call["port"]) == (3, 3, 80)
    place = call["file"], call["line"], call["function"]
    assert place == ("test_it.py", line_of("socket.create_connection((host, 80), 0.2)"), "reach")
    (call,) = found["test_thread"]["blocked_calls"]
    assert call["thread"] == "busy"
    everywhere = [call for part in found.values() for call in part["blocked_calls"]]
    everywhere += done.summary["http_calls"]["outside_tests"] if done.summary else []
    assert {call["file"] for call in everywhere} == {"test_it.py"}
    assert all(call["line"] for call in everywhere)
    assert {result["name"]: result["status"] for result in done.results if result["status"] != "passed"} == {
        "test_raises": "failed" if door == "pytest" else "error"
    }
    flags = {result["name"]: result["performance"]["flags"] for result in done.results}
    assert (flags["test_swallows"], flags["test_quiet"]) == (["network_calls_blocked"], [])


def test_what_no_test_did_is_in_the_summary_and_what_came_later_in_the_file(probed: Any) -> None:
    _, done = probed
    assert done.summary is not None
    outside = done.summary["http_calls"]["outside_tests"]
    hosts = {call["host"]: (call["blocked"], call["test"]) for call in outside}
    assert hosts == dict.fromkeys(("import.invalid", "setupclass.invalid", "teardownclass.invalid"), (True, None))
    assert done.summary["http_calls"]["count"] == 14
    assert done.summary["warnings"] == []
    late = done.file[-1]
    assert (late["record_type"], late["call"]["host"]) == ("late_call", "atexit.invalid")
    told = [line for line in done.stderr.splitlines() if line.startswith("trim-telemetry: ")]
    assert len(told) == 2
    hosts_to_paste = json.loads(told[0].partition("network_allow = ")[2].partition(";")[0])
    assert told[0].startswith("trim-telemetry: 6 tests and code outside of tests tried to reach other machines: ")
    assert EXTERNAL in hosts_to_paste
    assert "swallowed.invalid" in hosts_to_paste
    assert "atexit.invalid:80 at test_it.py" in told[1]


@each_door
def test_enforced_a_test_that_tried_ends_in_an_error_even_when_it_swallowed_the_refusal(
    door: str, tmp_path: Path
) -> None:
    done = ran(tmp_path, PROBES, door, TRIM_NETWORK="enforce")
    assert done.code == 1
    failed = {result["name"] for result in done.results if result["status"] != "passed"}
    assert failed == {*blocked(done)} == {*calls(done)} - {"test_quiet"}
    by_name = {result["name"]: result for result in done.results}
    assert by_name["test_swallows"]["status"] == "error"
    assert "swallowed.invalid:80" in by_name["test_swallows"]["failure"]["message"]
    assert by_name["test_raises"]["failure"]["others"] == 0


@each_door
def test_recorded_everything_is_let_through(door: str, tmp_path: Path) -> None:
    source = """
        import socket, unittest

        class Probes(unittest.TestCase):
            def test_it(self):
                sock = socket.socket(type=socket.SOCK_DGRAM)
                with self.assertRaises((OSError, AssertionError)):
                    sock.connect(("192.0.2.1", 80))
                    self.fail("a route to the outside: none is needed")
    """
    done = ran(tmp_path, source, door, TRIM_NETWORK="record")
    (found,) = calls(done).values()
    assert [(call["host"], call["address"]) for call in found["external_calls"]] == [(EXTERNAL, EXTERNAL)]
    assert (found["count"], found["blocked_calls"]) == (1, [])
    assert type(found["total_duration"]) is float
    assert done.results[0]["performance"]["is_network_heavy"] is True
    assert (done.code, done.stderr.count("trim-telemetry: ")) == (0, 0)


@each_door
def test_off_imports_nothing_and_installs_nothing(door: str, tmp_path: Path) -> None:
    source = """
        import socket, sys, unittest

        class Probes(unittest.TestCase):
            def test_it(self):
                ours = [name for name in sys.modules if name.startswith("trim_telemetry.")]
                parts = ("guard", "network", "attempts", "addresses", "allow_list", "services", "afar")
                self.assertEqual([name for name in ours if set(name.split(".")) & set(parts)], [])
                self.assertNotIn("connect", vars(socket.socket))
    """
    done = ran(tmp_path, source, door, TRIM_NETWORK="off")
    assert done.code == 0, done.stdout + done.stderr
    (found,) = calls(done).values()
    assert (found["status"], found["reason"], found["count"]) == ("disabled", "the setting `network` is off", None)
    assert done.results[0]["performance"]["is_network_heavy"] is None


@pytest.mark.skipif(sys.version_info < (3, 11), reason="unittest itself imports asyncio, and that socket")
def test_socket_is_not_imported_for_tests_that_do_not(tmp_path: Path) -> None:
    source = """
        import sys, unittest

        class Probes(unittest.TestCase):
            def test_it(self):
                self.assertNotIn("socket", sys.modules)
                import socket
                self.assertRaises(RuntimeError, socket.socket().connect, ("192.0.2.1", 80))
    """
    assert ran(tmp_path, source).code == 0


ALLOWED = """
    import socket, unittest
    import pytest
    from trim_telemetry import trim_network

    def tries(host):
        try:
            socket.socket(type=socket.SOCK_DGRAM).connect((host, 80))
        except OSError:
            return "let through"
        except RuntimeError:
            return "refused"
        return "let through"

    @trim_network(allow=["192.0.2.0/24"])
    class Class(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            assert (tries("192.0.2.1"), tries("198.51.100.2")) == ("let through", "refused")

        def test_of_class(self):
            self.assertEqual((tries("192.0.2.1"), tries("198.51.100.1")), ("let through", "refused"))

        @trim_network(allow="198.51.100.1:80")
        def test_both(self):
            self.assertEqual((tries("192.0.2.1"), tries("198.51.100.1")), ("let through", "let through"))

    class Plain(unittest.TestCase):
        @trim_network(allow=["no host", "192.0.2.1"])
        def test_mistaken(self):
            self.assertEqual((tries("192.0.2.1"), tries("198.51.100.1")), ("let through", "refused"))

        def test_other(self):
            self.assertEqual((tries("192.0.2.1"), tries("203.0.113.1")), ("refused", "let through"))
"""
MARKED = """
    @pytest.mark.trim_network(allow=["192.0.2.1"])
    def test_marked():
        assert (tries("192.0.2.1"), tries("198.51.100.1")) == ("let through", "refused")
"""


@each_door
def test_settings_decorators_and_markers_allow(door: str, tmp_path: Path) -> None:
    source = ALLOWED + MARKED if door == "pytest" else ALLOWED
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    done = ran(tmp_path, source, door, TRIM_NETWORK_ALLOW="203.0.113.0/28")
    assert done.code == 0, done.stdout + done.stderr
    assert done.summary is not None
    assert done.summary["warnings"] == ["network-allow: trim_network: 'no host' names no host"]


def test_decorator_changes_nothing_without_a_run() -> None:
    from trim_telemetry import trim_network

    def function() -> int:
        return 1

    assert trim_network(allow=["x"])(function) is function
    assert function() == 1


def test_services_that_the_environment_names_are_allowed_and_listed(tmp_path: Path) -> None:
    source = """
        import socket, unittest

        class Probes(unittest.TestCase):
            def test_it(self):
                with self.assertRaises((OSError, AssertionError)):
                    socket.socket(type=socket.SOCK_DGRAM).connect(("192.0.2.7", 5432))
                    self.fail("reached")
                self.assertRaises(RuntimeError, socket.socket().connect, ("192.0.2.7", 80))
    """
    url = "postgres://user:hunter2hunter2@192.0.2.7:5432/shop"
    done = ran(tmp_path, source, DATABASE_URL=url, REDIS_URL="redis://localhost:6379", API_URL="https://192.0.2.8")
    assert done.code == 0, done.stdout + done.stderr
    assert done.file[0]["allowed_services"] == [{"entry": "192.0.2.7:5432", "source": "DATABASE_URL"}]


def test_refusals_can_look_like_an_outage(tmp_path: Path) -> None:
    source = """
        import errno, socket, unittest

        class Probes(unittest.TestCase):
            def test_it(self):
                sock = socket.socket()
                self.assertEqual(sock.connect_ex(("192.0.2.1", 80)), errno.ECONNREFUSED)
                self.assertRaises(ConnectionRefusedError, socket.socket().connect, ("192.0.2.1", 80))
                with self.assertRaises(socket.gaierror) as caught:
                    socket.create_connection(("lookup.invalid", 80))
                self.assertEqual(caught.exception.errno, socket.EAI_NONAME)
    """
    done = ran(tmp_path, source, TRIM_REFUSE_AS="connection-refused")
    assert done.code == 0, done.stdout + done.stderr
    assert blocked(done) == {"test_it": [("connect", EXTERNAL)] * 2 + [("getaddrinfo", "lookup.invalid")]}


def test_refused_connection_is_closed_first(tmp_path: Path) -> None:
    source = """
        import socket, unittest

        class Probes(unittest.TestCase):
            def test_it(self):
                sock = socket.socket()
                self.assertRaises(RuntimeError, sock.connect, ("192.0.2.1", 80))
                self.assertEqual(sock.fileno(), -1)
                udp = socket.socket(type=socket.SOCK_DGRAM)
                self.assertRaises(RuntimeError, udp.sendto, b"", 0, ("192.0.2.1", 80))
                self.assertNotEqual(udp.fileno(), -1)
    """
    assert ran(tmp_path, source).code == 0


@each_door
def test_thread_that_outlives_its_test_is_put_down_to_it(door: str, tmp_path: Path) -> None:
    source = """
        import socket, threading, unittest

        go, done = threading.Event(), threading.Event()

        def work():
            go.wait()
            try:
                socket.create_connection(("leaked.invalid", 80))
            except RuntimeError:
                done.set()

        class Probes(unittest.TestCase):
            def test_1_leaves_it(self):
                threading.Thread(target=work).start()

            def test_2_wakes_it(self):
                go.set()
                self.assertTrue(done.wait(10))
    """
    done = ran(tmp_path, source, door)
    assert blocked(done) == {}
    assert done.summary is not None
    (call,) = done.summary["http_calls"]["outside_tests"]
    assert (call["host"], call["test"]) == ("leaked.invalid", done.results[0]["id"])


CHILDREN = """
    import multiprocessing, os, socket, subprocess, sys, unittest

    CODE = '''if 1:
        import os, socket, sys
        assert "TRIM_GUARDED_CHILD" not in os.environ and not any("startup" in path for path in sys.path)
        try:
            socket.create_connection(("popen.invalid", 80))
        except RuntimeError:
            sys.exit(7)
    '''

    def reach(host):
        try:
            socket.create_connection((host, 80))
        except RuntimeError as error:
            sys.exit(7)

    class Probes(unittest.TestCase):
        def test_fork(self):
            child = os.fork()
            if not child:
                try:
                    socket.create_connection(("fork.invalid", 80))
                except RuntimeError:
                    os._exit(7)
                os._exit(0)
            self.assertEqual(os.waitpid(child, 0)[1] >> 8, 7)

        def test_popen(self):
            before = dict(os.environ)
            self.assertEqual(subprocess.run([sys.executable, "-c", CODE]).returncode, 7)
            self.assertEqual(subprocess.run([sys.executable, "-c", CODE], env={}).returncode, 7)
            self.assertEqual(dict(os.environ), before)

        def test_spawn(self):
            child = multiprocessing.get_context("spawn").Process(target=reach, args=["spawn.invalid"])
            child.start()
            child.join()
            self.assertEqual(child.exitcode, 7)

        def test_others(self):
            subprocess.run([sys.executable, "-I", "-c", ""])
            os.system("true secret")
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')")
def test_processes_that_tests_start_are_guarded_and_their_attempts_collected(tmp_path: Path) -> None:
    done = ran(tmp_path, CHILDREN)
    assert done.code == 0, done.stdout + done.stderr
    assert blocked(done) == {
        "test_fork": [("getaddrinfo", "fork.invalid")],
        "test_popen": [("getaddrinfo", "popen.invalid")] * 2,
        "test_spawn": [("getaddrinfo", "spawn.invalid")],
    }
    call, _ = calls(done)["test_popen"]["blocked_calls"]
    assert (call["file"], call["function"]) == ("test_it.py", "test_popen")
    assert done.summary is not None
    children = done.summary["http_calls"]["unguarded_children"]
    assert {(child["command"].partition("3")[0], child["function"]) for child in children} == {
        ("python", "test_others"),
        ("sh: true", "test_others"),
    }
    assert done.summary["warnings"] == []


def test_url_and_method_are_told_and_secrets_masked(tmp_path: Path) -> None:
    source = """
        import http.client, unittest, urllib.request

        class Probes(unittest.TestCase):
            def test_client(self):
                connection = http.client.HTTPSConnection("192.0.2.1", 8443)
                self.assertRaises(RuntimeError, connection.request, "PUT", "/items?key=hunter2")

            def test_urllib(self):
                url = "http://192.0.2.1/search?q=private&page"
                self.assertRaises(RuntimeError, urllib.request.urlopen, url)
    """
    done = ran(tmp_path, source)
    told = {
        name: [(call["method"], call["url"]) for call in found["blocked_calls"]] for name, found in calls(done).items()
    }
    assert told == {
        "test_client": [("PUT", "https://192.0.2.1:8443/items?key=***")],
        "test_urllib": [("GET", "http://192.0.2.1/search?q=***&***")],
    }


def test_look_up_of_an_event_loop_is_put_down_to_the_line_that_awaits_it_and_not_refused_where_it_is_mocked(
    tmp_path: Path,
) -> None:
    source = """
        import asyncio, socket, unittest
        from unittest import mock

        class Probes(unittest.TestCase):
            def test_awaits(self):
                async def main():
                    await asyncio.open_connection("loop.invalid", 80)
                self.assertRaises(RuntimeError, asyncio.run, main())

            def test_mocks(self):
                async def main():
                    return await asyncio.get_running_loop().getaddrinfo("mocked.invalid", 80)
                with mock.patch("socket.getaddrinfo", return_value=["made up"]):
                    self.assertEqual(asyncio.run(main()), ["made up"])
    """
    done = ran(tmp_path, source)
    assert done.code == 0, done.stdout + done.stderr
    assert blocked(done) == {"test_awaits": [("getaddrinfo", "loop.invalid")]}
    (call,) = calls(done)["test_awaits"]["blocked_calls"]
    assert (call["function"], call["line"]) == ("main", 8)


def test_connection_that_goes_past_the_methods_has_its_socket_closed_too(tmp_path: Path) -> None:
    source = """
        import _socket, socket, unittest

        class Probes(unittest.TestCase):
            def test_past(self):
                connection = socket.socket()
                self.assertRaises(RuntimeError, _socket.socket.connect, connection, ("192.0.2.1", 80))
                self.assertEqual(connection.fileno(), -1)

            def test_datagrams(self):
                with socket.socket(type=socket.SOCK_DGRAM) as sender:
                    self.assertRaises(RuntimeError, _socket.socket.connect, sender, ("192.0.2.1", 80))
                    self.assertNotEqual(sender.fileno(), -1)
    """
    done = ran(tmp_path, source)
    assert done.code == 0, done.stdout + done.stderr
    assert blocked(done) == {name: [("connect", EXTERNAL)] for name in ("test_past", "test_datagrams")}


def test_plugin_that_puts_back_the_methods_it_found_does_not_take_the_guard_away(tmp_path: Path) -> None:
    (tmp_path / "restoring.py").write_text(  # as pytest-socket does
        "import socket\n"
        "true_connect = socket.socket.connect\n"
        "def pytest_runtest_setup():\n"
        "    socket.socket.connect = true_connect\n"
    )
    source = """
        import socket, pytest

        def test_it():
            with socket.socket() as connection, pytest.raises(RuntimeError):
                connection.connect(("byname.invalid", 80))  # C would ask for the name before anybody hears of it
    """
    (tmp_path / "test_it.py").write_text(textwrap.dedent(source))
    arguments = ("-q", "-p", "no:cacheprovider", "-p", "restoring", "test_it.py")
    env = environment(PYTHONPATH=os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]]))
    done = run("-m", DOORS["pytest"], *arguments, cwd=tmp_path, env=env)
    assert done.code == 0, done.stdout + done.stderr
    assert blocked(done) == {"test_it": [("connect", "byname.invalid")]}


def test_what_a_test_does_to_files_and_paths_does_not_take_the_guard_away(tmp_path: Path) -> None:
    source = """
        import socket, subprocess, sys, unittest
        from unittest import mock

        def reach():
            socket.create_connection(("192.0.2.1", 80), 0.2)

        class Probes(unittest.TestCase):
            def test_1_paths(self):  # as blockbuster does in an event loop
                with mock.patch("os.path.abspath", side_effect=ZeroDivisionError):
                    self.assertRaises(RuntimeError, reach)

            def test_2_files(self):
                with mock.patch("os.mkdir", side_effect=ZeroDivisionError):
                    subprocess.run([sys.executable, "-c", ""], check=True)
                self.assertRaises(RuntimeError, reach)
    """
    done = ran(tmp_path, source)
    assert done.code == 0, done.stdout + done.stderr
    assert blocked(done) == {name: [("connect", EXTERNAL)] for name in ("test_1_paths", "test_2_files")}
    (call,) = calls(done)["test_1_paths"]["blocked_calls"]
    assert (call["file"], call["function"]) == ("test_it.py", "reach")
    assert done.summary is not None
    (child,) = done.summary["http_calls"]["unguarded_children"]
    assert (child["command"], child["function"]) == ("python", "test_2_files")
    (warning,) = done.summary["warnings"]
    assert warning.startswith("error-in-network: ZeroDivisionError")


def test_conftest_is_guarded(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import socket\ntry:\n    socket.create_connection(('conftest.invalid', 80))\nexcept RuntimeError:\n    pass\n"
    )
    done = ran(tmp_path, "def test_it(): pass", "pytest")
    assert done.summary is not None
    (call,) = done.summary["http_calls"]["outside_tests"]
    assert (call["host"], call["file"], call["line"]) == ("conftest.invalid", "conftest.py", 3)


def test_run_of_its_own_in_a_child_has_no_places_of_the_parents(tmp_path: Path) -> None:
    ledger, policy = Ledger(), Policy("block", (), "error")
    around = unattended(str(tmp_path))
    ledger.start(policy, around, "here")
    ledger.start_child({"folder": None, "test": "test_it", "place": ("test_it.py", 3, "test_it")})
    ledger.start(policy, around, "here")
    with pytest.raises(NetworkBlockedError) as raised:
        ledger.judge(EXTERNAL, 80, "connect")
    assert (raised.value.test, raised.value.place) == (None, None)


class IocpProactor:
    """Stands in for Windows' own, with its methods."""

    def connect(self, conn: Any, address: Any) -> Any:
        return "connects", address

    def sendto(self, conn: Any, buf: Any, flags: int = 0, addr: Any = None) -> Any:
        return "sends", buf, flags, addr


def test_windows_proactor_is_judged_before_it_connects_and_sends(tmp_path: Path, monkeypatch: Any) -> None:
    ledger = Ledger()
    ledger.start(Policy("block", (), "error"), unattended(str(tmp_path)), "here")
    monkeypatch.setattr(judging, "ledger", ledger)
    event_loops.patch_proactor(types.SimpleNamespace(IocpProactor=IocpProactor))
    proactor, local = IocpProactor(), ("127.0.0.1", 80)
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        assert proactor.connect(stream, local) == ("connects", local)
        assert proactor.sendto(datagrams, b"x", addr=local) == ("sends", b"x", 0, local)
        assert proactor.sendto(datagrams, b"x") == ("sends", b"x", 0, None)
        with pytest.raises(NetworkBlockedError):
            proactor.sendto(datagrams, b"x", 0, (EXTERNAL, 53))
        with pytest.raises(NetworkBlockedError):
            proactor.connect(stream, (EXTERNAL, 80))
        assert (stream.fileno(), datagrams.fileno() == -1) == (-1, False)
    told = [(attempt.operation, attempt.host, attempt.port) for attempt in ledger.take_outside()]
    assert told == [("sendto", EXTERNAL, 53), ("connect", EXTERNAL, 80)]


def test_windows_proactor_is_there_under_the_names_that_are_judged() -> None:
    # Where it can't be imported it can be read.
    text = Path(asyncio.__file__).with_name("windows_events.py").read_text("utf-8")
    assert "class IocpProactor:" in text
    assert "def connect(self, conn, address):" in text
    assert "def sendto(self, conn, buf, flags=0, addr=None):" in text
    assert "asyncio.windows_events" in dict(event_loops.patches())


# -- workers ---


@pytest.mark.parametrize(
    "door",
    [("-m", DOORS["pytest"]), ("-m", "pytest", "-p", "trim_telemetry.pytest_plugin", "--trim")],
    ids=["command", "plugin"],
)
def test_conftest_is_guarded_in_a_worker_of_xdist_and_in_its_controller(door: Any, tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    (tmp_path / "conftest.py").write_text(
        "import os, socket\n"
        "def reach_from_worker(): socket.create_connection(('192.0.2.1', 80), 0.2)\n"
        "def reach_from_controller(): socket.create_connection(('192.0.2.1', 80), 0.2)\n"
        "try:\n"
        "    reach_from_worker() if 'PYTEST_XDIST_WORKER' in os.environ else reach_from_controller()\n"
        "except RuntimeError:\n"
        "    pass\n"
    )
    (tmp_path / "test_it.py").write_text("def test_it(): pass")
    folders = tmp_path / "tmp"
    folders.mkdir()
    arguments = ("-q", "-p", "no:cacheprovider", "-n", "1", "test_it.py")
    done = run("-m", DOORS["pytest"], *arguments, cwd=tmp_path, env=environment(TMPDIR=str(folders)))
    assert done.code == 0, done.stdout + done.stderr
    assert done.summary is not None
    told = [
        (call["function"], call["host"], call["blocked"], call["count"], call["test"], call["file"])
        for call in done.summary["http_calls"]["outside_tests"]
    ]
    assert sorted(told) == [
        (f"reach_from_{name}", EXTERNAL, True, 1, None, "conftest.py") for name in ("controller", "worker")
    ]
    assert done.summary["warnings"] == []
    assert not list(folders.glob("trim-telemetry-*"))


WORKERS = """
    import socket, sys

    def reach(host):
        try:
            socket.create_connection((host, 80))
        except RuntimeError:
            pass

    reach("import.invalid")

    def test_one(): reach("one.invalid")
    def test_two(): reach("two.invalid")
    def test_none(): pass
"""


def test_workers_of_xdist_have_each_a_guard(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    (tmp_path / "test_it.py").write_text(textwrap.dedent(WORKERS))
    arguments = ("-q", "-p", "no:cacheprovider", "-n", "2", "test_it.py")
    done = run("-m", DOORS["pytest"], *arguments, cwd=tmp_path, env=environment(TRIM_NETWORK="enforce"))
    assert blocked(done) == {name: [("getaddrinfo", f"{name[5:]}.invalid")] for name in ("test_one", "test_two")}
    assert {result["name"]: result["status"] for result in done.results if result["name"] != "test_none"} == {
        "test_one": "error",
        "test_two": "error",
    }
    assert done.code == 1
    assert done.summary is not None
    outside = [call["host"] for call in done.summary["http_calls"]["outside_tests"]]
    assert outside == ["import.invalid"] * 2
    assert done.summary["http_calls"]["count"] == 4
    assert "trim-telemetry: 2 tests and code outside of tests tried" in done.stderr


DJANGO = """
    import socket
    from django.test import SimpleTestCase
    from trim_telemetry import trim_network

    def reach(host):
        try:
            socket.create_connection((host, 80))
        except RuntimeError:
            return "refused"
        except OSError:
            return "let through"

    class One(SimpleTestCase):
        @classmethod
        def tearDownClass(cls):
            super().tearDownClass()
            reach("teardownclass.invalid")

        def test_one(self):
            self.assertEqual(reach("one.invalid"), "refused")

    class Two(SimpleTestCase):
        def test_two(self):
            self.assertEqual(reach("two.invalid"), "refused")

        def test_service(self):
            self.assertRaises(OSError, socket.socket().connect, ("192.0.2.7", 5432))
"""


IMPORTED = """
    import socket

    def reach():
        try:
            socket.create_connection(("models.invalid", 80))
        except (OSError, RuntimeError):
            pass

    reach()
"""
BY_COMMAND = ("-m", "trim_telemetry.django_instrumentation", "manage.py", "test")
BY_RUNNER = ("manage.py", "test", "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner")


@pytest.mark.parametrize(
    "command, modules", [(BY_COMMAND, ["models.py", "tests.py"]), (BY_RUNNER, ["tests.py"])], ids=["command", "runner"]
)
def test_what_django_imports_before_its_runner_is_guarded_by_our_command_line_alone(
    command: Any, modules: Any, tmp_path: Path
) -> None:
    pytest.importorskip("django")
    (tmp_path / "shop").mkdir()
    for name, text in ("__init__", ""), ("models", IMPORTED), ("tests", IMPORTED):
        (tmp_path / "shop" / f"{name}.py").write_text(textwrap.dedent(text))
    (tmp_path / "settings.py").write_text("SECRET_KEY = 'x'\nINSTALLED_APPS = ['shop']\n")
    (tmp_path / "manage.py").write_text(
        "import sys\nfrom django.core.management import execute_from_command_line as run\nrun(sys.argv)\n"
    )
    done = run(*command, cwd=tmp_path, env=environment(DJANGO_SETTINGS_MODULE="settings"))
    assert done.summary is not None
    calls = done.summary["http_calls"]["outside_tests"]
    assert sorted((call["file"], call["line"]) for call in calls) == [(f"shop/{name}", 6) for name in modules]


@pytest.mark.parametrize(
    "parallel, mode, verdict",
    [((), "block", "passed"), (("--parallel", "2"), "enforce", "error")],
    ids=["one process", "workers"],
)
def test_djangos_runner_and_its_workers(parallel: Any, mode: str, verdict: str, tmp_path: Path) -> None:
    pytest.importorskip("django")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "tests.py").write_text(textwrap.dedent(DJANGO))
    (tmp_path / "settings.py").write_text(
        "SECRET_KEY = 'x'\nINSTALLED_APPS = ['shop']\n"
        "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache', 'LOCATION': 'redis://192.0.2.7:5432'}}\n"
    )
    command = ("-m", "django", "test", "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner", *parallel)
    env = environment(TRIM_NETWORK=mode, DJANGO_SETTINGS_MODULE="settings")
    env["PYTHONPATH"] += f":{tmp_path}"
    done = run(*command, cwd=tmp_path, env=env, file=tmp_path / "run.ndjson")
    assert blocked(done) == {name: [("getaddrinfo", f"{name[5:]}.invalid")] for name in ("test_one", "test_two")}
    statuses = {result["name"]: result["status"] for result in done.results}
    assert statuses == {"test_one": verdict, "test_two": verdict, "test_service": "passed"}
    assert done.code == (mode == "enforce")
    assert done.summary is not None
    assert [call["host"] for call in done.summary["http_calls"]["outside_tests"]] == ["teardownclass.invalid"]
    assert done.file[0]["allowed_services"][0] == {"entry": "192.0.2.7:5432", "source": "CACHES['default']"}
    assert done.summary["warnings"] == []
