"""Where code stands, for functions of every make."""

import functools
import os
import types
from pathlib import Path
from unittest import mock

import pytest

from trim_telemetry.collectors.source import Sources, code_of, safe_str

CODE = '''\
import functools

def decorate(*arguments):
    def wrap(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)
        return wrapper
    return wrap

def plain():
    pass

@decorate(1)
# a comment
@decorate(
    2,
)

def decorated():
    pass

@decorate("""
def wrong(): pass
""")
def text_above():
    pass

async def coroutine():
    pass

@decorate()
async  def decorated_coroutine():
    pass

@decorate(lambda: (
    0
))
def lambda_above(): pass

one = lambda: 1

@decorate()
def é(): pass

def _part(a, b): pass
part = functools.partial(_part, 1)
deep_part = functools.partial(decorate()(part), 2)

class Klass:
    @decorate()
    def method(self): pass

    @staticmethod
    @decorate()
    def static(): pass

    @classmethod
    def of_class(cls): pass

    partly = functools.partialmethod(method, 1)
'''
LINES = CODE.splitlines()


def line_with(text):
    (number,) = [number for number, line in enumerate(LINES, 1) if text in line]
    return number


@pytest.fixture
def module(tmp_path):
    path = tmp_path / "pkg" / "sample.py"
    path.parent.mkdir()
    path.write_text(CODE, encoding="utf-8")
    made = types.ModuleType("sample")
    exec(compile(CODE, str(path), "exec"), vars(made))
    made.path = str(path)
    return made


@pytest.fixture
def sources(tmp_path):
    return Sources(str(tmp_path))


@pytest.mark.parametrize(
    "name, text",
    [
        ("plain", "def plain"),
        ("decorated", "def decorated()"),
        ("text_above", "def text_above"),
        ("coroutine", "async def coroutine"),
        ("decorated_coroutine", "async  def"),
        ("lambda_above", "def lambda_above"),
        ("one", "one = lambda"),
        ("é", "def é"),
        ("part", "def _part"),
        ("deep_part", "def _part"),
    ],
)
def test_definition_is_the_line_of_the_def_behind_every_wrapper(name, text, module, sources):
    assert sources.definition(getattr(module, name)) == (module.path, line_with(text))


@pytest.mark.parametrize(
    "name, text",
    [
        ("method", "def method"),
        ("static", "def static"),
        ("of_class", "def of_class"),
        ("partly", "def method"),
    ],
)
@pytest.mark.parametrize("owner", ["class", "instance", "dict"])
def test_definition_of_a_method_is_found_however_it_is_bound(name, text, owner, module, sources):
    holders = {"class": module.Klass, "instance": module.Klass()}
    function = vars(module.Klass)[name] if owner == "dict" else getattr(holders[owner], name)
    assert sources.definition(function) == (module.path, line_with(text))


def circle():
    pass


circle.__wrapped__ = circle


@pytest.mark.parametrize(
    "function",
    [None, 5, "text", len, print, object(), mock.Mock(), mock.MagicMock()],
    ids=["None", "int", "str", "len", "print", "object", "Mock", "MagicMock"],
)
def test_what_has_no_python_code_has_no_definition(function, sources):
    assert sources.definition(function) is None


def test_wrapper_that_wraps_itself_ends(sources):
    assert code_of(circle) is circle.__code__


def test_function_without_a_source_file_keeps_its_first_line(sources):
    names = {}
    exec(compile("\n\n@staticmethod\ndef f(): pass", "gone.py", "exec"), names)
    assert sources.definition(names["f"]) == ("gone.py", 3)


def test_function_made_from_a_text_has_no_definition(sources):
    names = {}
    exec("def f(): pass", names)
    assert sources.definition(names["f"]) is None


def test_function_whose_file_has_shrunk_since_keeps_its_first_line(module, sources):
    Path(module.path).write_text("", encoding="utf-8")
    assert sources.definition(module.decorated) == (module.path, line_with("@decorate(1)"))


def test_sources_are_read_while_a_test_mocks_open(module, sources):
    with mock.patch("builtins.open", side_effect=AssertionError):
        assert sources.definition(module.decorated)[1] == line_with("def decorated()")


# -- paths -------------------------------------------------------------------------------------------------------------


def test_path_is_relative_to_the_root_with_forward_slashes(sources, tmp_path):
    assert sources.relative(str(tmp_path / "a" / "b.py")) == "a/b.py"
    assert sources.relative(str(tmp_path / "a" / ".." / "b.py")) == "b.py"


