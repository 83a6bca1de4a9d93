"""What tests do to the process they run in: records stay whole, and everything else stays what it was."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from textwrap import dedent

import pytest

from .support import environment, read, run

DOOR = ("-m", "trim_telemetry.unittest_instrumentation")
PLAIN = ("-m", "unittest")
IMPATIENT = (  # the door as it is, but for the seconds until SIGTERM kills a process whose stdout nobody reads
    "-c",
    "import sys, trim_telemetry.signals; trim_telemetry.signals._PATIENCE = 0.1\n"
    "from trim_telemetry.unittest_instrumentation import main; main(sys.argv[1:])",
)
HAS_FORK = hasattr(os, "fork")
needs_fork = pytest.mark.skipif(not HAS_FORK, reason="needs os.fork")
needs_pipes = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX pipes and signals")


def suite(folder: Path, code: str, name: str = "test_a") -> Path:
    """Write a test module into a folder; return the folder."""
    (folder / f"{name}.py").write_text(dedent(code), encoding="utf-8")
    return folder


def untimed(text):
    return re.sub(r"in \d+\.\d+s", "in N s", text)


def assert_same(ours, plain):
    """What is printed and the exit code."""
    assert ours.stdout == plain.stdout
    assert untimed(ours.stderr) == untimed(plain.stderr)
    assert ours.code == plain.code


def assert_as_plain(cwd, *arguments, env=None):
    """Run both; all but the records must be the same. Return ours."""
    ours = run(*DOOR, *arguments, cwd=cwd, env=env)
    assert_same(ours, run(*PLAIN, *arguments, cwd=cwd, env=env))
    return ours


def assert_within(record, began, ended):
    """The record's times are those of a clock on the wall."""
    start, end = (datetime.fromisoformat(record[key]) for key in ("start_time", "end_time"))
    assert began - timedelta(seconds=1) < start <= end < ended + timedelta(seconds=1)


