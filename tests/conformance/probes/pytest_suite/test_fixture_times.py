"""Fixtures of every scope, asked for early and late, one by one measured."""

import time

import pytest

PAUSE = 0.02


@pytest.fixture(scope="session")
def of_session():
    time.sleep(PAUSE)
    yield
    time.sleep(PAUSE)


@pytest.fixture(scope="package")
def of_package():
    time.sleep(PAUSE)
    yield


@pytest.fixture(scope="module")
def of_module(of_session):
    time.sleep(PAUSE)
    yield
    time.sleep(PAUSE)


@pytest.fixture(scope="class")
def of_class(of_module):
    time.sleep(PAUSE)
    yield
    time.sleep(PAUSE)


@pytest.fixture
def of_function(of_class):
    time.sleep(PAUSE)
    yield
    time.sleep(PAUSE)


@pytest.fixture
def asks_late(request):
    request.getfixturevalue("late")
    time.sleep(PAUSE)
    yield


@pytest.fixture(scope="module")
def late(request):
    request.addfinalizer(lambda: time.sleep(PAUSE))
    time.sleep(PAUSE)


@pytest.fixture(scope="module", params=["one", "other"])
def in_turn(request):
    time.sleep(PAUSE)
    yield request.param
    time.sleep(PAUSE)


class TestScopes:
    def test_first(self, of_function, of_package):
        pass

    def test_second(self, of_function):
        pass


def test_body_asks(request):
    request.getfixturevalue("asks_late")
    time.sleep(PAUSE)


def test_after():
    pass


def test_in_turn(in_turn):
    pass


class TestXunit:
    @classmethod
    def setup_class(cls):
        time.sleep(PAUSE)

    @classmethod
    def teardown_class(cls):
        time.sleep(PAUSE)

    def setup_method(self, method):
        time.sleep(PAUSE)

    def test_one(self):
        pass

    def test_two(self):
        pass


@pytest.mark.parametrize("number", [1])
def test_parameters_are_no_fixtures(number):
    pass
