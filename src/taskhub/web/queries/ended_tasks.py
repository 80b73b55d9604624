"""Ended tasks: history, messages of failed tasks and dead letters as one list, newest first."""

from __future__ import annotations

import heapq
import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from taskhub import states
from taskhub.engine.port.history import HistoryCursor, HistoryEntry
from taskhub.history import read_history_record
from taskhub.web.conditions import is_pattern, like
from taskhub.web.filters import Filter
from taskhub.web.queries.budget import Budget, Position
from taskhub.web.queries.dead_tasks import DeadTasks
from taskhub.web.queries.task_record import TaskRecord

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("STATES_OF", "EndedTasks", "position_of")

#: Celery's states of each tab.
STATES_OF: Final[Mapping[str, str]] = {
    "failed": states.FAILURE,
    "succeeded": states.SUCCESS,
    "revoked": states.REVOKED,
}
TABS_OF: Final = {state: tab for tab, state in STATES_OF.items()}
PAGE: Final = 500
#: The same where their kept messages are read, too.
HEAVY_PAGE: Final = 100
#: The same of the first page, which mostly is the only one.
FIRST_PAGE: Final = 60
#: Entries of the history that are kept in this process: about 25 MB.
MOST_KNOWN: Final = 20_000


def position_of(record: TaskRecord) -> Position:
    """Return where a task stands among those that have ended."""
    return round((record.ended_at or 0.0) * 1000), record.id


