"""A record that is too long for a line on stdout, made shorter."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ..record import decode
from ..sections import dumps
from ..texts import say_cut

# Whatever is longest in a line on stdout that is too long is halved first, but for these.
_NEVER_CUT = {("id",), ("run_id",), ("truncated",), ("performance", "flags")}
_WHOLE_OR_NULL = {("rerun",), ("defined_at",)}  # half of a command line, or of a place, would be another one
_END_KEPT = {("failure", "traceback"), ("stdout",), ("stderr",)}
_NAMED_BY_THE_USER = {("metadata",), ("database_queries", "by_connection")}  # objects whose keys may be many
_LONG_IN_ENTRIES = ("sql", "fingerprint", "source", "message", "url", "name")
_NOT_WORTH_CUTTING = 128  # bytes: counts, measures, times, hashes and verdicts are all shorter


def shorten(line: str, limit: int) -> str:
    """Return the record in at most `limit` bytes: its largest detail is halved until it fits; `truncated` names it.

    Totals and identity stay, and so does the schema: a text stays a text, a list a list.
    """
    content = decode(line)
    while len(line) > limit:
        sizes = {place: len(dumps(value)) for place, value in _details(content)}
        largest = max(sizes, key=sizes.__getitem__)
        if sizes[largest] <= _NOT_WORTH_CUTTING:
            break
        parent = content[largest[0]] if len(largest) > 1 else content
        parent[largest[-1]] = _halved(parent[largest[-1]], largest)
        say_cut(".".join(largest), content["truncated"])
        line = dumps(content)
    return line


def _details(content: Mapping[str, Any]) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """Yield what may be cut, and its place: texts, lists and free objects of the record and of its objects."""
    for key, value in content.items():
        parts = value.items() if isinstance(value, dict) and (key,) not in _NAMED_BY_THE_USER else ()
        for place, part in [((key,), value), *(((key, name), part) for name, part in parts)]:
            if place not in _NEVER_CUT and (isinstance(part, (str, list)) or place in _NAMED_BY_THE_USER):
                yield place, part


def _halved(value: Any, place: Tuple[str, ...]) -> Any:
    if place in _WHOLE_OR_NULL:
        return None
    if isinstance(value, str):
        return value[len(value) // 2 :] if place in _END_KEPT else value[: len(value) // 2]
    if isinstance(value, dict):
        return _halved_object(value)
    return _halved_list(value)


def _halved_object(value: Dict[str, Any]) -> Dict[str, Any]:
    """The first half of its keys; of a single key half its text, because metadata is never empty."""
    if len(value) > 1:
        return dict(list(value.items())[: len(value) // 2])
    return {key: text[: len(text) // 2] for key, text in value.items() if isinstance(text, str)}


def _halved_list(entries: List[Any]) -> List[Any]:
    """The first half of its entries; where one long text is most of the list, the first half of that text.

    Of files that say which lines are missing all say how many instead: that of half of the files would be no more.
    """
    if any(
        isinstance(entry, dict) and (entry.get("missing_lines") or entry.get("missing_ranges")) for entry in entries
    ):
        omitted: Dict[str, Any] = {"missing_lines": [], "missing_ranges": None, "missing_omitted": True}
        return [{**entry, **omitted} for entry in entries]
    longest = max(range(len(entries)), key=lambda index: len(dumps(entries[index])))
    entry = entries[longest]
    texts = {key: entry[key] for key in _LONG_IN_ENTRIES if entry.get(key)} if isinstance(entry, dict) else {"": entry}
    for key, text in texts.items():
        if isinstance(text, str) and 2 * len(dumps(text)) > len(dumps(entries)):
            half = text[: len(text) // 2]
            return [*entries[:longest], {**entry, key: half} if key else half, *entries[longest + 1 :]]
    return entries[: len(entries) // 2]
