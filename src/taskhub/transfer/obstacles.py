"""What prevents a move from one store to another, found before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from taskhub.engine.port.engine import Engine
from taskhub.transfer.errors import TransferError

__all__ = ("MOVERS", "check_stores", "find_obstacles")

#: Before the ids of movers among the outboxes that a store knows.
MOVERS: Final = "move:"


def check_stores(source: Engine, target: Engine) -> None:
    """Refuse stores that cannot be the two sides of a move.

    Raises:
        TransferError: They are the same one.
        ImproperlyConfigured: One of them belongs to this process.
        OperationalError: One of them is out of reach, or lacks its schema.
    """
    if source.transfer.store_id() == target.transfer.store_id():
        raise TransferError(
            f"{source.stores.broker} and {target.stores.broker} are the same store, in the "
            f"namespace {source.rules.namespace!r}: name another database, or another namespace "
            "(--to-namespace)"
        )


def find_obstacles(source: Engine, target: Engine) -> list[str]:
    """Return what prevents a move, each with what to do; none: it may begin.

    Raises:
        OperationalError: A store is out of reach.
    """
    return [*_of_stores(source, target), *_of_programs(source, target)]


def _of_stores(source: Engine, target: Engine) -> Iterator[str]:
    for engine in (source, target):
        for obstacle in engine.obstacles():
            yield f"{engine.stores.broker}: {obstacle.detail}: {obstacle.remedy}"


def _of_programs(source: Engine, target: Engine) -> Iterator[str]:
    where = source.stores.broker
    for worker, left in sorted(source.workers().items()):
        if left > 0:
            yield (
                f"the worker process {worker} serves {where}: stop the workers of that store first "
                f"(if it is dead already, its lease ends in {left / 1000:.0f} s)"
            )
    inventory = source.transfer.inventory()
    for name in inventory.schedules:
        app = f" of the app {name!r}" if name else ""
        for engine in (source, target):
            leader = engine.schedule_store(name).leader()
            if leader is not None:
                yield (
                    f"the scheduler {leader[0]}{app} is at work on {engine.stores.broker}: stop "
                    "it; start one on the target when all is moved"
                )
    for chord in source.transfer.chords(inventory.chords):
        if chord.is_open:
            yield (
                f"a caller still sends the members of the chord {chord.chord_id} to {where}: wait "
                "until it has ended"
            )
