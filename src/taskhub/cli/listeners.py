"""Listening sockets of the dashboard."""

from __future__ import annotations

import errno
import socket

__all__ = ("listen", "listen_on_next_free", "listener_url")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        OSError: The address cannot be used.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def listen_on_next_free(host: str, ports: range) -> socket.socket:
    """Return a socket that listens on the first port of a range that nobody else uses.

    Raises:
        OSError: All are in use, or the address cannot be used.
    """
    for port in ports:
        try:
            return listen(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"the ports {ports[0]} to {ports[-1]} of {host} are all in use")


def listener_url(listener: socket.socket, scheme: str = "http") -> str:
    """Return the URL of what listens, without a path."""
    address, port = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    return f"{scheme}://{shown}:{port}"
