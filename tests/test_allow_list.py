"""What an allow-list admits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry.addresses import name_of, parse
from trim_telemetry.allow_list import AllowList


def admits(allowed, host, port=80):
    address = parse(host)
    return allowed.admits_name(name_of(host), port) if address is None else allowed.admits_address(address, port)


@pytest.mark.parametrize(
    "entry, admitted, refused",
    [
        ("api.example.com", ["api.example.com", "API.Example.com."], ["example.com", "x.api.example.com", "1.2.3.4"]),
        ("*.example.com", ["a.example.com", "a.b.example.com"], ["example.com", "evilexample.com", "example.com.evil"]),
        ("10.0.0.5", ["10.0.0.5", "167772165", "::ffff:10.0.0.5"], ["10.0.0.6", "10.0.0.5.example.com"]),
        ("10.0.0.0/24", ["10.0.0.0", "10.0.0.255", "0x0a000001"], ["10.0.1.0", "::a00:1"]),
        ("10.0.0.7/24", ["10.0.0.9"], ["10.0.1.9"]),
        ("2001:db8::/32", ["2001:db8:ffff::1"], ["2001:db9::1", "1.2.3.4"]),
        ("2001:db8::1", ["2001:DB8:0::1"], ["2001:db8::2"]),
        ("[2001:db8::1]", ["2001:db8::1"], ["2001:db8::2"]),
        ("0.0.0.0/0", ["8.8.8.8"], ["2001:db8::1", "example.com"]),
        ("db", ["db", "DB"], ["db.example.com", "dbx"]),
        ("private", ["db", "10.1.1.1", "fd00::1"], ["example.com", "8.8.8.8", "169.254.169.254", "fe80::1"]),
        ("*", ["example.com", "8.8.8.8", "2001:db8::1", "db"], []),
        ("b\xfccher.example", ["b\xfccher.example", "xn--bcher-kva.example"], ["bucher.example"]),
    ],
)
def test_entry_admits_what_it_names(entry, admitted, refused):
    allowed = AllowList([entry])
    assert [host for host in admitted if not admits(allowed, host)] == []
    assert [host for host in refused if admits(allowed, host)] == []


@pytest.mark.parametrize(
    "entry", ["db:80", "10.0.0.5:80", "[2001:db8::1]:80", "*.example.com:80", "10.0.0.0/8:80", "*:80"]
)
def test_entry_with_a_port_admits_that_port_alone(entry):
    host = {"*.": "a.example.com", "*:": "x", "db": "db", "[2": "2001:db8::1", "10": "10.0.0.5"}[entry[:2]]
    allowed = AllowList([entry])
    assert admits(allowed, host, 80)
    assert admits(allowed, host, None)  # gethostbyname asks for no port
    assert not admits(allowed, host, 81)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "https://example.com",
        "a b",
        "db:",
        "db:0",
        "db:65536",
        "db:http",
        "10.0.0.0/33",
        "10.0.0.0/",
        "example.com/8",
        *("[::1", "[::1]80", "*.", "*.*", "a*", "db:\u0661", "/run/x.sock", "::1/129", "a,b", "user@db"),
    ],
)
def test_entry_that_names_nothing_is_refused(entry):
    with pytest.raises(ValueError):
        AllowList([entry])


def test_name_admits_the_addresses_that_it_was_resolved_to():
    allowed = AllowList(["db:5432", "*.example.com"])
    address = parse("203.0.113.5")
    allowed.resolved("other", address)
    assert not allowed.admits_address(address, 5432)
    allowed.resolved("db", address)
    assert allowed.admits_address(address, 5432)
    assert not allowed.admits_address(address, 80)
    allowed.resolved("a.example.com", address)
    assert allowed.admits_address(address, 80)


def test_private_name_admits_the_addresses_that_it_was_resolved_to():
    allowed = AllowList(["private"])
    allowed.resolved("db", parse("203.0.113.5"))
    allowed.resolved("db.example.com", parse("203.0.113.6"))
    assert allowed.admits_address(parse("203.0.113.5"), 1)
    assert not allowed.admits_address(parse("203.0.113.6"), 1)


@given(st.ip_addresses(v=4), st.integers(0, 32), st.ip_addresses(v=4))
def test_networks_are_those_of_ipaddress(base, length, other):
    import ipaddress

    network = ipaddress.ip_network((int(base), length), strict=False)
    assert admits(AllowList([f"{base}/{length}"]), str(other)) is (other in network)


@given(st.text(max_size=30))
def test_any_text_is_an_entry_or_is_refused(text):
    try:
        allowed = AllowList([text])
    except ValueError:
        return
    assert allowed.admits_name("example.com", 80) in (True, False)
