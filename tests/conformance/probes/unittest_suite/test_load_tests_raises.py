"""Its load_tests raises."""


def load_tests(loader, tests, pattern):
    raise ValueError("no suite")
