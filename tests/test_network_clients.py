"""Where clients written in C are about to go, read from what they are given."""

import pytest

from trim_telemetry.analysis.network_stats import mask_url
from trim_telemetry.guard.clients import place_of_target, place_of_url


@pytest.mark.parametrize(
    "url, place",
    [
        ("https://example.com/a?b", ("example.com", 443)),
        ("http://user:secret@example.com:8080#x", ("example.com", "8080")),
        (b"http://[2001:db8::1]:8080/", ("2001:db8::1", "8080")),
        ("http://[::1]", ("::1", 80)),
        ("example.com", ("example.com", 80)),
        ("file:///etc/hosts", (None, None)),
        (None, (None, None)),
    ],
)
def test_url(url, place):
    assert place_of_url(url) == place


@pytest.mark.parametrize(
    "target, place",
    [
        ("example.com:443", ("example.com", "443")),
        (b"dns:///example.com:443", ("example.com", "443")),
        ("dns://8.8.8.8/example.com", ("example.com", None)),
        ("ipv4:192.0.2.1:50051", ("192.0.2.1", "50051")),
        ("ipv6:[2001:db8::1]:50051", ("2001:db8::1", "50051")),
        ("unix:/run/x.sock", (None, None)),
        ("localhost:1,example.com:2", ("localhost", "1")),
    ],
)
def test_grpc_target(target, place):
    assert place_of_target(target) == place


@pytest.mark.parametrize(
    "url, masked",
    [
        ("https://example.com/a", "https://example.com/a"),
        (
            "https://user:secret@example.com/a@b?key=1&flag&empty=#part",
            "https://***@example.com/a@b?key=***&***&empty=#***",
        ),
        ("https://example.com/?", "https://example.com/?"),
        ("/path?token=x", "/path?token=***"),
    ],
)
def test_credentials_and_values_are_masked(url, masked):
    assert mask_url(url) == masked
