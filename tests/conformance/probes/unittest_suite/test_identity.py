"""Where tests stand: inherited, decorated, patched, in classes inside of functions and classes."""

import functools
import unittest
from unittest import mock

import base_cases


class Child(base_cases.Base):
    value = 1


class OtherChild(base_cases.Base):
    value = 2


class WithMixin(base_cases.Shared, unittest.TestCase):
    pass


class Parent(unittest.TestCase):
    def test_inherited_in_this_file(self):
        pass


class SameFile(Parent):
    pass


def plain(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


def parametrized(value):
    return plain


class Decorated(unittest.TestCase):
    @plain
    def test_once(self):
        pass

    @plain
    @parametrized(
        "on lines"
        "of its own"
    )
    # a comment in between
    def test_twice(self):
        pass

    @mock.patch("os.getcwd")
    @mock.patch.object(base_cases.Base, "value", 3, create=True)
    def test_patched(self, getcwd):
        pass

    @unittest.skip("decorated")
    def test_skipped(self):
        pass


@mock.patch("os.getcwd")
class PatchedClass(unittest.TestCase):
    def test_patched(self, getcwd):
        pass


class Outer:
    class Inner(unittest.TestCase):
        def test_nested(self):
            pass


def make():
    class Local(unittest.TestCase):
        def test_local(self):
            pass

    return Local


def add_method(number):
    def test(self):
        self.assertTrue(number)

    setattr(Generated, f"test_number_{number}", test)


class Generated(unittest.TestCase):
    pass


add_method(0)
add_method(1)


class Tagged(unittest.TestCase):
    tags = {"slow", "db"}

    def test_tagged(self):
        pass

    test_tagged.tags = {"net"}


class StrangeId(unittest.TestCase):
    def id(self):
        return 7

    def test_strange(self):
        pass


def load_tests(loader, tests, pattern):
    tests.addTests(loader.loadTestsFromTestCase(kind) for kind in (Outer.Inner, make()))
    return tests
