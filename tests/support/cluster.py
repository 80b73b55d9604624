"""A real cluster: three primaries and three replicas, whose slots can be moved and nodes killed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry

from tests.support.servers import Server, find_free_port, server_binary

__all__ = ("Cluster", "slot_of")

PRIMARIES: Final = 3
SLOTS: Final = 16384
READY_TIMEOUT: Final = 30.0
#: After so long without an answer a node counts as failed, ms.
NODE_TIMEOUT: Final = 1000


def slot_of(namespace: str = "taskhub") -> int:
    """Return the slot of an application's keys."""
    found: int = key_slot(f"{{{namespace}}}".encode())
    return found


class Cluster:
    """Six nodes that know each other from their configuration files, ready within 3 s.

    Args:
        tmp: Where their data is.
        args: More arguments for each node.
        replicas: Whether each primary has a replica.
    """

    def __init__(self, tmp: Path, *, args: tuple[str, ...] = (), replicas: bool = True) -> None:
        self._directory = tmp
        self._args = args
        self.nodes: list[Server] = []
        count = PRIMARIES * 2 if replicas else PRIMARIES
        for attempt in range(5):
            try:
                self._start(count, tmp / f"cluster-{attempt}")
                break
            except RuntimeError:
                # Somebody may have taken a port in between.
                self.close()
                if attempt == 4:
                    raise
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def _start(self, count: int, directory: Path) -> None:
        binary = server_binary("valkey")
        assert binary is not None
        ports = [(find_free_port(), find_free_port()) for _ in range(count)]
        self._ids = {
            port: hashlib.sha1(f"{directory}{index}".encode()).hexdigest()
            for index, (port, _) in enumerate(ports)
        }
        for index, (port, bus) in enumerate(ports):
            home = directory / f"node-{index}"
            home.mkdir(mode=0o700, parents=True)
            (home / "nodes.conf").write_text(self._configuration(ports, index))
            arguments = (
                *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
                *("--cluster-port", str(bus), "--cluster-node-timeout", str(NODE_TIMEOUT)),
                *("--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"),
                *("--appendonly", "no", *self._args),
            )
            self.nodes.append(Server(binary, home, args=arguments, port=port))

    def _configuration(self, ports: list[tuple[int, int]], own: int) -> str:
        lines = []
        for index, (port, bus) in enumerate(ports):
            primary = index % PRIMARIES
            first, end = SLOTS * primary // PRIMARIES, SLOTS * (primary + 1) // PRIMARIES
            is_primary = index < PRIMARIES
            role = "master" if is_primary else "slave"
            lines.append(
                f"{self._ids[port]} 127.0.0.1:{port}@{bus} "
                f"{'myself,' if index == own else ''}{role} "
                f"{'-' if is_primary else self._ids[ports[primary][0]]} 0 0 {primary + 1} "
                f"connected{f' {first}-{end - 1}' if is_primary else ''}"
            )
        return "\n".join((*lines, f"vars currentEpoch {PRIMARIES} lastVoteEpoch 0", ""))

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise RuntimeError("the cluster does not get ready")
            time.sleep(0.02)

    def is_ready(self) -> bool:
        """Whether every node that runs serves, and those that are no primary follow one."""
        primaries = 0
        for node in self.running:
            with client(node) as asked:
                if asked.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                    return False
                about = asked.info("replication")
                primaries += about["role"] == "master"
                if about["role"] == "slave" and about["master_link_status"] != "up":
                    return False
        return primaries == PRIMARIES

    @property
    def running(self) -> list[Server]:
        """The nodes that run."""
        return [node for node in self.nodes if node in Server.running]

    @property
    def url(self) -> str:
        """Its URL, with all nodes."""
        return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}/"

    def owner(self, slot: int) -> Server:
        """Return the primary that says that it owns a slot."""
        found = self.owner_or_none(slot)
        if found is None:
            raise LookupError(f"nobody owns slot {slot}")
        return found

    def owner_or_none(self, slot: int) -> Server | None:
        """Return the primary that owns a slot, by its own word and nobody else's; None: not now."""
        owners = [node for node in self.running if self._owns(node, slot)]
        return owners[0] if len(owners) == 1 else None

    @staticmethod
    def _owns(node: Server, slot: int) -> bool:
        try:
            with client(node) as asked:
                lines = asked.execute_command("CLUSTER NODES")
        except redis.RedisError:
            # It stands still.
            return False
        mine = next(about for about in lines.values() if "myself" in about["flags"])
        ranges = [[int(number) for number in found] for found in mine["slots"]]
        return "master" in mine["flags"] and any(found[0] <= slot <= found[-1] for found in ranges)

    def replicas_of(self, primary: Server) -> list[Server]:
        """Return the running replicas of a primary."""
        found = []
        for node in self.running:
            with client(node) as asked:
                about = asked.info("replication")
            if about["role"] == "slave" and about["master_port"] == primary.port:
                found.append(node)
        return found

    def another_primary(self, slot: int) -> Server:
        """Return a primary that does not own a slot."""
        owner = self.owner(slot)
        for node in self.running:
            with client(node) as asked:
                if node is not owner and asked.info("replication")["role"] == "master":
                    return node
        raise LookupError("there is one primary only")

    def move_slot(
        self, slot: int, target: Server, *, between: Callable[[int], None] = lambda moved: None
    ) -> int:
        """Move a slot key by key, as `valkey-cli --cluster reshard` does; returns how many.

        Args:
            slot: The slot.
            target: Its new owner.
            between: Called after each page of keys with their number until then.
        """
        source = self.owner(slot)
        with self.moving(slot, source, target), client(source) as giving:
            moved = 0
            while keys := giving.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
                giving.execute_command(
                    *("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
                )
                moved += len(keys)
                between(moved)
        return moved

    @contextmanager
    def moving(self, slot: int, source: Server, target: Server) -> Iterator[None]:
        """Mark a slot as moving; afterwards it is the target's."""
        with client(source) as giving, client(target) as taking:
            taking.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", self._ids[source.port])
            giving.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", self._ids[target.port])
            yield
            for node in (taking, giving):
                node.execute_command("CLUSTER SETSLOT", slot, "NODE", self._ids[target.port])

    def heal(self) -> None:
        """Start all nodes that were killed, and wait until they are in agreement."""
        for node in self.nodes:
            node.resume()
            if node not in Server.running:
                node.start()
        self._wait_until_ready()

    def fail_over(self, replica: Server) -> None:
        """Make a replica the primary, in agreement with the present one."""
        with client(replica) as asked:
            asked.execute_command("CLUSTER FAILOVER")

    def flush(self) -> None:
        """Remove all keys."""
        for node in self.running:
            with client(node) as asked:
                if asked.info("replication")["role"] == "master":
                    asked.flushall()

    def close(self) -> None:
        """End all nodes."""
        for node in self.nodes:
            node.kill()
        self.nodes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def client(node: Server) -> Any:
    """Return a client for one node, over its Unix socket."""
    return redis.Redis(
        unix_socket_path=str(node.socket), socket_timeout=1.0, retry=Retry(NoBackoff(), 0)
    )