# Each of these leaves its mess behind for the tests after it.
MESSES = {
    "prints_without_a_newline": "print('no newline', end='')",
    "prints_to_the_descriptor": "sys.stdout.flush(); os.write(1, b'past sys.stdout')",
    "prints_a_marker_of_its_own": "print('TEST', end=''); print('_RESUL', end='')",
    "prints_text_that_is_no_text": "sys.stdout.flush(); sys.stdout.buffer.write(b'\\xff\\x00\\xfe')",
    "replaces_stdout": "sys.stdout = io.StringIO()",
    "replaces_stdout_by_nothing": "sys.stdout = None",
    "detaches_stdout": "sys.__stdout__.flush(); sys.__stdout__.detach()",
    "closes_stdout": "sys.stdout.close()",
    "closes_descriptor_1": "sys.stdout.flush(); os.close(1)",
    "sends_descriptor_1_elsewhere": "sys.stdout.flush(); os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
    "replaces_stderr": "sys.stderr = io.StringIO()",
    "empties_the_environment": "os.environ.clear()",
    "changes_the_directory": "os.chdir(tempfile.mkdtemp())",
    "removes_the_directory": "os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())",
    "patches_open": "mock.patch('builtins.open', side_effect=RuntimeError).start()",
    "patches_os_write": "mock.patch('os.write', return_value=0).start()",
    "patches_os": "[mock.patch('os.' + name).start() for name in ('getpid', 'close', 'fsync', 'urandom', 'kill')]",
    "patches_json": "[mock.patch('json.' + name).start() for name in ('dumps', 'loads', 'dump', 'load')]",
    "patches_the_json_encoder": "mock.patch('json.JSONEncoder.default').start()",
    "patches_time": "[mock.patch('time.' + n).start() for n in vars(time) if n.endswith(('time', 'er', '_ns', 'ic'))]",
    "patches_datetime": "mock.patch('datetime.datetime').start()",
    "patches_print": "mock.patch('builtins.print').start()",
    "patches_import": "mock.patch('builtins.__import__', lambda n, g=None, *a: refuse(n, g) or real(n, g, *a)).start()",
    "hides_modules": "sys.modules.update(dict.fromkeys(('select', 'json', 'fcntl', 'signal', 'subprocess', 're')))",
    "forgets_modules": "[sys.modules.pop(n) for n in list(sys.modules) if n.startswith(('trim', 'json', 'log'))]",
    "empties_the_path": "sys.path.clear(); sys.meta_path.clear()",
    "turns_warnings_into_errors": "warnings.simplefilter('error')",
    "patches_logging": "mock.patch('logging.Logger.handle').start(); logging.getLogger().error('unheard')",
    "disables_logging": "logging.disable(100); logging.getLogger().error('unheard')",
    "logs_what_cannot_be_formatted": "logging.raiseExceptions = False; logging.getLogger().error('%d', 'text')",
    "stops_the_garbage_collector": "gc.disable(); gc.set_threshold(0)",
    "sets_a_trace_function": "sys.settrace(lambda *a: None); sys.setprofile(lambda *a: None)",
    "hooks_exceptions": "sys.excepthook = sys.unraisablehook = None",
    "exhausts_the_stack": "f = lambda: f(); self.assertRaises(RecursionError, f)",
    "forks_nothing_but_lowers_the_limit": "sys.setrecursionlimit(len(inspect.stack(0)) + 60)",
    "raises_a_base_exception": "raise type('Stop', (BaseException,), {})('stop')",
    "raises_generator_exit": "raise GeneratorExit",
    "raises_without_a_text": "raise type('', (Exception,), {'__str__': None})",
    "raises_with_a_strange_module": "raise type('E', (Exception,), {'__module__': 'no.such module'})",
    "raises_a_chain": "raise ValueError(1) from KeyError(2)",
}
MESSY = """
import datetime, gc, inspect, io, json, logging, os, sys, tempfile, time, unittest, warnings
from unittest import mock

real = __import__
def refuse(name, caller):  # plain unittest imports for a failure, too
    if "trim" in str((caller or {}).get("__name__")): raise ImportError(name)

class Messy(unittest.TestCase):
    def test_1_before(self):
        print("before")

    def test_2_mess(self):
        {mess}

    def test_3_fails_after(self):
        self.assertEqual("after", "wards")

    def test_4_passes_after(self):
        pass
"""
RAISES = [name for name in MESSES if name.startswith("raises")]


@pytest.mark.parametrize("name", list(MESSES))
def test_no_mess_of_a_test_costs_a_record_or_changes_the_run(tmp_path, name):
    suite(tmp_path, MESSY.replace("{mess}", MESSES[name]))
    began = datetime.now(timezone.utc)
    found = run(*DOOR, cwd=tmp_path, file=tmp_path / "run.ndjson")
    ended = datetime.now(timezone.utc)
    statuses = [result["status"] for result in found.results]
    assert statuses == ["passed", "error" if name in RAISES else "passed", "failed", "passed"]
    assert found.summary["total_tests"] == 4
    assert found.summary["warnings"] == []
    assert [record["record_type"] for record in found.file] == [
        *("run_start", "collected"),
        *["test_start", "test_result"] * 4,
        "run_summary",
    ]
    for result in found.results:
        assert_within(result, began, ended)
        assert 0.0 <= result["duration"] <= (ended - began).total_seconds() * 1000
    assert_same(found, run(*PLAIN, cwd=tmp_path))


