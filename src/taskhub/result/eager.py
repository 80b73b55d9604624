"""`EagerResult`: the result of a task that was run in the caller's process."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from taskhub import states
from taskhub.exceptions import TaskRevokedError
from taskhub.result.async_result import AsyncResult
from taskhub.result.base import Meta
from taskhub.result.join_guard import assert_will_not_block

R = TypeVar("R")


class EagerResult(AsyncResult[R]):
    """A result that needs no store: the task has ended already (as Celery's `EagerResult`).

    Args:
        id: The id of the task.
        ret_value: What it returned, or the exception that it raised.
        state: The state that it ended in.
        traceback: The traceback of a failure, as text.
        name: The task's name.
    """

    stored = False

    def __init__(
        self,
        id: str,
        ret_value: Any,
        state: str,
        traceback: str | None = None,
        name: str | None = None,
    ) -> None:
        # Not the base's: it would look for an application, and this needs none.
        self.id = id
        self.parent = None
        self._ignored = False
        self._subscription = None
        self._value = ret_value
        self._state = state
        self._traceback = traceback
        self._name = name

    @property
    def known(self) -> Meta:
        """The document that would have been stored."""
        return {
            "task_id": self.id,
            "result": self._value,
            "status": self._state,
            "traceback": self._traceback,
            "name": self._name,
        }

    def remember(self, meta: Meta) -> None:
        """Do nothing: it is known."""

    def unlearn(self) -> None:
        """Do nothing: there is no other copy."""

    def exists(self) -> bool:
        """Return True."""
        return True

    def ready(self) -> bool:
        """Return True."""
        return True

    @property
    def supports_native_join(self) -> bool:
        """False: there is nothing to wait for."""
        return False

    def get(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        *args: Any,
        disable_sync_subtasks: bool = True,
        **kwargs: Any,
    ) -> R:
        """Return what the task returned; there is nothing to wait for.

        `timeout` and all further arguments are those of `AsyncResult.get`, and not used.

        Raises:
            RuntimeError: This is a running task.
            Exception: What the task raised, with `propagate`.
        """
        if disable_sync_subtasks:
            assert_will_not_block()
        return cast("R", self._outcome(propagate))

    async def aget(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as of `get`
        propagate: bool = True,
        *,
        disable_sync_subtasks: bool = True,
        **kwargs: Any,
    ) -> R:
        """The same as `get`, in a coroutine."""
        return self.get(timeout, propagate, disable_sync_subtasks=disable_sync_subtasks)

    def _outcome(self, propagate: bool) -> Any:
        if self._state == states.SUCCESS:
            return self._value
        if self._state not in states.PROPAGATE_STATES:
            return None
        if propagate:
            raise self._value if isinstance(self._value, Exception) else Exception(self._value)
        return self._value

    def forget(self) -> None:
        """Do nothing: nothing is stored."""

    def revoke(self, *args: Any, **kwargs: Any) -> None:
        """Turn the result into that of a revoked task; nothing is undone."""
        self._state = states.REVOKED
        self._value = TaskRevokedError("revoked")
        self._traceback = None

    def __copy__(self) -> EagerResult[R]:
        kind, arguments = self.__reduce__()
        return cast("EagerResult[R]", kind(*arguments))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.id, self._value, self._state, self._traceback, self._name)
