"""A record's `coverage`: sums over the touched files, and the caps of the two channels."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry.analysis.coverage_stats import Caps, coverage_section
from trim_telemetry.analysis.file_lines import FileLines
from trim_telemetry.sections import NO_LINES, Section

from .examples import written
from .strict import check

ONE, OTHER = FileLines("a.py", range(1, 11), {}), FileLines("b.py", range(1, 21), {})
RAN = [(ONE, [ONE.stretch([0, 1])]), (OTHER, [OTHER.stretch([19])])]  # 27 are missing


def put_in_a_record(text):
    return check({**written(), "coverage": json.loads(text)}, "test_result")["coverage"]


def test_figures_are_the_sums():
    found = put_in_a_record(coverage_section(RAN, Caps(500, None)).text)
    assert (found["lines_covered"], found["lines_total"], found["coverage_percent"]) == (3, 30, 10.0)
    assert [entry["file"] for entry in found["files"]] == ["a.py", "b.py"]
    assert (found["status"], found["reason"]) == ("collected", None)


def test_reason_stands_beside_what_was_seen():
    found = put_in_a_record(coverage_section(RAN, Caps(500, None), "partial", 'a "tracer"').text)
    assert (found["status"], found["reason"], found["lines_covered"]) == ("partial", 'a "tracer"', 3)


def test_record_of_no_file():
    assert put_in_a_record(coverage_section([], Caps(500, None)).text) == NO_LINES.value


@pytest.mark.parametrize(
    "stdout, file, on_stdout, in_file",
    [
        (27, None, "lines", None),
        (26, None, "ranges", None),
        (None, 27, None, "lines"),
        (None, 26, None, "ranges"),
        (26, 27, "ranges", "lines"),
        (26, 26, "ranges", "ranges"),
        (27, 27, "lines", "lines"),
        (27, 26, "lines", "ranges"),
        (0, 0, "ranges", "ranges"),
    ],
)
def test_each_channel_has_its_cap(stdout, file, on_stdout, in_file):
    section = coverage_section(RAN, Caps(stdout, file))
    texts = {"file": section.text, "stdout": section.brief or section.text}
    for expected, channel in ((on_stdout, "stdout"), (in_file, "file")):
        if expected is not None:
            entries = put_in_a_record(texts[channel])["files"]
            assert {entry["missing_omitted"] for entry in entries} == {expected == "ranges"}


def test_section_travels_to_another_process_as_it_is():
    section = coverage_section(RAN, Caps(26, 27))
    there = Section.from_plain(json.loads(json.dumps(section.to_plain())))
    assert (there.text, there.brief, there.name) == (section.text, section.brief, None)
    assert section.brief is not None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5), st.integers(0, 60), st.integers(0, 60))
def test_covered_and_missing_add_up(files, stdout, file):
    ran = []
    for number, (covered, total) in enumerate(files):
        lines = FileLines(f"{number}.py", range(1, total + 1), {})
        ran.append((lines, list(filter(None, [lines.stretch(range(min(covered, total)))]))))
    section = coverage_section(ran, Caps(stdout, file))
    for text, cap in ((section.text, file), (section.brief or section.text, stdout)):
        found = put_in_a_record(text)
        missing = found["lines_total"] - found["lines_covered"]
        assert found["lines_total"] == sum(entry["lines_total"] for entry in found["files"])
        for entry in found["files"]:
            assert entry["missing_omitted"] is (missing > cap)
            if not entry["missing_omitted"]:
                assert entry["lines_covered"] + len(entry["missing_lines"]) == entry["lines_total"]