def test_path_outside_the_root_is_absolute(sources, tmp_path):
    assert sources.relative(str(tmp_path) + "-beside/a.py") == str(tmp_path) + "-beside/a.py"


def test_path_is_relative_through_a_link_to_the_root_too(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    try:
        link.symlink_to(real)
    except (OSError, NotImplementedError):
        pytest.skip("no symbolic links here")
    for root in (real, link):
        for folder in (real, link):
            assert Sources(str(root)).relative(str(folder / "a.py")) == "a.py"


def test_path_that_is_a_link_inside_the_root_keeps_its_own_name(tmp_path):
    outside = tmp_path / "outside.py"
    outside.touch()
    root = tmp_path / "root"
    root.mkdir()
    try:
        (root / "link.py").symlink_to(outside)
    except (OSError, NotImplementedError):
        pytest.skip("no symbolic links here")
    assert Sources(str(root)).relative(str(root / "link.py")) == "link.py"


def test_relative_path_is_of_the_folder_that_was_current_when_it_was_first_asked_for(sources, tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert sources.relative("b.py") == "a/b.py"
    monkeypatch.chdir(tmp_path)
    assert sources.relative("b.py") == "a/b.py"


def test_hostile_path_is_clean_and_bounded(sources, tmp_path):
    found = sources.relative(str(tmp_path / ("\x1b[31m\udcff" + "x" * 2000)))
    assert found.startswith("\ufffdxxx")
    assert len(found) == 500


# -- whose code it is --------------------------------------------------------------------------------------------------


def test_users_code_is_under_the_root_and_neither_installed_nor_pythons(sources, tmp_path):
    assert sources.is_users(str(tmp_path / "a.py"))
    assert not sources.is_users(str(tmp_path / "venv" / "lib" / "site-packages" / "a.py"))
    assert not sources.is_users(os.__file__)
    assert not sources.is_users(str(tmp_path.parent / "a.py"))
    assert not sources.is_users("<string>")
    assert not sources.is_users("<frozen importlib._bootstrap>")


def test_project_that_lies_above_its_interpreter_does_not_own_the_standard_library():
    assert not Sources(os.sep).is_users(os.__file__)


# -- failures ----------------------------------------------------------------------------------------------------------


def raised(function, *arguments):
    with pytest.raises(Exception) as caught:  # whatever it is
        function(*arguments)
    return caught.value


def test_failure_names_the_innermost_frame_of_the_users_code():
    here = Sources(str(Path(__file__).parent))

    def fail():
        functools.reduce(lambda a, b: a / b, [1, 0])

    error = raised(fail)
    found = here.failure(error, error.__traceback__, "call", "as printed")
    assert found[:4] == ("call", "ZeroDivisionError", "division by zero", "as printed")
    assert found.file == "test_source.py"
    assert (
        Path(__file__).read_text(encoding="utf-8").splitlines()[found.line - 1].strip()
        == "functools.reduce(lambda a, b: a / b, [1, 0])"
    )


def test_failure_without_a_frame_of_the_users_names_the_innermost_of_all(sources):
    error = raised(os.stat, "\0")
    found = sources.failure(error, error.__traceback__, None, "")
    assert found.file.endswith("tests/test_source.py")
    assert os.path.isabs(found.file)


def test_failure_without_a_traceback_has_no_place(sources):
    found = sources.failure(ValueError("x"), None, None, "")
    assert (found.file, found.line) == (None, None)


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def test_exception_whose_str_raises_is_still_told(sources):
    found = sources.failure(Speechless(), None, None, "")
    assert found.type == f"{__name__}.Speechless"
    assert found.message == "<Speechless: str() raised RuntimeError>"


@pytest.mark.parametrize(
    "error, name",
    [
        (ValueError(), "ValueError"),
        (ValueError, "ValueError"),
        (type("Inner", (Exception,), {"__module__": "__main__"})(), "Inner"),
        (type("Odd", (Exception,), {"__module__": None})(), "Odd"),
        (type("Odd", (Exception,), {"__module__": "a.b", "__qualname__": "C.Odd"})(), "a.b.C.Odd"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_type_is_named_with_its_module_unless_it_is_a_builtin(error, name, sources):
    assert sources.failure(error, None, None, "").type == name


def test_safe_str_is_str():
    assert safe_str(5) == "5"
    assert safe_str("x" * 10) == "x" * 10


def test_source_that_can_not_be_read_is_no_error(sources):
    names = {}
    exec(compile("@staticmethod\ndef f(): pass", os.sep, "exec"), names)  # a folder
    assert sources.definition(names["f"]) == (os.sep, 1)