def test_markers_begin_a_line_where_stderr_shares_the_pipe(tmp_path):
    suite(
        tmp_path,
        """
        import sys, unittest
        class T(unittest.TestCase):
            def test_a(self): print("out", end="", flush=True); print("err", end="", file=sys.stderr, flush=True)
            def test_b(self): self.fail("no")
            def test_c(self):
                with self.subTest(): self.fail("no")
            def test_d(self): self.skipTest("no")
        """,
    )
    for options in ([], ["-v"], ["-q"], ["-b"], ["-f"], ["-v", "-b"]):
        done = subprocess.run(
            [sys.executable, *DOOR, *options],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
        found = read(done.returncode, done.stdout, b"")
        assert len(found.results) == (2 if "-f" in options else 4)
        assert found.summary["total_tests"] == len(found.results)
        assert b"TEST_" not in b"".join(line[5:] for line in done.stdout.splitlines() if not line.startswith(b"TEST_"))


def test_output_in_threads_tears_no_marker(tmp_path):
    suite(
        tmp_path,
        """
        import os, threading, unittest
        class T(unittest.TestCase): pass
        def test(self): pass
        for number in range(200): setattr(T, f"test_{number}", test)
        stop = threading.Event()
        def talk():
            while not stop.is_set(): os.write(1, b"x" * 100)
        def setUpModule(): [threading.Thread(target=talk, daemon=True).start() for _ in range(2)]
        def tearDownModule(): stop.set()
        """,
    )
    found = run(*DOOR, cwd=tmp_path)
    assert len(found.by_id()) == 200
    assert set(found.stdout) <= {"x"}


def test_the_c_locale_changes_nothing(tmp_path):
    suite(
        tmp_path,
        """
        import unittest
        class Prüfung(unittest.TestCase):
            def test_größe(self): self.fail("zu groß: \\u2603 \\U0001f600")
            def test_skip(self): self.skipTest("später")
        """,
    )
    settings = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    found = assert_as_plain(tmp_path, env=environment(**settings)).by_id()
    failed = found["test_a.Prüfung.test_größe"]
    assert failed["failure"]["message"] == "zu groß: \u2603 \U0001f600"
    assert (failed["class"], failed["name"]) == ("Prüfung", "test_größe")
    assert found["test_a.Prüfung.test_skip"]["reason"] == "später"


STRANGE = r"""
import unittest
class T(unittest.TestCase):
    def test_message(self): self.fail("\udcff nul\0 \x1b[31mred\x1b[0m \x1b]0;title\x07 \u2028 \r\n\t bell\x07")
    def test_reason(self): self.skipTest("\udcff \0 \x1b[1m")
    def test_subtest(self):
        with self.subTest("\udcff\0\x1b[1m", key="\ud800"): self.fail("\udfff")
    def test_output(self): print("\x1b[31mred\x1b[0m\0"); self.fail()
def test(self): pass
NAMES = ("test_\udcff", "test_nul\0", "test_\n", "test_\x1b[1mbold", "test_ \u2028", 'test_"\\', "test_" + "x" * 2000)
for name in NAMES:
    setattr(T, name, test)
"""


def test_text_that_no_json_reader_takes_is_made_clean(tmp_path):
    found = run(*DOOR, "-b", cwd=suite(tmp_path, STRANGE)).by_id()
    assert len(found) == 11
    everything = json.dumps(list(found.values()), ensure_ascii=False)
    assert not re.search("[\0\x1b\ud800-\udfff]", everything)
    assert found["test_a.T.test_message"]["failure"]["message"].startswith("\ufffd nul red  \u2028")
    assert found["test_a.T.test_output"]["stdout"] == "red\n"
    assert all(len(name) <= 1000 for name in found)
    assert found["test_a.T.test_\n"]["status"] == "passed"


BIG = """
import unittest
class T(unittest.TestCase):
    def test_message(self): self.fail("m" * 5_000_000)
    def test_reason(self): self.skipTest("r" * 5_000_000)
    def test_output(self):
        print("o" * 5_000_000)
        self.fail("short")
    def test_subtests(self):
        for number in range(500):
            with self.subTest(number=number): self.fail("s" * 2_000)
    def test_deep(self): self.deeper(400)
    def deeper(self, depth): self.deeper(depth - 1) if depth else self.fail("deep " * 1000)
    def test_escapes(self): self.fail("\\u2603" * 100_000)
"""


def test_a_line_stays_below_64_000_bytes_whatever_a_test_says(tmp_path):
    suite(tmp_path, BIG)
    done = subprocess.run([sys.executable, *DOOR, "-b"], cwd=tmp_path, env=environment(), stdout=-1, stderr=-1)
    lines = [line for line in done.stdout.split(b"\n") if line.startswith(b"TEST_")]
    assert len(lines) == 7
    assert max(map(len, lines)) < 64_000
    found = read(done.returncode, done.stdout, done.stderr).by_id()
    assert "failure.message" in found["test_a.T.test_message"]["truncated"]
    assert "reason" in found["test_a.T.test_reason"]["truncated"]
    assert (
        found["test_a.T.test_output"]["truncated"] == ["stdout"]
        or "stdout" in found["test_a.T.test_output"]["truncated"]
    )
    assert found["test_a.T.test_subtests"]["subtests"]["count"] == 500
    assert "subtests.failed" in found["test_a.T.test_subtests"]["truncated"]


def test_the_file_has_what_stdout_had_no_room_for(tmp_path):
    found = run(*DOOR, cwd=suite(tmp_path, BIG), file=tmp_path / "run.ndjson")
    in_file = {record["id"]: record for record in found.file if record["record_type"] == "test_result"}
    assert len(in_file["test_a.T.test_subtests"]["subtests"]["failed"]) == 500
    assert len(found.by_id()["test_a.T.test_subtests"]["subtests"]["failed"]) < 500


# -- clocks ---------------------------------------------------------------------------------------------------------

CLOCKS = {
    "freezegun": """
        import freezegun
        freezer = freezegun.freeze_time("1999-12-31 23:59:59")
        """,
    "freezegun_ticking": """
        import freezegun
        freezer = freezegun.freeze_time("1999-12-31 23:59:59", tick=True)
        """,
    "time_machine": """
        import time_machine
        freezer = time_machine.travel("1999-12-31 23:59:59", tick=False)
        """,
    "time_machine_ticking": """
        import time_machine
        freezer = time_machine.travel("1999-12-31 23:59:59", tick=True)
        """,
}
FROZEN = """
import select, time, unittest
{clock}
real = time.perf_counter
def setUpModule(): freezer.start()
def tearDownModule(): freezer.stop()

class Frozen(unittest.TestCase):
    def test_1_sleeps(self):
        select.select([], [], [], 0.05)
        self.assertEqual(time.gmtime().tm_year, 1999)

    def test_2_fails(self):
        self.fail("frozen")

    def test_3_moves_it(self):
        freezer.stop()
        freezer.start()
"""


@pytest.mark.parametrize("clock", list(CLOCKS))
def test_a_frozen_clock_freezes_no_timestamp_and_no_duration(tmp_path, clock):
    pytest.importorskip(clock.replace("_ticking", ""))
    suite(tmp_path, FROZEN.replace("{clock}", dedent(CLOCKS[clock])))
    began = datetime.now(timezone.utc)
    found = run(*DOOR, cwd=tmp_path)
    ended = datetime.now(timezone.utc)
    slept, failed, _ = found.results
    assert [result["status"] for result in found.results] == ["passed", "failed", "passed"]
    assert slept["duration"] >= 50.0
    assert failed["duration"] < 1000.0
    for record in (*found.results, found.summary):
        assert_within(record, began, ended)


# -- forks ----------------------------------------------------------------------------------------------------------

FORKS = """
import multiprocessing, os, signal, subprocess, sys, unittest

def in_child(action):
    child = os.fork()
    if not child:
        action()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

def work(number): return number * 2

class Forks(unittest.TestCase):
    def test_1_child_prints(self):
        in_child(lambda: os.write(1, b"from the child\\n"))

    def test_2_child_has_the_default_sigterm(self):
        in_child(lambda: os._exit(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL))

    def test_3_child_annotates(self):
        import trim_telemetry
        in_child(lambda: trim_telemetry.annotate("child", "yes"))

    def test_4_pool_of_forks(self):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            self.assertEqual(pool.map(work, range(4)), [0, 2, 4, 6])

    def test_5_terminated_child_dies(self):
        process = multiprocessing.get_context("fork").Process(target=signal.pause)
        process.start()
        process.terminate()
        process.join()
        self.assertEqual(process.exitcode, -signal.SIGTERM)

    def test_6_child_that_ends_in_an_exit(self):
        child = os.fork()
        if not child:
            try:
                sys.exit(3)
            except SystemExit as error:
                os._exit(error.code)
        self.assertEqual(os.waitpid(child, 0)[1] >> 8, 3)

    def test_7_passes(self):
        pass
"""


@needs_fork
def test_forks_of_a_test_write_no_records(tmp_path):
    found = run(*DOOR, cwd=suite(tmp_path, FORKS), file=tmp_path / "run.ndjson")
    assert set(found.verdicts().values()) == {"passed/passed"}
    assert len(found.results) == 7
    assert len(found.file) == 3 + 2 * 7
    assert found.stdout == "from the child\n"


@needs_fork
def test_forks_print_what_they_print_with_plain_unittest(tmp_path):
    # Python 3.12 and up warn of forks while a thread of the pool is not gone yet, or don't.
    ours = assert_as_plain(suite(tmp_path, FORKS), env=environment(PYTHONWARNINGS="ignore"))
    assert ours.code == 0


FALLS_THROUGH = """
import os, unittest

class T(unittest.TestCase):
    def test_1_forks(self):
        self.child = os.fork()
        if self.child:
            os.waitpid(self.child, 0)

    def test_2_passes(self): pass

    def test_3_fails(self): self.fail("in both")
"""


@needs_fork
def test_a_child_that_falls_through_into_the_runner_writes_no_records(tmp_path):
    found = run(*DOOR, cwd=suite(tmp_path, FALLS_THROUGH), file=tmp_path / "run.ndjson")
    assert list(found.verdicts().values()) == ["passed/passed", "passed/passed", "failed/failed"]
    assert [record["record_type"] for record in found.file].count("run_summary") == 1
    assert len(found.file) == 3 + 2 * 3
    assert untimed(found.stderr) == untimed(run(*PLAIN, cwd=tmp_path).stderr)


@needs_fork
def test_a_daemon_that_a_test_leaves_behind_does_not_keep_our_pipe_open(tmp_path):
    """It has closed its own copies of 0, 1 and 2, as daemons do; then whoever reads us sees the end."""
    suite(
        tmp_path,
        """
        import os, unittest
        class T(unittest.TestCase):
            def test_x(self):
                read_end, write_end = os.pipe()
                if not os.fork():
                    os.close(write_end)
                    os.closerange(0, 3)
                    os.read(read_end, 1)
                    os._exit(0)
                os.set_inheritable(write_end, True)
                os.close(read_end)
                self.__class__.keep = write_end
        """,
    )
    process = start(tmp_path)
    out, _ = process.communicate(timeout=60)
    assert read(process.returncode, out, b"").summary["passed_tests"] == 1


SPAWNS = """
import multiprocessing, sys, unittest

def loaded(_): return sorted(name for name in sys.modules if name.split(".")[0] in ("trim_telemetry", "unittest"))

class T(unittest.TestCase):
    def test_spawn(self):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(len(pool.map(loaded, [0])[0]), [name for name in pool.map(loaded, [0])[0] if "trim" in name])
"""


def test_a_spawned_process_does_not_import_the_door(tmp_path):
    env = environment(TRIM_NETWORK="off")  # else it is guarded, and has modules of ours for that
    found = assert_as_plain(suite(tmp_path, SPAWNS), "-v", env=env)
    assert found.verdicts() == {"test_a.T.test_spawn": "passed/passed"}
    assert found.stdout.endswith("[]\n")


# -- signals --------------------------------------------------------------------------------------------------------


def start(cwd, *arguments, door=DOOR, env=None, file=None, **how):
    """Start the door; return its process."""
    env = environment() if env is None else env
    if file is not None:
        env["TRIM_FILE"] = str(file)
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    return subprocess.Popen([sys.executable, *door, *arguments], cwd=cwd, env=env, **pipes)


def finish(process, file=None):
    """Take what it wrote, from a process that ends."""
    out, err = process.communicate(timeout=60)
    return read(process.returncode, out, err, file)


SIGNALS = """
import os, signal, sys, threading, time, unittest

def send(name): os.kill(os.getpid(), getattr(signal, name))

def wait():  # not in one call, before which the signal may have been taken
    while True: time.sleep(0.01)

class T(unittest.TestCase):
    def test_1_passes(self): pass

    def test_2_signals(self):
        {action}

    def test_3_never_reached(self): pass
"""


@needs_pipes
@pytest.mark.parametrize(
    "action",
    [
        "send('SIGTERM'); wait()",
        "send('SIGTERM'); threading.Lock().acquire() and threading.Event().wait()",
        "threading.Timer(0, send, ['SIGTERM']).start(); wait()",
        "send('SIGTERM'); send('SIGTERM'); wait()",
        "[self.assertTrue(1) for _ in iter(int, 1) if send('SIGTERM')]",
    ],
)
def test_sigterm_in_a_test_writes_the_summary_and_kills_as_before(tmp_path, action):
    suite(tmp_path, SIGNALS.replace("{action}", action))
    found = run(*DOOR, cwd=tmp_path, file=tmp_path / "run.ndjson")
    assert found.code == run(*PLAIN, cwd=tmp_path).code == -signal.SIGTERM
    assert found.verdicts() == {
        "test_a.T.test_1_passes": "passed/passed",
        "test_a.T.test_2_signals": "error/interrupted",
    }
    assert found.results[1]["reason"] == "SIGTERM"
    assert found.results[1]["duration"] > 0.0
    summary = found.summary
    assert (summary["exit_code"], summary["exit_reason"]) == (143, "interrupted")
    assert (summary["interrupted_by"], summary["complete"], summary["not_run_tests"]) == ("SIGTERM", False, 1)
    assert found.file[-1]["record_type"] == "run_summary"


@needs_pipes
@pytest.mark.parametrize(
    "where",
    [
        "wait()",
        "def setUpModule(): wait()",
    ],
    ids=["import", "module_fixture"],
)
def test_sigterm_outside_of_tests_writes_the_summary(tmp_path, where):
    code = "import os, signal, time, unittest\ndef wait():\n    os.kill(os.getpid(), signal.SIGTERM)\n"
    code += f"    while True: time.sleep(0.01)\n{where}\nclass T(unittest.TestCase):\n    def test_x(self): pass\n"
    suite(tmp_path, code)
    found = run(*DOOR, cwd=tmp_path)
    assert found.code == -signal.SIGTERM
    assert found.results == []
    assert found.summary["interrupted_by"] == "SIGTERM"


@needs_pipes
def test_sigterm_in_a_cleanup_does_not_cost_what_failed_before_it(tmp_path):
    suite(
        tmp_path,
        """
        import os, signal, time, unittest
        class T(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.addClassCleanup(cls.clean)
                raise ValueError("before")
            @staticmethod
            def clean():
                os.kill(os.getpid(), signal.SIGTERM)
                while True: time.sleep(0.01)
            def test_x(self): pass
        """,
    )
    found = run(*DOOR, cwd=tmp_path)
    assert found.code == -signal.SIGTERM
    assert found.verdicts() == {"setUpClass (test_a.T)": "error/error"}


@needs_pipes
def test_a_handler_that_a_test_sets_wins(tmp_path):
    action = "heard = []; signal.signal(signal.SIGTERM, lambda *a: heard.append(1)); send('SIGTERM'); assert heard"
    found = run(*DOOR, cwd=suite(tmp_path, SIGNALS.replace("{action}", action)))
    assert (found.code, found.summary["passed_tests"], found.summary["interrupted_by"]) == (0, 3, None)


@needs_pipes
def test_a_handler_from_before_the_run_stays(tmp_path):
    suite(tmp_path, SIGNALS.replace("{action}", "send('SIGTERM')"))
    process = start(tmp_path, preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))
    found = finish(process)
    assert (found.code, found.summary["passed_tests"]) == (0, 3)


