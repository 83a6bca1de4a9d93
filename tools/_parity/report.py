"""The report: what was compared, what was left out, and each difference."""

from __future__ import annotations

import shlex
from typing import Iterator, List

from .comparison import Comparison, Output
from .hunks import unified
from .judge import Difference

_SHOWN_DIFFERENCES = 20
_SHOWN_DIFF_LINES = 40
_SIDE_LIMIT = 500


def text(found: Comparison) -> str:
    """Return the whole report."""
    lines = [*_runs(found), "", *_compared(found), *_left_out(found), *(f"note: {note}" for note in found.notes), ""]
    lines += _differences(found.differences)
    for output in found.outputs:
        lines += _diff(output)
    lines.append("no difference" if found.same else "DIFFERENT")
    return "\n".join(lines) + "\n"


def _runs(found: Comparison) -> Iterator[str]:
    for name, run in [*(("plain", run) for run in found.plain), ("instrumented", found.instrumented)]:
        spent = f"{run.seconds:8.2f} s, cpu {run.cpu:8.2f} s"
        yield f"{name:12}  exit code {run.code:3}  {spent}  {shlex.join(run.command)}"
    wall, cpu = (
        getattr(found.instrumented, name) / max(min(getattr(run, name) for run in found.plain), 1e-9)
        for name in ("seconds", "cpu")
    )
    yield f"{'ratio':12}  wall {wall:.2f}, cpu {cpu:.2f} of the fastest plain run (the first has cold caches: --repeat)"


def _compared(found: Comparison) -> Iterator[str]:
    yield "compared: exit codes; " + "; ".join(
        [
            f"{len(found.printed.words)} ids with their verdicts",
            *(f"{output.name} ({output.lines} lines)" for output in found.outputs),
            f"{found.results} records and the summary against the instrumented run's screen",
        ]
    )


def _left_out(found: Comparison) -> Iterator[str]:
    if len(found.plain) < 2:
        return
    runs = f"{len(found.plain)} plain runs"
    yield f"left out, because {runs} differ: {len(found.left_out)} ids" + "".join(
        f", {output.left_out} lines of {output.name}" for output in found.outputs
    )
    yield from (f"  {test}" for test in sorted(found.left_out)[:_SHOWN_DIFFERENCES])


def _differences(differences: List[Difference]) -> Iterator[str]:
    for number, difference in enumerate(differences[:_SHOWN_DIFFERENCES], 1):
        yield f"{number}. {difference.what}" + (f": {difference.test}" if difference.test else "")
        yield from (f"     {name + ':':14}{said[:_SIDE_LIMIT]}" for name, said in difference.sides)
    if len(differences) > _SHOWN_DIFFERENCES:
        yield f"... and {len(differences) - _SHOWN_DIFFERENCES} more"
    if differences:
        yield ""


def _diff(output: Output) -> Iterator[str]:
    if output.differing:
        yield f"{output.name}: {output.differing} lines differ"
        yield f"--- plain {output.name}"
        yield f"+++ instrumented {output.name}"
        yield from (line[:_SIDE_LIMIT] for line in unified(output.kept, _SHOWN_DIFF_LINES))
        yield ""
