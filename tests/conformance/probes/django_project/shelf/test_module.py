from django.test import SimpleTestCase


def setUpModule():
    raise OSError("in setUpModule")


class Never(SimpleTestCase):
    def test_never(self):
        raise AssertionError


class NeverEither(SimpleTestCase):
    def test_never(self):
        raise AssertionError
