"""The disabled backend, which keeps no results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from taskhub.result.backend import Backend


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