@needs_pipes
def test_sigterm_from_outside_ends_a_test_that_hangs(tmp_path):
    suite(tmp_path, SIGNALS.replace("{action}", "print('hangs', flush=True); threading.Event().wait()"))
    process = start(tmp_path, bufsize=0)  # communicate() leaves out what a buffer has taken in already
    first = []
    for line in process.stdout:  # ends with the process, whatever it has said by then
        first.append(line)
        if line == b"hangs\n":
            break
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    found = read(process.returncode, b"".join(first) + out, err)
    assert found.code == -signal.SIGTERM
    assert found.results[-1]["outcome"] == "interrupted"


@needs_pipes
def test_sigterm_ends_a_run_whose_stdout_nobody_reads(tmp_path):
    """Blocked in the write of a record, it can't write the summary either."""
    suite(
        tmp_path,
        """
        import unittest
        class T(unittest.TestCase): pass
        def test(self): pass
        for number in range(100): setattr(T, f"test_{number}", test)
        """,
    )
    process = start(tmp_path, "test_a", door=IMPATIENT, file=tmp_path / "run.ndjson")
    with_results = wait_for_quiet(tmp_path / "run.ndjson", b"test_result")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == -signal.SIGTERM
    assert 0 < with_results < 100
    process.communicate()


def wait_for_quiet(file: Path, word: bytes) -> int:
    """Wait until the file has stopped to grow, for half a second; return how often it has the word by then."""
    pause, before = threading.Event(), -1
    for _ in range(240):
        count = file.read_bytes().count(word) if file.exists() else 0
        if count and count == before:
            return count
        before = count
        pause.wait(0.5)
    raise AssertionError(f"{file.name}: no {word!r} in two minutes")


