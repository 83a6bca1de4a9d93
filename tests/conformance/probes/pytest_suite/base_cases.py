"""Tests that others inherit; not collected itself."""


class Inherited:
    def test_inherited(self):
        pass

    def test_overridden(self):
        raise AssertionError("never run")
