"""Where a request comes from, as limits count it: a keyed hash of its network, never an address."""

from __future__ import annotations

import ipaddress

from complaints.base.ids import keyed_hash
from complaints.web.frame import client_address, installation

_V4, _V6 = 24, 64


def source() -> str:
    """The keyed hash of the caller's /24 or /64."""
    return keyed_hash(installation().keys.lookup, "source", network(client_address()))


def network(address: str) -> str:
    """The network of an address; a mapped IPv4 address counts as IPv4."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    length = _V4 if found.version == 4 else _V6  # noqa: PLR2004 - the version's own number
    return str(ipaddress.ip_network(f"{found}/{length}", strict=False))
