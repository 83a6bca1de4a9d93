import pytest


@pytest.fixture
def raises_in_setup():
    raise LookupError("set-up of a fixture")


@pytest.fixture
def raises_in_teardown():
    yield
    raise LookupError("tear-down of a fixture")


@pytest.fixture
def raises_twice_in_teardown(raises_in_teardown):
    yield
    raise LookupError("tear-down of another")


@pytest.fixture
def skips_in_setup():
    pytest.skip("by a fixture")


@pytest.fixture
def skips_in_teardown():
    yield
    pytest.skip("by a fixture's tear-down")


@pytest.fixture
def xfails_in_setup():
    pytest.xfail("by a fixture")
