"""Records come out of a command's stdout, and everything else comes through."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry.runs.markers import Found, Markers

RESULT = b'TEST_RESULT:{"run_id": "r", "id": "a\\\\b{}"}'
SUMMARY = b'TEST_SUMMARY:{"run_id": "r"}'


def parted(*pieces):
    """What is passed on, and the ids of the records, from a stream that comes in pieces."""
    markers = Markers()
    parts = [part for piece in pieces for part in markers.feed(piece)] + list(markers.end())
    found = [part for part in parts if isinstance(part, Found)]
    assert all(json.loads(one.line) == one.content for one in found)
    return b"".join(part for part in parts if isinstance(part, bytes)), [one.record_type for one in found]


@pytest.mark.parametrize(
    "stream, passed, types",
    [
        (b"plain\n", b"plain\n", []),
        (b"\n" + RESULT + b"\n", b"", ["test_result"]),
        (b"..\n" + RESULT + b"\n.F", b"...F", ["test_result"]),
        (b"text\n\n" + RESULT + b"\nmore\n", b"text\nmore\n", ["test_result"]),
        (b"\n" + RESULT + b"\n\n" + SUMMARY + b"\n", b"", ["test_result", "run_summary"]),
        (b"..\r\n" + RESULT + b"\r\n.\r\n", b"...\r\n", ["test_result"]),  # through a terminal
        (b"web-1  | " + RESULT + b"\nweb-1  | ok\n", b"web-1  | \nweb-1  | ok\n", ["test_result"]),
        (b"F" + RESULT + b"E" + SUMMARY + b"\n", b"FE\n", ["test_result", "run_summary"]),
        (RESULT, b"", ["test_result"]),  # the stream ends without a newline
        (b"TEST_RESULT:", b"TEST_RESULT:", []),
        (b"TEST_RESULT:{torn\nx", b"TEST_RESULT:{torn\nx", []),
        (b"TEST_RESULT:[1]\n", b"TEST_RESULT:[1]\n", []),
        (b'TEST_RESULT:{"run_id": "../x"}\n', b'TEST_RESULT:{"run_id": "../x"}\n', []),
        (b"TEST_RESULT:" + b"[" * 100_000 + b"\n", b"TEST_RESULT:" + b"[" * 100_000 + b"\n", []),
        (b"a TEST_RESULT: b " + RESULT + b"\n", b"a TEST_RESULT: b \n", ["test_result"]),
        (b"\xff\xfe\0" + RESULT + b"\xff\n", b"\xff\xfe\0\xff\n", ["test_result"]),
    ],
)
def test_stream_is_parted(stream, passed, types):
    assert parted(stream) == (passed, types)
    assert parted(*(stream[place : place + 1] for place in range(min(len(stream), 500))), stream[500:]) == (
        passed,
        types,
    )


def test_what_is_printed_without_a_newline_is_passed_on_at_once():
    markers = Markers()
    assert list(markers.feed(b"Continue? ")) == [b"Continue? "]
    assert list(markers.feed(b"..TE")) == [b".."]
    assert list(markers.feed(b"A")) == [b"TEA"]


def test_line_that_never_ends_is_not_waited_for_for_ever():
    markers = Markers()
    passed = sum(len(part) for _ in range(40) for part in markers.feed(b"TEST_RESULT:" + b"x" * 65_536))
    assert passed > 1_000_000


TEXT = st.sampled_from([b"", b".", b"\n", b"text\n", b"TEST_", b"\xff", b"TEST_RESULT:{"])


@given(st.lists(TEXT, min_size=1), st.randoms(use_true_random=False))
def test_what_the_writer_adds_is_taken_out_to_the_byte(texts, random):
    plain = b"".join(texts)
    stream = b"".join(text + b"\n" + RESULT + b"\n" for text in texts)
    cuts = sorted(random.randrange(len(stream) + 1) for _ in range(5))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)])]
    assert parted(*pieces) == (plain, ["test_result"] * len(texts))
