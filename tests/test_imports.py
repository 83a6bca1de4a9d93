"""A module is shown as soon as it has run, and the import leaves nothing of ours behind."""

import importlib
import subprocess
import sys
import textwrap

import pytest

from trim_telemetry.imports import ImportWatch

from .support import environment


def told(program: str, *paths: str) -> str:
    """What a fresh interpreter says."""
    source = "import sys\nfrom trim_telemetry.imports import ImportWatch\n" + textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-c", source, *paths], env=environment(), stdout=-1, stderr=-1, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.mark.parametrize("name", ["sqlite3.dbapi2", "_sqlite3", "this", "colorsys", "json.tool"])
def test_module_is_shown_once_and_whole(name):
    program = f"""
        found = []
        watch = ImportWatch({{{name!r}}}, lambda module: found.append((module.__name__, len(vars(module)) > 8)))
        watch.begin()
        sys.stdout = None
        __import__({name!r})
        __import__({name!r})
        sys.stdout = sys.__stdout__
        watch.end()
        module = sys.modules[{name!r}]
        print(found, "exec_module" in vars(module.__spec__.loader), watch in sys.meta_path)
    """
    assert told(program) == f"[({name!r}, True)] False False"


def test_name_is_replaced_before_anybody_has_taken_it():
    program = """
        watch = ImportWatch({"colorsys"}, lambda module: setattr(module, "rgb_to_hsv", "ours"))
        watch.begin()
        from colorsys import rgb_to_hsv
        print(rgb_to_hsv)
    """
    assert told(program) == "ours"


def test_module_that_is_not_there_or_fails_raises_as_ever(tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0\n")
    program = f"""
        sys.path.insert(0, {str(tmp_path)!r})
        found = []
        watch = ImportWatch({{"broken", "nowhere"}}, found.append)
        watch.begin()
        for name in ("broken", "nowhere"):
            try:
                __import__(name)
            except Exception as error:
                print(type(error).__name__, name in sys.modules, found)
    """
    assert told(program).splitlines() == ["ZeroDivisionError False []", "ModuleNotFoundError False []"]


def test_reload_is_shown_again():
    program = """
        import importlib
        found = []
        watch = ImportWatch({"colorsys"}, found.append)
        watch.begin()
        import colorsys
        importlib.reload(colorsys)
        print(len(found), found[0] is found[1])
    """
    assert told(program) == "2 True"


def test_two_watches_for_one_module_both_hear_of_it(tmp_path, monkeypatch):
    (tmp_path / "made_for_two.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    heard = []
    watches = [ImportWatch({"made_for_two"}, lambda module, name=name: heard.append((name, module.x))) for name in "ab"]
    for watch in watches:
        watch.begin()
    try:
        module = importlib.import_module("made_for_two")
    finally:
        for watch in watches:
            watch.end()
        sys.modules.pop("made_for_two", None)
    assert sorted(heard) == [("a", 1), ("b", 1)]
    assert "exec_module" not in vars(module.__loader__)
