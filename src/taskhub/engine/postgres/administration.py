"""Administration of the database: revoked tasks, dead letters, whole queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from taskhub.engine.port.administration import Administration, QueueUse
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.claims import read_claim
from taskhub.engine.postgres.store import PostgresStore

#: Waiting messages that one statement deletes, and delayed ones that it looks at.
PURGE_PAGE: Final = 2000
#: Stands before all delayed messages.
_BEFORE_ALL: Final = (-(2**63), "", -1, "")


class PostgresAdministration(Administration):
    """Every verb is one transaction; `purge` makes one after the other until nothing is left."""

    rules: EngineRules
    _store: PostgresStore

    def revoke(self, revoker: str, task_ids: Sequence[str], remember: int) -> list[Claim]:
        arguments = (self._store.now, revoker, self.rules.lease, remember, list(task_ids))
        return [
            read_claim(*row, claimed_at=None, revoked=True)
            for row in self._store.run("revoke", *arguments)
        ]

    def revoke_stamps(self, stamps: Sequence[tuple[str, str]], remember: int) -> None:
        if stamps:
            headers, values = [header for header, _ in stamps], [value for _, value in stamps]
            self._store.run("revoke_stamps", self._store.now, remember, headers, values)

    def retry_dead_letters(self, keys: Sequence[str]) -> list[str]:
        if not keys:
            return []
        ((sent, grown),) = self._store.run("retry_dead_letters", self._store.now, list(keys))
        self._store.announce(grown)
        return list(sent)

    def delete_dead_letters(self, keys: Sequence[str]) -> list[str]:
        if not keys:
            return []
        gone = {key for (key,) in self._store.run("delete_dead_letters", list(keys))}
        return [key for key in dict.fromkeys(keys) if key in gone]

    def purge(self, queue: str, *, delayed: bool = True) -> int:
        deleted = self._purge_pages("purge_ready", queue)
        if not delayed:
            return deleted
        after: tuple[Any, ...] = _BEFORE_ALL
        while after[0] is not None:
            ((count, *last),) = self._store.run("purge_delayed", queue, PURGE_PAGE, *after)
            deleted, after = deleted + count, tuple(last)
        return deleted + self._purge_pages("purge_limited", queue)

    def _purge_pages(self, name: str, queue: str) -> int:
        deleted, count = 0, PURGE_PAGE
        while count == PURGE_PAGE:
            count = int(self._store.run_one(name, queue, PURGE_PAGE))
            deleted += count
        return deleted

    def pause_queue(self, queue: str, by: str = "", reason: str = "") -> bool:
        return bool(self._store.run("pause_queue", self._store.now, queue, by, reason))

    def resume_queue(self, queue: str) -> bool:
        for (is_ready,) in self._store.run("resume_queue", queue):
            if is_ready:
                self._store.announce([queue])
            return True
        return False

    def forget_queue(self, queue: str) -> QueueUse | None:
        use: QueueUse | None = self._store.run_one("forget_queue", self._store.now, queue)
        return use
