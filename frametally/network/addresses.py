"""IP addresses: resolve names, and distinguish public from private addresses."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""The only part of IPv6 that is allocated for ordinary addresses."""
_SPECIAL_PURPOSE: Final = (
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays
    ipaddress.IPv6Network("2001::/23"),  # protocol assignments, Teredo included
    ipaddress.IPv6Network("2002::/16"),  # 6to4, deprecated: what relays it is unknown
    ipaddress.IPv6Network("3fff::/20"),  # documentation
)
"""Blocks of the IANA registries that are not globally reachable, or may not be; `is_global` of Python misses some."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order to try them.

    Raises:
        OSError, UnicodeError: the name does not resolve.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(endpoint[0]) for *_, endpoint in found))


def is_public(address: IPAddress) -> bool:
    """Whether an address is on the public internet; one that embeds an IPv4 address counts as that one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not any(address in block for block in _SPECIAL_PURPOSE)


def is_public_text(address: str) -> bool:
    """The same for an address as text, with or without an IPv6 zone."""
    return is_public(ipaddress.ip_address(address.partition("%")[0]))


def is_loopback(host: str | None) -> bool:
    """Whether a host is `localhost` or a loopback address."""
    try:
        return (host or "").lower() == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
