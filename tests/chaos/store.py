"""The store of a run, as fleet, saboteur and audit see it; here on Valkey, in `postgres_store` on PostgreSQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from taskhub.engine.redis.scripts import script
from tests.chaos import ledger
from tests.chaos.ledger import MARK, Write
from tests.support.servers import start_valkey

NAMESPACE: Final = "chaos"
#: Who workers and caller are to the store: their rights are taken away at times.
USER, PASSWORD = "app", "secret"
#: Results beyond this are refused, bytes.
LARGEST: Final = 1 << 20


class Refuser(ABC):
    """Lets a store refuse."""

    @abstractmethod
    def refuse(self, kind: str, target: float, lasts: float) -> bool:
        """Refuse something for a while, and nothing in the end; False: there was nothing to refuse."""

    @abstractmethod
    def close(self) -> None:
        """Free what it holds."""


class Store(ABC):
    """A server that keeps what it has acknowledged, and a record of its own of all writes."""

    #: Where it listens.
    port: int
    #: Where its administrator reaches it.
    url: str

    @abstractmethod
    def url_through(self, port: int) -> str:
        """Return where workers and the caller reach it through a proxy on this port."""

    @abstractmethod
    def start(self) -> None:
        """Start it with the data that is there, and wait until it serves."""

    @abstractmethod
    def kill(self) -> None:
        """End it without notice."""

    @abstractmethod
    def pause(self) -> None:
        """Let it stand still."""

    @abstractmethod
    def resume(self) -> None:
        """Let it go on after `pause`."""

    @abstractmethod
    def make_refuser(self) -> Refuser:
        """Return what lets it refuse."""

    @abstractmethod
    def is_call(self, verb: str) -> Callable[[bytes], bool]:
        """Return what tells the requests of a verb of the engine ("commit", "enqueue") from others."""

    @abstractmethod
    def set_mark(self, name: str) -> None:
        """Write a mark between what was written before and what is written later."""

    @abstractmethod
    def left_over(self, needed: Iterable[str], *, refuses: bool) -> Iterator[str]:
        """Yield what is still stored though nothing runs.

        Args:
            needed: Chords whose results messages of failed tasks need.
            refuses: Whether commands were refused: then there are dead letters, and a chord that is
                complete may be left to expire.
        """

    @abstractmethod
    def writes(self) -> list[Write]:
        """Return all that it has written by now, in order."""

    @abstractmethod
    def close(self) -> None:
        """End it, and all that belongs to it."""


class ValkeyStore(Store):
    """Valkey, with an append-only file that is never rewritten."""

    def __init__(self, directory: Path) -> None:
        arguments = (
            *("--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"),
            *("--user", USER, "on", f">{PASSWORD}", "+@all", "allkeys", "allchannels"),
            *("--proto-max-bulk-len", str(LARGEST)),
        )
        self.server = start_valkey(directory, args=arguments)
        self.port, self.url = self.server.port, self.server.url

    def url_through(self, port: int) -> str:
        return f"redis://{USER}:{PASSWORD}@127.0.0.1:{port}/0"

    def start(self) -> None:
        self.server.start()

    def kill(self) -> None:
        self.server.kill()

    def pause(self) -> None:
        self.server.pause()

    def resume(self) -> None:
        self.server.resume()

    def make_refuser(self) -> Refuser:
        from tests.chaos.refuser import ValkeyRefuser

        return ValkeyRefuser(self.url)

    def is_call(self, verb: str) -> Callable[[bytes], bool]:
        sha = script(verb).sha.encode()
        return lambda request: sha in request

    def set_mark(self, name: str) -> None:
        with self._client() as client:
            client.set(f"{MARK}{name}", "1")

    def left_over(self, needed: Iterable[str], *, refuses: bool) -> Iterator[str]:
        prefix = f"{{{NAMESPACE}}}:"
        kinds = ["messages", "delayed", "deliveries", "claims:*", "queue:*"]
        if not refuses:
            kinds.append("dead")
        with self._client() as client:
            for kind in kinds:
                for key in client.scan_iter(match=prefix + kind):
                    yield f"{key.decode()} is left: {client.type(key).decode()}"
            kept = {f"{prefix}chord:{name}".encode() for name in needed}
            for key in set(client.scan_iter(match=f"{prefix}chord:*")) - kept:
                size, done = client.hmget(key, "size", "done")
                if not refuses or size != done or client.pttl(key) < 0:
                    yield f"{key.decode()} is left with {done} of {size} parts"

    def writes(self) -> list[Write]:
        return list(ledger.read_writes(self.server.directory, NAMESPACE))

    def close(self) -> None:
        self.server.kill()

    def _client(self) -> Any:
        import redis

        return redis.Redis.from_url(self.url)


def make_store(kind: str, directory: Path) -> Store:
    """Start a store of one of `KINDS`."""
    if kind == "postgresql":
        from tests.chaos.postgres_store import PostgresStore

        return PostgresStore()
    return ValkeyStore(directory)


#: What a run may have as its store.
KINDS: Final = ("valkey", "postgresql")
