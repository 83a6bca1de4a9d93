import pytest


@pytest.fixture
def number(tmp_path):
    yield 3
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("other", [1, 2])
def test_a_fixture_and_a_parameter(number, other):
    assert number + other > other


def test_asserts_are_rewritten(number):
    with pytest.raises(AssertionError, match=r"assert 3 == 4"):
        assert number == 4


@pytest.mark.xfail(strict=True)
def test_an_expected_failure():
    raise ValueError("expected")


def test_output_is_captured(capfd):
    print("seen")
    assert capfd.readouterr().out == "seen\n"
