"""A file against the schema of the wire format, line by line."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Iterator, NamedTuple, Optional

from .json_schema import problems

_SCHEMA = os.path.join(os.path.dirname(os.path.dirname(__file__)), "schema.json")


class Flaw(NamedTuple):
    """line: from 1; reason: what is wrong there."""

    line: int
    reason: str


def flaws(path: str) -> Iterator[Flaw]:
    """Yield what of a file is not as the schema has it, at most one for each line. Raises OSError."""
    schema = _load()
    number = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            reason = _flaw_of(line, schema)
            if reason is not None:
                yield Flaw(number, reason)
    if not number:
        yield Flaw(1, "there is no record")


def _load() -> Dict[str, Any]:
    try:
        with open(_SCHEMA, encoding="utf-8") as file:
            text = file.read()
    except OSError:  # we run from a zip file
        from pkgutil import get_data

        text = (get_data(__package__.rpartition(".")[0], "schema.json") or b"").decode("utf-8")
    loaded: Dict[str, Any] = json.loads(text)
    return loaded


def _flaw_of(line: bytes, schema: Dict[str, Any]) -> Optional[str]:
    try:
        content = json.loads(line.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        return f"no JSON: {error}" if line.endswith(b"\n") else f"a torn line: {error}"
    if not line.endswith(b"\n"):
        return "a torn line: its end is missing"
    if not isinstance(content, dict) or not isinstance(content.get("record_type"), str):
        return "no record: record_type is missing"
    reference = f"#/$defs/{content['record_type']}"
    if all(branch["$ref"] != reference for branch in schema["oneOf"]):
        return f"{content['record_type']!r} is no record_type of schema version {_version_of(schema)}"
    found = next(problems(content, {"$ref": reference}, schema), None)
    return None if found is None else str(found)


def _version_of(schema: Dict[str, Any]) -> str:
    return str(schema["$id"]).rpartition(":")[2]


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _without_doubles(pairs: Any) -> Dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key came twice")
    return made
