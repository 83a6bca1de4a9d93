from django.http import HttpResponse
from django.urls import path

from .models import Book


def count(request):
    return HttpResponse(str(Book.objects.count()))


urlpatterns = [path("count", count)]
