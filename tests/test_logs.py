"""What is seen of `logging`, and that logging itself never notices."""

import logging
import sys
import threading

import pytest

from trim_telemetry.collectors.logs import LogCollector


class Errors(list):
    """Errors of ours that the collector told of."""

    def __call__(self, error):
        self.append(error)


@pytest.fixture
def errors():
    return Errors()


@pytest.fixture
def collector(errors):
    """A collector of WARNING and above, three records a test, in the phase `call`."""
    made = LogCollector(logging.WARNING, 3, lambda: "now", lambda: "call", errors)
    yield made
    made.close()


@pytest.fixture
def logger():
    """A logger of its own, that prints nothing."""
    made = logging.Logger("sample", logging.DEBUG)
    made.addHandler(logging.NullHandler())
    return made


def messages(collector):
    return [entry.message for entry in collector.end()]


def test_record_of_a_test_has_all_that_the_contract_names(collector, logger):
    collector.begin()
    logger.warning("%s of %d", "one", 2)
    (entry,) = collector.end()
    assert entry._asdict() == {
        "time": "now",
        "level": "WARNING",
        "logger": "sample",
        "message": "one of 2",
        "phase": "call",
    }


def test_records_below_the_level_are_left_out(collector, logger):
    collector.begin()
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        logger.log(level, str(level))
    assert messages(collector) == ["30", "40", "50"]
    assert collector.dropped == 0


def test_first_records_are_kept_and_the_others_counted(collector, logger):
    collector.begin()
    for number in range(5):
        logger.error(str(number))
    assert messages(collector) == ["0", "1", "2"]
    assert collector.dropped == 2


def test_each_test_begins_with_nothing(collector, logger):
    collector.begin()
    for _ in range(5):
        logger.error("of the first")
    collector.end()
    collector.begin()
    assert collector.dropped == 0
    logger.error("of the second")
    assert messages(collector) == ["of the second"]


def test_records_between_tests_are_nobodys(collector, logger):
    logger.error("before")
    collector.begin()
    collector.end()
    logger.error("after")
    collector.begin()
    assert messages(collector) == []


def test_records_of_other_threads_are_the_tests(collector, logger):
    collector.begin()
    thread = threading.Thread(target=logger.error, args=("from a thread",))
    thread.start()
    thread.join()
    assert messages(collector) == ["from a thread"]


def test_long_message_is_cut(collector, logger):
    collector.begin()
    logger.error("x" * 5000)
    assert len(messages(collector)[0]) == 2000


def test_disabled_logger_is_silent(collector, logger):
    collector.begin()
    logger.disabled = True
    logger.error("not said")
    assert messages(collector) == []


class Unprintable:
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


def test_message_that_can_not_be_formatted_is_told_as_far_as_it_goes(collector, logger, errors):
    collector.begin()
    logger.error("%d", "no number")
    logger.error("%s", Unprintable())
    logger.error(Unprintable())
    first, second, third = messages(collector)
    assert first == "%d (could not be formatted: TypeError)"
    assert second == "%s (could not be formatted: RuntimeError)"
    assert "could not be formatted: RuntimeError" in third
    assert errors == []


def test_record_with_odd_attributes_makes_texts(collector, logger, errors):
    class Odd(logging.LogRecord):
        def getMessage(self):
            return 5

    collector.begin()
    odd = Odd(None, logging.ERROR, "", 0, "", (), None)
    odd.levelname = None
    logger.handle(odd)
    (entry,) = collector.end()
    assert (entry.level, entry.logger, entry.message) == ("None", "None", "5")
    assert errors == []


def test_error_of_ours_does_not_reach_the_code_that_logs(errors, logger):
    def broken():
        raise RuntimeError("ours")

    collector = LogCollector(logging.WARNING, 3, broken, lambda: None, errors)
    collector.begin()
    try:
        logger.error("theirs")
    finally:
        collector.close()
    assert [str(error) for error in errors] == ["ours"]


def test_error_of_a_users_handler_reaches_the_code_that_logs(collector, logger):
    class Broken(logging.Handler):
        def handle(self, record):
            raise KeyError("theirs")

    logger.addHandler(Broken())
    collector.begin()
    with pytest.raises(KeyError):
        logger.error("seen all the same")
    assert messages(collector) == ["seen all the same"]


