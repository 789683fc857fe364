"""Public and private addresses, compared with the registries of special-purpose addresses.

`special_purpose_addresses.csv` has the rows of both IANA registries (iana-ipv4-special-registry and
iana-ipv6-special-registry, as of October 2025): block, name, and whether it is globally reachable.
"""

from __future__ import annotations

import csv
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest

from frametally.network.addresses import IPAddress, is_public

_ROWS = list(csv.DictReader((Path(__file__).parent / "special_purpose_addresses.csv").read_text().splitlines()))
_EMBEDDING = ("::ffff:0:0/96", "2001::/32", "2002::/16")
"""Blocks whose addresses contain an IPv4 address, which decides."""


def _special(*reachable: str) -> list[str]:
    rows = [row["block"] for row in _ROWS if row["globally_reachable"] in reachable]
    return [block for block in rows if block not in _EMBEDDING]


def _edges(block: str) -> Iterator[IPAddress]:
    network = ipaddress.ip_network(block)
    yield from (network[0], network[network.num_addresses // 2], network[-1])


@pytest.mark.parametrize("block", _special("False", "N/A"))
def test_a_special_purpose_block_that_is_not_globally_reachable_is_private(block: str) -> None:
    exceptions = [ipaddress.ip_network(inner) for inner in _special("True")]
    for address in _edges(block):
        if not any(address in inner for inner in exceptions if inner.version == address.version):
            assert not is_public(address), address


@pytest.mark.parametrize(
    "address", ["::ffff:10.0.0.1", "::ffff:192.0.0.1", "2002:a00:1::", "2002:c0a8:101::1", "2001:0:0:0:0:0:f5ff:fffe"]
)
def test_a_private_address_inside_another_is_private(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["::7f00:1", "200::1", "4000::1", "fec0::1", "e000::1"])
def test_ipv6_addresses_outside_of_global_unicast_are_private(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "223.255.255.254", "2606:4700::1111", "2a00:1450::1", "3ffe::1"])
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