@needs_pipes
def test_ctrl_c_in_a_test_ends_as_plain_unittest_does(tmp_path):
    for action in ("raise KeyboardInterrupt", "send('SIGINT'); wait()"):
        suite(tmp_path, SIGNALS.replace("{action}", action))
        found = run(*DOOR, cwd=tmp_path)
        assert found.code == run(*PLAIN, cwd=tmp_path).code == -signal.SIGINT
        assert found.verdicts()["test_a.T.test_2_signals"] == "error/interrupted"
        summary = found.summary
        assert (summary["exit_code"], summary["exit_reason"]) == (130, "interrupted")
        assert (summary["interrupted_by"], summary["not_run_tests"]) == ("SIGINT", 1)


@needs_pipes
def test_ctrl_c_after_a_failed_subtest_still_is_an_interruption(tmp_path):
    action = "\n        ".join(["with self.subTest():", "    self.fail()", "raise KeyboardInterrupt"])
    found = run(*DOOR, cwd=suite(tmp_path, SIGNALS.replace("{action}", action)))
    assert found.verdicts()["test_a.T.test_2_signals"] == "error/interrupted"


@needs_pipes
@pytest.mark.parametrize("where", ["setUp(self)", "tearDown(self)", "setUpClass(cls)"])
def test_ctrl_c_in_a_fixture_writes_the_summary(tmp_path, where):
    decorator = "@classmethod\n    " if "cls" in where else ""
    suite(
        tmp_path,
        f"import unittest\nclass T(unittest.TestCase):\n    {decorator}def {where}: raise KeyboardInterrupt\n"
        "    def test_x(self): pass\n",
    )
    found = run(*DOOR, cwd=tmp_path)
    assert found.code == -signal.SIGINT
    assert [result["outcome"] for result in found.results] == ([] if "cls" in where else ["interrupted"])
    assert found.summary["interrupted_by"] == "SIGINT"


