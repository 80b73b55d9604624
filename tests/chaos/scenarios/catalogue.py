"""All scenarios, by name."""

from __future__ import annotations

from tests.chaos.scenarios import callers, commits, moves, outboxes, schedules, workers
from tests.chaos.scenarios.registry import SCENARIOS

__all__ = ("MODULES", "SCENARIOS")

#: Where they stand.
MODULES = (commits, workers, callers, schedules, outboxes, moves)
