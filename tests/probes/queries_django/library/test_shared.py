"""What comes before the tests of a class, and tests in parts."""

from django.test import SimpleTestCase, TestCase, TransactionTestCase
from library.expected import Expecting, expects
from library.models import Author, Book


class Prepared(Expecting, TestCase):
    """Its set-up takes three and two statements, which are no test's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for _ in range(3):
            Author.objects.count()

    @classmethod
    def setUpTestData(cls):
        cls.author = Author.objects.create(name="x")
        Book.objects.create(title="y", author=cls.author)

    @expects(1, SELECT=1)
    def test_1(self):
        self.assertEqual(Author.objects.count(), 1)

    @expects(0)
    def test_2(self):
        self.assertEqual(self.author.name, "x")

    @expects(3, SELECT=3)
    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                Author.objects.count()


class EachTime(Expecting, TestCase):
    """setUp and tearDown belong to each test."""

    def setUp(self):
        super().setUp()
        Author.objects.create(name="x")
        self.addCleanup(Author.objects.count)

    def tearDown(self):
        Author.objects.exists()

    @expects(4, SELECT=3, INSERT=1)
    def test_1(self):
        Author.objects.count()

    @expects(3, SELECT=2, INSERT=1)
    def test_2(self):
        pass


class Loaded(Expecting, TestCase):
    """From a file, once for the class: by Django."""

    fixtures = ["authors.json"]

    @expects(1, SELECT=1)
    def test_1(self):
        self.assertEqual(Author.objects.count(), 2)

    @expects(1, SELECT=1)
    def test_2(self):
        self.assertEqual(Author.objects.count(), 2)


class LoadedEachTime(Expecting, TransactionTestCase):
    """From a file, for each test: by Django."""

    fixtures = ["authors.json"]

    @expects(1, SELECT=1)
    def test_1(self):
        self.assertEqual(Author.objects.count(), 2)

    @expects(1, SELECT=1)
    def test_2(self):
        self.assertEqual(Author.objects.count(), 2)


class Simple(Expecting, SimpleTestCase):
    """Allowed to by name."""

    databases = {"default"}

    @expects(1, SELECT=1)
    def test_1(self):
        Author.objects.count()

    @expects(0)
    def test_2(self):
        pass


class Forbidden(Expecting, SimpleTestCase):
    """Django lets no statement through."""

    @expects(0)
    def test_refused(self):
        with self.assertRaisesRegex(AssertionError, "not allowed"):
            Author.objects.count()
