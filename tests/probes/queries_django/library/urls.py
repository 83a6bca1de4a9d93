"""The pages."""

from django.urls import path
from library import views

urlpatterns = [path("", views.count), path("books", views.books), path("together", views.together)]
