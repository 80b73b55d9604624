"""Receiving and sending of events (`app.events`)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from taskhub.call.message import origin_of
from taskhub.closable import Closable
from taskhub.execution.events import event

if TYPE_CHECKING:
    from taskhub.app.app import Celery

Handler = Callable[[dict[str, Any]], Any]

#: How often `should_stop` is read, seconds.
LOOK_EVERY = 1.0


class EventReceiver(Closable):
    """Receives the stream of events, as Celery's `EventReceiver`.

    Args:
        channel: Accepted as Celery's connection or channel; the app's store is read.
        handlers: Called with each event, by its type; `"*"` gets those that have no handler.
        args: Accepted as Celery's, without effect.
        app: The app whose events are received.
        after: The id of the last event that was received; None: begin with new events.
        options: Accepted as Celery's, without effect: queues of events are not needed here.
    """

    def __init__(
        self,
        channel: Any = None,
        handlers: Mapping[str, Handler] | None = None,
        *args: Any,
        app: Celery,
        after: str | None = None,
        **options: Any,
    ) -> None:
        self.app = app
        self.handlers = dict(handlers or {})
        #: Set it to end a `capture` that is under way.
        self.should_stop = False
        self._events = app.engine.read_events(after)

    def process(self, type: str, event: dict[str, Any]) -> None:
        """Give an event to its handler, if it has one."""
        handler = self.handlers.get(type) or self.handlers.get("*")
        if handler is not None:
            handler(event)

    def itercapture(
        self, limit: int | None = None, timeout: float | None = None, wakeup: bool = True
    ) -> Iterator[dict[str, Any]]:
        """Give events to their handlers, and yield each.

        Args:
            limit: After so many it ends.
            timeout: How long to wait for the next one, seconds; None: forever.
            wakeup: Whether to request a heartbeat of workers, so that they appear at once.

        Raises:
            TimeoutError: Nothing came within `timeout`.
            OperationalError: The store is out of reach.
        """
        if wakeup:
            self.wakeup_workers()
        count = 0
        heard = time.monotonic()
        while not self.should_stop and (limit is None or count < limit):
            patience = LOOK_EVERY if timeout is None else min(timeout, LOOK_EVERY)
            for _, text in self._events.read(patience):
                received: dict[str, Any] = {**json.loads(text), "local_received": time.time()}
                self.process(received["type"], received)
                yield received
                heard = time.monotonic()
                count += 1
                if limit is not None and count >= limit:
                    return
            if timeout is not None and time.monotonic() - heard >= timeout:
                raise TimeoutError(f"no event for {timeout:g} s")

    def capture(
        self, limit: int | None = None, timeout: float | None = None, wakeup: bool = True
    ) -> None:
        """Give events to their handlers, as `itercapture`."""
        for _ in self.itercapture(limit, timeout, wakeup):
            pass

    def wakeup_workers(self, channel: Any = None) -> None:
        """Request a heartbeat of workers."""
        self.app.control.broadcast("heartbeat")

    def close(self) -> None:
        """Close the connection on which events come."""
        self._events.close()


class EventDispatcher(Closable):
    """Sends events, as Celery's `EventDispatcher`.

    Args:
        connection: Accepted as Celery's; the app's store is used.
        hostname: The name of the sender; by default this process.
        app: The app to whose store events are sent.
        options: Accepted as Celery's, without effect.
    """

    def __init__(
        self, connection: Any = None, hostname: str | None = None, *, app: Celery, **options: Any
    ) -> None:
        self.app = app
        self.hostname = hostname or origin_of(os.getpid())
        self.enabled = True

    def send(self, type: str, blind: bool = False, **fields: Any) -> None:
        """Append an event with these fields.

        Raises:
            OperationalError: The store is out of reach.
        """
        if self.enabled:
            self.app.engine.append_events([event(type, self.hostname, **fields)])

    def close(self) -> None:
        """Nothing is held."""


class Events:
    """`Receiver`, `Dispatcher`, `State` and `default_dispatcher` of an app."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self.Receiver = partial(EventReceiver, app=app)
        self.Dispatcher = partial(EventDispatcher, app=app)

    @property
    def State(self) -> Any:  # noqa: N802
        """The class of a monitor's state in memory, of taskhub-compat."""
        return self._app.EventState

    def default_dispatcher(self, hostname: str | None = None, **options: Any) -> EventDispatcher:
        """Return a dispatcher."""
        return self.Dispatcher(hostname=hostname)
