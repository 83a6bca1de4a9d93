"""A doctest in a text file."""

import doctest


def load_tests(loader, tests, pattern):
    tests.addTests(doctest.DocFileSuite("documented.txt"))
    return tests
