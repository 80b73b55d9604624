"""Clean-up: what has served its time is forgotten as fast as it comes, a short while at a time."""

from __future__ import annotations

import logging
import time
from typing import Final

from taskhub.engine.postgres.store import PostgresStore
from taskhub.exceptions import OperationalError

logger = logging.getLogger(__name__)

#: How long it may take before its caller has other things to do, seconds.
BUDGET: Final = 0.4
#: How long one transaction is to take, seconds: others wait for the rows that it locks.
PAGE_TIME: Final = 0.1
SMALLEST: Final = 100
LARGEST: Final = 20_000


class CleanUp:
    """Deletes page by page; the size of a page follows from how long the one before took.

    Args:
        store: The database.
        history_ttl: How long the history keeps tasks, ms.
    """

    def __init__(self, store: PostgresStore, history_ttl: int) -> None:
        self._store = store
        self._history_ttl = history_ttl
        self._page = 1000

    def run(self) -> None:
        """Forget what has served its time, or begin with it; the next call goes on."""
        began = time.monotonic()
        while True:
            page, page_began = self._page, time.monotonic()
            try:
                found = self._store.run_one(
                    "clean_up", self._store.now, self._history_ttl, page, retry=None
                )
            except OperationalError as error:
                # Nothing was done. Its caller goes on: leases are renewed all the same.
                self._page = max(SMALLEST, page // 4)
                logger.warning("expired entries are removed later: %s", error)
                return
            now = time.monotonic()
            self._page = next_page(page, now - page_began, is_full=found >= page)
            if found < page or now - began >= BUDGET:
                return


def next_page(page: int, took: float, *, is_full: bool) -> int:
    """Return how many rows to delete next.

    Args:
        page: How many it were at most.
        took: How long that took, seconds.
        is_full: Whether it were so many.
    """
    if took > PAGE_TIME:
        return max(SMALLEST, page // 2)
    if is_full and took < PAGE_TIME / 2:
        return min(LARGEST, page * 2)
    return page
