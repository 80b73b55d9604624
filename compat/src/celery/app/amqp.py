"""Queues of the configuration (`app.amqp`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from celery.app._connection import Channel, DeclaredQueue, Producer
from taskhub.app import routing
from taskhub.app.routing import Exchange, Routes
from taskhub.exceptions import QueueNotFound

if TYPE_CHECKING:
    from taskhub import Celery

__all__ = ("AMQP", "Exchange", "Queue", "Queues")


class Queue(routing.Queue):
    """A queue, which reports its length when it is bound to a channel, as kombu's."""

    def bind(self, channel: Channel) -> BoundQueue:
        """Return the queue with a channel that knows its length."""
        return BoundQueue(self, channel)

    __call__ = bind


class BoundQueue:
    """A queue of which the length can be asked: `queue(channel).queue_declare(passive=True)`."""

    def __init__(self, queue: Queue, channel: Channel) -> None:
        self.name, self.exchange, self.routing_key = queue
        self.channel = channel

    def queue_declare(self, **options: Any) -> DeclaredQueue:
        """Return the queue's length."""
        return self.channel.queue_declare(self.name)

    def purge(self, **options: Any) -> int:
        """Drop what waits in the queue; returns how many messages that were."""
        return self.channel.queue_purge(self.name)


class Queues(dict[str, Any]):
    """Queues by name; missing ones are added if `task_create_missing_queues` is set."""

    def __init__(self, queues: Mapping[str, Any], create_missing: bool) -> None:
        super().__init__(
            (name, Queue(*queue) if isinstance(queue, routing.Queue) else queue)
            for name, queue in queues.items()
        )
        self.create_missing = create_missing
        self._selected: set[str] | None = None

    def __missing__(self, name: str) -> Any:
        if not self.create_missing:
            raise KeyError(name)
        return self.add(name)

    def add(self, queue: Any, **options: Any) -> Any:
        """Add a queue, given by name or as an object."""
        if isinstance(queue, str):
            routing_key = options.get("routing_key") or queue
            queue = Queue(queue, Exchange(options.get("exchange") or queue), routing_key)
        self[queue.name] = queue
        return queue

    @property
    def consume_from(self) -> dict[str, Any]:
        """The queues that a worker serves: those selected, or all."""
        if self._selected is None:
            return self
        return {name: self[name] for name in self._selected}

    def select(self, include: str | Iterable[str] | None) -> None:
        """Serve these queues only.

        Raises:
            KeyError: One is not configured, and `task_create_missing_queues` is off.
        """
        if include:
            names = include.split(",") if isinstance(include, str) else include
            self._selected = {self[name.strip()].name for name in names}

    def deselect(self, exclude: str | Iterable[str] | None) -> None:
        """Serve all queues but these."""
        if exclude:
            names = exclude.split(",") if isinstance(exclude, str) else list(exclude)
            chosen = self if self._selected is None else self._selected
            self._selected = set(chosen).difference(name.strip() for name in names)

    def select_add(self, queue: Any, **options: Any) -> Any:
        """Add a queue, and serve it, too."""
        added = self.add(queue, **options)
        if self._selected is not None:
            self._selected.add(added.name)
        return added


class Router:
    """Where calls go, under the names of Celery's router."""

    def __init__(self, amqp: AMQP) -> None:
        self._amqp = amqp

    def route(
        self,
        options: Mapping[str, Any],
        name: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        task_type: Any = None,
    ) -> dict[str, Any]:
        """Return the options of a call with its route; `queue` is the queue itself.

        Raises:
            QueueNotFound: The queue is not configured, and `task_create_missing_queues` is off.
        """
        routes = self._amqp.routes
        routed = routes.options(options, name, args, kwargs, task_type)
        return {**routed, "queue": self._amqp.queues[routes.queue(routed)]}


class AMQP:
    """Queues and routes, as programs look at them; nothing here speaks AMQP."""

    Queue = Queue
    Exchange = Exchange

    def __init__(self, app: Celery) -> None:
        self._app = app
        queues = self.routes.queue_objects(app.conf)
        self.queues = Queues(queues, bool(app.conf.task_create_missing_queues))

    @property
    def routes(self) -> Routes:
        """The routes of the setting `task_routes`."""
        return self._app.calls.routes

    @property
    def router(self) -> Router:
        """The router, which routes a call without sending it."""
        return Router(self)

    @property
    def default_queue(self) -> Any:
        """The queue of calls that name no other.

        Raises:
            QueueNotFound: The setting `task_default_queue` names one that is not configured.
        """
        name = self._app.conf.task_default_queue
        try:
            return self.queues[name]
        except KeyError:
            raise QueueNotFound(
                f"Queue {name!r} (task_default_queue) missing from task_queues"
            ) from None

    def Producer(self, *args: Any, **kwargs: Any) -> Producer:
        """Return a producer."""
        return Producer(self._app)


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
