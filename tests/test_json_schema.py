"""Our checker of JSON Schema agrees with jsonschema on our schema, about records right and wrong."""

import copy

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trim_telemetry.runs.json_schema import _CHECKERS, is_valid, problems

from .examples import detailed, written
from .strict import SCHEMA
from .test_schema import KEYWORDS

_VALIDATORS = {
    name: jsonschema.Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{name}"})
    for name in SCHEMA["$defs"]
}
RESULT = {"record_type": "test_result", **written(detail=detailed(reason="why", truncated=["logs"]))}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(
        [0.0, 1.0, 1.5, -0.5, "", "a", "\0", "passed", "collected", "disabled", "x" * 1001, "a:1", 10**30]
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["status", "count", "SELECT", "id", "x", "\x1b"]), inner, max_size=3),
    max_leaves=8,
)


def agreed(value, name):
    """Is it valid? Both must say the same."""
    ours = is_valid(value, {"$ref": f"#/$defs/{name}"}, SCHEMA)
    assert ours is _VALIDATORS[name].is_valid(value), (name, value)
    return ours


def test_every_keyword_of_the_schema_is_checked():
    assert set(_CHECKERS) == KEYWORDS - {"then", "else", "description", "examples"}


def test_record_is_right():
    assert agreed(RESULT, "test_result")
    assert list(problems(RESULT, {"oneOf": SCHEMA["oneOf"]}, SCHEMA)) == []


@pytest.mark.parametrize("name", sorted(SCHEMA["$defs"]))
@given(st.data())
@settings(max_examples=25)
def test_any_value_is_judged_alike(name, data):
    agreed(data.draw(JSON), name)


def places(value, place=()):
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*place, key))


PLACES = [place for place in places(RESULT) if place]


@given(st.data())
@settings(max_examples=400)
def test_record_with_one_value_changed_or_gone_is_judged_alike(data):
    *way, last = data.draw(st.sampled_from(PLACES))
    changed = part = copy.deepcopy(RESULT)
    for key in way:
        part = part[key]
    if data.draw(st.booleans()) and isinstance(part, dict):
        del part[last]
    else:
        part[last] = data.draw(JSON)
    agreed(changed, "test_result")


# Keywords against schemas of all kinds, ours or not.
NUMBERS = st.integers(0, 3)
SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["null", "integer", "number", "string", "boolean", "array", "object"])
            | st.lists(st.sampled_from(["null", "integer", "string", "array"]), min_size=1, max_size=2, unique=True),
            "const": JSON,
            "enum": st.lists(JSON, min_size=1, max_size=2),
            "minimum": NUMBERS,
            "maximum": NUMBERS,
            "minLength": NUMBERS,
            "maxLength": NUMBERS,
            "minItems": NUMBERS,
            "maxItems": NUMBERS,
            "maxProperties": NUMBERS,
            "pattern": st.sampled_from(["^a", "p", "^$"]),
            "uniqueItems": st.booleans(),
            "required": st.lists(st.sampled_from(["id", "x"]), max_size=2, unique=True),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "items": inner,
            "properties": st.dictionaries(st.sampled_from(["id", "x", "count"]), inner, max_size=2),
            "additionalProperties": inner,
            "propertyNames": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "if": inner,
            "then": inner,
            "else": inner,
        },
    ),
    max_leaves=4,
)


@given(SCHEMAS, JSON)
@settings(max_examples=400)
def test_any_schema_is_understood_alike(schema, value):
    assert is_valid(value, schema, schema) is jsonschema.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"status": "green"}, "status: 'green' is none of ['passed', 'failed', 'error', 'skipped']"),
        ({"phases": {"setup": None, "call": None}}, "phases: teardown is missing"),
        ({"duration": "1"}, "duration: '1' is not number or null"),
        ({"tags": ["a", 1]}, "tags.1: 1 is not string"),
        ({"stdout": "\x1b[31m" * 100}, "stdout: '\\x1b[31m\\x1b[31m"),
    ],
)
def test_problem_says_where_and_what(change, said):
    first = next(problems({**RESULT, **change}, SCHEMA["$defs"]["test_result"], SCHEMA))
    assert str(first).startswith(said)
    assert len(str(first)) < 200
