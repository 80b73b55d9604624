"""Check of an entry's call before the entry is stored; nothing is sent."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from taskhub.call.message import build_envelope, build_message_options
from taskhub.call.values import compute_due
from taskhub.message import new_task_id
from taskhub.names import check_name
from taskhub.schedules.entry import Entry, EntryError
from taskhub.schedules.lazy_arguments import BeatLazyFunc

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: Options of calls; others may be properties of the message or stamps, and pass unless they look
#: like one of these.
_OPTIONS: Final = (
    *("queue", "exchange", "routing_key", "priority", "countdown", "eta", "expires"),
    *("serializer", "compression", "time_limit", "soft_time_limit", "ignore_result"),
    *("link", "link_error", "headers", "shadow", "retry", "retry_policy", "stamped_headers"),
    *("delivery_mode", "immediate", "mandatory", "add_to_parent", "argsrepr", "kwargsrepr"),
)


def check_call(app: Celery, entry: Entry) -> None:
    """Check the options of an entry's call, and its arguments if the app has the task.

    Raises:
        EntryError: The scheduler could not make the call.
    """
    options = entry.options
    for name in options:
        near = get_close_matches(str(name), _OPTIONS, 1, 0.75)
        if name not in _OPTIONS and near:
            raise EntryError(
                f"entry {entry.name!r} has an unknown option {name!r}: did you mean {near[0]}?"
            )
    task = app.tasks.get(entry.task)
    lazy = any(isinstance(value, BeatLazyFunc) for value in (*entry.args, *entry.kwargs.values()))
    calls = app.calls
    try:
        check_name("the name of the task", entry.task)
        check = None if task is None else task.bound._check_arguments
        if check is not None:
            check(*entry.args, **entry.kwargs)
        routed = calls.routes.options(options, entry.task, entry.args, entry.kwargs, task)
        queue = check_name("the queue name", calls.routes.queue(routed))
        task_id = new_task_id()
        stored = build_message_options(routed, calls.defaults, None, task_id)
        due = compute_due(routed.get("countdown"), routed.get("eta"), calls.defaults.timezone)
        build_envelope(
            task_name=entry.task,
            task_id=task_id,
            queue=queue,
            args=() if lazy else entry.args,
            kwargs={} if lazy else entry.kwargs,
            stored=stored,
            due=due,
            serializer=routed.get("serializer") or calls.defaults.serializer,
        )
    except Exception as error:
        raise EntryError(f"entry {entry.name!r}: {error}") from error
