"""Aliases, routers, transactions by hand, cursors of other kinds, connections that go away."""

import contextlib
import gc
import unittest

from django.db import connection, connections, transaction
from django.test import TestCase, TransactionTestCase, override_settings
from library.expected import BY_METHOD, VENDOR, Expecting, expects
from library.models import Author, Book, Kept


class AllDatabases(Expecting, TestCase):
    """Each alias has its own transaction around the test."""

    databases = "__all__"

    @expects(2, SELECT=2, by_connection={"default": 1, "other": 1})
    def test_all(self):
        for alias in connections:
            Author.objects.using(alias).count()


class Routed(Expecting, TestCase):
    """A router of the user's says where."""

    databases = {"default", "other"}

    @expects(3, SELECT=2, INSERT=1, by_connection={"default": 2, "other": 1})
    @override_settings(DATABASE_ROUTERS=["library.routers.BooksElsewhere"])
    def test_router(self):
        Author.objects.create(name="x")
        Author.objects.count()
        Book.objects.count()


class Serialized(Expecting, TransactionTestCase):
    """What the migrations have put there is put there again: by Django."""

    serialized_rollback = True

    @expects(1, SELECT=1)
    def test_1_kept(self):
        self.assertEqual(Kept.objects.count(), 1)

    @expects(1, SELECT=1)
    def test_2_kept_again(self):
        self.assertEqual(Kept.objects.count(), 1)


class ByHand(Expecting, TransactionTestCase):
    """Transactions of the test's own making."""

    @expects(4, INSERT=1, SELECT=1, OTHER=2, transaction_statements=2, by_method=2)
    def test_autocommit_off(self):
        transaction.set_autocommit(False)
        try:
            Author.objects.create(name="x")
            transaction.commit()
        finally:
            transaction.set_autocommit(True)
        self.assertEqual(Author.objects.count(), 1)

    @expects(4, INSERT=1, SELECT=1, OTHER=2, transaction_statements=2, by_method=2)
    def test_rolled_back_by_hand(self):
        transaction.set_autocommit(False)
        try:
            Author.objects.create(name="x")
            transaction.rollback()
        finally:
            transaction.set_autocommit(True)
        self.assertEqual(Author.objects.count(), 0)

    @expects(1, SELECT=1)
    def test_look_at_the_connections_health_is_nobodys(self):
        self.assertEqual(Author.objects.count(), 0)
        self.assertTrue(connection.is_usable())

    @expects(3, INSERT=1, OTHER=2, transaction_statements=2, by_method=BY_METHOD)
    def test_durable(self):
        with transaction.atomic(durable=True):
            Author.objects.create(name="x")

    @expects(0)
    def test_savepoints_outside_of_a_transaction(self):
        self.assertIsNone(transaction.savepoint())

    @expects(6, INSERT=2, OTHER=4, transaction_statements=4, by_method=BY_METHOD)
    def test_savepoints_by_hand(self):
        with transaction.atomic():
            Author.objects.create(name="x")
            savepoint = transaction.savepoint()
            Author.objects.create(name="y")
            transaction.savepoint_rollback(savepoint)


class InTestCase(Expecting, TestCase):
    """Within Django's own transaction."""

    @expects(3, INSERT=1, OTHER=2, transaction_statements=2)
    def test_durable(self):
        with transaction.atomic(durable=True):
            Author.objects.create(name="x")

    @expects(4, INSERT=1, SELECT=1, OTHER=2, transaction_statements=2)
    def test_on_commit_is_executed(self):
        with self.captureOnCommitCallbacks(execute=True) as callbacks, transaction.atomic():
            Author.objects.create(name="x")
            transaction.on_commit(Author.objects.count)
        self.assertEqual(len(callbacks), 1)

    @expects(3, INSERT=1, OTHER=2, transaction_statements=2)
    def test_on_commit_never_comes(self):
        with transaction.atomic():
            Author.objects.create(name="x")
            transaction.on_commit(Author.objects.count)

    @expects(2, INSERT=1, SELECT=1)
    def test_chunks(self):
        Author.objects.bulk_create([Author(name=str(number)) for number in range(7)])
        with connection.chunked_cursor() as cursor:
            cursor.execute("SELECT name FROM library_author")
            self.assertEqual(len(cursor.fetchmany(3)) + len(list(cursor)), 7)

    @expects(2, INSERT=1, SELECT=1)
    def test_iterated_in_part(self):
        Author.objects.bulk_create([Author(name=str(number)) for number in range(7)])
        rows = Author.objects.iterator(chunk_size=2)
        self.assertEqual(next(rows).name, "0")
        rows.close()

    @unittest.skipUnless(VENDOR == "postgresql", "a function of PostgreSQL's")
    @expects(2, SELECT=1, OTHER=1, unlogged=1)  # Django does not log procedures
    def test_procedure(self):
        with connection.cursor() as cursor:
            cursor.callproc("pg_backend_pid")
            pid = cursor.fetchone()
            cursor.execute("SELECT pg_backend_pid()")
            self.assertEqual(cursor.fetchone(), pid)


class Closing(Expecting, TransactionTestCase):
    """A connection that is closed and comes again: what Django does for that is nobody's."""

    @expects(5, INSERT=1, SELECT=2, OTHER=2, transaction_statements=2, by_method=BY_METHOD)
    def test_closed_in_mid_iteration(self):
        with transaction.atomic():
            Author.objects.bulk_create([Author(name=str(number)) for number in range(7)])
        rows = Author.objects.iterator(chunk_size=2)
        next(rows)
        connection.close()
        try:
            list(rows)
        except Exception as error:  # noqa: BLE001  # each backend's own
            self.assertRegex(type(error).__name__, "InterfaceError|OperationalError|ProgrammingError")
        del rows
        gc.collect()  # a statement that is not over holds a lock on a file
        self.assertEqual(Author.objects.count(), 7)

    @expects(2, SELECT=2)
    def test_closed_in_between(self):
        Author.objects.count()
        connection.close()
        Author.objects.count()

    @expects(1, SELECT=1)
    def test_a_closed_cursor(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        with contextlib.suppress(Exception):  # each backend's own
            cursor.fetchone()
