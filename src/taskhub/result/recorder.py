"""States and results that a program stores itself, beside the outcomes of executions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from taskhub import states
from taskhub.config.ranges import milliseconds
from taskhub.exceptions import TaskRevokedError
from taskhub.names import check_id
from taskhub.result.codec import Codec
from taskhub.serialization.result_meta import check_size, encode_meta, extended_fields


class Recorder(Codec):
    """Stores states and results; a worker stores those of its tasks with their commit instead."""

    def store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: Any = None,
        request: Any = None,
        **options: Any,
    ) -> Any:
        """Store a state and value, unless the task has succeeded already.

        Args:
            task_id: The task.
            result: The value, or the exception.
            state: The state.
            traceback: The traceback; anything whose `str` is one.
            request: The task's request; with its group, parent and children, and with
                `result_extended` more.
            options: Not used.

        Returns:
            The value in the form in which it was stored.

        Raises:
            EncodeError: The value can't be written, or is larger than `result_max_size` allows.
        """
        task_id = check_id("the id of a task", task_id)
        done = state in states.READY_STATES
        document = encode_meta(
            task_id=task_id,
            status=state,
            result=result,
            traceback=None if traceback is None else str(traceback),
            children=[child.as_tuple() for child in getattr(request, "children", None) or ()],
            group_id=getattr(request, "group", None),
            parent_id=getattr(request, "parent_id", None),
            date_done=datetime.now(UTC).isoformat() if done else None,
            extended=_extended(request) if request and self.app.conf.result_extended else None,
        )
        check_size(document, self.max_size, f"the state {state} of task {task_id}")
        self.app.engine.store_state(task_id, document, self._ttl(state))
        return self.encode_result(result, state)

    def mark_as_started(self, task_id: str, **meta: Any) -> Any:
        """Store STARTED; `meta` is the value, usually `pid` and `hostname`."""
        return self.store_result(task_id, meta, states.STARTED)

    def mark_as_done(
        self,
        task_id: str,
        result: Any,
        request: Any = None,
        store_result: bool = True,
        state: str = states.SUCCESS,
    ) -> None:
        """Store a return value, unless the request ignores it; what follows is not begun."""
        if store_result and not (request is not None and request.ignore_result):
            self.store_result(task_id, result, state, request=request)

    def mark_as_failure(
        self,
        task_id: str,
        exc: BaseException,
        traceback: Any = None,
        request: Any = None,
        store_result: bool = True,
        call_errbacks: bool = True,
        state: str = states.FAILURE,
    ) -> None:
        """Store an exception; what follows is not begun, `call_errbacks` not used."""
        if store_result:
            self.store_result(task_id, exc, state, traceback=traceback, request=request)

    def mark_as_revoked(
        self,
        task_id: str,
        reason: str = "",
        request: Any = None,
        store_result: bool = True,
        state: str = states.REVOKED,
    ) -> None:
        """Store that the task was revoked."""
        if store_result:
            self.store_result(task_id, TaskRevokedError(reason), state, request=request)

    def mark_as_retry(
        self,
        task_id: str,
        exc: BaseException,
        traceback: Any = None,
        request: Any = None,
        store_result: bool = True,
        state: str = states.RETRY,
    ) -> Any:
        """Store that the task will run again, and why."""
        return self.store_result(task_id, exc, state, traceback=traceback, request=request)

    def _ttl(self, state: str) -> int | None:
        conf = self.app.conf
        if state == states.FAILURE and conf.result_failure_expires is not None:
            return milliseconds(conf.result_failure_expires)
        return milliseconds(conf.result_expires if self._expires is None else self._expires)


def _extended(request: Any) -> dict[str, Any]:
    delivery: dict[str, Any] = getattr(request, "delivery_info", None) or {}
    return extended_fields(
        name=getattr(request, "task", None),
        args=getattr(request, "args", None),
        kwargs=getattr(request, "kwargs", None),
        worker=getattr(request, "hostname", None),
        retries=getattr(request, "retries", None),
        queue=delivery.get("routing_key"),
        stamps=getattr(request, "stamps", None),
        stamped_headers=getattr(request, "stamped_headers", None),
    )
