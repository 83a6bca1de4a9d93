"""A checker for the part of JSON Schema (2020-12) that schema.json uses, because `validate` needs no dependency."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Callable, Dict, Iterator, Mapping, NamedTuple, Pattern, Sized, Tuple, Type

_Schema = Mapping[str, Any]
_Place = Tuple[str, ...]


class Problem(NamedTuple):
    """place: keys and indexes that lead to the value; reason: what is wrong with it."""

    place: _Place
    reason: str

    def __str__(self) -> str:
        return f"{'.'.join(self.place)}: {self.reason}" if self.place else self.reason


def problems(value: Any, schema: _Schema, root: _Schema, place: _Place = ()) -> Iterator[Problem]:
    """Yield what of `value` is not as `schema` has it. root: the whole, in which references are looked up."""
    for keyword, wanted in schema.items():
        checker = _CHECKERS.get(keyword)
        if checker is not None:
            yield from checker(value, wanted, schema, root, place)


def is_valid(value: Any, schema: _Schema, root: _Schema) -> bool:
    """Is it as `schema` has it?"""
    return next(problems(value, schema, root), None) is None


_Checker = Callable[[Any, Any, _Schema, _Schema, _Place], Iterator[Problem]]


def _ref(value: Any, wanted: str, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    found: Any = root
    for part in wanted.split("/")[1:]:  # "#/$defs/name"
        found = found[part]
    return problems(value, found, root, place)


def _type(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    names = [wanted] if isinstance(wanted, str) else wanted
    if not any(_IS[name](value) for name in names):
        yield Problem(place, f"{_shown(value)} is not {' or '.join(names)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_IS: Dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _equal(one: Any, other: Any) -> bool:
    """As JSON has it: 1 is 1.0, and true is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return bool(one == other)


def _const(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if not _equal(value, wanted):
        yield Problem(place, f"{_shown(value)} is not {_shown(wanted)}")


def _enum(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if not any(_equal(value, one) for one in wanted):
        yield Problem(place, f"{_shown(value)} is none of {_shown(wanted)}")


@lru_cache(maxsize=None)
def _compiled(pattern: str) -> Pattern[str]:
    return re.compile(pattern)


def _pattern(value: Any, wanted: str, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if isinstance(value, str) and not _compiled(wanted).search(value):
        yield Problem(place, f"{_shown(value)} does not match {wanted}")


def _bound(of: Callable[[Any], Any], is_kept: Callable[[Any, Any], bool], said: str) -> _Checker:
    """A checker of a size. of: the size of a value, None where it has none."""

    def check(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
        size = of(value)
        if size is not None and not is_kept(size, wanted):
            yield Problem(place, f"{_shown(value)} {said} {wanted}")

    return check


def _at_least(size: Any, bound: Any) -> bool:
    return bool(size >= bound)


def _at_most(size: Any, bound: Any) -> bool:
    return bool(size <= bound)


def _number_in(value: Any) -> Any:
    return value if _is_number(value) else None


def _length_of(kind: Type[Sized]) -> Callable[[Any], Any]:
    return lambda value: len(value) if isinstance(value, kind) else None


def _required(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key in wanted:
            if key not in value:
                yield Problem(place, f"{key} is missing")


def _properties(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, inner in wanted.items():
            if key in value:
                yield from problems(value[key], inner, root, (*place, key))


def _additional(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key in value.keys() - schema.get("properties", {}).keys():
            yield from problems(value[key], wanted, root, (*place, key))


def _names(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key in value:
            yield from problems(key, wanted, root, (*place, key))


def _items(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from problems(item, wanted, root, (*place, str(index)))


def _unique(value: Any, wanted: bool, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if wanted and isinstance(value, list):
        for index, item in enumerate(value):
            if any(_equal(item, other) for other in value[:index]):
                yield Problem((*place, str(index)), f"{_shown(item)} came before")


def _any_of(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if not any(is_valid(value, inner, root) for inner in wanted):
        yield Problem(place, f"{_shown(value)} is none of what may stand here")


def _one_of(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    if sum(is_valid(value, inner, root) for inner in wanted) != 1:
        yield Problem(place, f"{_shown(value)} is not one of what may stand here")


def _if(value: Any, wanted: Any, schema: _Schema, root: _Schema, place: _Place) -> Iterator[Problem]:
    branch = schema.get("then" if is_valid(value, wanted, root) else "else", {})
    return problems(value, branch, root, place)


_CHECKERS: Dict[str, _Checker] = {
    "$ref": _ref,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _bound(_number_in, _at_least, "is less than"),
    "maximum": _bound(_number_in, _at_most, "is more than"),
    "minLength": _bound(_length_of(str), _at_least, "is shorter than"),
    "maxLength": _bound(_length_of(str), _at_most, "is longer than"),
    "minItems": _bound(_length_of(list), _at_least, "has fewer entries than"),
    "maxItems": _bound(_length_of(list), _at_most, "has more entries than"),
    "maxProperties": _bound(_length_of(dict), _at_most, "has more keys than"),
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "uniqueItems": _unique,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "if": _if,
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
