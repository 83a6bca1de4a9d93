from django.contrib.auth.models import User
from django.test import TestCase, TransactionTestCase

from .models import Book


class Rolled(TestCase):
    @classmethod
    def setUpTestData(cls):
        Book.objects.create(title="one")

    def test_a_view(self):
        with self.assertNumQueries(1):
            self.assertEqual(self.client.get("/count").content, b"1")

    def test_a_user(self):
        self.assertTrue(User.objects.create_user("reader", password="book").check_password("book"))


class Committed(TransactionTestCase):
    def test_is_empty(self):
        self.assertFalse(Book.objects.exists())
