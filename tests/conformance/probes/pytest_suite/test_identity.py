"""Who a test is: names, places, markers, fixtures."""

import functools
from unittest import mock

import pytest
from base_cases import Inherited

pytestmark = pytest.mark.slow


@pytest.fixture
def one():
    return 1


@pytest.fixture(params=["a", "b"])
def letter(request):
    return request.param


def test_plain():
    pass


@pytest.mark.card("C-1")
@pytest.mark.card("C-2")
def test_with_markers():
    pass


def test_with_fixtures(one, request, tmp_path):
    pass


@pytest.mark.parametrize("x, y", [(1, 2)])
def test_with_parameters_and_fixtures(x, y, one, letter):
    pass


@pytest.mark.parametrize("letter", ["c"], indirect=True)
def test_with_an_indirect_parameter(letter):
    pass


@pytest.mark.parametrize(
    "text",
    ["a[b]", "a::b", "é ü", "\0", "back\\slash", "new\nline", "/", ""],
)
def test_with_odd_ids(text):
    pass


@pytest.mark.parametrize("text", [pytest.param("", id="x" * 1500), pytest.param("", id="x" * 1499 + "y")])
def test_with_long_ids(text):
    pass


@mock.patch("os.getcwd")
@mock.patch(
    "os.listdir",
)
def test_patched(listdir, getcwd):
    pass


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@decorated
@decorated
def test_decorated():
    pass


test_lambda = lambda: None


class TestOuter:
    class TestInner:
        @pytest.mark.card("C-3")
        def test_nested(self):
            pass

    def test_method(self):
        pass

    @staticmethod
    def test_static():
        pass


class TestInherits(Inherited):
    def test_overridden(self):
        pass


def make():
    class TestLocal:
        def test_local(self):
            pass

    return TestLocal


TestMade = make()