class EndedTasks:
    """Reads ended tasks; a dead letter is one of the failed.

    Args:
        store: Reads the store.
    """

    def __init__(self, store: StoreView) -> None:
        self._store = store
        self.dead = DeadTasks(store)
        #: Entries of the history, which are never written again, without what is joined to them.
        self._known: dict[HistoryCursor, TaskRecord] = {}
        self._lock = threading.Lock()

    def count(self, tab: str, wanted: Filter) -> int | None:
        """Return how many tasks of a tab match, without a look at them; None: a look is needed."""
        if not wanted.only("task", "state", "since"):
            return None
        if tab == "failed" and not {"failed", "dead"} <= wanted.states:
            return None
        history = self._store.engine.history
        names = self._names(wanted)
        since = self._since(wanted)
        kept = [STATES_OF[tab]]
        total = history.count(tasks=names, states=kept, since=since)
        if tab == "failed":
            total += sum(wanted.matches(record, state=False) for record in self._only_dead())
        return total

    def each(
        self,
        tab: str,
        wanted: Filter,
        after: Position | None = None,
        *,
        budget: Budget | None = None,
        light: bool = False,
    ) -> Iterator[TaskRecord]:
        """Yield the tasks of a tab, the newest first, without some that cannot match.

        Args:
            tab: failed, succeeded or revoked.
            wanted: The filter; callers must hold it against what comes.
            after: Where to begin: behind this task.
            budget: How long to look; None: until the end.
            light: Whether the kept messages of failed tasks are left out (see `with_messages`).
        """
        from_history = self._from_history(tab, wanted, after, budget, light)
        only_dead = self._only_dead() if tab == "failed" else ()
        dead = [record for record in only_dead if after is None or position_of(record) < after]
        if not dead:
            yield from from_history
            return
        yield from heapq.merge(from_history, dead, key=position_of, reverse=True)

    def with_messages(self, records: Sequence[TaskRecord]) -> list[TaskRecord]:
        """Return tasks with their kept messages: arguments, and that a retry is possible."""
        failed = [record.id for record in records if record.state == "failed" and not record.call]
        messages = self._store.engine.history.failed_messages(failed) if failed else []
        by_id = dict(zip(failed, messages, strict=True))
        return [
            record
            if record.state != "failed" or (message := by_id.get(record.id)) is None
            else _joined(record, self.dead.read(message), "failed")
            for record in records
        ]

    def find(self, task_ids: Sequence[str]) -> dict[str, TaskRecord]:
        """Return those of some tasks that the history has."""
        found = self._store.engine.history.entries(list(task_ids)) if task_ids else []
        records = self._joined_records(
            [self._record(entry) for entry in found if entry is not None]
        )
        return {record.id: record for record in records}

    def newest(self, limit: int, since: float | None = None, text: str = "") -> list[TaskRecord]:
        """Return the tasks that ended last, in whatever state.

        Args:
            limit: How many are looked at.
            since: Only those that ended later; seconds since the epoch.
            text: Only those whose id or record contains this.
        """
        since_ms = 0 if since is None else int(since * 1000)
        page = self._store.engine.history.page(limit, since=since_ms)
        likely = [entry for entry in page if text in entry.task_id or text in entry.record]
        return self._joined_records([self._record(entry) for entry in likely], light=True)

    def newest_of_roots(
        self, limit: int, roots: Collection[str], since: float | None = None
    ) -> list[TaskRecord]:
        """Return those of the tasks that ended last which some others have led to.

        Args:
            limit: How many are looked at.
            roots: The ids of their first tasks.
            since: Only those that ended later; seconds since the epoch.
        """
        since_ms = 0 if since is None else int(since * 1000)
        page = self._store.engine.history.page(limit, since=since_ms)
        found = [entry for entry in page if read_history_record(entry.record).root_id in roots]
        return self._joined_records([self._record(entry) for entry in found], light=True)

    def newest_ids(self, limit: int) -> list[str]:
        """Return the ids of the tasks that ended last."""
        return [cursor.task_id for cursor in self._store.engine.history.cursors(limit)]

    # -- the history

    def _from_history(
        self,
        tab: str,
        wanted: Filter,
        after: Position | None,
        budget: Budget | None,
        light: bool,
    ) -> Iterator[TaskRecord]:
        history = self._store.engine.history
        names, since = self._names(wanted), self._since(wanted)
        before = None if after is None else HistoryCursor(*after)
        # Only an excerpt is in the record of a task whose message is kept.
        texts = _texts(wanted, with_arguments=tab != "failed")
        size = FIRST_PAGE
        while page := history.cursors(
            size, before=before, tasks=names, states=[STATES_OF[tab]], since=since
        ):
            yield from self._joined_records(self._read(page, texts), light=light)
            before, size = page[-1], PAGE if light or tab != "failed" else HEAVY_PAGE
            if budget is not None and budget.is_exhausted(before):
                return

    def _names(self, wanted: Filter) -> list[str] | None:
        """Return the names of tasks that conditions allow; None: any."""
        conditions = list(wanted.of("task"))
        if not conditions:
            return None
        any_of = [each.value for each in conditions if not each.negated]
        none_of = [each.value for each in conditions if each.negated]
        # A name may have come in since the names were read.
        names = dict.fromkeys([*self._store.history_names(), *any_of])
        return [
            name
            for name in names
            if (not any_of or any(_is_called(name, value) for value in any_of))
            and not any(_is_called(name, value) for value in none_of)
        ]

    @staticmethod
    def _since(wanted: Filter) -> int:
        return 0 if wanted.since is None else int(wanted.since * 1000)

    def _read(self, cursors: Sequence[HistoryCursor], texts: list[list[str]]) -> list[TaskRecord]:
        """Return the tasks of a page that may contain some texts; each is read once."""
        with self._lock:
            found = {cursor: self._known.get(cursor) for cursor in cursors}
        missing = [cursor for cursor, record in found.items() if record is None]
        for entry in self._store.engine.history.read(missing):
            if entry is not None and _may_contain(entry, texts):
                found[entry.cursor] = self._record(entry)
        records = [record for record in found.values() if record is not None]
        with self._lock:
            for cursor, record in found.items():
                if record is not None:
                    self._known.setdefault(cursor, record)
            while len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]
        return records

    def _joined_records(
        self, records: Sequence[TaskRecord], *, light: bool = False
    ) -> list[TaskRecord]:
        """Return tasks with their dead letters and, if not `light`, with their kept messages."""
        failed = [record.id for record in records if record.state == "failed"]
        dead = self.dead.by_task(failed)
        found = [
            _joined(record, dead[record.id], "dead") if record.id in dead else record
            for record in records
        ]
        return found if light else self.with_messages(found)

    def _record(self, entry: HistoryEntry) -> TaskRecord:
        known = read_history_record(entry.record)
        state = TABS_OF.get(entry.state, "succeeded")
        most = known.max_retries
        if most is None:
            most = getattr(self._store.app.tasks.get(entry.task), "max_retries", None)
        has_failed = state == "failed"
        return TaskRecord(
            id=entry.task_id,
            task=entry.task,
            state=state,
            queue=known.queue,
            priority=self._store.priority_of(known.priority),
            shown=known.arguments,
            tries=known.retries + 1 if known.started_at is not None else known.retries,
            max_tries=most + 1 if isinstance(most, int) and most >= 0 else None,
            deliveries=known.deliveries,
            waited=known.waited,
            ran=known.ran,
            sent_at=_seconds(known.sent_at),
            started_at=_seconds(known.started_at),
            ended_at=entry.ended_at / 1000,
            worker=known.worker,
            error=known.error if has_failed else None,
            message=known.message if has_failed else None,
            reason=known.error if has_failed else None,
            root=known.root_id,
            parent=known.parent_id,
            options={"group": known.group_id} if known.group_id else {},
        )

    # -- actions

    def retry_failed(self, records: Sequence[TaskRecord]) -> list[str]:
        """Make failed tasks ready to run again; return the keys of those that were there."""
        dead = [record.key or record.id for record in records if record.state == "dead"]
        failed = [record.key or record.id for record in records if record.state != "dead"]
        done = self._store.engine.retry_dead_letters(dead) if dead else []
        return [*done, *(self._store.engine.history.retry_failed(failed) if failed else ())]

    def delete_ended(self, records: Sequence[TaskRecord]) -> list[str]:
        """Delete ended tasks: history, messages, results; return the keys of those that existed."""
        dead = [record.key or record.id for record in records if record.state == "dead"]
        gone = set(self._store.engine.delete_dead_letters(dead) if dead else ())
        ids = self._ids_without_another_end(records)
        known = set(self._store.engine.history.delete(ids))
        with_result = {
            task_id
            for task_id, document in zip(ids, self._store.engine.documents(ids), strict=True)
            if document is not None
        }
        self._store.engine.forget(ids)
        return [
            record.key or record.id
            for record in records
            if (record.key or record.id) in gone or record.id in known or record.id in with_result
        ]

    def _ids_without_another_end(self, records: Sequence[TaskRecord]) -> list[str]:
        """Return ids of ended tasks, without those of dead letters that another message outlived.

        A second message with the id of a dead letter may have succeeded: that end stays.
        """
        dead = [record.id for record in records if record.state == "dead"]
        entries = self._store.engine.history.entries(dead) if dead else ()
        others = {entry.task_id for entry in entries if entry and entry.state != states.FAILURE}
        chosen = {record.id: record for record in records if record.state != "dead"}
        return [*chosen, *(each for each in dict.fromkeys(dead) if each not in {*others, *chosen})]

    def _only_dead(self) -> list[TaskRecord]:
        """Return the dead letters that the history does not have, the newest first."""
        return self._store.once_cheaply("dead outside the history", self._read_only_dead)

    def _read_only_dead(self) -> list[TaskRecord]:
        keys = self.dead.keys_by_task()
        entries = self._store.engine.history.entries(list(keys)) if keys else []
        # An id names the end that the history has, so that no second row may have it as its key.
        known = {entry.task_id for entry in entries if entry is not None}
        failed = {entry.task_id for entry in entries if entry and entry.state == states.FAILURE}
        shown = known | {keys[task_id] for task_id in failed}
        outside = self.dead.of([key for key in self.dead.expiry_by_key() if key not in shown])
        return sorted(outside.values(), key=position_of, reverse=True)


