"""Asking for the turns of rate-limited tasks, on behalf of a courier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from taskhub.engine.delivery import Delivery
from taskhub.engine.throttle import Pace, Throttle, Turn


class TurnTaker:
    """Knows how fast the tasks of a process may begin, and asks the store for those that are limited.

    Parameters:
      paces: by the names of tasks; may change meanwhile. What is not in it is not limited and costs nothing.
    """

    def __init__(self, paces: dict[str, Pace]) -> None:
        self._paces = paces

    def limited(self, deliveries: Iterable[Delivery]) -> list[Turn]:
        """Return the questions of those that must ask. What is revoked need not: it is not run."""
        if not self._paces:
            return []
        found = []
        for delivery in deliveries:
            pace = self._paces.get(delivery.actor_name)
            if pace is not None and not delivery.claim.revoked:
                claim = delivery.claim
                found.append(Turn(claim.key, claim.token, delivery.actor_name, pace))
        return found

    @staticmethod
    def ask(throttle: Throttle, worker: str, turns: Sequence[Turn]) -> tuple[set[str], int | None]:
        """Return the keys of those that must wait, which the worker holds no more, and when the next turn comes, ms.

        Raises:
          OperationalError: the store is out of reach.
        """
        granted, next_turn = throttle.take_turns(worker, turns)
        waiting = {turn.key for turn, may in zip(turns, granted, strict=True) if not may}
        return waiting, next_turn
