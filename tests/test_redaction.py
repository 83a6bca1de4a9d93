"""Secrets that leave, and ordinary words that stay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trim_telemetry.redaction import SHORTEST, Redactor

ENVIRON = {
    "API_TOKEN": "s3cr3t-value-1",
    "DB_PASSWORD": "pass/word with space",
    "SHORT_SECRET": "abc",
    "SSH_AUTH_SOCK": "/run/agent.sock",
    "GIT_ASKPASS": "/usr/bin/askpass",
    "HOME": "/home/somebody",
}
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it was s3cr3t-value-1.", "it was [redacted:API_TOKEN]."),
        ("is 'pass/word with space' right", "is '[redacted:DB_PASSWORD]' right"),
        ("?p=pass%2Fword%20with%20space&x=1", "?p=[redacted:DB_PASSWORD]&x=1"),
        ("postgres://user:longpassword@db:5432/x", "postgres://user:[redacted:url-credentials]@db:5432/x"),
        ("https://sometoken123@example.org/", "https://[redacted:url-credentials]@example.org/"),
        ("Authorization: Bearer abcdefgh.12", "Authorization: Bearer [redacted:authorization]"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "{'Authorization': 'Basic [redacted:authorization]'}"),
        ("HTTP_AUTHORIZATION='Token 0123456789'", "HTTP_AUTHORIZATION='Token [redacted:authorization]'"),
        (
            'Authorization: Digest username="Mufasa", response="6629fae49393a054", nc=00000001\r\nHost: x',
            "Authorization: Digest [redacted:authorization]\r\nHost: x",
        ),
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=AKID/2025/s3, SignedHeaders=host, Signature=fe5f80f77d5fa3be",
            "Authorization: AWS4-HMAC-SHA256 [redacted:authorization]",
        ),
        (
            "{'Authorization': 'Digest a=\"b\", c=\"defgh\"', 'x': 1}",
            "{'Authorization': 'Digest [redacted:authorization]', 'x': 1}",
        ),
        (
            r'"{\"Authorization\": \"Basic dXNlcjpwYXNz\"}"',
            r'"{\"Authorization\": \"Basic [redacted:authorization]\"}"',
        ),
        ("sent bearer abcdefgh12345", "sent bearer [redacted:authorization]"),
        ("Set-Cookie: sessionid=12345678; Path=/", "Set-Cookie: [redacted:cookie]"),
        ('{"cookie": "a=1; b=2345678"}', '{"cookie": "[redacted:cookie]"}'),
        ('Cookie: a=1; sid="abcdefgh12345"; b=2', "Cookie: [redacted:cookie]"),
        ('Cookie: s="abcdefgh12345"', "Cookie: [redacted:cookie]"),
        (r"{\"Cookie\": \"sid=abcdefgh\"}", r"{\"Cookie\": \"[redacted:cookie]\"}"),
        (r"{\"access_token\": \"0123456789abcdef\"}", r"{\"access_token\": \"[redacted:token]\"}"),
        ("'{''access_token'': ''0123456789abcdef''}'", "'{''access_token'': ''[redacted:token]''}'"),
        (r"password=\"correct horse\"", r"password=\"[redacted:token]\""),
        ("api_key=0123456789abcdef", "api_key=[redacted:token]"),
        ("X-Api-Key: 0123456789", "X-Api-Key: [redacted:token]"),
        ('{"client_secret": "abc def ghi"}', '{"client_secret": "abc def ghi"}'),  # words, not a key
        ('{"client_secret": "abcdefghi"}', '{"client_secret": "[redacted:token]"}'),
        ("password = 'correct horse'", "password = '[redacted:token]'"),
        ("url?access_token=ya29.abcdefg&x=1", "url?access_token=[redacted:token]&x=1"),
        ("ghp_0123456789abcdefghijKLMN", "[redacted:token]"),
        ("key AKIAIOSFODNN7EXAMPLE here", "key [redacted:token] here"),
        ("sk_" + "live_0123456789abcdef", "[redacted:token]"),
        (JWT, "[redacted:token]"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nabc\ndef\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----[redacted:private-key]-----END RSA PRIVATE KEY-----",
        ),
    ],
)
def test_takes_out_what_looks_secret_and_says_what_it_was(text, expected):
    assert Redactor(ENVIRON)(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "abc",  # a secret variable's value, but shorter than eight characters
        "/run/agent.sock and /usr/bin/askpass are places",
        "/home/somebody",
        "postgres://user:short@db/x",
        "xs3cr3t-value-12 is another word",
        "password=short",
        'Authorization: Digest a="b"',
        "Cookie: a=1",
        "token = get_token(request)",  # code in a traceback
        "assert token == other_token",
        "self.assertEqual(token.value, 'x')",
        "login(password=make_password('x'))",
        "SELECT token FROM secrets WHERE id = %s",
        "mail to somebody@example.org, see https://example.org/path@2x",
    ],
)
def test_leaves_ordinary_text_alone(text):
    assert Redactor(ENVIRON)(text) == text


def test_a_secret_that_is_no_unicode_leaves_the_others_to_be_found():
    found = Redactor({"LATIN_PASSWORD": "p\udce4sswort-1", "API_TOKEN": "s3cr3t-value-1"})("is s3cr3t-value-1")
    assert found == "is [redacted:API_TOKEN]"


def test_an_environment_without_secrets_redacts_by_shape_only():
    assert Redactor({})("s3cr3t-value-1 api_key=0123456789") == "s3cr3t-value-1 api_key=[redacted:token]"


@given(st.text("kjwqz012./+ ", min_size=SHORTEST), st.text(" .,;!\n"), st.text(" .,;!\n"))
@settings(max_examples=200, deadline=None)
def test_no_secret_value_survives_between_other_text(secret, before, after):
    assert secret not in Redactor({"MY_TOKEN": secret})(f"{before} {secret} {after}") or not secret.strip(" ./+")


NEARLY = (
    "authorization: a=" * 3_000,
    "authorization: x " + "a=b, " * 8_000,
    'cookie: a="' * 4_000,
    "token\\\\'" * 5_000,
)


@pytest.mark.parametrize(
    "text", ["a" * 40_000, "token" * 8_000, "://" * 13_000, "cookie:" * 6_000, "eyJ" * 13_000, *NEARLY]
)
def test_a_long_hostile_text_is_read_in_passing_time(text):  # a pattern that backtracks would never come back
    Redactor(ENVIRON)(text)
