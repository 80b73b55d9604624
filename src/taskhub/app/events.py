"""`app.events`: following what workers tell, and telling something of one's own."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from taskhub.task.calling import origin_of
from taskhub.worker.events import event

if TYPE_CHECKING:
    from taskhub.app.app import Celery

Handler = Callable[[dict[str, Any]], Any]

#: Whether to stop is looked at this often, seconds.
LOOK_EVERY = 1.0


class EventReceiver:
    """Follows the stream of events, as Celery's `EventReceiver`.

    Parameters:
      channel: accepted as Celery's connection or channel; the app's store is followed.
      handlers: called with each event, by its type; `"*"` gets those that have no handler.
      after: the place in the stream behind which to begin; None: with what comes from now on.
      options: accepted as Celery's, without effect: queues of events are not needed here.
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
        self._events = app.engine.events(after)

    def process(self, type: str, event: dict[str, Any]) -> None:
        """Give an event to its handler, if it has one."""
        handler = self.handlers.get(type) or self.handlers.get("*")
        if handler is not None:
            handler(event)

    def itercapture(
        self, limit: int | None = None, timeout: float | None = None, wakeup: bool = True
    ) -> Iterator[dict[str, Any]]:
        """Give events to their handlers, and yield each.

        Parameters:
          limit: after so many it ends.
          timeout: how long to wait for the next one, seconds; None: for ever.
          wakeup: whether workers are asked for a heartbeat, so that one sees them at once.

        Raises:
          TimeoutError: nothing came within `timeout`.
          OperationalError: the store is out of reach.
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
        """Ask workers for a heartbeat."""
        self.app.control.broadcast("heartbeat")

    def close(self) -> None:
        """Drop the connection on which events come."""
        self._events.close()

    def __enter__(self) -> EventReceiver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class EventDispatcher:
    """Appends events of one's own, as Celery's `EventDispatcher`.

    Parameters:
      connection: accepted as Celery's; the app's store is used.
      hostname: who tells; by default this process.
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
          OperationalError: the store is out of reach.
        """
        if self.enabled:
            self.app.engine.tell([event(type, self.hostname, **fields)])

    def __enter__(self) -> EventDispatcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is held."""


class Events:
    """`Receiver`, `Dispatcher` and `default_dispatcher` of an app."""

    def __init__(self, app: Celery) -> None:
        self.Receiver = partial(EventReceiver, app=app)
        self.Dispatcher = partial(EventDispatcher, app=app)

    def default_dispatcher(self, hostname: str | None = None, **options: Any) -> EventDispatcher:
        """Return a dispatcher."""
        return self.Dispatcher(hostname=hostname)
