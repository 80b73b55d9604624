"""Where results are; there is one kind, under the names of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from celery._unsupported import unsupported_getattr
from taskhub import states
from taskhub.current import current_task as get_current_task
from taskhub.result.backend import Backend
from taskhub.result.backend import Backend as BaseBackend
from taskhub.result.backend import Backend as BaseDictBackend
from taskhub.result.backend import Backend as BaseKeyValueStoreBackend
from taskhub.result.backend import Backend as KeyValueStoreBackend

__all__ = (
    "Backend",
    "BaseBackend",
    "BaseDictBackend",
    "BaseKeyValueStoreBackend",
    "DisabledBackend",
    "KeyValueStoreBackend",
    "get_current_task",
    "states",
)


class DisabledBackend(Backend):
    """Stores no results, and refuses to read them, as Celery's.

    No app has it by itself: taskhub keeps the results of all tasks that don't set `ignore_result`.
    """

    def store_result(self, task_id: str, result: Any, state: str, *args: Any, **kwargs: Any) -> Any:
        """Store nothing."""

    def get_documents(self, task_ids: Sequence[str]) -> NoReturn:
        """Refuse.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("this backend is disabled: it keeps no results")

    follow = get_documents  # type: ignore[assignment]

    def as_uri(self, include_password: bool = False) -> str:
        """Return its URL."""
        return "disabled://"


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
