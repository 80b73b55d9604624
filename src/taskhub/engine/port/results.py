"""The part of the engine port that keeps results: documents of tasks, and members of groups.

Times are in milliseconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from taskhub.closable import Closable
from taskhub.engine.port.claims import Claim
from taskhub.exceptions import StoreRefused

#: Receives a task id and the result document just stored for it, or why the store lets this user
#: read none. Called from a thread of the engine: it must be quick.
DocumentCallback = Callable[[str, bytes | StoreRefused], None]


class Subscription(Closable, ABC):
    """Result documents of some task ids, followed until this is closed."""

    @abstractmethod
    def close(self) -> None:
        """Stop following. Safe to call twice."""


class Results(ABC):
    """Stored results. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def store_state(
        self, task_id: str, document: str, ttl: int | None, *, held: tuple[str, Claim] | None = None
    ) -> bool:
        """Write an intermediate state, never over a SUCCESS; return whether it was written.

        Args:
            task_id: The task.
            document: Its result document.
            ttl: How long it is kept, ms; None: forever.
            held: Worker and claim; only while that stands is the state written.
        """

    @abstractmethod
    def documents(self, task_ids: Sequence[str]) -> list[bytes | None]:
        """Return the stored result documents, None where there is none."""

    @abstractmethod
    def forget(self, task_ids: Sequence[str]) -> None:
        """Delete result documents."""

    @abstractmethod
    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        """Call back with each id's present document, if any, and with every later one."""

    @abstractmethod
    def store_group(self, group_id: str, document: str, ttl: int | None) -> None:
        """Store which results a group has."""

    @abstractmethod
    def group(self, group_id: str) -> bytes | None:
        """Return what `store_group` stored; None: nothing."""

    @abstractmethod
    def forget_group(self, group_id: str) -> None:
        """Delete what `store_group` stored."""
