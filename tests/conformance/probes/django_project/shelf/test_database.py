from django.test import TestCase, TransactionTestCase, skipIfDBFeature, skipUnlessDBFeature

from .models import Book


class Books(TestCase):
    databases = {"default", "other"}
    fixtures = ["books.json"]

    @classmethod
    def setUpTestData(cls):
        cls.book = Book.objects.create(title="one")

    def test_reads(self):
        self.assertEqual(Book.objects.count(), 2)

    def test_writes_elsewhere(self):
        Book.objects.using("other").create(title="two")

    @skipUnlessDBFeature("has_select_for_update")
    def test_needs_a_feature(self):
        raise AssertionError


@skipIfDBFeature("supports_transactions")
class NoTransactions(TestCase):
    def test_never(self):
        raise AssertionError


class Committed(TransactionTestCase):
    def test_commits(self):
        Book.objects.create(title="three")
