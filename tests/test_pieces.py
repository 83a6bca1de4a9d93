"""Pieces of files: one object for the same lines, and never more of them than are worth the memory."""

from trim_telemetry.collectors import pieces
from trim_telemetry.collectors.pieces import KnownPieces


def test_the_same_lines_are_the_same_object_in_whatever_order():
    known = KnownPieces()
    piece = known.of("a.py", [3, 1, 2])
    assert (piece.path, list(piece.lines)) == ("a.py", [1, 2, 3])
    assert known.of("a.py", {1, 2, 3}) is piece
    assert known.of("b.py", [1, 2, 3]) is not piece
    assert known.of("a.py", [1, 2]) is not piece


def test_they_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(pieces, "_MOST_KNOWN", 2)
    known = KnownPieces()
    first = known.of("a.py", [1])
    known.of("a.py", [2])
    assert known.of("a.py", [1]) is first
    known.of("a.py", [3])
    again = known.of("a.py", [1])
    assert again is not first and list(again.lines) == [1]
