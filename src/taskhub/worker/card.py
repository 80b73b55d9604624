"""What a worker process tells of itself in the store, for as long as it holds its lease."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Card:
    """One worker process."""

    node: str
    host: str
    process: int
    #: The process that started it: processes with the same parent are one worker.
    parent: int
    #: Sorted.
    queues: tuple[str, ...]
    #: How many tasks it runs at once.
    threads: int
    #: Seconds since the epoch.
    started: float
    #: Queues that commands have added, and cancelled: processes that are started later do the same.
    added: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    #: Whether it carries out commands.
    listens: bool = True
    #: Of taskhub.
    version: str = ""

    @property
    def group(self) -> str:
        """Names the worker that the process belongs to."""
        return f"{self.host}:{self.parent}"

    def to_text(self) -> str:
        """Return the form that is stored."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: bytes) -> Card:
        """Read what `to_text` wrote, here or in a later version that tells more.

        Raises:
          ValueError: it is something else.
        """
        try:
            fields = {name: value for name, value in json.loads(text).items() if name in _FIELDS}
            for name in ("queues", "added", "cancelled"):
                fields[name] = tuple(fields.get(name, ()))
            return cls(**fields)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not the card of a worker: {error}") from error


_FIELDS = frozenset(Card.__dataclass_fields__)


def read_cards(stored: Mapping[str, bytes]) -> dict[str, Card]:
    """Return cards by worker, without those that cannot be read."""
    found: dict[str, Card] = {}
    for worker, text in sorted(stored.items()):
        try:
            found[worker] = Card.from_text(text)
        except ValueError:
            # Of a version that writes them otherwise: it cannot be reached from here.
            continue
    return found
