"""Message of a task in a worker, under the names of Celery's `celery.worker.request.Request`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from taskhub.exceptions import Retry
from taskhub.execution.execution import execution_of, task_of
from taskhub.execution.request import Context


class Request:
    """What receivers of `task_received` get, and the base of classes that tasks set as `Request`.

    The task itself has `self.request`.

    Args:
        context: the request of the message.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.id = context.id
        self.name = context.shadow or context.task
        self.root_id = context.root_id
        self.parent_id = context.parent_id
        self.hostname = context.hostname
        self.time_limits = tuple(context.timelimit or (None, None))

    @property
    def task(self) -> Any:
        """The task object."""
        return task_of(self._context)

    @property
    def task_id(self) -> str | None:
        """The id."""
        return self.id

    @property
    def task_name(self) -> str | None:
        """The task's name, or the one under which this call is shown (`shadow`)."""
        return self.name

    @property
    def type(self) -> str | None:
        """The task's name."""
        return self._context.task

    @property
    def args(self) -> Any:
        """The positional arguments."""
        return self._context.args

    @property
    def kwargs(self) -> Any:
        """The keyword arguments."""
        return self._context.kwargs

    @property
    def argsrepr(self) -> str:
        """The text of the positional arguments."""
        text: str = self._context.get("argsrepr")
        return text

    @property
    def kwargsrepr(self) -> str:
        """The text of the keyword arguments."""
        text: str = self._context.get("kwargsrepr")
        return text

    @property
    def eta(self) -> datetime | None:
        """When the call was due, if it named a time."""
        return _moment(self._context.eta)

    @property
    def expires(self) -> datetime | None:
        """When the call expires."""
        return _moment(self._context.expires)

    @property
    def delivery_info(self) -> dict[str, Any] | None:
        """Where the message came from."""
        return self._context.delivery_info

    @property
    def correlation_id(self) -> str | None:
        """The id, under AMQP's name."""
        return self._context.correlation_id

    @property
    def reply_to(self) -> str | None:
        """The caller's `reply_to`."""
        return self._context.reply_to

    @property
    def group(self) -> str | None:
        """The id of the group that the call is part of."""
        return self._context.group

    @property
    def group_index(self) -> int | None:
        """The call's place in its group."""
        return self._context.group_index

    @property
    def stamps(self) -> Any:
        """The stamps by name."""
        return self._context.stamps or {}

    @property
    def callbacks(self) -> Any:
        """The signatures to call with the value."""
        return self._context.callbacks

    @property
    def errbacks(self) -> Any:
        """The signatures to call when the task fails."""
        return self._context.errbacks

    @property
    def stamped_headers(self) -> Any:
        """The names of the stamps."""
        return self._context.stamped_headers or []

    @property
    def replaced_task_nesting(self) -> int:
        """How often a task was replaced by another before this call."""
        return self._context.replaced_task_nesting

    @property
    def acknowledged(self) -> bool:
        """Whether the message is acknowledged: that is one step with the task's end, so not yet."""
        return False

    @property
    def message(self) -> Any:
        """The message."""
        return execution_of(self._context).delivery

    @property
    def body(self) -> tuple[Any, Any, dict[str, Any]]:
        """The arguments, and what is embedded, as in Celery's messages."""
        context = self._context
        embedded = ("callbacks", "errbacks", "chain", "chord")
        return context.args, context.kwargs, {name: context.get(name) for name in embedded}

    @property
    def _request_dict(self) -> dict[str, Any]:
        return self.request_dict

    @property
    def request_dict(self) -> dict[str, Any]:
        """The fields of the message."""
        fields = vars(self._context)
        return {name: value for name, value in fields.items() if not name.startswith("_")}

    def info(self, safe: bool = False) -> dict[str, Any]:
        """Return what identifies the call, for people; with `safe` its arguments as text."""
        return {
            "id": self.id,
            "name": self.name,
            "args": self.argsrepr if safe else self.args,
            "kwargs": self.kwargsrepr if safe else self.kwargs,
            "type": self.type,
            "hostname": self.hostname,
            "delivery_info": self.delivery_info,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Request) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    # -- hooks, for the classes that tasks name as their `Request`

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        """The task is about to run.

        Args:
            pid: the process that runs it.
            time_accepted: seconds of `time.monotonic()`.
        """

    def on_timeout(self, soft: bool, timeout: float | None) -> None:
        """The task has reached a time limit, seconds: the soft, or the hard one, which ends it."""

    def on_success(self, failed__retval__runtime: tuple[bool, Any, float], **kwargs: Any) -> None:
        """The task has returned or raised: whether it failed, value or `einfo`, and runtime."""
        failed, value, _ = failed__retval__runtime
        if failed:
            self.on_failure(value, return_ok=True)

    def on_retry(self, exc_info: Any) -> None:
        """The task has asked to run again."""

    def on_failure(
        self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False
    ) -> None:
        """The task has raised."""
        if isinstance(exc_info.exception, Retry):
            self.on_retry(exc_info)

    def __repr__(self) -> str:
        return f"<Request: {self.name}[{self.id}] {self.argsrepr} {self.kwargsrepr}>"


def _moment(text: str | None) -> datetime | None:
    return None if not text else datetime.fromisoformat(str(text))
