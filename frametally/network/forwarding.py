"""Whether a request comes from this machine itself: its peer address, and the headers that proxies add."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import Final

_HEADERS: Final = frozenset(
    {
        *("forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-original-host"),
        *("x-original-forwarded-for", "x-envoy-external-address", "x-scheme", "true-client-ip", "cf-connecting-ip"),
        *("cf-ray", "fly-client-ip", "fastly-client-ip", "x-azure-clientip", "x-appengine-user-ip"),
        *("x-amzn-trace-id", "x-cloud-trace-context"),
    }
)
_PREFIX: Final = "x-forwarded"


def is_forwarded(header_names: Iterable[str]) -> bool:
    """Whether one of these headers is that of a proxy."""
    return any(name in _HEADERS or name.startswith(_PREFIX) for name in map(str.lower, header_names))


def is_loopback(address: str) -> bool:
    """Whether this is a loopback address, of IPv4 also in the form of IPv6; False for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def is_loopback_name(name: str) -> bool:
    """Whether a host name, in lower case, is one of this machine."""
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)
