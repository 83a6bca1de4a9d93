"""What a vendored copy is run in has no disk, no network, no home and no packages."""

import subprocess
import sys

from .bare import LOCKED_DOWN

TRIES = """
import os, socket, sys, tempfile

def answer(attempt):
    try:
        return type(attempt()).__name__
    except (OSError, ImportError) as error:
        return type(error).__name__ if isinstance(error, ImportError) else os.strerror(error.errno)

print(answer(lambda: open("new.txt", "w")))
print(answer(lambda: os.open("old.txt", os.O_RDWR)))
print(answer(lambda: os.mkdir("new")))
print(answer(lambda: open("old.txt")))
print(answer(lambda: open(os.devnull, "w")))
print(answer(lambda: socket.create_connection(("127.0.0.1", 9))))
print(answer(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", 9))))
print(answer(lambda: __import__("pytest")))
print("HOME" in os.environ, "ctypes" in sys.modules, sys.argv[1:])
print(sys.path[:2], __name__)
"""


def test_what_needs_more_than_the_standard_library_and_stdout_fails(tmp_path):
    (tmp_path / "old.txt").touch()
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "tries.py").write_text(TRIES)
    words = [sys.executable, "-S", "-E", str(LOCKED_DOWN), "copy", "tries"]
    done = subprocess.run(words, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, timeout=60)
    assert done.stderr == b""
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["copy", "old.txt", "tries.py"]
    assert done.stdout.decode().splitlines() == [
        "Read-only file system",
        "Read-only file system",
        "Read-only file system",
        "TextIOWrapper",
        "TextIOWrapper",
        "Network is unreachable",
        "Network is unreachable",
        "ModuleNotFoundError",
        "False False []",
        "['', 'copy'] __main__",
    ]
