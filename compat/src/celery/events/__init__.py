"""Events of tasks and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from celery.events.event import Event, event_exchange, get_exchange, group_from
from taskhub.app.events import EventDispatcher, EventReceiver

__all__ = (
    "Event",
    "EventDispatcher",
    "EventReceiver",
    "event_exchange",
    "get_exchange",
    "group_from",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
