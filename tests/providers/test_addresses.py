"""Which addresses lead inside: every range by its first and last, and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from providers.addresses import permissible, public, read

INSIDE = [
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("::1", "::1"),
    ("::2", "::fffe:ffff:ffff"),
    ("::ffff:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("64:ff9b::1:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("::ffff:10.0.0.0", "::ffff:10.255.255.255"),
    ("::ffff:7f00:0", "::ffff:7fff:ffff"),
    ("64:ff9b::a00:0", "64:ff9b::aff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("4000::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
]
NEVER = [
    ("0.0.0.0", "0.255.255.255"),  # noqa: S104 - nothing is bound
    ("169.254.0.0", "169.254.255.255"),
    ("224.0.0.0", "239.255.255.255"),
    ("240.0.0.0", "255.255.255.255"),
    ("::", "::"),
    ("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fe80::1%lo", "2600::1%eth0"),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
]
OUTSIDE = [
    "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255",
    "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::808:808",
    "2001:200::", "2001:db7:ffff::", "2001:db9::", "2003::", "2600::", "2a00::1", "3ffe::", "3fff:1000::",
]  # fmt: skip


def ends(ranges: Iterable[tuple[str, str]]) -> list[str]:
    return sorted({one for pair in ranges for one in pair})


@pytest.mark.parametrize("one", ends(INSIDE))
def test_what_leads_inside_is_not_public_and_a_school_may_list_it(one: str) -> None:
    assert not public(read(one))
    assert permissible(read(one))


@pytest.mark.parametrize("one", ends(NEVER))
def test_where_no_server_stands_nobody_is_sent(one: str) -> None:
    assert not public(read(one))
    assert not permissible(read(one))


@pytest.mark.parametrize("one", OUTSIDE)
def test_the_rest_is_the_internet(one: str) -> None:
    assert public(read(one))
    assert permissible(read(one))


@pytest.mark.parametrize(
    "one", ["", "127.1", "0x7f.1", "2130706433", "017700000001", "1.2.3.4/8", "h", "[::1]"]
)
def test_what_is_no_address_is_not_read_as_one(one: str) -> None:
    with pytest.raises(ValueError, match="not appear"):
        read(one)
