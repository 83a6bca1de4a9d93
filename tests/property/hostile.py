"""Input that no test suite should contain, and some does."""

import json

from hypothesis import strategies as st

FRAGMENTS = (
    *(
        "\0",
        "\x1b",
        "\x1b[31m",
        "\x1b[",
        "\x1b]0;",
        "\x07",
        "\x1b\\",
        "\x1bP",
        "\x9b",
        "\x9b1m",
        "\x9d",
        "\x9c",
        "\x90",
    ),
    *("\ud800", "\udfff", "\ud83d\ude00", "\U0001f600", "é", "\u2028", "\x85", "\r\n", "\n", "\t", " ", "a", "31m"),
    *(
        "%",
        "%s",
        "%%",
        "%(reason)s",
        '"',
        "\\",
        "\\u0000",
        "\\ud800",
        "TEST_RESULT:{}",
        '{"id": 1}',
        "NaN",
        "</script>",
    ),
)

# Any characters, lone surrogates among them, and what the cleaner and the encoder could stumble over.
texts = st.one_of(
    st.text(alphabet=st.characters(), max_size=40),
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join),
)
# So long that something has to be cut.
long_texts = st.builds(lambda part, times: part * times, texts, st.sampled_from((1, 50, 2_000)))
# What a clock gives, and what a clock may give that a test has replaced.
measures = st.one_of(
    st.none(),
    st.floats(min_value=0, max_value=1e15),
    st.integers(min_value=0, max_value=10**15),
    st.sampled_from((float("nan"), float("inf"), float("-inf"), 0.0, 5e-324)),
)
counts = st.integers(min_value=0, max_value=10**9)


def strictly(line):
    """A line as the strictest reader takes it back: no NaN, no key twice, no lone surrogate, no NUL, no ESC."""
    assert line.isascii()
    assert "\n" not in line

    def no_constant(name):
        raise AssertionError(f"{name} in a record")

    def no_double(pairs):
        assert len(dict(pairs)) == len(pairs), "a key came twice"
        return dict(pairs)

    content = json.loads(line, parse_constant=no_constant, object_pairs_hook=no_double)
    for text in _texts_in(content):
        text.encode("utf-8")  # raises where a lone surrogate is left
        assert "\0" not in text
        assert "\x1b" not in text
    return content


def _texts_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts_in(part)
