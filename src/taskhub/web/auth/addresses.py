"""Addresses of who asks: the peer, and behind trusted proxies the client that they name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

__all__ = ("Networks", "is_loopback", "is_loopback_host", "is_same_origin", "read_networks")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[^\s/?#@:\[\]]+)(?::([0-9]{1,5}))?")
_PORTS: Final = {"http": "80", "https": "443"}


@dataclass(frozen=True)
class Networks:
    """Addresses of proxies whose headers are believed."""

    networks: tuple[Network, ...] = ()

    def __contains__(self, address: object) -> bool:
        try:
            found = ipaddress.ip_address(str(address))
        except ValueError:
            return False
        return any(found in network for network in self.networks)

    def client_of(self, connection: HTTPConnection) -> str:
        """Return the client's address: the last in `X-Forwarded-For` that is no trusted proxy's."""
        peer = connection.client.host if connection.client else ""
        if peer not in self:
            return peer
        named = ",".join(connection.headers.getlist("x-forwarded-for")).split(",")
        for address in reversed([part.strip() for part in named]):
            if address and address not in self:
                return address
        return peer

    def scheme_of(self, connection: HTTPConnection) -> str:
        """Return `https` or `http`: that of the client, as a trusted proxy names it."""
        peer = connection.client.host if connection.client else ""
        named = connection.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
        if peer in self and named in ("http", "https"):
            return named
        return connection.url.scheme

    def origin_of(self, connection: HTTPConnection) -> str:
        """Return the origin that the client asked: its scheme, and the `Host` that it sent."""
        return f"{self.scheme_of(connection)}://{connection.headers.get('host', '')}"


def read_networks(addresses: Sequence[str] | str, setting: str) -> Networks:
    """Return networks that are given as addresses, or as networks such as `10.0.0.0/8`.

    Raises:
        ImproperlyConfigured: One is neither.
    """
    given = [addresses] if isinstance(addresses, str) else addresses
    networks: list[Network] = []
    for address in given:
        try:
            networks.append(ipaddress.ip_network(address, strict=False))
        except ValueError:
            raise ImproperlyConfigured(
                f"{setting}: {address!r} is neither an address nor a network such as 10.0.0.0/8"
            ) from None
    return Networks(tuple(networks))


def is_loopback(address: str) -> bool:
    """Whether an address is of this host alone."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_loopback_host(host: str) -> bool:
    """Return whether `Host` names this host; another name may be an attack by DNS rebinding."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def is_same_origin(left: str, right: str) -> bool:
    """Return whether two origins are the same; one that is malformed, or `null`, is like none."""
    found = _read_origin(left)
    return found is not None and found == _read_origin(right)


def _read_origin(origin: str) -> tuple[str, str, str] | None:
    parts = _ORIGIN.fullmatch(origin.lower())
    if parts is None:
        return None
    scheme, host, port = parts.groups()
    return scheme, host, port or _PORTS[scheme]
