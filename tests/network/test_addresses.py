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
_EMBEDDING = ("::ffff:0:0/96", "64:ff9b::/96")
"""Blocks whose addresses contain an IPv4 address, which decides."""
_KNOWN_TO_PYTHON = [
    *ipaddress._IPv4Constants._private_networks,  # type: ignore[attr-defined]
    *ipaddress._IPv6Constants._private_networks,  # type: ignore[attr-defined]
]


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
    "address",
    [
        *("::ffff:10.0.0.1", "::ffff:192.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254"),
        *("2002:a00:1::", "2002:c0a8:101::1", "2001:0:0:0:0:0:f5ff:fffe"),
    ],
)
def test_a_private_address_inside_another_is_private(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["2002:101:101::1", "2001:0:101:101::fefe:fefe"])
def test_a_deprecated_tunnel_is_private_whichever_address_is_inside(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("block", [str(block) for block in _KNOWN_TO_PYTHON])
def test_a_block_that_this_version_of_python_knows_is_private_and_in_the_copy_of_the_registries(block: str) -> None:
    assert block in _EMBEDDING or not any(is_public(address) for address in _edges(block))
    network = ipaddress.ip_network(block)
    rows = [ipaddress.ip_network(row["block"]) for row in _ROWS]
    assert any(network.subnet_of(row) for row in rows if row.version == network.version)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["::ffff:1.1.1.1", "64:ff9b::1.1.1.1"])
def test_a_public_address_that_is_mapped_or_translated_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["::7f00:1", "200::1", "4000::1", "fec0::1", "e000::1"])
def test_ipv6_addresses_outside_of_global_unicast_are_private(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "223.255.255.254", "2606:4700::1111", "2a00:1450::1", "3ffe::1"])
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
