"""Results of the in-memory engine, and those who follow them."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from taskhub.engine.memory.state import MemoryState
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.results import DocumentCallback, Results, Subscription

logger = logging.getLogger(__name__)

#: A document, and when it is forgotten.
_Stored = tuple[bytes, int | None]


class MemoryResults(Results):
    """Works under the engine's lock; callbacks are called outside of it."""

    _state: MemoryState
    _changed: threading.Condition
    _clock: Callable[[], int]

    def __init__(self) -> None:
        super().__init__()
        self._documents: dict[str, _Stored] = {}
        self._groups: dict[str, _Stored] = {}
        self._followers: dict[str, list[DocumentCallback]] = defaultdict(list)

    def store_state(
        self, task_id: str, document: str, ttl: int | None, *, held: tuple[str, Claim] | None = None
    ) -> bool:
        with self._changed:
            if held is not None:
                worker, claim = held
                if self._state.held(worker, claim.key, claim.token) is None:
                    return False
            present = self.documents([task_id])[0] or b""
            if present.startswith((b'{"status":"SUCCESS"', b'{"status": "SUCCESS"')):
                return False
            stored = self._store(task_id, document, ttl)
        self._call_followers([stored])
        return True

    def _store(self, task_id: str, document: str, ttl: int | None) -> tuple[str, bytes]:
        """Store a document; return it for `_call_followers`, once the lock is free."""
        self._documents[task_id] = (document.encode(), self._expiry(ttl))
        return task_id, document.encode()

    def _expiry(self, ttl: int | None) -> int | None:
        return None if ttl is None else self._clock() + ttl

    def _unexpired(self, stored: _Stored | None) -> bytes | None:
        if stored is None or (stored[1] is not None and stored[1] <= self._clock()):
            return None
        return stored[0]

    def _call_followers(self, stored: Iterable[tuple[str, bytes]]) -> None:
        for task_id, document in stored:
            with self._changed:
                callbacks = list(self._followers.get(task_id, ()))
            for callback in callbacks:
                _call(callback, task_id, document)

    def documents(self, task_ids: Sequence[str]) -> list[bytes | None]:
        with self._changed:
            return [self._unexpired(self._documents.get(task_id)) for task_id in task_ids]

    def forget(self, task_ids: Sequence[str]) -> None:
        with self._changed:
            for task_id in task_ids:
                self._documents.pop(task_id, None)

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        ids = list(dict.fromkeys(task_ids))
        with self._changed:
            for task_id in ids:
                self._followers[task_id].append(callback)
        for task_id, document in zip(ids, self.documents(ids), strict=True):
            if document is not None:
                _call(callback, task_id, document)
        return _MemorySubscription(self._changed, self._followers, ids, callback)

    def store_group(self, group_id: str, document: str, ttl: int | None) -> None:
        with self._changed:
            self._groups[group_id] = (document.encode(), self._expiry(ttl))

    def group(self, group_id: str) -> bytes | None:
        with self._changed:
            return self._unexpired(self._groups.get(group_id))

    def forget_group(self, group_id: str) -> None:
        with self._changed:
            self._groups.pop(group_id, None)


def _call(callback: DocumentCallback, task_id: str, document: bytes) -> None:
    try:
        callback(task_id, document)
    except Exception:
        logger.exception("a callback for the result of %s failed", task_id)


class _MemorySubscription(Subscription):
    """Some callbacks among the engine's followers."""

    def __init__(
        self,
        lock: threading.Condition,
        followers: dict[str, list[DocumentCallback]],
        task_ids: list[str],
        callback: DocumentCallback,
    ) -> None:
        self._lock = lock
        self._followers = followers
        self._task_ids = task_ids
        self._callback = callback

    def close(self) -> None:
        with self._lock:
            task_ids, self._task_ids = self._task_ids, []
            for task_id in task_ids:
                callbacks = self._followers.get(task_id, [])
                if self._callback in callbacks:
                    callbacks.remove(self._callback)
                if not callbacks:
                    self._followers.pop(task_id, None)
