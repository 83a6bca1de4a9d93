"""A script through the Django script door: it must see, show and end what it would under plain Python."""

import os
import signal
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from tests.support import Run, environment, run

pytest.importorskip("django", reason="the door asks for Django when the script is over")

DOOR = ("-m", "trim_telemetry.django_instrumentation")
SHOW = """
    import sys
    main = sys.modules["__main__"]
    named = {name: value for name, value in vars(main).items() if name not in ("__builtins__", "__loader__", "sys")}
    print(sorted(named.items(), key=str))
    print(__builtins__, type(__loader__).__name__, sys.argv, sys.path, (lambda: 0).__code__.co_filename)
    print(main.__dict__ is globals(), __import__("builtins").__dict__.get("annotations"))
"""


def plain_and_through(*arguments: str, cwd: Path, **changes: str):
    """Run a script plain and through the door."""
    env = environment(**changes)
    plain = run(*arguments, cwd=cwd, env=env)
    return plain, run(*DOOR, *arguments, cwd=cwd, env=env)


def screen(done: Run):
    """What a user sees."""
    return done.code, done.stdout, done.stderr


def write(path: Path, body: str) -> Path:
    """Write a script."""
    path.write_text(textwrap.dedent(body), encoding="utf-8")
    return path


def test_a_script_sees_itself_as_main(tmp_path):
    write(tmp_path / "script.py", SHOW)
    plain, done = plain_and_through("script.py", "one", "--two", cwd=tmp_path)
    assert screen(done) == screen(plain)


def test_a_script_in_another_folder_behind_a_link_finds_its_own_folder_first(tmp_path):
    (tmp_path / "folder").mkdir()
    write(tmp_path / "folder" / "script.py", SHOW)
    os.symlink(os.path.join("folder", "script.py"), tmp_path / "link.py")
    for path in (os.path.join("folder", "script.py"), "link.py"):
        plain, done = plain_and_through(path, cwd=tmp_path)
        assert screen(done) == screen(plain)


def test_a_folder_and_a_zip_file_with_a_main_are_scripts(tmp_path):
    body = "import sys\nprint(__name__, sys.argv, sys.path, __file__, __spec__.name, sorted(globals()))\nmissing"
    (tmp_path / "folder").mkdir()
    main = write(tmp_path / "folder" / "__main__.py", body)
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as packed:
        packed.write(main, "__main__.py")
    for path in ("folder", "packed.zip"):
        plain, done = plain_and_through(path, "one", cwd=tmp_path)
        assert screen(done) == screen(plain)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="PYTHONSAFEPATH came with 3.11")
def test_a_safe_path_stays_safe(tmp_path):
    write(tmp_path / "script.py", SHOW)
    plain, done = plain_and_through("script.py", cwd=tmp_path, PYTHONSAFEPATH="1")
    assert screen(done) == screen(plain)


@pytest.mark.parametrize(
    "body",
    [
        "import sys\nsys.exit(3)",
        "import sys\nsys.exit(300)",
        "import sys\nsys.exit('words')",
        "import sys\nsys.exit()",
        "def broken():\n    raise ValueError('x')\nbroken()",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('y') from error",
        "x = = 1",
        "import sys\nsys.excepthook = lambda *a: print('hook', a[0].__name__, a[2].tb_frame.f_code.co_name)\n{}[1]",
        "raise KeyboardInterrupt",
        "import atexit, sys\natexit.register(lambda: print(sys.modules['__main__'].late))\nlate = 'late'",
        "from __future__ import annotations\ndef f(x: no_such_name): pass\nprint(f.__annotations__)",
    ],
)
def test_a_script_ends_and_shows_its_errors_as_under_plain_python(body, tmp_path):
    write(tmp_path / "script.py", body)
    plain, done = plain_and_through("script.py", cwd=tmp_path)
    assert screen(done) == screen(plain)
    assert done.summary["exit_code"] == (130 if plain.code == -signal.SIGINT else plain.code)


def test_future_imports_of_ours_do_not_reach_the_script(tmp_path):
    write(tmp_path / "script.py", "def f(x: 1 + 1): pass\nprint(f.__annotations__)")
    plain, done = plain_and_through("script.py", cwd=tmp_path)
    assert done.stdout == plain.stdout == "{'x': 2}\n"


def test_spawned_processes_find_the_scripts_functions(tmp_path):
    body = """
        import multiprocessing

        def double(number):
            return 2 * number

        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(double, [1, 2]))
    """
    write(tmp_path / "script.py", body)
    plain, done = plain_and_through("script.py", cwd=tmp_path)
    assert screen(done) == screen(plain)
    assert done.stdout == "[2, 4]\n"
