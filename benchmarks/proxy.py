"""A TCP proxy that delivers every byte a fixed time later, both ways, as a network does.

    python -m benchmarks.proxy --target 127.0.0.1:6379 --delay-ms 1

Prints the port that it listens on, and when its standard input is closed, what it carried and how
much processor time that took since the first connection. Bandwidth is not limited. As the delay is
the same for all, one queue in order of arrival is in order of delivery, too; and `select` is used
because its timeout is exact to microseconds, where `epoll`'s is rounded up to milliseconds.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import time
from collections import deque

CHUNK = 1 << 18  # bytes read at once


class Proxy:
    """Pairs of sockets and the bytes under way between them."""

    def __init__(self, target: tuple[str, int], delay: float) -> None:
        self.target = target
        self.delay = delay
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.peer: dict[socket.socket, socket.socket] = {}
        self.carried = 0
        self.first: tuple[float, float] | None = None  # time and processor time
        self.under_way: deque[tuple[float, socket.socket, bytes]] = deque()

    def run(self) -> None:
        """Serve until standard input is closed."""
        while True:
            wait = max(0.0, self.under_way[0][0] - time.monotonic()) if self.under_way else None
            readable, _, _ = select.select([sys.stdin, self.listener, *self.peer], [], [], wait)
            now = time.monotonic()
            for source in readable:
                if source is self.listener:
                    self.accept()
                elif isinstance(source, socket.socket):
                    self.receive(source, now + self.delay)
                else:
                    return
            self.deliver()

    def accept(self) -> None:
        """Pair a new connection with one to the target."""
        self.first = self.first or (time.monotonic(), time.process_time())
        near, _ = self.listener.accept()
        far = socket.create_connection(self.target)
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer[near], self.peer[far] = far, near

    def receive(self, source: socket.socket, due: float) -> None:
        """Read what has arrived; no bytes: this side closed, which is delivered late, too."""
        target = self.peer.get(source)
        if target is None:  # closed by a delivery in this same turn
            return
        try:
            data = source.recv(CHUNK)
        except ConnectionError:
            data = b""
        if not data:
            del self.peer[source]
        self.carried += len(data)
        self.under_way.append((due, target, data))

    def facts(self) -> dict[str, float]:
        """Return the bytes carried and the share of a core used since the first connection."""
        if self.first is None:
            return {"bytes": 0, "cpu": 0.0}
        seconds, used = self.first
        cpu = (time.process_time() - used) / (time.monotonic() - seconds)
        return {"bytes": self.carried, "cpu": cpu}

    def deliver(self) -> None:
        """Send everything that is due; a blocking send is short, as both ends are on this host."""
        while self.under_way and self.under_way[0][0] <= time.monotonic():
            _, target, data = self.under_way.popleft()
            try:
                if data:
                    target.sendall(data)
                else:
                    target.shutdown(socket.SHUT_WR)
            except OSError:
                self.peer.pop(target, None)


def main() -> None:
    """Parse the arguments, print the port, serve, print what was carried."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.proxy", description="A TCP proxy that adds latency."
    )
    parser.add_argument("--target", required=True, help="HOST:PORT to connect to")
    parser.add_argument("--delay-ms", type=float, default=1.0, help="added each way (default: 1)")
    arguments = parser.parse_args()
    host, _, port = arguments.target.rpartition(":")
    proxy = Proxy((host, int(port)), arguments.delay_ms / 1000)
    print(proxy.listener.getsockname()[1], flush=True)
    proxy.run()
    print(json.dumps(proxy.facts()), flush=True)


if __name__ == "__main__":
    main()
