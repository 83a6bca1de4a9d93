"""Two tables, one of them behind the other."""

from django.db import models


class Author(models.Model):
    """Who writes."""

    name = models.CharField(max_length=50)


class Book(models.Model):
    """What was written."""

    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
