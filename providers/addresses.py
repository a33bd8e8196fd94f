"""Which addresses are out on the public internet, and which lead back inside.

The tables are our own: what ``ipaddress`` calls global has changed between releases of
Python, and a guard must not.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_NEVER_4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8",  # "this host": Linux connects it to loopback
        "169.254.0.0/16",  # link-local: where clouds keep their metadata (RFC 3927)
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
"""What no calendar server has."""
_INSIDE_4 = tuple(
    IPv4Network(one)
    for one in (
        "10.0.0.0/8",  # RFC 1918
        "100.64.0.0/10",  # shared by carriers (RFC 6598)
        "127.0.0.0/8",  # loopback
        "172.16.0.0/12",  # RFC 1918
        "192.0.0.0/24",  # IETF protocols (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # the relays that 6to4 had (RFC 7526)
        "192.168.0.0/16",  # RFC 1918
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")  # all that is given out as global unicast (RFC 4291)
_INSIDE_6 = tuple(
    IPv6Network(one)
    for one in (
        "2001::/23",  # IETF protocols: Teredo hides an IPv4 address in there (RFC 4380)
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 carries an IPv4 address past any list of those (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_NEVER_6 = tuple(
    IPv6Network(one)
    for one in (
        "::/128",  # "this host"
        "fe80::/10",  # link-local
        "ff00::/8",  # multicast
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; the local one of RFC 8215 is not public
_MAPPED = IPv6Network("::ffff:0:0/96")  # RFC 4291, 2.5.5.2
_HIDING = (_NAT64, _MAPPED)
"""Where an IPv4 address is spelt as an IPv6 address, and means itself."""


def read(text: str) -> Address:
    """Return the address that *text* spells, in its IPv4 form if it hides one.

    :raises ValueError: if it spells none.
    """
    address = ip_address(text)
    if isinstance(address, IPv6Address) and not address.scope_id and any(address in one for one in _HIDING):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def public(address: Address) -> bool:
    """Tell whether *address*, as ``read`` returns it, is one of the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in one for one in (*_NEVER_4, *_INSIDE_4))
    if address.scope_id:  # a zone names one of our own network cards
        return False
    return address in _PUBLIC_6 and not any(address in one for one in _INSIDE_6)


def permissible(address: Address) -> bool:
    """Tell whether a server may stand at *address* if IT says so: within a network of the school."""
    if isinstance(address, IPv4Address):
        return not any(address in one for one in _NEVER_4)
    return not address.scope_id and not any(address in one for one in _NEVER_6)
