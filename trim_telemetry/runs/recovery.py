"""What a run could not write any more because its process died: the test that it died in, and the summary.

The same for a run that `collect` saw die and for a file that a killed machine has left.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional

from .. import record
from ..analysis.flags import judge
from ..config import Thresholds
from ..record import UNMEASURED, Detail, Record, RunIdentity
from ..sections import LOST_COVERAGE, NO_COVERAGE
from ..summary import Ending, summary_of
from ..texts import clean
from .run import Run
from .spills import Spills
from .stream import Tail

KILLED = "killed"  # exit reasons: by a signal,
EXITED = "exited"  # the process left in mid-run, as by os._exit(),
TIMEOUT = "timeout"  # one test took longer than `collect --timeout` allows,
UNKNOWN = "unknown"  # nobody saw it,
FILE_LOST = "file_lost"  # the run ended by itself, and its file could not be written to the end
_TRACEBACK_LIMIT = 20_000
_UNKNOWN_FRAMEWORK = "unittest"
_NOT_IN_RECORDS = "recovered: written after the process had gone; what only it knew is not in here"


class Death(NamedTuple):
    """How a run ended. by: "SIGKILL", "exit code 0", "5 s"; reason: see above.

    stacks: of all threads at the end, of those workers (None: of the run itself) that took too long.
    """

    by: Optional[str]
    reason: str
    exit_code: int
    stacks: Mapping[Optional[str], str] = {}

    def of_test(self, worker: Optional[str]) -> Death:
        """What it was to the test that was on in a worker: when another took too long, this one was killed with it."""
        return self if self.reason != TIMEOUT or worker in self.stacks else Death("SIGKILL", KILLED, self.exit_code)

    @property
    def sentence(self) -> str:
        """What happened, for a failure's message."""
        sentences = {
            KILLED: f"the process was ended by {self.by} in this test",
            EXITED: f"the process left with {self.by} in this test",
            TIMEOUT: f"this test took longer than collect was told to wait ({self.by}); the process was killed",
        }
        return sentences.get(self.reason, "the process ended in this test; nobody saw how")

    @property
    def note(self) -> str:
        """What happened, for the command line."""
        notes = {
            KILLED: f"killed by {self.by}",
            EXITED: f"its process left in mid-run with {self.by}",
            TIMEOUT: f"killed: a test took longer than {self.by}",
            FILE_LOST: "its file could not be written to the end",
        }
        return notes.get(self.reason, "its process has gone")


UNSEEN = Death("unknown", UNKNOWN, 1)


def recover(tail: Tail, run: Run, death: Death, when: Optional[str] = None) -> None:
    """Append what is missing to the file that `run` was read from, and count it in. Raises OSError.

    That is: what workers have spilled, the tests in flight, the summary. A torn last line is taken away before.
    when: the time of the death; None: the last time that the file tells.
    """
    spills = Spills(tail.path)
    with open(tail.path, "r+b", buffering=0) as file:
        file.truncate(tail.whole)
        file.seek(tail.whole)
        for line in _missing_lines(run, spills, death, when):
            file.write(f"{line}\n".encode("ascii"))
        os.fsync(file.fileno())
    spills.remove()


def _missing_lines(run: Run, spills: Spills, death: Death, when: Optional[str]) -> Iterator[str]:
    yield from spills.merge(run)
    when = when or run.last_time or _EPOCH
    if death.reason != FILE_LOST:
        for began in list(run.in_flight.values()):
            yield record.with_type("test_result", _crashed(run, began, death, when))
    summary = _summary(run, death, when)
    run.take({"record_type": "run_summary", **summary})
    yield record.encode("run_summary", summary)


_EPOCH = "1970-01-01T00:00:00.000000+00:00"


def _crashed(run: Run, began: Mapping[str, Any], death: Death, when: str) -> str:
    """Count the test in flight in as crashed, and return its record. How long it took nobody knows."""
    run.seq += 1
    death = death.of_test(began["worker"])
    detail = Detail()
    detail.failure = {
        "phase": None,
        "type": TIMEOUT if death.reason == TIMEOUT else death.by,
        "message": death.sentence,
        "traceback": clean(death.stacks.get(began["worker"], ""))[-_TRACEBACK_LIMIT:],
        "file": None,
        "line": None,
        "others": 0,
    }
    times = began["start_time"], max(began["start_time"], when)
    made = Record(record.case_of(began), "error", "crashed", times, UNMEASURED, detail, began["worker"])
    judgement = judge(made, Thresholds())
    run.tally.add(made, judgement.flags)
    run.crashed.add((began["worker"], made.case.id))
    identity = RunIdentity(run.run_id or "", run.framework or _UNKNOWN_FRAMEWORK)
    return made.to_json(identity, run.seq, run.tally.running(), judgement)


def _summary(run: Run, death: Death, when: str) -> Dict[str, Any]:
    """Return the summary as the run would have written it, with what is known."""
    start = run.start or {}
    began, ended = run.first_time or when, max(when, run.last_time or when)
    by = TIMEOUT if death.reason == TIMEOUT else death.by
    ending = Ending(death.exit_code, death.reason, by, False, began, ended, _milliseconds(began, ended))
    surroundings = {
        "environment": start.get("environment") or _unknown_environment(run),
        "ci": start.get("ci") or dict.fromkeys(("provider", "run_url", "job")),
        "git": start.get("git") or dict.fromkeys(("commit", "branch", "dirty")),
        "thresholds": start.get("thresholds") or Thresholds()._asdict(),
    }
    is_off = start.get("settings", {}).get("coverage") in (None, "off")
    coverage = (NO_COVERAGE if is_off else LOST_COVERAGE).value
    return summary_of(run.run_id, run.tally, ending, run.collection, coverage, [_NOT_IN_RECORDS], surroundings)


def _unknown_environment(run: Run) -> Dict[str, Any]:
    unknown = dict.fromkeys(("python", "platform", "framework", "framework_version", "trim_telemetry"))
    return {**unknown, "framework": run.framework}


def _milliseconds(began: str, ended: str) -> float:
    try:
        return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds() * 1e3
    except ValueError:  # no times of ours
        return 0.0
