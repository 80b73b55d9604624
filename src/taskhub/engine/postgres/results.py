"""Result documents, and who follows them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from taskhub.engine.port.claims import Claim
from taskhub.engine.port.results import DocumentCallback, Results, Subscription
from taskhub.engine.postgres.connection_pool import STEADY
from taskhub.engine.postgres.store import PostgresStore
from taskhub.exceptions import StoreRefused
from taskhub.names import check_id

logger = logging.getLogger(__name__)


class PostgresResults(Results):
    """Works on the engine's store."""

    _store: PostgresStore

    def store_state(
        self, task_id: str, document: str, ttl: int | None, *, held: tuple[str, Claim] | None = None
    ) -> bool:
        proof = (None, None, None) if held is None else (held[0], held[1].key, held[1].token)
        store = self._store
        replies = store.request(
            [store.prepare("store_state", store.now, task_id, document, ttl, *proof)],
            [store.prepare("notify_followers", [task_id])],
            retry=STEADY,
        )
        if isinstance(replies[0], StoreRefused):
            raise replies[0]
        if isinstance(replies[1], StoreRefused):
            logger.warning("who follows results is not notified: %s", replies[1])
        return bool(replies[0][0][0][0])

    def documents(self, task_ids: Sequence[str]) -> list[bytes | None]:
        if not task_ids:
            return []
        ids = list(task_ids)
        found: dict[str, str] = dict(
            self._store.run("documents", self._store.now, list(dict.fromkeys(ids)))
        )
        return [_encoded(found.get(task_id)) for task_id in ids]

    def forget(self, task_ids: Sequence[str]) -> None:
        if task_ids:
            self._store.run("forget_documents", list(task_ids))

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        # One that cannot be sent would end the wait of everybody, so its caller gets the error.
        ids = list(dict.fromkeys(check_id("the id of a task", task_id) for task_id in task_ids))
        return self._store.followers.follow(ids, callback)

    def store_group(self, group_id: str, document: str, ttl: int | None) -> None:
        self._store.run("store_group", self._store.now, group_id, document, ttl)

    def group(self, group_id: str) -> bytes | None:
        rows = self._store.run("group", self._store.now, group_id)
        return _encoded(rows[0][0]) if rows else None

    def forget_group(self, group_id: str) -> None:
        self._store.run("forget_group", group_id)


def _encoded(document: str | None) -> bytes | None:
    return None if document is None else document.encode()
