"""What is cleaned, bounded and cut before it is written."""

import pytest

from trim_telemetry import texts


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ""),
        ("plain", "plain"),
        ("tab\tand\r\nlines", "tab\tand\r\nlines"),
        ("é 日本 \U0001f600", "é 日本 \U0001f600"),
        ("a\0b", "ab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;196mred\x1b[m", "red"),
        ("\x1b[?25lhidden\x1b[?25h", "hidden"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x1b(Bcharset", "charset"),
        ("\x1bMup", "up"),
        ("a\x1b", "a"),
        ("\x1b\x1b[31mb", "b"),
        ("\x1b[31", ""),
        ("\x1b]never ended, and a page of text", "never ended, and a page of text"),
        ("\x1b]never ended\nnext line\x07", "never ended\nnext line\x07"),
        ("\x9b31mred\x9b0m", "red"),
        ("\x9b\x1b[0m31mred", "31mred"),
        ("\x9d0;title\x9ctext", "text"),
        ("\x90\x98\x9e\x9f\x9c lone", " lone"),
        ("next\x85line", "next\x85line"),
        ("\x80\x84\x86\x8f", ""),
        ("\ud800 lone", "\ufffd lone"),
        ("\ud83d\ude00", "\ufffd\ufffd"),
        ("bytes\udcff", "bytes\ufffd"),
        ("\x1b[3\udcff1m", "\ufffd1m"),
        ("\x07bell\x08", "\x07bell\x08"),
        ("\\x1b[31m", "\\x1b[31m"),
    ],
)
def test_clean_takes_out_nul_escapes_and_surrogates_and_nothing_else(text, expected):
    assert texts.clean(text) == expected
    assert texts.clean(expected) == expected


def test_id_up_to_a_thousand_characters_stays():
    assert texts.bounded_id("a" * 1000) == "a" * 1000


def test_longer_id_is_cut_and_still_unique():
    first, second = texts.bounded_id("a" * 1001), texts.bounded_id("a" * 1002)
    assert len(first) == len(second) == 1000
    assert first != second
    assert first[:983] == "a" * 983
    assert first[983] == "~"


def test_id_is_never_empty():
    assert texts.bounded_id("\0") == "unknown"


def test_stable_hash_is_the_same_in_every_run():
    assert texts.stable_hash("mod.K.test_a") == "29dbbe8608f18ecb"
    assert texts.stable_hash("é\ud800") == texts.stable_hash("é?")


@pytest.mark.parametrize(
    "text, limit, keep_end, expected, cut",
    [
        ("abcdef", 6, False, "abcdef", []),
        ("abcdef", 5, False, "abcde", ["x"]),
        ("abcdef", 5, True, "bcdef", ["x"]),
        ("abcdef", 0, False, "", ["x"]),
        ("abcdef", 0, True, "", ["x"]),
        ("", 0, True, "", []),
        ("\x1b[31mab\x1b[0m", 2, False, "ab", []),
        ("a" * 5000, 2, False, "aa", ["x"]),
        ("b" + "a" * 5000 + "c", 2, True, "ac", ["x"]),
    ],
)
def test_cut_keeps_the_beginning_or_the_end_and_says_so(text, limit, keep_end, expected, cut):
    truncated = []
    assert texts.cut(text, limit, "x", truncated, keep_end) == expected
    assert truncated == cut


def test_cutting_twice_is_said_once():
    truncated = []
    assert texts.cut_items(["a" * 9999, "b" * 9999, "c"], "tags", truncated) == ["a" * 300, "b" * 300, "c"]
    assert truncated == ["tags"]
