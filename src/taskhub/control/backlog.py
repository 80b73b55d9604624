"""Backlogs: the messages that wait in queues, their age, and the nodes that consume."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub.engine.dramatiq.broker import READY_OPTION
from taskhub.exceptions import DecodeError
from taskhub.message import Envelope, decode_body
from taskhub.worker.leases.worker_info import WorkerInfo

if TYPE_CHECKING:
    from taskhub.app.app import Celery


class Backlog(NamedTuple):
    """What waits in a queue, and who serves it."""

    name: str
    ready: int
    delayed: int
    #: Messages that wait for a permit of the rate limiter.
    rate_limited: int
    #: Seconds that the oldest ready message has been ready; None: there is none.
    oldest: float | None
    #: Nodes.
    served_by: list[str]


def backlogs(app: Celery, worker_infos: Mapping[str, WorkerInfo]) -> list[Backlog]:
    """Return what waits in each queue that was ever used."""
    counts = app.engine.queues()
    served = nodes_serving(worker_infos, counts)
    return [
        Backlog(
            name,
            count.ready,
            count.delayed,
            count.rate_limited,
            oldest_age(app, name) if count.ready else None,
            served[name],
        )
        for name, count in counts.items()
    ]


def oldest_age(app: Celery, queue: str) -> float | None:
    """Return the age of the oldest ready message of a queue, seconds; None: there is none.

    A message is ready when it was sent, or when it was due. Both times are of the caller's clock.
    """
    moments = [ready_since(envelope) for envelope in app.engine.oldest(queue)]
    known = [moment for moment in moments if moment is not None]
    return max(0.0, time.time() - min(known)) if known else None


def ready_since(envelope: Envelope) -> float | None:
    """Return when a message became ready, seconds since the epoch; None: it is not known."""
    try:
        return ready_moment(decode_body(envelope.body))
    except DecodeError:
        return None


def ready_moment(fields: Mapping[str, Any]) -> float | None:
    """Return when a message became ready, by the fields of its body; None: they do not say."""
    try:
        options = fields.get("options") or {}
        sent = float(fields.get("message_timestamp") or 0) / 1000
        due = _moment(options.get("scheduled")) or float(options.get(READY_OPTION) or 0) / 1000
    except (AttributeError, TypeError, ValueError):
        return None
    return max(sent, due) or None


def _moment(text: object) -> float:
    if not text:
        return 0.0
    at = datetime.fromisoformat(str(text))
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()


def is_served(queue: str, worker_infos: Mapping[str, WorkerInfo]) -> bool:
    """Whether one of some workers serves a queue."""
    return any(queue in worker_info.queues for worker_info in worker_infos.values())


def nodes_serving(
    worker_infos: Mapping[str, WorkerInfo], queues: Iterable[str]
) -> dict[str, list[str]]:
    """Return the nodes that serve each queue."""
    return {
        queue: sorted(
            {
                worker_info.node
                for worker_info in worker_infos.values()
                if queue in worker_info.queues
            }
        )
        for queue in queues
    }