def _joined(record: TaskRecord, message: TaskRecord, state: str) -> TaskRecord:
    """Return an ended task with what its kept message says: arguments, options, traceback."""
    return replace(
        record,
        state=state,
        key=message.key,
        call=message.call,
        shown=message.shown or record.shown,
        options={**message.options, **record.options},
        stamps=message.stamps,
        expires_at=message.expires_at,
        soft_limit=message.soft_limit,
        hard_limit=message.hard_limit,
        traceback=message.traceback,
        reason=message.reason if state == "dead" else record.reason,
        error=message.error if state == "dead" else record.error,
        message=message.message if state == "dead" else record.message,
        replayable=message.replayable,
    )


def _texts(wanted: Filter, *, with_arguments: bool) -> list[list[str]]:
    """Return texts that a record must contain: of each list at least one."""
    keys = ("queue", "worker", "error", "group", "root", *(("args", "") if with_arguments else ()))
    found: list[list[str]] = []
    for group in wanted.alternatives:
        plain = all(each.key in keys and not each.negated for each in group)
        if plain and not any(is_pattern(each.value) for each in group):
            found.append([json.dumps(each.value)[1:-1].lower() for each in group])
    return found


def _may_contain(entry: HistoryEntry, texts: list[list[str]]) -> bool:
    """Whether a record contains what a filter looks for; a quick look, before it is parsed."""
    whole = f"{entry.task_id}\n{entry.task}\n{entry.record}".lower()
    return all(any(text in whole for text in group) for group in texts)


def _is_called(name: str, value: str) -> bool:
    return like(name, value) or name.rpartition(".")[2] == value


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
