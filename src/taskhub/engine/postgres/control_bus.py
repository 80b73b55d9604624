"""The control bus: messages to workers, and their replies."""

from __future__ import annotations

from taskhub.engine.port.control_bus import ControlBus, ControlSubscription, ReplyCollector
from taskhub.engine.postgres.store import PostgresStore


class PostgresControlBus(ControlBus):
    """The control bus: messages to workers, and their replies."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def publish_command(self, text: str) -> None:
        raise NotImplementedError

    def subscribe(self, after: str | None = None) -> ControlSubscription:
        raise NotImplementedError

    def send_reply(self, reply_to: str, text: str) -> None:
        raise NotImplementedError

    def collect_replies(self, reply_to: str) -> ReplyCollector:
        raise NotImplementedError

    def claim_once(self, name: str) -> bool:
        raise NotImplementedError
