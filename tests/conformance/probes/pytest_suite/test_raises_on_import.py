def fill():
    return {}["missing"]


fill()


def test_never_seen():
    pass