def test_handlers_levels_and_filters_stay_as_they_are(collector, logger):
    collector.begin()
    state = (logging.root.handlers[:], logging.root.level, logging.root.filters[:], logging.lastResort)
    logger.error("x")
    assert state == (logging.root.handlers, logging.root.level, logging.root.filters, logging.lastResort)


def test_caller_in_a_users_format_is_the_users_line(collector, logger):
    seen = []

    class Keeper(logging.Handler):
        def emit(self, record):
            seen.append((record.funcName, record.pathname))

    logger.addHandler(Keeper())
    collector.begin()
    logger.error("x")
    assert seen == [("test_caller_in_a_users_format_is_the_users_line", __file__)]


def test_no_frame_of_ours_is_below_a_handlers(collector, logger):
    """logging shows the stack of a handler that fails, from the user's line down to the first frame outside of it."""
    seen = []

    class Keeper(logging.Handler):
        def emit(self, record):
            frame = sys._getframe(1)
            while frame.f_code.co_filename != __file__:
                seen.append(frame.f_code.co_filename)
                frame = frame.f_back

    logger.addHandler(Keeper())
    collector.begin()
    logger.error("x")
    assert set(seen) == {logging.__file__}


def test_frame_of_ours_is_not_in_the_traceback_of_a_filter_that_fails(collector, logger):
    def broken(record):
        raise KeyError("theirs")

    logger.addFilter(broken)
    collector.begin()
    with pytest.raises(KeyError) as raised:
        logger.error("seen all the same")
    files = [
        entry.frame.code.raw.co_filename
        for entry in raised.traceback
        if not entry.frame.f_locals.get("__tracebackhide__")
    ]
    assert set(files) == {__file__, logging.__file__}
    assert messages(collector) == ["seen all the same"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before, filters only say yes or no")
def test_record_that_a_filter_puts_in_anothers_place_is_the_one_that_is_kept(collector, logger):
    logger.addFilter(lambda record: logging.makeLogRecord({**vars(record), "msg": "masked"}))
    collector.begin()
    logger.error("secret")
    assert messages(collector) == ["masked"]


def test_record_that_a_filter_refuses_is_kept_and_refused_still(collector, logger):
    handled = []
    logger.addFilter(lambda record: False)
    logger.callHandlers = handled.append
    collector.begin()
    logger.error("x")
    assert (messages(collector), handled) == (["x"], [])


def test_close_leaves_logging_as_it_was(errors):
    before = dict(vars(logging.Logger))
    collector = LogCollector(logging.WARNING, 3, lambda: "", lambda: None, errors)
    collector.begin()
    assert logging.Logger.filter is not logging.Filterer.filter
    assert logging.Logger.filter.__wrapped__ is logging.Filterer.filter
    collector.close()
    assert dict(vars(logging.Logger)) == before


def test_filter_of_somebody_elses_is_called_and_put_back(monkeypatch, errors, logger):

    def theirs(self, record):
        return False

    monkeypatch.setattr(logging.Logger, "filter", theirs)
    collector = LogCollector(logging.WARNING, 3, lambda: "", lambda: None, errors)
    collector.begin()
    assert logger.filter(logging.makeLogRecord({})) is False
    collector.close()
    assert logging.Logger.filter is theirs


def test_close_leaves_a_later_wrapper_alone(monkeypatch, collector, logger):
    collector.begin()
    ours = logging.Logger.filter

    def later(self, record):
        return ours(self, record)

    monkeypatch.setattr(logging.Logger, "filter", later)
    collector.close()
    assert logging.Logger.filter is later
    logger.error("goes through, and is nobody's")
    assert collector.end() == []
    monkeypatch.undo()
    del logging.Logger.filter


def test_program_that_never_imports_logging_is_not_made_to(errors, monkeypatch):
    collector = LogCollector(30, 3, lambda: "", lambda: None, errors)
    monkeypatch.delitem(sys.modules, "logging")
    collector.begin()
    assert collector.end() == []
    monkeypatch.undo()
    assert "filter" not in vars(logging.Logger)
    collector.begin()
    assert "filter" in vars(logging.Logger)
    collector.close()