@needs_pipes
def test_ctrl_c_that_unittest_catches_is_told(tmp_path):
    suite(tmp_path, SIGNALS.replace("{action}", "send('SIGINT')"))
    found = run(*DOOR, "-c", cwd=tmp_path)
    assert found.code == run(*PLAIN, "-c", cwd=tmp_path).code == found.summary["exit_code"] == 0
    assert found.verdicts()["test_a.T.test_2_signals"] == "passed/passed"
    assert (found.summary["interrupted_by"], found.summary["not_run_tests"]) == ("SIGINT", 1)


@pytest.mark.parametrize("action", ["os._exit(9)", "os.kill(os.getpid(), getattr(signal, 'SIGKILL', 9))", "os.abort()"])
def test_a_killed_run_names_its_killer(tmp_path, action):
    suite(tmp_path, SIGNALS.replace("{action}", action))
    found = run(*DOOR, cwd=tmp_path, file=tmp_path / "run.ndjson")
    assert [result["id"] for result in found.results] == ["test_a.T.test_1_passes"]
    assert found.summary is None
    assert (found.file[-1]["record_type"], found.file[-1]["id"]) == ("test_start", "test_a.T.test_2_signals")


# -- readers --------------------------------------------------------------------------------------------------------

MANY = """
import unittest
class T(unittest.TestCase): pass
def test(self): pass
for number in range(100): setattr(T, f"test_{number:02}", test)
"""


