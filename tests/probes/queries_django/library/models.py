"""Two tables, one of them behind the other, and one with a row from the beginning."""

from django.db import models


class Author(models.Model):
    """Who writes."""

    name = models.CharField(max_length=50)


class Book(models.Model):
    """What was written."""

    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)


class Kept(models.Model):
    """What a migration has put there."""

    name = models.CharField(max_length=50)
