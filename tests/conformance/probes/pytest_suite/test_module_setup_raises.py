def setup_module():
    raise LookupError("setup_module")


def test_one():
    pass
