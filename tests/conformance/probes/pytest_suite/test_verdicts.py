"""Every row of the table of verdicts that one function can show."""

import unittest

import pytest


def test_passes():
    assert True


def test_fails():
    assert 1 == 2


def test_any_exception_in_the_body_is_a_failure():
    raise ValueError("not an assertion")


def test_fails_on_purpose():
    pytest.fail("by pytest.fail")


def test_fails_without_a_traceback():
    pytest.fail("one line only", pytrace=False)


def test_exits_by_system_exit():
    raise SystemExit(3)


def test_setup_raises(raises_in_setup):
    raise AssertionError("never run")


def test_teardown_raises(raises_in_teardown):
    pass


def test_two_teardowns_raise(raises_twice_in_teardown):
    pass


def test_body_and_teardown_raise(raises_in_teardown):
    assert False, "the body"


def test_setup_raises_and_then_a_teardown(raises_in_teardown, raises_in_setup):
    raise AssertionError("never run")


@pytest.mark.skip(reason="by a mark")
def test_skipped_by_a_mark():
    raise AssertionError("never run")


@pytest.mark.skipif("1 == 1", reason="by a condition")
def test_skipped_by_a_condition():
    raise AssertionError("never run")


@pytest.mark.skip
def test_skipped_without_a_reason():
    raise AssertionError("never run")


def test_skipped_by_a_fixture(skips_in_setup):
    raise AssertionError("never run")


def test_skips_in_the_body():
    pytest.skip("in the body")


def test_skips_as_unittest_does():
    raise unittest.SkipTest("as unittest does")


def test_skips_for_want_of_a_module():
    pytest.importorskip("no_such_module_anywhere")


def test_skips_then_teardown_raises(raises_in_teardown):
    pytest.skip("in the body")


def test_passes_and_teardown_skips(skips_in_teardown):
    pass


def test_fails_and_teardown_skips(skips_in_teardown):
    assert False, "the body"


@pytest.mark.xfail(reason="a known bug")
def test_xfails():
    assert False, "as expected"


@pytest.mark.xfail
def test_xfails_without_a_reason():
    assert False


def test_xfails_in_the_body():
    pytest.xfail("in the body")


def test_xfails_in_setup(xfails_in_setup):
    raise AssertionError("never run")


@pytest.mark.xfail(reason="would crash", run=False)
def test_xfail_that_is_not_run():
    raise AssertionError("never run")


@pytest.mark.xfail(raises=ZeroDivisionError, reason="a division")
def test_xfails_with_the_exception_expected():
    1 / 0


@pytest.mark.xfail(raises=ZeroDivisionError, reason="a division")
def test_fails_with_another_exception_than_expected():
    raise KeyError("another")


@pytest.mark.xfail(reason="a broken fixture")
def test_xfails_by_its_setup(raises_in_setup):
    raise AssertionError("never run")


@pytest.mark.xfail(reason="a known bug")
def test_xfails_and_teardown_raises(raises_in_teardown):
    assert False


def test_xfails_in_the_body_and_teardown_raises(raises_in_teardown):
    pytest.xfail("in the body")


@pytest.mark.xfail(reason="was fixed")
def test_xpasses():
    pass


@pytest.mark.xfail(reason="was fixed", strict=True)
def test_xpasses_strictly():
    pass


@pytest.mark.xfail(strict=True)
def test_xpasses_strictly_without_a_reason():
    pass


@pytest.mark.xfail(reason="was fixed")
def test_xpasses_and_teardown_raises(raises_in_teardown):
    pass


def test_says_what_pytest_says_of_a_strict_xpass():
    pytest.fail("[XPASS(strict)] says the user", pytrace=False)


def test_says_what_pytest_says_of_an_unexpected_success():
    pytest.fail("Unexpected success", pytrace=False)
