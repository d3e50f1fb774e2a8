"""Which addresses a template may reach through a name."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from livemerge.fetch.addresses import PublicAddresses, is_public


class Names(AbstractResolver):
    """A name server of the test's own."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self.addresses
        ]

    async def close(self) -> None:
        """Nothing to give back."""


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_addresses_of_the_public_network_are_public(address: str) -> None:
    assert is_public(address)


INTERNAL = """
    127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 0.0.0.0 100.64.0.1 224.0.0.1 255.255.255.255
    ::1 :: fe80::1 fe80::1%eth0 fc00::1 ff02::1
    ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: 2001:0:53aa:64c:0:0:80ff:fffe
    no-address
"""


@pytest.mark.parametrize("address", [*INTERNAL.split(), ""])
def test_internal_addresses_are_not(address: str) -> None:
    assert not is_public(address)


async def test_a_name_with_a_public_and_an_internal_address_gives_the_public_one() -> None:
    found = await PublicAddresses(Names("10.0.0.1", "93.184.216.34"), frozenset()).resolve("api.example", 443)
    assert [each["host"] for each in found] == ["93.184.216.34"]


async def test_a_name_that_leads_inside_is_not_found() -> None:
    with pytest.raises(OSError, match="internal"):
        await PublicAddresses(Names("169.254.169.254"), frozenset()).resolve("api.example", 443)


async def test_a_declared_name_may_lead_inside() -> None:
    found = await PublicAddresses(Names("10.0.0.1"), frozenset({"crm.internal"})).resolve("CRM.internal", 80)
    assert [each["host"] for each in found] == ["10.0.0.1"]
