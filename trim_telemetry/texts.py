"""Texts fit for the wire: clean, of bounded length, named by a hash."""

from __future__ import annotations

import re
from typing import Callable, List, Sequence

try:  # what hashlib.blake2b is; hashlib itself imports OpenSSL, which takes longer than all of this package
    from _blake2 import blake2b
except ImportError:  # another Python than CPython
    from hashlib import blake2b

# The file that stand-ins of ours for functions of others say they are from. As "<...>" it is none to coverage.py; and
# warnings.warn(..., stacklevel=2) counts no frames of importlib's bootstrap, which it tells by these two words (see
# warnings._is_internal_frame): so a warning is about the line that it would be about without us.
STAND_INS = "<trim_telemetry, as importlib._bootstrap>"

_EMPTY = blake2b(digest_size=8)
_ID_LIMIT = 1_000
_LIST_ITEM_LIMIT = 300

_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI, as in colours (ECMA-48, 5.4)
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f\n]*(?:\x07|\x1b\\\\|\x9c)"  # OSC, DCS, SOS, PM, APC
    "|\x1b[ -/]*[0-~]?"  # two-character and charset sequences, or a lone ESC
    "|[\x80-\x84\x86-\x9f]"  # the same as one character each; not NEL, which ends a line
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Return text without NUL, ANSI escapes and lone surrogates (these become U+FFFD). A clean text stays as it is."""
    if text.isprintable():  # neither escapes nor surrogates nor NUL are printable
        return text
    text = text.replace("\0", "")
    if text.isascii():
        return _ESCAPES.sub("", text) if "\x1b" in text else text
    return _SURROGATES.sub("\ufffd", _ESCAPES.sub("", text))


def bounded_id(text: str) -> str:
    """Return a clean id; one of over 1,000 characters is cut, with a hash of the whole, so that it stays unique."""
    if not text.isprintable() or not text:
        text = clean(text) or "unknown"
    return text if len(text) <= _ID_LIMIT else f"{text[: _ID_LIMIT - 17]}~{stable_hash(text)}"


def stable_hash(text: str) -> str:
    """Return 16 hex digits that are the same in every run and on every machine."""
    state = _EMPTY.copy()  # costs a third less than a new one, whose arguments are to be read
    state.update(text.encode("utf-8", "replace"))
    return str(state.hexdigest())


def cut(
    text: str,
    limit: int,
    name: str,
    truncated: List[str],
    keep_end: bool = False,
    redact: Callable[[str], str] = str,
) -> str:
    """Return clean text of at most `limit` characters; says so in `truncated` under `name` where it cut.

    redact: takes secrets out; before the text is cut, because half a secret would not be known for one.
    """
    if len(text) > 4 * limit + 1_000:  # cleaning only ever shortens: don't clean megabytes to keep a page
        text = text[-4 * limit - 1_000 :] if keep_end else text[: 4 * limit + 1_000]
        say_cut(name, truncated)
    text = redact(clean(text))
    if len(text) <= limit:
        return text
    say_cut(name, truncated)
    return text[len(text) - limit :] if keep_end else text[:limit]


def say_cut(name: str, truncated: List[str]) -> None:
    """Keep the name of what was cut, once."""
    if name not in truncated:
        truncated.append(name)


def cut_items(items: Sequence[str], name: str, truncated: List[str]) -> List[str]:
    """Return names fit for the wire: clean, each of bounded length."""
    return [cut(item, _LIST_ITEM_LIMIT, name, truncated) for item in items]
