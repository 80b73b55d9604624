"""Collection of the members of a canvas: what calls of one task have in common is computed once.

The calls of a group of 10,000 of one task differ in ids, indexes and arguments only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub import instrumentation
from taskhub.call.message import (
    build_frozen_options,
    build_message_options,
    check_arguments,
    check_message_size,
)
from taskhub.canvas.outbox import Outbox
from taskhub.execution.request import Context
from taskhub.message import Envelope, encode_body
from taskhub.names import check_id

if TYPE_CHECKING:
    from taskhub.app.calls import Calls
    from taskhub.canvas.signature import Signature
    from taskhub.task.task import Task

#: Options of a member that can be made from a template: those that freezing it has set.
_FROZEN = frozenset(("task_id", "group_id", "group_index", "chord", "root_id", "parent_id"))
#: Options whose value differs from call to call.
_OF_EACH_CALL = (_FROZEN - {"root_id"}) | {"countdown", "eta", "expires"}


class _Plan(NamedTuple):
    """How the calls of one task are collected, and what they have in common."""

    #: The task as an actor of its app; None: each call is sent by its own `apply_async`.
    task: Task[Any, Any] | None = None
    #: What all calls have in common; None: each may be treated differently.
    template: _Template | None = None


class _Template(NamedTuple):
    """What all calls of one task by one canvas have in common."""

    name: str
    queue: str
    priority: int
    #: Options of the messages.
    stored: dict[str, Any]
    #: Raises `TypeError` if it is called with arguments that do not fit.
    check: Callable[..., Any] | None


class Collector:
    """Puts the frozen members of one canvas into an outbox, without making a result for each.

    Args:
        calls: Sends the app's calls.
        outbox: Receives the messages.
        args: Arguments of every member, before its own.
        kwargs: Keyword arguments of every member.
        options: Options of every member.
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
        #: By the task's object, which is kept alive by the canvas.
        self._plans: dict[int, _Plan] = {}

    def collect(self, signature: Signature) -> bool:
        """Collect one member.

        Returns False if it must be sent by its own `apply_async`: it is a canvas, or its task has
        one of its own.

        Raises:
            EncodeError: An argument cannot be serialized.
            TypeError: The arguments do not fit the task.
        """
        if signature["subtask_type"] is not None:
            return False
        named = signature.known_task()
        plan = self._plans.get(id(named))
        if plan is None:
            plan = self._plans[id(named)] = self._plan(named)
        task, template = plan
        if task is None:
            return False
        if template is not None and signature["options"].keys() <= _FROZEN:
            self._outbox.messages.append(self._from_template(template, signature))
            return True
        args, kwargs, merged = task.prepared(
            *signature.merged(self._args, self._kwargs, self._options)
        )
        called = (task.name, args, kwargs, merged["task_id"], merged, task, self._parent)
        outbox = self._outbox
        envelope = self._calls.envelope(*called, outbox.published, created=outbox.created)
        outbox.messages.append(envelope)
        return True

    def _plan(self, named: Any) -> _Plan:

        if named is None or named.overrides_apply_async:
            return _Plan()
        task = named.bound
        self._outbox.note_task(task)
        return _Plan(task, self._template(task))

    def _template(self, task: Task[Any, Any]) -> _Template | None:
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
            or instrumentation.active
        ):
            return None
        stored = build_message_options(common, defaults, self._parent, "")
        return _Template(
            task.name,
            self._calls.routes.queue(common),
            defaults.order.band(stored.get("priority")),
            stored,
            task._check_arguments,
        )

    def _from_template(self, template: _Template, signature: Signature) -> Envelope:
        name, queue, priority, common, check = template
        options, args, kwargs = signature["options"], signature["args"], signature["kwargs"]
        if self._args and not signature.immutable:
            args = (*self._args, *args)
        check_arguments(args, kwargs)
        if check is not None:
            check(*args, **kwargs)
        task_id = check_id("task_id", options["task_id"])
        fields = {
            "queue_name": queue,
            "actor_name": name,
            "args": args,
            "kwargs": kwargs,
            "options": {**common, **build_frozen_options(options)},
            "message_id": task_id,
            "message_timestamp": int(time() * 1000),
        }
        limit = self._calls.defaults.max_message_size
        body = check_message_size(encode_body(fields), limit, name)
        return Envelope(task_id, queue, priority, body)
