"""Revoked tasks, dead letters, whole queues."""

from __future__ import annotations

from collections.abc import Sequence

from taskhub.engine.port.administration import Administration, QueueUse
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.store import PostgresStore


class PostgresAdministration(Administration):
    """Works on the engine's store."""

    rules: EngineRules
    _store: PostgresStore

    def revoke(self, revoker: str, task_ids: Sequence[str], remember: int) -> list[Claim]:
        raise NotImplementedError

    def revoke_stamps(self, stamps: Sequence[tuple[str, str]], remember: int) -> None:
        raise NotImplementedError

    def retry_dead_letters(self, keys: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def delete_dead_letters(self, keys: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def purge(self, queue: str, *, delayed: bool = True) -> int:
        raise NotImplementedError

    def pause_queue(self, queue: str, by: str = "", reason: str = "") -> bool:
        raise NotImplementedError

    def resume_queue(self, queue: str) -> bool:
        raise NotImplementedError

    def forget_queue(self, queue: str) -> QueueUse | None:
        raise NotImplementedError
