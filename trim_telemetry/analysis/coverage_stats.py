"""A record's `coverage`, from the statements that ran, within the caps of both channels."""

from __future__ import annotations

import json
from typing import NamedTuple, Optional, Sequence, Tuple

from ..sections import Section
from .file_lines import FileLines, Stretch, covered_in, percent

Ran = Sequence[Tuple[FileLines, Sequence[Stretch]]]  # files, and what of them ran

_dumps = json.JSONEncoder(ensure_ascii=True).encode


class Caps(NamedTuple):
    """How many missing lines a record may list on either channel before they turn to ranges; None: no such channel."""

    stdout: Optional[int]
    file: Optional[int]


def coverage_section(files: Ran, caps: Caps, status: str = "collected", reason: Optional[str] = None) -> Section:
    """Return the section of a record. files: in the order that it is to list them."""
    covered = sum([covered_in(ran) for _, ran in files])
    total = sum([lines.total for lines, _ in files])
    missing = total - covered
    as_ranges = [cap is not None and missing > cap for cap in (caps.stdout, caps.file)]
    head = f'{{"lines_covered": {covered}, "lines_total": {total}, "coverage_percent": {percent(covered, total)}, '
    tail = f'"status": "{status}", "reason": {"null" if reason is None else _dumps(reason)}}}'

    def text(as_ranges: bool) -> str:
        return f'{head}"files": [{", ".join([lines.entry(ran, as_ranges) for lines, ran in files])}], {tail}'

    if caps.file is None:
        return Section.spliced(text(as_ranges[0]))
    if caps.stdout is None or as_ranges[0] == as_ranges[1]:
        return Section.spliced(text(as_ranges[1]))
    return Section.spliced(text(as_ranges[1]), text(as_ranges[0]))
