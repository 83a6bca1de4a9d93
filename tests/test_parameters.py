"""Which parameters are told apart, and that nobody of the user's is asked."""

import datetime
import decimal
import uuid
from collections import namedtuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry.collectors.parameters import digest, shown


class Asked:
    """A user's own, which may raise or count."""

    def __hash__(self) -> int:
        raise AssertionError("it was asked")

    __eq__ = __repr__ = __iter__ = __len__ = __bool__ = __hash__  # type: ignore[assignment]


class OwnText(str):
    """A user's own text."""

    __hash__ = Asked.__hash__


Pair = namedtuple("Pair", "a b")
DAY = datetime.date(2026, 11, 22)


@pytest.mark.parametrize(
    "one, other",
    [
        ((1, "a"), (1, "a")),
        ((1, "a"), [1, "a"]),
        ((1, "a"), Pair(1, "a")),
        ({"x": 1}, {"x": 1}),
        ((DAY, decimal.Decimal(1), uuid.UUID(int=5)), (DAY, decimal.Decimal("1.0"), uuid.UUID(int=5))),
        (([1, [2]],), ([1, [2]],)),
        ((bytearray(b"x"),), (bytearray(b"x"),)),
        ((), []),
    ],
)
def test_same_parameters_share_a_digest(one: Any, other: Any) -> None:
    assert digest(one) == digest(other) is not None


@pytest.mark.parametrize("one, other", [((1,), (2,)), ({"x": 1}, {"y": 1}), ((None,), ("",)), (([1],), ([2],))])
def test_others_do_not(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


@pytest.mark.parametrize(
    "parameters",
    [Asked(), (Asked(),), [Asked()], {"x": Asked()}, (OwnText(),), ([[[[[1]]]]],), (n for n in (1,)), "text", {1, 2}],
    ids=lambda value: type(value).__name__,
)
def test_what_is_the_users_own_is_not_asked(parameters: Any) -> None:
    assert digest(parameters) is None


@given(st.lists(st.integers() | st.text() | st.binary() | st.booleans() | st.none()))
def test_list_and_tuple_are_alike(values: Any) -> None:
    assert digest(values) == digest(tuple(values))


def test_shown_is_bounded_and_never_raises() -> None:
    assert shown((1, "a")) == "(1, 'a')"
    assert len(shown("x" * 5_000)) == 1_000
    assert shown(Asked()) == "<Asked: repr() raised AssertionError>"
