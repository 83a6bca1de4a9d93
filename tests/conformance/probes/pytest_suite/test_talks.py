"""Output, logs and annotations of each phase."""

import logging
import sys

import pytest

from trim_telemetry import annotate

logger = logging.getLogger("suite")


@pytest.fixture
def talks():
    print("out of set-up")
    logger.warning("in set-up")
    yield
    print("out of tear-down")
    logger.error("in %s", "tear-down")


def say():
    print("out of the body")
    print("err of the body", file=sys.stderr)
    logger.warning("in the body")
    logger.info("too low")


def test_talks_and_passes(talks):
    say()


def test_talks_and_fails(talks):
    say()
    assert False


def test_talks_and_skips(talks):
    say()
    pytest.skip("enough said")


def test_annotates():
    annotate("ticket", 42)
    annotate("framework", "mine")
