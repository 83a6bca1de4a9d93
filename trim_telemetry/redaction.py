"""Secrets out of texts before they leave the process.

What is taken for one: the value of an environment variable whose name looks secret, the password in a URL, the value of
an Authorization or cookie header, whatever stands behind a key such as `api_key=`, and keys of well-known shapes. Each
is replaced by `[redacted:WHAT]`, so that a reader sees that, and why, something is missing. A value of fewer than eight
characters is never taken out: it would tear ordinary words out of every text.
"""

from __future__ import annotations

import re
from typing import Callable, List, Mapping, Match, Optional, Pattern, Tuple

SHORTEST = 8  # characters

_SECRET_NAME = re.compile(
    "pass(?:word|wd|phrase)|secret|token|api_?key|access_?key|private_?key|signing_?key|encryption_?key|credential|"
    "cookie|_auth$|^auth_|_auth_|_pass$|_pwd$|_pat$",
    re.I,
)
# Names that look so and hold a place, not a secret.
_PLACE_NAME = re.compile("(?:_sock|_file|_path|_dir|askpass)$", re.I)

_KEY = (
    r"(?:[\w-]{0,40}(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|credential)s?)"
)
_VALUE = r"[^\s\"'\\,;&(){}\[\]<>]{8,4096}"
_QUOTE = r"\\{0,3}[\"']{0,2}"  # none, or one as it is, escaped in another text, or doubled in SQL
_QUOTED = r"\\{0,3}\"[^\"\\\r\n]{0,1024}\\{0,3}\""
# An authorization with parameters, as of Digest (RFC 7616) or AWS4-HMAC-SHA256.
_PARAMETERS = rf"(?:[\w-]{{1,40}}=(?:{_QUOTED}|[^\s\"',}}\\]{{1,1024}})(?:\s{{0,2}},\s{{0,4}})?){{1,30}}"

_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~")  # RFC 3986, 2.3


def _shape(what: str, pattern: str, flags: int = 0) -> Tuple[str, str, int]:
    return f"[redacted:{what}]", pattern, flags


# Each pattern has the secret, and nothing else, in its group `secret`.
_SHAPES = (
    _shape("private-key", r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?P<secret>.+?)-----END", re.S),
    _shape("url-credentials", r"://[^\s/@:\"'<>]{0,200}:(?P<secret>[^\s/@\"'<>]{8,1024})@"),
    _shape("url-credentials", r"://(?P<secret>[^\s/@:\"'<>]{8,1024})@"),
    _shape(
        "authorization",
        rf"authorization{_QUOTE}\s{{0,4}}[:=]\s{{0,4}}{_QUOTE}(?:[a-z][\w-]{{2,20}}\s+)?"
        rf"(?P<secret>{_PARAMETERS}|[^\s\"',}}\\]{{8,4096}})",
        re.I,
    ),
    _shape("authorization", r"\bbearer\s+(?P<secret>[a-z0-9._~+/=-]{8,4096})", re.I),
    _shape(
        "cookie",
        rf"\bcookie{_QUOTE}\s{{0,4}}[:=]\s{{0,4}}{_QUOTE}(?P<secret>(?:[^\"'\\\r\n}}]|(?<==){_QUOTED}){{1,4096}})",
        re.I,
    ),
    _shape("token", rf"\b{_KEY}{_QUOTE}\s{{0,4}}(?::|=>)\s{{0,4}}{_QUOTE}(?P<secret>{_VALUE})(?![\w.(\[])", re.I),
    _shape(
        "token",
        rf"\b{_KEY}{_QUOTE}\s{{0,4}}=\s{{0,4}}\\{{0,3}}[\"'](?P<secret>[^\"'\r\n]{{8,4096}}?)\\{{0,3}}[\"']",
        re.I,
    ),
    _shape("token", rf"\b{_KEY}=(?P<secret>{_VALUE})(?![\w.(\[])", re.I),
    _shape("token", r"\b(?P<secret>gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{20,255})"),
    _shape("token", r"\b(?P<secret>(?:AKIA|ASIA)[0-9A-Z]{16})\b"),
    _shape("token", r"\b(?P<secret>xox[abeprs]-[A-Za-z0-9-]{10,255}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,255})"),
    _shape("token", r"\b(?P<secret>AIza[\w-]{35}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,512})"),
    _shape("token", r"\b(?P<secret>eyJ[\w-]{8,4096}\.[\w-]{8,4096}\.[\w-]{8,4096})"),
)


class Redactor:
    """Takes secrets out of texts. environ: the environment at the start of the run; tests may change theirs.

    The patterns are compiled for the first text, because most runs have none; a test may have broken importing by then.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._names = _secret_values(environ)
        longest_first = sorted(self._names, key=len, reverse=True)
        words = "|".join(map(re.escape, longest_first))
        self._values = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])") if words else None
        self._shapes: Optional[List[Tuple[str, Pattern[str]]]] = None

    def __call__(self, text: str) -> str:
        """Return text without secrets."""
        if self._values is not None:
            text = self._values.sub(self._mark, text)
        if self._shapes is None:
            self._shapes = [(mark, re.compile(pattern, flags)) for mark, pattern, flags in _SHAPES]
        for mark, pattern in self._shapes:
            text = pattern.sub(_marker(mark), text)
        return text

    def _mark(self, found: Match[str]) -> str:
        return f"[redacted:{self._names[found.group()]}]"


def _marker(mark: str) -> Callable[[Match[str]], str]:
    def replace(found: Match[str]) -> str:
        whole, start = found.group(), found.start()
        secret = found.group("secret")
        if len(secret) < SHORTEST or "[redacted:" in secret:  # an earlier pattern was here, and knew better
            return whole
        return whole[: found.start("secret") - start] + mark + whole[found.end("secret") - start :]

    return replace


def _secret_values(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the secret values, each with the name of its variable; also as a URL would spell them."""
    found: List[Tuple[str, str]] = []
    for name, value in environ.items():
        if len(value) >= SHORTEST and _SECRET_NAME.search(name) and not _PLACE_NAME.search(name):
            found += [(value, name), (_percent_encoded(value), name)]
    return dict(reversed(found))  # of two variables with one value, the first gives the name


def _percent_encoded(text: str) -> str:
    """As urllib.parse.quote(text, safe="") has it, without the time that importing that takes."""
    return "".join(
        chr(byte) if byte in _UNRESERVED else "%%%02X" % byte for byte in text.encode("utf-8", "surrogateescape")
    )
