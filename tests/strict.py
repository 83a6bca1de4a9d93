"""The schema as our own writer must keep it: readers skip what they do not know, but we never write it."""

import json
from pathlib import Path
from typing import Any, Dict

import jsonschema

SCHEMA = json.loads((Path(__file__).resolve().parent.parent / "trim_telemetry" / "schema.json").read_text("utf-8"))
RECORD_TYPES = ("run_start", "collected", "covered", "test_start", "test_result", "run_summary", "late_call")


def closed(schema: Any) -> Any:
    """The schema with `additionalProperties` off wherever an object's keys are listed."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(part) for key, part in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        made.setdefault("additionalProperties", False)
    return made


def _is_count(checker: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_measure(checker: Any, value: Any) -> bool:
    return isinstance(value, float)


# JSON Schema can't tell 1.0 from 1. Column stores can: a measure is always a float, a count always an int.
_Strict = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_count, "number": _is_measure}
    ),
)


def validator(name: str) -> Any:
    """What holds one record against `$defs/name`, with no undocumented key and no int where a float belongs."""
    return _Strict({"$defs": closed(SCHEMA["$defs"]), "$ref": f"#/$defs/{name}"})


def check(record: Dict[str, Any], name: str) -> Dict[str, Any]:
    """Hold a record against the schema; return it."""
    _VALIDATORS[name].validate(record)
    return record


_VALIDATORS = {name: validator(name) for name in RECORD_TYPES}
