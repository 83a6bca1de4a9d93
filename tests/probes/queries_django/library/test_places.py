"""Where statements come from: the line of the user's own that asked for them."""

from django.db import connection
from django.template.loader import render_to_string
from django.test import TestCase
from library.expected import Expecting, expects
from library.models import Author, Book

HERE = "library/test_places.py"


def by_helper():
    """The user's own, too, and the innermost of it."""
    return Author.objects.count()  # helper


class Places(Expecting, TestCase):
    """Each with the line that its statements are said to be from, by the comment in it."""

    @classmethod
    def setUpTestData(cls):
        for number in range(3):
            author = Author.objects.create(name=f"a{number}")
            Book.objects.create(title=f"b{number}", author=author)

    @expects(1, places=[f"{HERE}:orm"])
    def test_orm(self):
        list(Author.objects.all())  # orm

    @expects(1, places=[f"{HERE}:helper"])
    def test_helper(self):
        by_helper()

    @expects(1, places=[f"{HERE}:raw"])
    def test_raw(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM library_author")  # raw
            cursor.fetchall()

    @expects(1, places=[f"{HERE}:lazy"])
    def test_lazy(self):
        authors = Author.objects.filter(name="a1").order_by("id")
        self.assertEqual([author.name for author in authors], ["a1"])  # lazy

    @expects(4, places=[f"{HERE}:template"] * 4, n_plus_one=1)
    def test_template(self):
        text = render_to_string("books.html", {"books": Book.objects.order_by("id")})  # template
        self.assertEqual(text.split("\n")[0], "b0 by a0")

    @expects(1, places=["library/views.py:counts"])
    def test_client(self):
        self.client.get("/")

    @expects(4, places=["library/views.py:renders"] * 4, n_plus_one=1)
    def test_client_with_template(self):
        self.client.get("/books")

    @expects(1, places=["library/views.py:renders at once"], n_plus_one=0)
    def test_client_at_once(self):
        self.client.get("/together")

    @expects(2, places=[f"{HERE}:saved", f"{HERE}:deleted"], SELECT=0, INSERT=1, DELETE=1)
    def test_written(self):
        author = Author.objects.create(name="x")  # saved
        Author.objects.filter(pk=author.pk)._raw_delete("default")  # deleted
