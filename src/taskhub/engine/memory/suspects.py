"""Which messages a claim of the in-memory engine takes: suspects are kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from taskhub.engine.memory.state import MemoryState, Position
from taskhub.engine.port.claims import Suspects
from taskhub.engine.suspects import is_suspect

#: A worker that gets no suspects looks behind so many of them.
SUSPECTS_SKIPPED = 100


class Taken(NamedTuple):
    """Messages that a claim takes."""

    positions: list[Position]
    #: Whether it is a suspect, with nothing beside it.
    is_suspect: bool = False
    suspects_left: bool = False


def take_foremost(
    state: MemoryState, queues: Sequence[str], limit: int, suspects: Suspects, max_deliveries: int
) -> Taken:
    """Take up to `limit` messages out of their queues.

    Args:
        state: The stored messages.
        queues: Where to take them from.
        limit: How many.
        suspects: Which suspects are taken.
        max_deliveries: How many deliveries a message may have.
    """

    def suspected(found: list[Position]) -> list[Position]:
        return [
            position
            for position in found
            if position.key not in state.given_up
            and is_suspect(state.deliveries.get(position.key, 0) + 1, max_deliveries)
        ]

    found = _pop(state, queues, limit)
    if suspects == "all" or not suspected(found):
        return Taken(found)
    if suspects == "one":
        first, *others = suspected(found)
        taken = Taken([first], True, bool(others))
    else:
        found += _pop(state, queues, SUSPECTS_SKIPPED)
        apart = suspected(found)
        taken = Taken([one for one in found if one not in apart][:limit], False, True)
    for position in found:
        if position not in taken.positions:
            state.put_ready(position)
    return taken


def _pop(state: MemoryState, queues: Sequence[str], limit: int) -> list[Position]:
    found: list[Position] = []
    while len(found) < limit and (foremost := state.pop_foremost(queues)) is not None:
        found.append(foremost)
    return found
