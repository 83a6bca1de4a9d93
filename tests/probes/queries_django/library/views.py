"""A page that takes one query, and one that takes one more for each book, unless it is asked for at once."""

from django.http import HttpResponse
from django.shortcuts import render
from library.models import Author, Book


def count(request):
    """Say how many authors there are."""
    text = str(Author.objects.count())  # counts
    return HttpResponse(text, headers={"Content-Length": str(len(text))})


def books(request):
    """Show all books with their authors."""
    found = Book.objects.order_by("id")
    return render(request, "books.html", {"books": found})  # renders


def together(request):
    """Show the same with one query."""
    found = Book.objects.order_by("id").select_related("author")
    return render(request, "books.html", {"books": found})  # renders at once
