"""Which hosts are addresses, which are this machine, which are names: however they are spelled."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry import addresses

LOOPBACK = """
    127.0.0.1 127.1 127.0.1 127.255.255.254 0x7f000001 0x7F.1 2130706433 0177.0.0.1 017700000001 0x7f.0x0.0x0.0x1
    0.0.0.0 0 0x0 ::1 :: 0:0:0:0:0:0:0:1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:0.0.0.0 ::1%lo
"""
OTHERS = """
    8.8.8.8 134744072 0x08080808 010.010.010.010 10.0.0.1 169.254.169.254 192.168.0.1 128.0.0.1 1.0.0.127 0.0.0.1
    ::2 2001:db8::1 fe80::1%lo ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 255.255.255.255 <broadcast> 224.0.0.1
"""
NAMES = """
    example.com localhost 127.0.0.1.example.com 127.0.0.0x 1.2.3.4.5 127.0.0.256 08.0.0.1 0x 127..1 1. 127.0.0.1.
    127.0.0.1x 1_0.0.0.1 \uff11\uff12\uff17.0.0.1 -1 +1 :::: [::1] ::1] 127.0.0.1:80 4294967296 a:b
"""


@pytest.mark.parametrize("host", ["", *LOOPBACK.split()])
def test_this_machine_is_known_in_every_spelling(host):
    assert addresses.is_this_machine(addresses.parse(host))


@pytest.mark.parametrize("host", OTHERS.split())
def test_other_machines_are_known_in_every_spelling(host):
    assert not addresses.is_this_machine(addresses.parse(host))


@pytest.mark.parametrize("host", [*NAMES.split(), "127.0.0.1 x", " 127.0.0.1", "127.0.0.1\n"])
def test_what_is_no_address_is_a_name(host):
    assert addresses.parse(host) is None


@given(st.lists(st.integers(0, 2**32), min_size=1, max_size=4), st.data())
def test_ipv4_is_read_as_c_reads_it(numbers, data):
    spelled = ".".join(data.draw(st.sampled_from(["%d", "0x%x", "0%o"])) % number for number in numbers)
    try:
        expected = socket.inet_aton(spelled)
    except OSError:
        expected = None
    assert addresses.parse(spelled) == expected


@given(st.ip_addresses())
def test_addresses_as_they_are_usually_written(address):
    mapped = getattr(address, "ipv4_mapped", None)
    found = addresses.parse(str(address))
    assert found == (mapped or address).packed
    assert ipaddress.ip_address(addresses.shown(found)) == (mapped or address)
    if address.is_loopback:
        assert addresses.is_this_machine(found)


@given(st.text(max_size=40))
def test_any_text_is_read(text):
    found = addresses.parse(text)
    assert found is None or len(found) in (4, 16)
    name = addresses.name_of(text)
    assert addresses.name_of(name) == name or name.endswith(".")


class Liar(str):
    """Says that it is this machine."""

    def __str__(self):
        return "127.0.0.1"

    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash("127.0.0.1")


@pytest.mark.parametrize(
    "value, host",
    [
        ("a", "a"),
        (b"a", "a"),
        (bytearray(b"a"), "a"),
        (b"\xff", "\xff"),
        (Liar("8.8.8.8"), "8.8.8.8"),
        (None, None),
        (1, None),
    ],
)
def test_host_is_what_c_reads(value, host):
    found = addresses.host_of(value)
    assert found == host
    assert type(found) in (str, type(None))


@pytest.mark.parametrize(
    "host, name",
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("b\xfccher.example", "xn--bcher-kva.example"),
        ("\uff11\uff12\uff17.0.0.1", "127.0.0.1"),
        ("\xad", "\xad"),
    ],
)
def test_names_have_one_spelling(host, name):
    assert addresses.name_of(host) == name


@pytest.mark.parametrize(
    "name, expected",
    [("localhost", True), ("app.localhost", True), ("localhost.example.com", False), ("notlocalhost", False)],
)
def test_local_names(name, expected):
    assert addresses.is_local_name(name) is expected


@pytest.mark.parametrize(
    "host, expected",
    [
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.31.255.255", True),
        ("192.168.1.1", True),
        ("fd00::1", True),
        ("::ffff:10.0.0.1", True),
        ("172.32.0.1", False),
        ("169.254.169.254", False),
        ("fe80::1", False),
        ("8.8.8.8", False),
    ],
)
def test_private_networks(host, expected):
    assert addresses.is_private(addresses.parse(host)) is expected


@pytest.mark.parametrize(
    "host, expected", [("10.0.0.1", True), ("2001:db8::1", True), ("224.0.0.1", False), ("<broadcast>", False)]
)
def test_unicast(host, expected):
    assert addresses.is_unicast(addresses.parse(host)) is expected
