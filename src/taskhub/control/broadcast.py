"""Broadcasting of commands to workers, and collection of their replies."""

from __future__ import annotations

import logging
import os
import socket
import time
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from taskhub.control.aggregation import ReplyAggregator, rule_for
from taskhub.exceptions import DecodeError, DuplicateNodenameWarning
from taskhub.message import new_task_id
from taskhub.worker.control.messages import Answer, Command
from taskhub.worker.leases.worker_info import WorkerInfo, read_worker_infos

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: How long to wait for replies if the caller gives no timeout, seconds.
TIMEOUT = 1.0

#: While answers are missing, look so often who is still there, seconds.
LOOK_EVERY = 0.25

#: Called with each node's reply, `{node: reply}`, as soon as it is complete.
ReplyCallback = Callable[[dict[str, Any]], object]


def sender() -> str:
    """Return the name of this process, for the logs of workers."""
    return f"{socket.gethostname()}:{os.getpid()}"


def live_worker_infos(app: Celery) -> dict[str, WorkerInfo]:
    """Return the worker processes whose leases have not expired."""
    return read_worker_infos(app.engine.worker_infos())


def send_command(app: Celery, command: Command) -> None:
    """Send a command without waiting for replies."""
    app.engine.control_bus.publish_command(command.to_text())


def collect_replies(
    app: Celery,
    command: Command,
    timeout: float | None = None,
    limit: int | None = None,
    callback: ReplyCallback | None = None,
) -> list[dict[str, Any]]:
    """Send a command and return the replies, one for each node: `[{node: reply}, ...]`.

    Returns as soon as all workers that are there, and stay, have answered; after `timeout` seconds
    with what there is.

    Args:
        app: The app whose workers get the command.
        command: The command; it must have a reply address.
        timeout: Seconds to wait; None: `TIMEOUT`.
        limit: Return after so many replies.
        callback: Called with each reply, `{node: reply}`, as soon as it is complete.
    """
    assert command.reply_to is not None
    control_bus = app.engine.control_bus
    worker_infos = live_worker_infos(app)
    expected = _addressed(worker_infos, command)
    aggregator = ReplyAggregator(rule_for(command.method, command.arguments), expected)
    found: list[dict[str, Any]] = []

    def add(replies: list[dict[str, Any]]) -> None:
        for reply in replies[: None if limit is None else limit - len(found)]:
            found.append(reply)
            if callback is not None:
                callback(reply)

    # Without worker infos there may still be workers: just now they were taken for dead, and their
    # worker infos are gone.
    patient = not worker_infos and any(left > 0 for left in app.engine.workers().values())
    with control_bus.collect_replies(command.reply_to) as replies:
        control_bus.publish_command(command.to_text())
        deadline = time.monotonic() + (TIMEOUT if timeout is None else timeout)
        while (patient or not aggregator.is_complete) and (limit is None or len(found) < limit):
            left = deadline - time.monotonic()
            text = replies.receive(max(0.0, min(left, LOOK_EVERY)))
            if text is None:
                if left <= LOOK_EVERY:
                    break
                # Processes that have ended meanwhile will not answer.
                add(aggregator.forget(aggregator.missing - live_worker_infos(app).keys()))
                continue
            try:
                answer = Answer.from_text(text)
            except DecodeError as error:
                logger.warning("a reply to %s was ignored: %s", command.method, error)
                continue
            app.clock.adjust(answer.clock)
            add(aggregator.add(answer))
        add(aggregator.incomplete())
    _warn_of_shared_names(aggregator.shared_names)
    return found


def _addressed(worker_infos: Mapping[str, WorkerInfo], command: Command) -> dict[str, WorkerInfo]:
    return {
        worker: worker_info
        for worker, worker_info in worker_infos.items()
        if worker_info.listens and command.is_for(worker_info.node)
    }


def new_reply_to() -> str:
    """Return a new, unique reply address."""
    return new_task_id()


def _warn_of_shared_names(names: list[str]) -> None:
    if names:
        warnings.warn(
            f"several workers are called {', '.join(names)}, and their replies are shown as one: "
            "give each a name of its own with -n",
            DuplicateNodenameWarning,
            stacklevel=4,
        )
