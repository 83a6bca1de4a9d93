def double(number):
    """Return twice the number.

    >>> double(2)
    4
    """
    return 2 * number


def wrong(number):
    """
    >>> wrong(2)
    5
    """
    return number
