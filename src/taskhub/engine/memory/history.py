"""The history of tasks and the messages of failed ones, in this process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from taskhub.engine.memory.state import MemoryState
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.history import History, HistoryCursor, HistoryEntry
from taskhub.engine.port.inspection import DeadLetter
from taskhub.engine.port.rules import EngineRules
from taskhub.outcome import HistoryPart


class MemoryHistory(History):
    """Works under the engine's lock; the twin of `history.lua`."""

    def __init__(
        self,
        changed: threading.Condition,
        state: MemoryState,
        clock: Callable[[], int],
        rules: EngineRules,
    ) -> None:
        self._changed = changed
        self._state = state
        self._clock = clock
        self._rules = rules
        self._entries: dict[str, HistoryEntry] = {}
        self._failed: dict[str, DeadLetter] = {}

    # -- part of other verbs of the engine

    def add(self, task_id: str, part: HistoryPart, now: int) -> None:
        """Add a task that ends now."""
        if self._rules.keeps_history:
            self._entries[task_id] = HistoryEntry(task_id, part.task, part.state, now, part.record)
            for entry in self._in_order()[self._rules.history_limit :]:
                del self._entries[entry.task_id]

    def remove(self, task_id: str) -> bool:
        """Remove the entry of a task; return whether there was one."""
        return self._entries.pop(task_id, None) is not None

    def keep_failed(self, claim: Claim, reason: str, now: int) -> None:
        """Keep the message of a failed task, under its task id."""
        expires = now + self._rules.dead_letter_ttl
        envelope = self._state.messages.get(claim.key)
        letter = DeadLetter(claim.task_id, reason, envelope, expires)
        if 0 < self._rules.failed_max_bytes < _size_of(letter):
            return
        self._failed[letter.key] = letter
        for letter in self._failed_in_order():
            if not self._keeps_too_much():
                break
            del self._failed[letter.key]

    def _keeps_too_much(self) -> bool:
        rules = self._rules
        if len(self._failed) > rules.failed_limit:
            return True
        return 0 < rules.failed_max_bytes < sum(map(_size_of, self._failed.values()))

    def forget_expired(self, now: int) -> None:
        """Forget what has been kept for long enough."""
        oldest = now - self._rules.history_ttl
        self._entries = {
            task_id: entry for task_id, entry in self._entries.items() if entry.ended_at > oldest
        }
        self._failed = {key: letter for key, letter in self._failed.items() if letter.expires > now}

    # -- the port

    def page(
        self,
        limit: int,
        *,
        before: HistoryCursor | None = None,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> list[HistoryEntry]:
        with self._changed:
            found = self._matching(tasks, states, since)
            return [entry for entry in found if before is None or entry.cursor < before][
                : max(0, limit)
            ]

    def cursors(
        self,
        limit: int,
        *,
        before: HistoryCursor | None = None,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> list[HistoryCursor]:
        page = self.page(limit, before=before, tasks=tasks, states=states, since=since)
        return [entry.cursor for entry in page]

    def read(self, cursors: Sequence[HistoryCursor]) -> list[HistoryEntry | None]:
        return self.entries([cursor.task_id for cursor in cursors])

    def count(
        self,
        *,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> int:
        with self._changed:
            return len(self._matching(tasks, states, since))

    def tasks(self) -> dict[str, int]:
        with self._changed:
            return dict(sorted(Counter(entry.task for entry in self._entries.values()).items()))

    def entries(self, task_ids: Sequence[str]) -> list[HistoryEntry | None]:
        with self._changed:
            found = {entry.task_id: entry for entry in self._matching(None, None, 0)}
            return [found.get(task_id) for task_id in task_ids]

    def delete(self, task_ids: Sequence[str]) -> list[str]:
        with self._changed:
            return [
                task_id
                for task_id in dict.fromkeys(task_ids)
                # Both, whichever there is.
                if any([self.remove(task_id), self._failed.pop(task_id, None) is not None])
            ]

    def failed(self, offset: int, limit: int) -> list[DeadLetter]:
        with self._changed:
            return self._failed_in_order()[offset : offset + max(0, limit)]

    def failed_messages(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        with self._changed:
            return [self._failed.get(key) for key in keys]

    def failed_count(self) -> int:
        with self._changed:
            return len(self._failed)

    def retry_failed(self, keys: Sequence[str]) -> list[str]:
        with self._changed:
            sent = []
            for key in keys:
                letter = self._failed.get(key)
                if letter is not None and letter.envelope is not None:
                    del self._failed[key]
                    self.remove(key)
                    self._state.publish(letter.envelope, self._clock())
                    sent.append(key)
            self._changed.notify_all()
            return sent

    # -- reading

    def _matching(
        self, tasks: Collection[str] | None, states: Collection[str] | None, since: int
    ) -> list[HistoryEntry]:
        least = max(since, self._clock() - self._rules.history_ttl)
        return [
            entry
            for entry in self._in_order()
            if entry.ended_at >= least
            and (tasks is None or entry.task in tasks)
            and (states is None or entry.state in states)
        ]

    def _in_order(self) -> list[HistoryEntry]:
        """Return all entries, the task that ended last first."""
        return sorted(self._entries.values(), key=lambda entry: entry.cursor, reverse=True)

    def _failed_in_order(self) -> list[DeadLetter]:
        """Return the kept messages, the oldest first."""
        letters: Iterable[DeadLetter] = self._failed.values()
        return sorted(letters, key=lambda letter: (letter.expires, letter.key))


def _size_of(letter: DeadLetter) -> int:
    """Return how many bytes a kept message takes: its reason, a line break, its record."""
    record = b"" if letter.envelope is None else letter.envelope.record()
    return len(letter.reason.encode()) + 1 + len(record)
