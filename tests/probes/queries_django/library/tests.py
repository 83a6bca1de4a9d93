"""Call styles of Django, each with its figures by hand."""

from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext
from library.expected import BY_METHOD, VENDOR, Expecting, expects
from library.models import Author, Book


class Counting(Expecting, TestCase):
    """In a transaction of Django's."""

    databases = {"default", "other"}

    @classmethod
    def setUpTestData(cls):
        for number in range(3):
            author = Author.objects.create(name=f"a{number}")
            Book.objects.create(title=f"b{number}", author=author)

    @expects(0)
    def test_nothing(self):
        pass

    @expects(1, SELECT=1, by_connection={"default": 1})
    def test_orm(self):
        list(Author.objects.all())

    @expects(4, SELECT=4, n_plus_one=1, duplicates=[(3, 0)])
    def test_n_plus_one(self):
        for book in Book.objects.order_by("id"):
            book.author.name  # noqa: B018

    @expects(3, SELECT=3, n_plus_one=0, duplicates=[(3, 3)])
    def test_the_same_again(self):
        for _ in range(3):
            Author.objects.get(name="a1")

    @expects(4, INSERT=1, UPDATE=1, DELETE=1, SELECT=1)
    def test_verbs(self):
        author = Author(name="x")
        author.save()
        Author.objects.filter(pk=author.pk).update(name="y")
        Author.objects.filter(name="y").exists()
        Author.objects.filter(pk=author.pk)._raw_delete("default")

    @expects(2, SELECT=1, INSERT=1)
    def test_raw_cursor(self):
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO library_author (name) VALUES (%s)", [("p",), ("q",), ("r",)])
            cursor.execute("SELECT COUNT(*) FROM library_author")
            self.assertEqual(cursor.fetchone()[0], 6)

    @expects(1, SELECT=1)
    def test_iterator(self):
        self.assertEqual(len(list(Author.objects.iterator(chunk_size=2))), 3)

    @expects(2, SELECT=2, by_connection={"default": 1, "other": 1})
    def test_two_databases(self):
        list(Author.objects.all())
        list(Author.objects.using("other").all())

    @expects(3, SELECT=1, OTHER=2, transaction_statements=2)
    def test_savepoint(self):
        with transaction.atomic():
            list(Author.objects.all())

    @expects(4, INSERT=1, OTHER=3, transaction_statements=3)
    def test_savepoint_rolled_back(self):
        try:
            with transaction.atomic():
                Author.objects.create(name="gone")
                raise KeyError
        except KeyError:
            pass

    @expects(4, SELECT=1, OTHER=3, failed=1, transaction_statements=3)
    def test_failing(self):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT missing FROM nowhere")
        except Exception as error:  # noqa: BLE001  # each backend's own
            self.assertIn("nowhere", str(error))

    @expects(0, unlogged=-1)  # Django logs the attempt
    def test_blocked(self):
        def block(execute, sql, params, many, context):
            raise PermissionError

        with connection.execute_wrapper(block), self.assertRaises(PermissionError):
            list(Author.objects.all())

    @expects(1, SELECT=1)
    def test_wrapped(self):
        seen = []

        def watch(execute, sql, params, many, context):
            seen.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(watch):
            self.assertEqual(connection.execute_wrappers, [watch])
            list(Author.objects.all())
        self.assertEqual((len(seen), connection.execute_wrappers), (1, []))

    @expects(2, SELECT=2)
    def test_num_queries(self):
        with self.assertNumQueries(2):
            list(Author.objects.all())
            list(Book.objects.all())

    @expects(1, SELECT=1)
    def test_captured(self):
        with CaptureQueriesContext(connection) as captured:
            list(Author.objects.all())
        self.assertEqual(len(captured), 1)
        self.assertIn("library_author", captured.captured_queries[0]["sql"])
        self.assertEqual(connection.queries_logged, connection.force_debug_cursor)

    @expects(1, SELECT=1)
    def test_client(self):
        self.assertEqual(self.client.get("/").content, b"3")

    @expects(9500, SELECT=9500)
    def test_more_than_the_log_holds(self):
        with connection.cursor() as cursor:
            for _ in range(9500):
                cursor.execute("SELECT 1")

    @expects(2, SELECT=2)
    def test_text_of_any_kind(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT '\x1b[1m ä \U0001f600'")
            cursor.execute("/* a comment */ (SELECT 1)" if VENDOR != "sqlite" else "/* a comment */ SELECT 1")


class Transactions(Expecting, TransactionTestCase):
    """In transactions of the test's own."""

    @expects(3, INSERT=1, OTHER=2, transaction_statements=2, by_method=BY_METHOD)
    def test_atomic(self):
        with transaction.atomic():
            Author.objects.create(name="x")

    @expects(5, INSERT=1, OTHER=4, transaction_statements=4, by_method=BY_METHOD)
    def test_nested(self):
        with transaction.atomic():
            with transaction.atomic():
                Author.objects.create(name="x")

    @expects(3, INSERT=1, OTHER=2, transaction_statements=2, by_method=BY_METHOD)
    def test_rolled_back(self):
        try:
            with transaction.atomic():
                Author.objects.create(name="x")
                raise KeyError
        except KeyError:
            pass

    @expects(4, INSERT=1, SELECT=1, OTHER=2, transaction_statements=2, by_method=BY_METHOD)
    def test_on_commit(self):
        with transaction.atomic():
            Author.objects.create(name="x")
            transaction.on_commit(lambda: Author.objects.count())
