"""Names of hosts → addresses on the public network, so that no template reaches what only this machine can."""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # an IPv4 address inside an IPv6 one, RFC 6052 §2.1


class PublicAddresses(AbstractResolver):
    """A resolver that gives internal addresses for declared names only. The connection uses what it gives."""

    def __init__(self, names: AbstractResolver, private: frozenset[str]) -> None:
        self._names = names
        self._private = private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host that may be asked. Raises OSError where there are none."""
        found = await self._names.resolve(host, port, family)
        if host.lower() in self._private:
            return found
        public = [each for each in found if is_public(each["host"])]
        if not public:
            raise OSError("the name leads to internal addresses only")
        return public

    async def close(self) -> None:
        await self._names.close()


def is_public(address: str) -> bool:
    """Whether an address belongs to a machine that everybody can reach."""
    try:
        found = _inner(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, else the address itself."""
    if not isinstance(address, IPv6Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address
