"""Result documents, and who follows them."""

from __future__ import annotations

from collections.abc import Sequence

from taskhub.engine.port.claims import Claim
from taskhub.engine.port.results import DocumentCallback, Results, Subscription
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.store import PostgresStore


class PostgresResults(Results):
    """Works on the engine's store."""

    rules: EngineRules
    _store: PostgresStore

    def store_state(
        self, task_id: str, document: str, ttl: int | None, *, held: tuple[str, Claim] | None = None
    ) -> bool:
        raise NotImplementedError

    def documents(self, task_ids: Sequence[str]) -> list[bytes | None]:
        raise NotImplementedError

    def forget(self, task_ids: Sequence[str]) -> None:
        raise NotImplementedError

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        raise NotImplementedError

    def store_group(self, group_id: str, document: str, ttl: int | None) -> None:
        raise NotImplementedError

    def group(self, group_id: str) -> bytes | None:
        raise NotImplementedError

    def forget_group(self, group_id: str) -> None:
        raise NotImplementedError
