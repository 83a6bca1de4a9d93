"""Tests that do what tests should better not do."""

import atexit
import importlib
import os
import sqlite3
import sys
import unittest
from unittest import mock

from django.db import connections
from django.test import TestCase, TransactionTestCase
from library.expected import Expecting, expects
from library.models import Author

try:
    import freezegun
except ImportError:
    freezegun = None
try:
    import time_machine
except ImportError:
    time_machine = None


class Clocks(Expecting, TestCase):
    """A clock that stands still: what a statement takes is more than nothing, all the same."""

    @expects(1, SELECT=1)
    @mock.patch("time.perf_counter_ns", lambda: 0)
    @mock.patch("time.perf_counter", lambda: 0)
    @mock.patch("time.monotonic", lambda: 0)
    def test_mocked(self):
        Author.objects.count()

    @unittest.skipIf(freezegun is None, "freezegun is not installed")
    @expects(1, SELECT=1)
    def test_frozen(self):
        with freezegun.freeze_time("2020-01-01"):
            Author.objects.count()

    @unittest.skipIf(time_machine is None, "time-machine is not installed")
    @expects(1, SELECT=1)
    def test_travelled(self):
        with time_machine.travel(0, tick=False):
            Author.objects.count()


class Sqlite(Expecting, TestCase):
    """The module itself, patched and loaded again."""

    @expects(1, SELECT=1)
    def test_mocked(self):
        with mock.patch("sqlite3.connect") as connect:
            sqlite3.connect("nowhere").execute("SELECT 1")
            connect.assert_called_once_with("nowhere")
            Author.objects.count()

    @expects(2, SELECT=2, unlogged=1, by_connection={"sqlite3::memory:": 1, "default": 1})
    def test_mocked_around(self):
        with mock.patch("sqlite3.connect", wraps=sqlite3.connect):
            self.assertEqual(self.one(sqlite3), 1)
            Author.objects.count()

    @expects(2, SELECT=2, unlogged=2, by_connection={"sqlite3::memory:": 2})
    def test_reloaded(self):
        importlib.reload(sqlite3)
        self.one(sqlite3)
        importlib.reload(sqlite3.dbapi2)
        self.one(importlib.reload(sqlite3))

    @expects(1, SELECT=1, unlogged=1, uninstrumented_connections=0)
    def test_imported_again(self):
        names = [name for name in sys.modules if name.partition(".")[0] == "sqlite3"]
        before = {name: sys.modules.pop(name) for name in names}
        try:
            self.one(importlib.import_module("sqlite3"))
        finally:
            sys.modules.update(before)

    def one(self, module):
        """Ask for a number, past Django."""
        kept = module.connect(":memory:")
        try:
            return kept.execute("SELECT 1").fetchone()[0]
        finally:
            kept.close()


class Outliving(Expecting, TransactionTestCase):
    """What goes on elsewhere, or later."""

    @unittest.skipUnless(hasattr(os, "fork"), "forks")
    @expects(1, SELECT=1)
    def test_fork(self):
        pid = os.fork()
        if not pid:
            try:
                own = sqlite3.connect(":memory:")
                os._exit(own.execute("SELECT 7").fetchone()[0])
            finally:
                os._exit(1)
        self.assertEqual(os.WEXITSTATUS(os.waitpid(pid, 0)[1]), 7)
        Author.objects.count()

    @expects(1, SELECT=1, unlogged=1)
    def test_after_the_run(self):
        kept = sqlite3.connect(":memory:")
        cursor = kept.cursor()
        cursor.execute("SELECT 1")

        def at_exit():
            more = kept.execute("SELECT 2").fetchone()
            print("after the run:", cursor.fetchone(), more, file=sys.__stderr__)

        atexit.register(at_exit)

    @expects(1, SELECT=1)
    def test_the_wrappers_own_class_is_patched(self):
        kind = type(connections["default"])
        with mock.patch.object(kind, "close", kind.close), mock.patch.object(kind, "_commit", kind._commit):
            Author.objects.count()
