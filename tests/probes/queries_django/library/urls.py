"""One page, which takes one query."""

from django.http import HttpResponse
from django.urls import path
from library.models import Author


def count(request):
    """Say how many authors there are."""
    return HttpResponse(str(Author.objects.count()))


urlpatterns = [path("", count)]
