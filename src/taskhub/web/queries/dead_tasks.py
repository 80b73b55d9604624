"""Dead letters as tasks, by the keys of their messages and by the ids of their tasks."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskhub.web.queries.failures import read_reason
from taskhub.web.queries.task_record import TaskRecord, read_envelope

if TYPE_CHECKING:
    from taskhub.engine.port.inspection import DeadLetter
    from taskhub.web.queries.store_view import StoreView

__all__ = ("DeadTasks",)

#: Dead letters that are looked at.
MOST_DEAD: Final = 10_000
#: For how long those that were found are used again, seconds.
DEAD_FRESH: Final = 2.0


class DeadKeys(NamedTuple):
    """Keys of the newest dead letters."""

    #: When each expires.
    expiry: Mapping[str, int]
    #: The key of each task id: the id, or the newest key of another message of that task.
    of_task: Mapping[str, str]


class DeadTasks:
    """Reads dead letters.

    Args:
        store: Reads the store.
    """

    def __init__(self, store: StoreView) -> None:
        self._store = store
        #: Dead letters by key and time of expiry, which are never written again.
        self._known: dict[tuple[str, int], TaskRecord] = {}
        self._lock = threading.Lock()

    def page(self, offset: int, limit: int) -> list[TaskRecord]:
        """Return a page of the dead letters, the oldest first."""
        return [self.read(dead) for dead in self._store.engine.dead_letters(offset, limit)]

    def expiry_by_key(self) -> Mapping[str, int]:
        """Return the keys of the newest dead letters, and when each expires."""
        return self._keys().expiry

    def keys_by_task(self) -> Mapping[str, str]:
        """Return a key of each task id: the id, or else the newest of that task."""
        return self._keys().of_task

    def _keys(self) -> DeadKeys:
        return self._store.once("dead", self._read_keys, DEAD_FRESH)

    def _read_keys(self) -> DeadKeys:
        begin = max(0, self._store.engine.dead_count() - MOST_DEAD)
        expiry = dict(self._store.engine.dead_keys(begin, MOST_DEAD))
        of_task = {key.partition("\n")[0]: key for key in expiry}
        return DeadKeys(expiry, {**of_task, **{key: key for key in of_task if key in expiry}})

    def find(self, names: Sequence[str]) -> dict[str, TaskRecord]:
        """Return dead letters by key, or by task id."""
        found = self._read(names)
        left = [name for name in names if name not in found]
        of_task = self.keys_by_task() if left else {}
        keys = {name: of_task[name] for name in left if name in of_task}
        by_key = self._read(list(keys.values()))
        return found | {name: by_key[key] for name, key in keys.items() if key in by_key}

    def find_one(self, name: str) -> TaskRecord | None:
        """Return one dead letter, by key or by task id; None: there is none."""
        return self.find([name]).get(name)

    def by_task(self, task_ids: Sequence[str]) -> dict[str, TaskRecord]:
        """Return a dead letter of each of some tasks that have one."""
        of_task = self.keys_by_task()
        keys = {task_id: of_task[task_id] for task_id in task_ids if task_id in of_task}
        found = self.of(list(keys.values()))
        return {task_id: found[key] for task_id, key in keys.items() if key in found}

    def of(self, keys: Sequence[str]) -> dict[str, TaskRecord]:
        """Return those of some keys that are among the newest; each is read once."""
        expiry = self.expiry_by_key()
        wanted = [key for key in keys if key in expiry]
        with self._lock:
            if len(self._known) > MOST_DEAD:
                self._known.clear()
            new = [key for key in wanted if (key, expiry[key]) not in self._known]
        found = self._read(new)
        with self._lock:
            self._known.update(((key, expiry[key]), record) for key, record in found.items())
            known = {key: self._known.get((key, expiry[key])) for key in wanted}
        return {key: record for key, record in known.items() if record is not None}

    def _read(self, keys: Sequence[str]) -> dict[str, TaskRecord]:
        letters = self._store.engine.dead_letters_of(keys) if keys else ()
        return {dead.key: self.read(dead) for dead in letters if dead is not None}

    def read(self, dead: DeadLetter) -> TaskRecord:
        """Return the task of a dead letter, or of a failed task's message."""
        lived = self._store.engine.rules.dead_letter_ttl / 1000
        known: dict[str, Any] = {
            "state": "dead",
            "key": dead.key,
            "ended_at": dead.expires / 1000 - lived,
            "due_at": None,
            "replayable": dead.envelope is not None,
            **read_reason(dead.reason),
        }
        if dead.envelope is None:
            return TaskRecord(id=dead.key.partition("\n")[0], task="(unreadable)", **known)
        record = read_envelope(
            self._store.app, dead.envelope, self._store.excerpts, time.time(), **known
        )
        return replace(record, tries=record.tries + 1)
