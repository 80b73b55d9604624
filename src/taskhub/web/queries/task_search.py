"""Tasks that match a filter: counted and paged, state by state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from taskhub.web.conditions import like
from taskhub.web.filters import Filter
from taskhub.web.queries.budget import Budget, Position
from taskhub.web.queries.ended_tasks import STATES_OF
from taskhub.web.queries.task_record import TaskRecord

if TYPE_CHECKING:
    from taskhub.web.queries.queue_view import QueueView
    from taskhub.web.queries.store_view import StoreView

__all__ = ("TABS", "Found", "TaskSearch")

#: Tabs of the list, in the order of its rows: what is under way first, then what has ended.
TABS: Final = ("running", "retrying", "waiting", "delayed", "failed", "succeeded", "revoked")
#: Tabs of tasks that no worker has begun.
_NOT_RUN: Final = ("retrying", "waiting", "delayed")
#: So many tasks are looked at where no index answers and they are put in another order.
MOST_SCANNED: Final = 10_000
#: For how long tasks of one state are looked at to be counted, and those of all states to fill a
#: page, seconds.
COUNTING: Final = 0.008
PAGING: Final = 0.06
#: So many are looked at in any case.
LOOKED_AT: Final = 50


@dataclass(frozen=True)
class Found:
    """How many tasks match."""

    count: int
    #: There may be more: looking ended at a limit.
    at_least: bool = False


class TaskSearch:
    """Finds tasks.

    Args:
        store: Reads the store.
        wanted: The filter; its states count, too.
    """

    def __init__(self, store: StoreView, wanted: Filter) -> None:
        self._store = store
        self._filter = wanted
        #: All pages of a search share it; it begins with the first.
        self._paging: Budget | None = None

    def count(self, tab: str, *, all_states: bool = False) -> Found:
        """Return how many tasks of a tab match.

        Args:
            tab: One of `TABS`.
            all_states: Whether conditions on the state do not count.
        """
        wanted = self._filter.without("state") if all_states else self._filter
        if not self._may_match(tab, wanted):
            return Found(0)
        fast = self._fast_count(tab, wanted)
        if fast is not None:
            return Found(fast)
        if tab in ("retrying", "delayed") and wanted.only("state", "queue"):
            counts = self._store.count_tries(self._only_queues(wanted), COUNTING)
            return Found(counts.retrying if tab == "retrying" else counts.later, counts.at_least)
        budget = Budget(COUNTING)
        records = self._each(tab, wanted, None, budget, light=_is_light(wanted))
        total = sum(wanted.matches(record) for record in records)
        return Found(total, budget.has_stopped)

    def count_like(self, tab: str, of_all_states: int) -> int:
        """Return how many tasks of a tab match, from the number that match in any state."""
        if not self._may_match(tab, self._filter):
            return 0
        if tab == "failed" and not {"failed", "dead"} <= self._filter.states:
            return self.count(tab).count
        return of_all_states

    def counts_exactly(self, tab: str) -> bool:
        """Whether the tasks of a tab are counted without a look at them."""
        return self._fast_count(tab, self._filter) is not None

    def each(
        self, tab: str, *, light: bool = False, budget: Budget | None = None
    ) -> Iterator[TaskRecord]:
        """Yield the tasks of a tab that match, in the order of its rows.

        Args:
            tab: One of `TABS`.
            light: Whether the kept messages of failed tasks are left out.
            budget: How long to look; None: until the end.
        """
        if self._may_match(tab, self._filter):
            light = light and _is_light(self._filter)
            records = self._each(tab, self._filter, budget=budget, light=light)
            yield from (record for record in records if self._filter.matches(record))

    def page(
        self, tab: str, offset: int, limit: int, after: Position | None = None
    ) -> tuple[list[TaskRecord], Position | None]:
        """Return a page of the tasks of a tab that match.

        Args:
            tab: One of `TABS`.
            offset: How many to pass over.
            limit: How many at most.
            after: The ended task behind which the page begins, in place of the offset.

        Returns:
            The tasks; and the ended task behind which the search has stopped before the page was
            full, since it took too long.
        """
        if limit < 1 or not self._may_match(tab, self._filter):
            return [], None
        is_fast = self._fast_count(tab, self._filter) is not None
        if tab == "waiting" and is_fast:
            return list(self._skip(offset, limit)), None
        if after is not None:
            offset = 0
        budget = None
        if not is_fast:
            budget = self._paging = self._paging or Budget(PAGING)
        light = _is_light(self._filter)
        records = self._each(tab, self._filter, after, budget, light=light)
        matching = (record for record in records if self._filter.matches(record))
        rows = list(islice(matching, offset, offset + limit))
        stopped = budget.stopped_at if budget is not None and len(rows) < limit else None
        return self._store.ended.with_messages(rows), stopped

    # -- what is where

    def _may_match(self, tab: str, wanted: Filter) -> bool:
        required = {condition.key for condition in wanted.conditions if not condition.negated}
        if ("error" in required and tab != "failed") or ("worker" in required and tab in _NOT_RUN):
            return False
        states = {"failed", "dead"} if tab == "failed" else {tab}
        return bool(states & wanted.states)

    def _queues(self, wanted: Filter) -> list[QueueView]:
        """Return the queues that conditions allow."""
        conditions = list(wanted.of("queue"))
        any_of = [each.value for each in conditions if not each.negated]
        none_of = [each.value for each in conditions if each.negated]
        return [
            queue
            for queue in self._store.queues()
            if (not any_of or any(like(queue.name, value) for value in any_of))
            and not any(like(queue.name, value) for value in none_of)
        ]

    def _only_queues(self, wanted: Filter) -> list[str] | None:
        """Return the queues that conditions allow; None: any."""
        has_conditions = any(True for _ in wanted.of("queue"))
        return [queue.name for queue in self._queues(wanted)] if has_conditions else None

    def _fast_count(self, tab: str, wanted: Filter) -> int | None:
        """Return a count that needs no look at tasks; None: there is none."""
        if tab == "waiting" and wanted.only("state", "queue"):
            return sum(queue.ready + queue.rate_limited for queue in self._queues(wanted))
        if tab in STATES_OF:
            return self._store.ended.count(tab, wanted)
        return None

    def _skip(self, offset: int, limit: int) -> Iterator[TaskRecord]:
        """Yield a page of ready messages without a look at what stands before it.

        Those that rate limits hold back come after them.
        """
        queues = self._queues(self._filter)
        pages: list[tuple[str, int, int]] = []
        planned = 0
        for queue in queues:
            if planned >= limit:
                break
            if offset >= queue.ready:
                offset -= queue.ready
                continue
            pages.append((queue.name, offset, limit - planned))
            planned += min(queue.ready - offset, limit - planned)
            offset = 0
        yield from islice(self._store.waiting(pages) if pages else (), limit)
        limited = [queue.name for queue in queues if queue.rate_limited]
        if limited and planned < limit:
            yield from self._store.rate_limited(offset, limit - planned, limited)

    def _each(
        self,
        tab: str,
        wanted: Filter,
        after: Position | None = None,
        budget: Budget | None = None,
        *,
        light: bool = False,
    ) -> Iterator[TaskRecord]:
        """Yield the tasks of a tab, whether they match or not."""
        store = self._store
        match tab:
            case "running":
                yield from store.running()
            case "retrying" | "delayed":
                found = _within(store.each_delayed(self._only_queues(wanted)), budget)
                yield from (each for each in found if each.state == tab)
            case "waiting":
                all_queues = self._queues(wanted)
                holding = [(queue.name, queue.ready) for queue in all_queues if queue.ready]
                limited = [queue.name for queue in all_queues if queue.rate_limited]
                found = chain(store.each_waiting(holding), store.each_rate_limited(limited, budget))
                yield from _within(found, budget)
            case _:
                yield from store.ended.each(tab, wanted, after, budget=budget, light=light)


def _within(records: Iterator[TaskRecord], budget: Budget | None) -> Iterator[TaskRecord]:
    """Yield tasks until a budget is exhausted."""
    for number, record in enumerate(records, 1):
        yield record
        if budget is not None and number % LOOKED_AT == 0 and budget.is_exhausted():
            return


def _is_light(wanted: Filter) -> bool:
    """Whether a filter can do without the whole arguments of failed tasks."""
    return not any(condition.key in ("args", "stamp", "") for condition in wanted.conditions)
