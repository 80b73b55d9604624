"""The quick way for the members of a canvas: what the calls of one task have in common is worked out once.

A group of 10,000 calls of one task differs in ids, places and arguments only.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub.canvas.outbox import Outbox
from taskhub.message import Envelope, check_name, clamp_priority, encode_body
from taskhub.task import calling
from taskhub.worker.context import Context

if TYPE_CHECKING:
    from taskhub.app.calls import Calls
    from taskhub.canvas.signature import Signature
    from taskhub.task.task import Task

#: What a member's own options may say if it is to be sent the quick way: what freezing it has written there.
_PLACE = frozenset(("task_id", "group_id", "group_index", "chord", "root_id", "parent_id"))
#: Options that give each call something of its own, whoever sets them.
_OF_EACH_CALL = (_PLACE - {"root_id"}) | {"countdown", "eta", "expires"}


class _Template(NamedTuple):
    """What all calls of one task by one canvas have in common."""

    queue: str
    priority: int
    #: Options of the messages.
    stored: dict[str, Any]


class Collector:
    """Puts the frozen members of one canvas into an outbox, without making a result for each.

    Parameters:
        args, kwargs, options: What every member is called with, beside its own.
        parent: The request of the task that makes the calls.
    """

    def __init__(
        self,
        calls: Calls,
        outbox: Outbox,
        args: Any,
        kwargs: Any,
        options: Mapping[str, Any],
        parent: Context | None,
    ) -> None:
        self._calls = calls
        self._outbox = outbox
        self._args, self._kwargs, self._options = args, kwargs, options
        self._parent = parent
        self._templates: dict[str, _Template | None] = {}

    def collect(self, signature: Signature) -> bool:
        """Collect one member.

        Returns False if it must be sent by its own `apply_async`: it is a canvas, or its task has one of its own.

        Raises:
          EncodeError: an argument cannot be serialized.
          TypeError: the arguments do not fit the task.
        """
        from taskhub.task.task import Task

        task: Task[Any, Any] | None = signature.known_task()
        if (
            signature.subtask_type is not None
            or task is None
            or type(task).apply_async is not Task.apply_async
        ):
            return False
        task = task.bound
        template = self._template(task)
        if template is not None and signature.options.keys() <= _PLACE:
            self._outbox.messages.append(self._from_template(template, task, signature))
            return True
        args, kwargs, merged = task.prepared(
            *signature.merged(self._args, self._kwargs, self._options)
        )
        self._outbox.messages.append(
            self._calls.envelope(
                task.name, args, kwargs, merged["task_id"], merged, task, self._parent
            )
        )
        return True

    def _template(self, task: Task[Any, Any]) -> _Template | None:
        """Return what the calls of a task have in common; None: each may be treated differently."""
        if task.name not in self._templates:
            self._templates[task.name] = self._new_template(task)
        return self._templates[task.name]

    def _new_template(self, task: Task[Any, Any]) -> _Template | None:
        defaults = self._calls.defaults
        common = {**task._call_defaults, **self._options}
        serializer = common.get("serializer") or defaults.serializer
        if (
            self._kwargs
            or common.keys() & _OF_EACH_CALL
            or serializer != "json"
            or self._calls.routes.differ_by_call
            or not task.calls_are_alike
            or self._calls.publishing.is_watched
        ):
            return None
        stored = calling.message_options(common, defaults, self._parent, "")
        queue = self._calls.routes.queue(common)
        return _Template(queue, clamp_priority(stored.get("priority")), stored)

    def _from_template(
        self, template: _Template, task: Task[Any, Any], signature: Signature
    ) -> Envelope:
        options, args, kwargs = signature.options, signature.args, signature.kwargs
        if self._args and not signature.immutable:
            args = (*self._args, *args)
        calling.check_arguments(args, kwargs)
        if task._check_arguments is not None:
            task._check_arguments(*args, **kwargs)
        task_id = check_name("task_id", options["task_id"])
        stored = {**template.stored, **calling.place_options(options)}
        fields = {
            "queue_name": template.queue,
            "actor_name": task.name,
            "args": args,
            "kwargs": kwargs,
            "options": stored,
            "message_id": task_id,
            "message_timestamp": int(time() * 1000),
        }
        return Envelope(task_id, template.queue, template.priority, encode_body(fields))
