"""What ran of a file, and what did not: lists and ranges, spliced from texts that are made once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry.analysis.file_lines import FileLines, percent

from . import strict

COVERED_FILE = strict.validator("covered_file")
# A file of six statements; the one of line 4 goes on to line 6, and there is a docstring in line 1.
LINES = FileLines('app/"ä".py', [2, 3, 4, 8, 12, 20], {5: 4, 6: 4, 1: 1})


def entry_of(made, lines, as_ranges):
    """The file's entry where these lines ran, as one piece."""
    stretch = made.stretch(made.ran(lines))
    return made.entry([] if stretch is None else [stretch], as_ranges)


@pytest.mark.parametrize(
    "lines, ran, missing, ranges",
    [
        ([], [], [2, 3, 4, 8, 12, 20], "2-20"),
        ([2], [0], [3, 4, 8, 12, 20], "3-20"),
        ([20], [5], [2, 3, 4, 8, 12], "2-12"),
        ([3, 12], [1, 4], [2, 4, 8, 20], "2,4-8,20"),
        ([5], [2], [2, 3, 8, 12, 20], "2-3,8-20"),
        ([6, 5, 4], [2], [2, 3, 8, 12, 20], "2-3,8-20"),
        ([1, 7, 9, 10_000], [], [2, 3, 4, 8, 12, 20], "2-20"),
        ([2, 3, 4, 8, 12, 20], [0, 1, 2, 3, 4, 5], [], ""),
    ],
)
def test_missing_lines_and_ranges(lines, ran, missing, ranges):
    assert LINES.ran(lines) == ran
    listed, ranged = json.loads(entry_of(LINES, lines, False)), json.loads(entry_of(LINES, lines, True))
    assert (listed["missing_lines"], listed["missing_ranges"], listed["missing_omitted"]) == (missing, None, False)
    assert (ranged["missing_lines"], ranged["missing_ranges"], ranged["missing_omitted"]) == ([], ranges, True)
    for entry in (listed, ranged):
        COVERED_FILE.validate(entry)
        assert (entry["file"], entry["lines_covered"], entry["lines_total"]) == ('app/"ä".py', len(ran), 6)


def test_file_without_a_statement():
    empty = FileLines("empty.py", [], {})
    assert (empty.total, empty.ran([1, 2]), percent(0, 0)) == (0, [], "null")


@pytest.mark.parametrize("covered, total, expected", [(1, 3, "33.33"), (45, 50, "90.00"), (0, 7, "0.00")])
def test_percent_has_two_digits(covered, total, expected):
    assert percent(covered, total) == expected


@given(st.sets(st.integers(1, 400)), st.sets(st.integers(1, 400)))
def test_spliced_text_is_what_json_makes_of_the_lists(statements, lines):
    order = sorted(statements)
    made = FileLines("a.py", order, {})
    ran = made.ran(lines)
    missing = [line for line in order if line not in lines]
    assert [order[place] for place in ran] == sorted(statements & lines)
    listed = json.loads(entry_of(made, lines, False))
    assert listed["missing_lines"] == missing
    assert entry_of(made, lines, False) == json.dumps({**listed, "coverage_percent": None}).replace(
        '"coverage_percent": null', f'"coverage_percent": {percent(len(ran), len(order))}'
    )
    assert expanded(json.loads(entry_of(made, lines, True))["missing_ranges"], order) == missing


def expanded(ranges, order):
    """The statements that such ranges mean."""
    bounds = [part.partition("-") for part in ranges.split(",") if part]
    return [line for first, _, last in bounds for line in order if int(first) <= line <= int(last or first)]


@given(st.sets(st.integers(1, 60), min_size=1), st.sets(st.integers(1, 60)))
def test_ranges_never_run_across_a_statement_that_ran(statements, lines):
    made = FileLines("a.py", sorted(statements), {})
    ranges = json.loads(entry_of(made, lines, True))["missing_ranges"]
    for first, _, last in (part.partition("-") for part in ranges.split(",") if part):
        inside = {line for line in statements if int(first) <= line <= int(last or first)}
        assert inside
        assert not inside & lines


@given(st.sets(st.integers(1, 60)), st.lists(st.sets(st.integers(1, 60)), max_size=5))
def test_pieces_say_what_their_union_says(statements, pieces):
    """Code objects stand one behind the other, or one in another; and one may have run twice in a test."""
    made = FileLines("a.py", sorted(statements), {})
    found = list(filter(None, [made.stretch(made.ran(piece)) for piece in pieces]))
    joined = made.joined(found)
    for as_ranges in (False, True):
        assert made.entry(joined, as_ranges) == entry_of(made, set().union(*pieces), as_ranges)


def test_stretches_that_touch_are_joined_without_a_gap():
    found = [LINES.stretch([3, 4]), LINES.stretch([0]), LINES.stretch([1, 2])]
    assert json.loads(LINES.entry(LINES.joined(found), True))["missing_ranges"] == "20"
