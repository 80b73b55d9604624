"""Events as dictionaries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from celery.app.amqp import Exchange

__all__ = (
    "EVENT_EXCHANGE_NAME",
    "Event",
    "event_exchange",
    "get_exchange",
    "group_from",
)

#: The exchange of events, in Celery.
EVENT_EXCHANGE_NAME = "celeryev"
event_exchange = Exchange(EVENT_EXCHANGE_NAME, "topic")


def Event(
    type: str, _fields: Any = None, __now__: Any = time.time, **fields: Any
) -> dict[str, Any]:
    """Return an event; its time is now, unless given."""
    event = {**(_fields or {}), **fields, "type": type}
    event.setdefault("timestamp", __now__())
    return event


def group_from(type: str) -> str:
    """Return the group of a type, e.g. "task" of "task-sent"."""
    return type.partition("-")[0]


def get_exchange(conn: Any, name: str = EVENT_EXCHANGE_NAME) -> Exchange:
    """Return the exchange of events; events are in a stream of the store, so it is a name only."""
    return Exchange(name, "topic")


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
