"""Dramatiq's message of a call, for `send()`, pipelines and groups of Dramatiq's."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, TypeVar

import dramatiq

from taskhub.call.message import build_message_options
from taskhub.call.options import KNOWN
from taskhub.call.values import as_list
from taskhub.task.options import CALL_OPTIONS

if TYPE_CHECKING:
    from taskhub.task.task import Task

__all__ = ("build_native_message",)

R = TypeVar("R")


def build_native_message(
    task: Task[Any, R], args: tuple[Any, ...], kwargs: dict[str, Any], options: dict[str, Any]
) -> dramatiq.Message[R]:
    """Build the message of a call of a bound task; options that are not ours are Dramatiq's."""
    task_id = options.pop("task_id", None) or str(uuid.uuid4())
    calls = task.app.calls
    call = {**task._call_defaults, **options}
    named = {*KNOWN, *as_list(call.get("stamped_headers"))}
    ours = {name: value for name, value in call.items() if name in named}
    stored = build_message_options(ours, calls.defaults, None, task_id)
    known = {"queue", *CALL_OPTIONS}
    stored.update((name, value) for name, value in options.items() if name not in known)
    message: dramatiq.Message[R] = dramatiq.Message(
        queue_name=calls.queue(call, task.name, args, kwargs, task),
        actor_name=task.name,
        args=tuple(args),
        kwargs=kwargs,
        options=stored,
        message_id=task_id,
    )
    return message
