"""A file's lines as records, while it grows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry.runs.stream import Lines, Tail, decoded


@given(st.lists(st.binary(max_size=5).map(lambda data: data.replace(b"a", b"\n").replace(b"b", b"\r"))))
def test_lines_are_the_same_whatever_pieces_they_come_in(pieces):
    lines = Lines()
    whole = [line for piece in pieces for line in lines.feed(piece)]
    expected = b"".join(pieces).split(b"\n")
    assert [line[:-1] for line in whole] == expected[:-1]
    assert all(line.endswith(b"\n") for line in whole)
    assert lines.pending == expected[-1]


@pytest.mark.parametrize("line", [b"", b"{", b"[1]", b"null", b"\xff{}", b'{"a": "\xff"}', b"[" * 100_000])
def test_line_without_a_record_is_none(line):
    assert decoded(line) is None


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "run.ndjson"
    path.touch()
    with open(path, "ab", buffering=0) as made:
        yield made


@pytest.fixture
def tail(file):
    made = Tail(file.name)
    yield made
    made.close()


def test_records_come_as_the_file_grows_and_torn_lines_when_they_are_whole(file, tail):
    assert list(tail.records()) == []
    file.write(b'{"a": 1}\n{"a"')
    assert (list(tail.records()), tail.whole) == ([{"a": 1}], 9)
    file.write(b": 2}\nnonsense\n")
    assert list(tail.records()) == [{"a": 2}]


def test_place_of_each_record_is_known(file, tail):
    lines = [json.dumps({"number": number, "text": "x" * number}).encode() + b"\n" for number in range(5)]
    file.write(b"".join(lines))
    places = [(tail.offset, content["number"]) for content in tail.records()]
    assert places == [(sum(map(len, lines[:number])), number) for number in range(5)]


def test_records_are_read_and_the_content_kept_when_the_name_is_gone(file, tail, tmp_path):
    assert tail.is_there()
    (tmp_path / "run.ndjson").unlink()
    file.write(b'{"a": 1}\n{"torn')
    assert list(tail.records()) == [{"a": 1}]
    assert not tail.is_there()
    assert b"".join(tail.content()) == b'{"a": 1}\n'
