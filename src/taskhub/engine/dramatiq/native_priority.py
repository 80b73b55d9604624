"""Priority bands of native actors: Dramatiq's priorities, any integers, in the store's ten bands.

Dramatiq runs lower priorities first; the store has 0 to 9, 9 first, and 5 for what names none. An
actor of priority 0 stands there, too. The others are placed by their order among the priorities
that are in use, so that any five above 0 (and any four below) keep their order, however far apart
they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from taskhub.message import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY

#: The option of messages and actors by which RabbitMQ orders its queues, higher first.
BROKER_PRIORITY = "broker_priority"


class Level(NamedTuple):
    """How urgent a native message is; the lesser, the sooner it runs."""

    #: RabbitMQ's priority, negated: it decides first, as the broker does there.
    broker: int = 0
    #: The actor's priority, by which Dramatiq's workers sort.
    actor: int = 0


NEUTRAL = Level()


def level_of(broker_priority: int | None, actor_priority: int | None) -> Level:
    """Return the level of a message with these priorities."""
    return Level(-(broker_priority or 0), actor_priority or 0)


def bands_of(levels: Iterable[Level]) -> Mapping[Level, int]:
    """Return the priority band of each of these levels, and of the neutral one.

    One level is never placed before a lesser one. Ten levels have a band each; of more than ten,
    those farthest from the neutral one share the last.
    """
    used = set(levels) | {NEUTRAL}
    later = sorted(level for level in used if level > NEUTRAL)
    sooner = sorted((level for level in used if level < NEUTRAL), reverse=True)
    neutral = DEFAULT_PRIORITY
    # Beside what names no priority, unless the levels on one side need the room that the other side
    # has.
    neutral += max(
        0, min(len(later) - (neutral - LOWEST_PRIORITY), HIGHEST_PRIORITY - neutral - len(sooner))
    )
    neutral -= max(
        0, min(len(sooner) - (HIGHEST_PRIORITY - neutral), neutral - LOWEST_PRIORITY - len(later))
    )
    found = {NEUTRAL: neutral}
    found |= {level: max(LOWEST_PRIORITY, neutral - rank) for rank, level in enumerate(later, 1)}
    found |= {level: min(HIGHEST_PRIORITY, neutral + rank) for rank, level in enumerate(sooner, 1)}
    return found


def band_of(level: Level, bands: Mapping[Level, int]) -> int:
    """Return the band of a level; one that is not in `bands` is between its neighbours there."""
    found = bands.get(level)
    if found is None:
        lowest = max(
            (band for other, band in bands.items() if other > level), default=LOWEST_PRIORITY
        )
        highest = min(
            (band for other, band in bands.items() if other < level), default=HIGHEST_PRIORITY
        )
        wish = bands[NEUTRAL] - (level.broker or level.actor)
        found = max(lowest, min(highest, wish))
    return found