@needs_pipes
def test_a_reader_that_goes_away_changes_neither_the_run_nor_its_end(tmp_path):
    process = start(suite(tmp_path, MANY), file=tmp_path / "run.ndjson")
    assert process.stdout.readline() == b"\n"
    process.stdout.close()
    process.stderr.read()
    assert process.wait(timeout=60) == 0
    records = [json.loads(line) for line in (tmp_path / "run.ndjson").read_text().splitlines()]
    assert sum(record["record_type"] == "test_result" for record in records) == 100
    assert [warning.partition(":")[0] for warning in records[-1]["warnings"]] == ["stdout-lost"]
    process.stderr.close()


@needs_pipes
@pytest.mark.parametrize("target", ["closed", "/dev/full"])
def test_stdout_that_takes_nothing_leaves_the_file(tmp_path, target):
    how = {"stdout": None, "preexec_fn": lambda: os.close(1)}
    if target != "closed":
        if not os.path.exists(target):
            pytest.skip(f"no {target} here")
        how = {"stdout": os.open(target, os.O_WRONLY)}
    process = start(suite(tmp_path, MANY), file=tmp_path / "run.ndjson", **how)
    process.communicate(timeout=60)
    assert process.returncode == 0
    records = [json.loads(line) for line in (tmp_path / "run.ndjson").read_text().splitlines()]
    assert records[-1]["passed_tests"] == 100
    assert [warning.partition(":")[0] for warning in records[-1]["warnings"]] == ["stdout-lost"]


@needs_pipes
@pytest.mark.parametrize("blocking", [True, False], ids=["slow", "slow_and_nonblocking"])
def test_a_slow_reader_gets_every_line_whole(tmp_path, blocking):
    """It begins to read when the pipe is full; somebody has set O_NONBLOCK on the pipe that all of them share."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, blocking)
    process = start(suite(tmp_path, MANY), stdout=write_end, file=tmp_path / "run.ndjson")
    os.close(write_end)
    assert wait_for_quiet(tmp_path / "run.ndjson", b"test_result") < 100
    with os.fdopen(read_end, "rb") as pipe:
        out = pipe.read()
    process.communicate(timeout=60)
    found = read(process.returncode, out, b"")
    assert len(found.by_id()) == 100
    assert found.summary["warnings"] == []
