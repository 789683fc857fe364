"""IP addresses: resolve names, and distinguish public from private addresses."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order to try them.

    Raises:
        OSError, UnicodeError: the name does not resolve.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(endpoint[0]) for *_, endpoint in found))


def is_public(address: IPAddress) -> bool:
    """Whether an address is on the public internet; an IPv6 address that embeds an IPv4 address counts as that one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def is_public_text(address: str) -> bool:
    """The same for an address as text, with or without an IPv6 zone."""
    return is_public(ipaddress.ip_address(address.partition("%")[0]))


def is_loopback(host: str | None) -> bool:
    """Whether a host is `localhost` or a loopback address."""
    try:
        return (host or "").lower() == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
