"""Whatever a test is called, prints, raises or logs: a strict reader takes its record back."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trim_telemetry import outcome, record, texts
from trim_telemetry.collectors.logs import LogRecord
from trim_telemetry.config import Config
from trim_telemetry.outcome import Event, Failure, fold
from trim_telemetry.record import Case, Judgement, Measures, Record, RunIdentity, Running
from trim_telemetry.sinks.line_limit import shorten
from trim_telemetry.trial import Describer, Trial

from .. import strict
from ..examples import NOON, written
from . import hostile
from .test_outcome import KINDS

DESCRIBER = Describer(Config("/", "run-1"), str)
LIMIT = record.LINE_LIMIT - len(record.RESULT_MARKER) - 2

lines = st.one_of(st.none(), st.integers(1, 10**6))
phases = st.sampled_from(("setup", "call", "teardown", None))
cases = st.builds(
    lambda name, tags, rerun, line, at: Case(
        texts.bounded_id(name),
        texts.clean(name)[:1000],
        texts.clean(name)[:500],
        texts.clean(name)[:500],
        texts.clean(name)[:500],
        line,
        at,
        texts.cut_items(tags, "tags", []),
        texts.cut_items(tags, "fixtures", []),
        rerun and [texts.clean(word) for word in rerun],
    ),
    hostile.long_texts,
    st.lists(hostile.texts, max_size=3),
    st.one_of(st.none(), st.lists(hostile.texts, min_size=1, max_size=3)),
    lines,
    st.one_of(st.none(), st.just("base.py:3")),
)
failures = st.builds(Failure, phases, hostile.texts, hostile.long_texts, hostile.long_texts, hostile.texts, lines)
events = st.builds(
    Event,
    st.sampled_from(KINDS),
    st.one_of(st.none(), failures),
    st.one_of(st.none(), hostile.long_texts),
    st.one_of(st.none(), hostile.texts),
)
logs = st.builds(LogRecord, st.just(NOON), hostile.texts, hostile.texts, hostile.long_texts, phases)
fixtures = st.builds(
    lambda name, setup: {"name": texts.clean(name), "scope": "class", "setup": setup, "teardown": None},
    hostile.texts,
    st.one_of(st.none(), st.floats(0, 1e9)),
)
measures = st.builds(Measures, *[hostile.measures] * 6, st.lists(fixtures, max_size=2))


@st.composite
def trials(draw):
    """A test that is over, and the event that decided its verdict."""
    trial = Trial(draw(cases), "call")
    trial.events = draw(st.lists(events, max_size=4))
    trial.subtests = sum(event.subtest is not None for event in trial.events)
    trial.attempts = draw(st.integers(1, 3))
    trial.stdout, trial.stderr = draw(st.one_of(st.none(), hostile.long_texts)), draw(hostile.long_texts)
    trial.measures = draw(measures)
    for key, value in draw(st.dictionaries(hostile.texts, hostile.long_texts, max_size=3)).items():
        trial.annotate(key, value)
    return trial


def line_of(trial, logs=(), seq=1):
    status, final, decided_by = fold(trial.events)
    detail = DESCRIBER.of_trial(trial, decided_by, logs, dropped=0)
    made = Record(trial.case, status, final, (NOON, NOON), trial.measures, detail, "gw0")
    running = Running(1.0, 1.0, 1.0, 1.0, 1)
    run = RunIdentity("run-1", "pytest")
    return made.to_json(run, seq, running, Judgement(False, None, None, None, ()))


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(trials(), st.lists(logs, max_size=3))
def test_strict_reader_takes_back_any_test(trial, logs):
    found = strict.check(hostile.strictly(line_of(trial, logs)), "test_result")
    assert found["id"] == trial.case.id
    assert found["test_key"] == texts.stable_hash(trial.case.id)
    assert found["tags"] == list(trial.case.tags)
    assert [entry["logger"] for entry in found["logs"]] == [texts.clean(entry.logger) for entry in logs]
    assert found["duration"] == found["performance"]["current_duration"]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(trials(), st.lists(logs, max_size=3))
def test_line_on_stdout_is_short_enough_and_still_keeps_the_schema(trial, logs):
    line = line_of(trial, logs)
    short = shorten(line, LIMIT)
    assert len(record.RESULT_MARKER) + len(short) + 2 < record.LINE_LIMIT + 1
    assert_cut_as_promised(json.loads(line), strict.check(hostile.strictly(short), "test_result"))


# Everything that a record may hold too much of, by its place: how one entry of it looks.
QUERY = {
    "sql": "SELECT 1",
    "time": 0.2,
    "duration": 200.0,
    "connection": "default",
    "location": "a.py:3",
    "parameters": None,
}
TWICE = {"sql": "SELECT 1", "count": 2, "identical": 0, "location": None, "parameters": None}
LOOP = {"fingerprint": "SELECT ?", "count": 3, "distinct_parameters": 3, "location": "a.py:3", "source": "SELECT 2"}
ATTEMPT = {
    **dict.fromkeys(("host", "port", "address", "method", "url", "file", "line", "function", "thread", "phase")),
    "operation": "connect",
    "time": NOON,
    "count": 1,
}
FILE = {
    "file": "a.py",
    "lines_covered": 1,
    "lines_total": 2,
    "coverage_percent": 50.0,
    "missing_lines": [2],
    "missing_ranges": None,
    "missing_omitted": False,
}
LOG = {"time": NOON, "level": "ERROR", "logger": "root", "message": "m", "phase": None}
FAILURE = {"phase": None, "type": "E", "message": "m", "traceback": "t", "file": "f", "line": 1, "others": 0}
FIXTURE = {"name": "db", "scope": "module", "setup": 1.0, "teardown": None}
ENTRIES = {
    ("database_queries", "slow_queries"): (QUERY, "sql"),
    ("database_queries", "duplicate_queries"): (TWICE, "sql"),
    ("database_queries", "n_plus_one"): (LOOP, "source"),
    ("http_calls", "external_calls"): (ATTEMPT, "url"),
    ("http_calls", "blocked_calls"): (ATTEMPT, "host"),
    ("coverage", "files"): (FILE, "file"),
    ("logs",): (LOG, "message"),
    ("subtests", "failed"): ({"name": "(i=1)", "status": "failed", "message": "m"}, "message"),
    ("fixture_durations",): (FIXTURE, "name"),
}
NAMES = [("tags",), ("fixtures",), ("rerun",)]
TEXTS = [("failure", "message"), ("failure", "traceback"), ("failure", "type"), ("stdout",), ("stderr",), ("reason",)]
MAPS = {("metadata",): str, ("database_queries", "by_connection"): len}
sizes = st.sampled_from((0, 1, 2, 7, 300, 2_000))
fills = hostile.texts.map(lambda text: texts.clean(text) or "x")


def full_record():
    """A record in which everything was collected, and nothing found."""
    made = written()
    for part in ("database_queries", "http_calls", "coverage"):
        zeros = {name: 0.0 if "duration" in name else 0 for name, value in made[part].items() if value is None}
        made[part].update({**zeros, "status": "collected", "reason": None})
    made["coverage"]["coverage_percent"] = None
    made["database_queries"]["query_types"] = dict.fromkeys(made["database_queries"]["query_types"], 0)
    made["failure"] = dict(FAILURE)
    return made


def put(content, place, value):
    part = content
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value


@st.composite
def overfull(draw):
    """A record of which a few parts are far too much."""
    content = full_record()
    for place in draw(
        st.lists(st.sampled_from([*ENTRIES, *NAMES, *TEXTS, *MAPS]), min_size=1, max_size=4, unique=True)
    ):
        fill, times, length = draw(fills), draw(sizes), draw(sizes)
        if place in ENTRIES:
            entry, key = ENTRIES[place]
            put(content, place, [{**entry, key: fill * min(length, 300)}] * min(times, 300))
        elif place in NAMES:
            put(content, place, [fill * min(length, 300)] * max(1, min(times, 300)))
        elif place in TEXTS:
            put(content, place, fill * times)
        else:
            names = {f"{number} {fill * min(length, 50)}": MAPS[place](fill) for number in range(min(times, 300))}
            put(content, place, {**({"framework": "x"} if place == ("metadata",) else {}), **names})
    return content


def without(content, path):
    """The value at a place of a record, None where there is none."""
    for key in path:
        content = content[key] if isinstance(content, dict) and key in content else None
    return content


def assert_cut_as_promised(before, after):
    """Totals, verdict and identity are the same; what is not the same is named in `truncated`, and is a part of it."""
    named = {tuple(name.split(".")) for name in after["truncated"]}
    differing = {(key,) for key in before if before[key] != after[key]} - {("truncated",)}
    for (key,) in sorted(differing):
        if (key,) not in named:
            parts = {(key, name) for name in before[key] if before[key][name] != after[key][name]}
            assert parts <= named, f"cut and not named: {parts - named}"
    for place in named - {tuple(name.split(".")) for name in before["truncated"]}:
        assert place not in (("id",), ("run_id",), ("test_key",), ("performance", "flags"))
        whole, rest = without(before, place), without(after, place)
        assert rest is None or (type(rest) is type(whole) and len(rest) <= len(whole)), place


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=60)
@given(overfull())
def test_any_line_comes_below_the_limit_by_its_details_alone(content):
    line = record.encode(None, strict.check(content, "test_result"))
    short = shorten(line, LIMIT)
    assert len(short) <= LIMIT
    assert_cut_as_promised(content, strict.check(hostile.strictly(short), "test_result"))
    assert (short == line) is (len(line) <= LIMIT)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), fills),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(fills, inner, max_size=4)),
    max_leaves=20,
)


@given(st.dictionaries(fills, json_values, max_size=5))
def test_other_records_come_back_as_they_were(content):
    assert hostile.strictly(record.encode(None, content)) == content
    assert record.decode(record.encode(None, content)) == content
    content.pop("record_type", None)
    typed = record.encode("collected", content)
    assert list(record.decode(typed)) == ["record_type", *content]
    assert record.with_type("collected", record.encode(None, {"a": 1, **content})).startswith('{"record_type": ')


@given(st.sampled_from((float("nan"), float("inf"), float("-inf"))), st.integers(0, 50))
def test_no_number_that_is_none_is_written_however_deep_it_hides(number, depth):
    content = {"value": number}
    for _ in range(depth):
        content = {"inner": [content]}
    with pytest.raises(ValueError, match="JSON compliant"):
        record.encode(None, content)


@given(st.one_of(hostile.long_texts, st.text(alphabet=st.characters())))
def test_cleaning_twice_changes_nothing(text):
    once = texts.clean(text)
    assert texts.clean(once) == once
    assert len(once) <= len(text)
    once.encode("utf-8")
    assert not {"\0", "\x1b", "\x9b"} & set(once)


@given(st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cs"))))
def test_clean_text_stays_as_it_is(text):
    assert texts.clean(text) == text


@given(hostile.long_texts, st.integers(0, 2000), st.booleans())
def test_cut_text_is_clean_short_and_said_to_be_cut(text, limit, keep_end):
    truncated = []
    found = texts.cut(text, limit, "x", truncated, keep_end)
    assert len(found) <= limit
    assert texts.clean(found) == found
    if not truncated:
        assert found == texts.clean(text)


@given(hostile.long_texts)
def test_id_is_bounded_clean_never_empty_and_stays_as_it_is(text):
    found = texts.bounded_id(text)
    assert 1 <= len(found) <= 1000
    assert texts.bounded_id(found) == found


def test_events_of_every_kind_are_drawn():
    assert set(KINDS) == {value for name, value in vars(outcome).items() if name.isupper() and name[0] != "_"} - {
        outcome.SETUP,
        outcome.CALL,
        outcome.TEARDOWN,
    }
