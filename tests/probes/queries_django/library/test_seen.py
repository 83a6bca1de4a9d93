"""What tests see of Django's own hooks: as if nobody else were there."""

import contextlib
import gc
import weakref

from django.db import connection, reset_queries
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from library import oracle
from library.expected import Expecting, expects
from library.models import Author


class Seen(Expecting, TestCase):
    """A test may rely on these."""

    databases = {"default", "other"}

    @expects(1, SELECT=1)
    def test_no_wrapper_and_no_debug_cursor(self):
        Author.objects.count()
        self.assertEqual(connection.execute_wrappers, [])
        self.assertEqual(connection.force_debug_cursor, oracle.IS_ON)
        self.assertEqual(connection.queries_logged, oracle.IS_ON)
        self.assertEqual(len(connection.queries), int(oracle.IS_ON))

    @expects(3, SELECT=3)
    @override_settings(DEBUG=True)
    def test_queries_under_debug(self):
        reset_queries()
        Author.objects.count()
        Author.objects.count()
        self.assertEqual(len(connection.queries), 2)
        self.assertEqual({*connection.queries[0]}, {"sql", "time"})
        with CaptureQueriesContext(connection) as captured:
            Author.objects.exists()
        self.assertEqual(len(captured), 1)

    @expects(1, SELECT=1, by_connection={"default": 1})
    @override_settings(DEBUG=True)
    def test_parameters_under_debug(self):
        """Django asks SQLite itself how to quote them for its log."""
        reset_queries()
        Author.objects.filter(name="it's", pk=7).count()
        self.assertRegex(connection.queries[0]["sql"], "it.+s'.*7")

    @expects(3, SELECT=3)
    def test_forced(self):
        before = connection.force_debug_cursor
        connection.force_debug_cursor = True
        reset_queries()
        try:
            for _ in range(3):
                Author.objects.count()
        finally:
            connection.force_debug_cursor = before
        self.assertEqual(len(connection.queries_log), 3)

    @expects(3, SELECT=3)
    def test_nested_figures(self):
        with self.assertNumQueries(3):
            Author.objects.count()
            with self.assertNumQueries(2):
                Author.objects.count()
                Author.objects.exists()

    @expects(2, SELECT=2, by_connection={"default": 1, "other": 1})
    def test_figures_of_each_alias(self):
        with self.assertNumQueries(1), self.assertNumQueries(1, using="other"):
            Author.objects.count()
            Author.objects.using("other").count()

    @expects(1, SELECT=1)
    def test_wrong_figures_fail(self):
        with self.assertRaisesRegex(AssertionError, r"1 != 2 : 1 queries executed, 2 expected"):
            with self.assertNumQueries(2):
                Author.objects.count()

    @expects(2, SELECT=2)
    def test_wrappers_within_each_other(self):
        order = []

        def wrapper(name):
            def run(execute, sql, params, many, context):
                order.append(name)
                return execute(sql, params, many, context)

            return run

        outer, inner = wrapper("outer"), wrapper("inner")
        with connection.execute_wrapper(outer):
            with connection.execute_wrapper(inner):
                Author.objects.count()
                self.assertEqual(connection.execute_wrappers, [outer, inner])
            self.assertEqual(connection.execute_wrappers, [outer])
            Author.objects.count()
        self.assertEqual(connection.execute_wrappers, [])
        self.assertEqual(order, ["inner", "outer", "outer"] if order[0] == "inner" else ["outer", "inner", "outer"])

    @expects(1, SELECT=1)
    def test_a_wrapper_that_asks_more(self):
        def twice(execute, sql, params, many, context):
            return execute(sql.upper() if "nothing" in sql else sql, params, many, context)

        with connection.execute_wrapper(twice):
            Author.objects.count()

    @expects(2, SELECT=2, by_connection={"default": 2})
    def test_another_time_zone(self):
        Author.objects.count()
        with override_settings(TIME_ZONE="Europe/Berlin", USE_TZ=False):
            Author.objects.count()

    @expects(1, SELECT=1, failed=1)
    def test_a_cursor_is_gone_when_its_statement_has_failed(self):
        with connection.cursor() as cursor:
            drivers = weakref.ref(cursor.cursor)
            with contextlib.suppress(Exception):  # each backend's own
                cursor.execute("SELECT missing FROM nowhere")
        del cursor
        gc.collect()
        self.assertIsNone(drivers())

    @expects(0)
    def test_what_warns_about_its_caller_is_called_by_nobody_else(self):
        from django.db.backends.base.creation import BaseDatabaseCreation

        for name in ("create_test_db", "clone_test_db", "destroy_test_db"):
            self.assertFalse(hasattr(getattr(BaseDatabaseCreation, name), "__wrapped__"))

    @expects(0)
    def test_methods_have_their_names(self):
        from django.db.backends.base.base import BaseDatabaseWrapper
        from django.db.backends.utils import CursorWrapper

        self.assertEqual(CursorWrapper._execute.__qualname__, "CursorWrapper._execute")
        self.assertEqual(BaseDatabaseWrapper.connect.__name__, "connect")
        self.assertEqual(type(connection.connection).__mro__[-1], object)
