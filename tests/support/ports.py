"""Blocks of ports for commands that try one port after another: no two tests get the same one."""

from __future__ import annotations

import itertools
import socket
from functools import cache
from typing import Final

__all__ = ("next_port_block",)

BLOCK_SIZE: Final = 10

# Below the ports that the kernel gives to who asks for any, as most tests do.
_PORTS: Final = range(20_000, 32_000)
_REGION_SIZE: Final = 101
_HOST: Final = "127.0.0.1"
_numbers = itertools.count()


def next_port_block() -> range:
    """Return consecutive ports that nobody listens on, which no other test gets."""
    ports = _own_ports()
    blocks = [ports[start : start + BLOCK_SIZE] for start in range(0, len(ports), BLOCK_SIZE)]
    for _ in blocks:
        block = blocks[next(_numbers) % len(blocks)]
        if all(map(_is_free, block)):
            return block
    raise AssertionError(f"each block of {ports} holds a port that somebody listens on")


@cache
def _own_ports() -> range:
    """Return the ports of this process, whose first one it occupies as long as it lives."""
    for start in range(_PORTS.start, _PORTS.stop - _REGION_SIZE, _REGION_SIZE):
        guard = socket.socket()
        try:
            guard.bind((_HOST, start))
        except OSError:
            guard.close()
            continue
        _guards.append(guard)
        return range(start + 1, start + _REGION_SIZE)
    raise AssertionError(f"no free ports in {_PORTS}")


_guards: list[socket.socket] = []


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
