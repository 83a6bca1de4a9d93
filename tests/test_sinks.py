"""Whole lines reach their descriptor, whatever the system and the tests do to it."""

import errno
import io
import os
import subprocess
import sys
import threading
from unittest import mock

import pytest

from trim_telemetry import record
from trim_telemetry.sinks.descriptor import Descriptor, own_copy
from trim_telemetry.sinks.ndjson_file import NdjsonFile
from trim_telemetry.sinks.stdout_lines import StdoutLines

from .support import ROOT

fcntl = pytest.importorskip("fcntl")  # pipes that do not block, and forks: POSIX
resource = pytest.importorskip("resource")


class Pipe:
    """A pipe, whose writing end is ours to give away."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        self._open = {self.reader, self.writer}

    def close(self, *numbers):
        for number in numbers or (self.reader, self.writer):
            if number in self._open:
                self._open.remove(number)
                os.close(number)

    def text(self):
        """All that was written; the writing end is closed for it."""
        self.close(self.writer)
        with os.fdopen(self.reader, "rb", closefd=False) as file:
            return file.read()


@pytest.fixture
def pipe():
    made = Pipe()
    yield made
    made.close()


@pytest.fixture
def descriptor(pipe):
    made = Descriptor(own_copy(pipe.writer))
    yield made
    made.close()


# -- a descriptor ------------------------------------------------------------------------------------------------------


def test_copy_is_out_of_the_way_and_not_inherited(pipe):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1000:
        pytest.skip("no descriptor has such a number here")
    copy = own_copy(pipe.writer)
    try:
        assert copy >= 500
        assert not os.get_inheritable(copy)
    finally:
        os.close(copy)


def test_copy_has_any_number_where_high_ones_are_not_allowed(pipe):
    with mock.patch("fcntl.fcntl", side_effect=OSError(errno.EINVAL, "")):
        copy = own_copy(pipe.writer)
    try:
        assert not os.get_inheritable(copy)
    finally:
        os.close(copy)


def test_copy_of_what_is_closed_is_refused(pipe):
    pipe.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        own_copy(pipe.writer)


def test_copy_outlives_its_original(pipe, descriptor):
    pipe.close(pipe.writer)
    descriptor.write(b"still here")
    descriptor.close()
    assert pipe.text() == b"still here"


def test_write_is_one_system_call(descriptor, pipe):
    descriptor._write = mock.Mock(wraps=os.write)
    descriptor.write(b"line\n")
    assert descriptor._write.call_count == 1


@pytest.mark.parametrize("sizes", [(1, 1, 1, 2), (0, 3, 2), (4, 1)])
def test_partial_writes_are_continued_where_they_stopped(sizes, descriptor, pipe):
    sizes = iter(sizes)
    descriptor._write = lambda number, data: os.write(number, data[: next(sizes)])
    descriptor.write(b"12345")
    descriptor.close()
    assert pipe.text() == b"12345"


def test_interrupted_write_is_tried_again(descriptor, pipe):
    errors = iter([OSError(errno.EINTR, "interrupted")])

    def write(number, data):
        for error in errors:
            raise error
        return os.write(number, data)

    descriptor._write = write
    descriptor.write(b"all of it")
    descriptor.close()
    assert pipe.text() == b"all of it"


def test_full_pipe_that_does_not_block_is_waited_for(descriptor, pipe):
    fcntl.fcntl(pipe.writer, fcntl.F_SETFL, os.O_NONBLOCK)  # shared with every copy, as by an asyncio child
    sent = os.urandom(1_000_000)
    received = []
    reader = threading.Thread(target=lambda: received.append(read_all(pipe.reader)))
    refused = []

    def write(number, data):
        try:
            return os.write(number, data)
        except BlockingIOError:
            refused.append(number)
            if not reader.ident:
                reader.start()
            raise

    descriptor._write = write
    descriptor.write(sent)
    descriptor.close()
    pipe.close(pipe.writer)
    reader.join()
    assert refused
    assert received == [sent]


def read_all(number):
    return b"".join(iter(lambda: os.read(number, 65536), b""))


def test_waiting_works_for_descriptors_beyond_what_select_can_count(pipe):
    try:
        high = fcntl.fcntl(pipe.writer, fcntl.F_DUPFD, 2000)
    except OSError:
        pytest.skip("no descriptor has such a number here")
    descriptor = Descriptor(high)
    errors = iter([BlockingIOError(errno.EAGAIN, "full")])

    def write(number, data):
        for error in errors:
            raise error
        return os.write(number, data)

    descriptor._write = write
    descriptor.write(b"line")
    descriptor.close()
    assert pipe.text() == b"line"


def test_pipe_whose_reader_is_gone_is_an_error(descriptor, pipe):
    pipe.close(pipe.reader)
    with pytest.raises(BrokenPipeError):
        descriptor.write(b"x")


def test_full_disk_is_an_error():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    descriptor = Descriptor(os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(OSError, match="No space left"):
        descriptor.write(b"x")
    descriptor.close()


def test_after_close_writes_do_nothing_and_a_second_close_neither(descriptor, pipe):
    descriptor.close()
    descriptor.write(b"late")
    descriptor.close()
    assert pipe.text() == b""


def test_fork_does_not_write_nor_close(descriptor, pipe):
    child = os.fork()
    if not child:
        try:
            descriptor.write(b"from the child")
            descriptor.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    descriptor.write(b"from the parent")
    descriptor.close()
    assert pipe.text() == b"from the parent"


def test_tests_that_mock_os_do_not_reach_us(descriptor, pipe):
    with mock.patch.multiple(os, write=mock.DEFAULT, getpid=mock.DEFAULT, close=mock.DEFAULT):
        descriptor.write(b"line")
        descriptor.close()
    assert pipe.text() == b"line"


# -- the file ----------------------------------------------------------------------------------------------------------


def test_file_gets_one_line_a_record(tmp_path):
    path = tmp_path / "out" / "deep" / "run.ndjson"
    file = NdjsonFile(str(path))
    file.write('{"a": 1}')
    file.write('{"a": 2}')
    file.close()
    assert path.read_text("ascii") == '{"a": 1}\n{"a": 2}\n'


def test_file_is_appended_to(tmp_path):
    path = tmp_path / "run.ndjson"
    path.write_text("before\n", "ascii")
    first, second = NdjsonFile(str(path)), NdjsonFile(str(path))
    first.write("1")
    second.write("2")
    first.write("3")
    assert path.read_text("ascii") == "before\n1\n2\n3\n"
    first.close()
    second.close()


def test_file_that_can_not_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "run.ndjson"):
        with pytest.raises(OSError, match=r"directory|exists"):
            NdjsonFile(str(path))


def test_file_leaves_no_descriptor_open(tmp_path):
    before = os.dup(0)
    os.close(before)
    NdjsonFile(str(tmp_path / "run.ndjson")).close()
    after = os.dup(0)
    os.close(after)
    assert after == before


def test_file_is_written_after_its_folder_is_gone(tmp_path):
    folder = tmp_path / "out"
    file = NdjsonFile(str(folder / "run.ndjson"))
    (folder / "run.ndjson").unlink()
    folder.rmdir()
    file.write("nobody reads it, and nothing breaks")
    file.close()


def test_file_knows_whether_its_path_still_leads_to_it(tmp_path):
    path = tmp_path / "run.ndjson"
    file = NdjsonFile(str(path))
    with mock.patch.multiple(os, stat=mock.DEFAULT):
        assert file.is_there()
    path.unlink()
    assert not file.is_there()
    path.touch()  # another file of the same name
    assert not file.is_there()
    file.close()


def test_file_is_on_the_disk_before_the_run_goes_on_where_that_is_asked_for(tmp_path):
    steps = []
    file = NdjsonFile(str(tmp_path / "run.ndjson"), fsync=True)
    descriptor = file._descriptor
    descriptor._write = lambda number, data: steps.append("write") or len(data)
    descriptor._fsync = lambda number: steps.append("fsync")
    file.write("1")
    file.write("2")
    file.close()
    assert steps == ["write", "fsync"] * 2


def test_file_is_locked_while_its_process_lives_and_no_longer(tmp_path):
    """Not by what the process starts: a daemon that outlives the run is none of it."""
    path = tmp_path / "run.ndjson"
    file = NdjsonFile(str(path))
    child = subprocess.Popen([sys.executable, "-c", "print(); input()"], stdin=-1, stdout=-1, close_fds=False)
    child.stdout.read(1)  # it runs
    with open(path) as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.close()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    child.communicate(b"\n")


# -- stdout ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def lines(pipe):
    made = StdoutLines(pipe.writer)
    yield made
    made.close()


def test_marker_begins_in_column_0_in_the_same_write(lines, pipe):
    os.write(pipe.writer, b"...F")
    lines.write("TEST_RESULT:", '{"id": "a"}')
    lines.close()
    assert pipe.text() == b'...F\nTEST_RESULT:{"id": "a"}\n'


def test_line_stays_below_the_limit_with_its_marker(lines, pipe):
    content = {"id": "a", "stdout": "o" * 200_000, "truncated": []}
    reader = threading.Thread(target=lambda: received.append(read_all(pipe.reader)))
    received = []
    reader.start()
    lines.write("TEST_RESULT:", record.encode(None, content))
    lines.close()
    pipe.close(pipe.writer)
    reader.join()
    (line,) = received[0].strip().splitlines()
    assert len(line) < 64_000
    assert record.decode(line[len("TEST_RESULT:") :].decode("ascii"))["truncated"] == ["stdout"]


@pytest.mark.parametrize("size, is_cut", [(64_000 - 12 - 2, False), (64_000 - 12 - 1, True)])
def test_limit_is_counted_to_the_byte(size, is_cut, lines, pipe):
    fill = size - len(record.encode(None, {"stdout": "", "truncated": []}))
    line = record.encode(None, {"stdout": "o" * fill, "truncated": []})
    assert len(line) == size
    lines.write("TEST_RESULT:", line)
    lines.close()
    written = pipe.text()
    assert (b'"truncated": ["stdout"]' in written) is is_cut
    assert max(len(part) for part in written.splitlines(True)) < 64_000


def test_what_the_tests_have_printed_stands_before_the_line(pipe, lines):
    stream = io.TextIOWrapper(os.fdopen(pipe.writer, "wb", closefd=False), write_through=False)
    ours = StdoutLines(pipe.writer, stream)
    stream.write("printed\n")
    ours.write("TEST_RESULT:", "{}")
    ours.close()
    lines.close()
    stream.detach()
    assert pipe.text() == b"printed\n\nTEST_RESULT:{}\n"


def test_a_line_written_by_a_signal_handler_in_the_middle_of_a_print_is_not_lost(pipe):
    """A buffered stream refuses to be flushed there. It is flushed again before the next line."""
    stream = mock.Mock(spec=["flush"])
    stream.flush.side_effect = [RuntimeError("reentrant call inside <_io.BufferedWriter name='<stdout>'>"), None]
    lines = StdoutLines(pipe.writer, stream)
    lines.write("TEST_RESULT:", "{}")
    lines.write("TEST_SUMMARY:", "{}")
    lines.close()
    assert pipe.text() == b"\nTEST_RESULT:{}\n\nTEST_SUMMARY:{}\n"
    assert stream.flush.call_count == 2


@pytest.mark.parametrize("error", [ValueError("closed file"), OSError(errno.EPIPE, "gone"), None])
def test_stream_that_can_not_be_flushed_does_not_keep_the_line_back(error, pipe):
    stream = mock.Mock(spec=["flush"] if error else [])
    if error:
        stream.flush.side_effect = error
    lines = StdoutLines(pipe.writer, stream)
    lines.write("TEST_RESULT:", "{}")
    lines.write("TEST_RESULT:", "{}")
    lines.close()
    assert pipe.text() == b"\nTEST_RESULT:{}\n" * 2


def test_stdout_that_is_closed_from_the_start_is_an_error(pipe):
    pipe.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        StdoutLines(pipe.writer)


def test_lines_go_past_a_descriptor_1_that_a_test_has_closed_or_replaced():
    code = """if True:
        import os, sys
        from trim_telemetry.sinks.stdout_lines import StdoutLines
        lines = StdoutLines(1, sys.stdout)
        sys.stdout.close()
        lines.write("TEST_RESULT:", "{}")
        os.open(os.devnull, os.O_WRONLY)
        lines.write("TEST_SUMMARY:", "{}")
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=-1, stderr=-1, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"\nTEST_RESULT:{}\n\nTEST_SUMMARY:{}\n"


def test_core_works_where_the_platform_has_neither_fcntl_nor_poll(tmp_path):
    code = """if True:
        import sys
        sys.modules["fcntl"] = sys.modules["select"] = None
        from trim_telemetry.sinks.ndjson_file import NdjsonFile
        file = NdjsonFile(sys.argv[1])
        file.write("{}")
        file.close()
    """
    path = tmp_path / "run.ndjson"
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=-1, stderr=-1, timeout=60)
    assert (done.returncode, done.stderr, path.read_bytes()) == (0, b"", b"{}\n")
