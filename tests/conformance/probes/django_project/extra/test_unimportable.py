"""In a folder that is no package: discovery by path alone finds it."""

from django.test import SimpleTestCase


class Outside(SimpleTestCase):
    def test_one(self):
        pass
