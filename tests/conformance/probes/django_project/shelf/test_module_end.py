from django.test import SimpleTestCase


def tearDownModule():
    raise OSError("in tearDownModule")


class Fine(SimpleTestCase):
    def test_passes(self):
        pass
