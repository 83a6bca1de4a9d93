"""Can't be compiled."""

def test_(
