"""How a producer tries again when the store is out of reach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class RetryPolicy(NamedTuple):
    """Tries of a producer while the store is out of reach; seconds, as in Celery."""

    max_retries: int | None = 3
    interval_start: float = 0.0
    interval_step: float = 0.2
    interval_max: float = 0.2

    def pauses(self) -> Iterable[float]:
        """Yield the pause before each further try; forever when `max_retries` is None."""
        pause, attempt = self.interval_start, 0
        while self.max_retries is None or attempt < self.max_retries:
            yield min(pause, self.interval_max)
            pause += self.interval_step
            attempt += 1
