"""Celery's connection objects, for the health checks and queue lengths that programs ask them for.

There is one engine behind all of them: nothing is opened or closed here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from taskhub.app.stores import broker_address
from taskhub.config.urls import mask_url
from taskhub.exceptions import OperationalError

if TYPE_CHECKING:
    from taskhub import Celery

T = TypeVar("T")

_INSTEAD = (
    "messages are published by calls of tasks and consumed by workers; for other messages use "
    "kombu.Connection(url), with a broker of their own"
)


class _PartOfKombu:
    """Says of what kombu has and taskhub lacks that it is not offered, when it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"taskhub does not offer {type(self).__name__}.{name}: {_INSTEAD}", name=name
        )


class DeclaredQueue(NamedTuple):
    """What `channel.queue_declare` returns."""

    queue: str
    #: Messages that are ready to run.
    message_count: int
    #: Worker processes that serve it.
    consumer_count: int


class Transport(NamedTuple):
    """What carries the messages."""

    driver_type: str = "redis"
    driver_name: str = "taskhub"


class Channel(_PartOfKombu):
    """What is asked of a channel: how long a queue is."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def queue_declare(self, queue: str, passive: bool = False, **options: Any) -> DeclaredQueue:
        """Return a queue's length."""
        from taskhub.control.broadcast import live_worker_infos

        counts = self._app.engine.queues().get(queue)
        consumers = sum(
            queue in worker_info.queues for worker_info in live_worker_infos(self._app).values()
        )
        return DeclaredQueue(queue, counts.ready if counts is not None else 0, consumers)

    @property
    def client(self) -> QueueClient:
        """What is asked of a channel's client: `channel.client.llen(queue)`."""
        return QueueClient(self)

    def queue_purge(self, queue: str, **options: Any) -> int:
        """Drop what waits in a queue; returns how many messages that were."""
        return self._app.engine.purge(queue)

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class QueueClient:
    """A client whose `llen` and `lrange` report on queues; other commands are redis-py's.

    Args:
        channel: Knows the queues.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def llen(self, name: str | bytes) -> int:
        """Return how many messages of a queue are ready to run."""
        return self._channel.queue_declare(_text(name), passive=True).message_count

    def lrange(self, name: str | bytes, start: int, end: int) -> list[bytes]:
        """Return messages of a queue that are ready to run as Celery stores them, latest first."""
        from celery.app._waiting_messages import waiting_messages

        return waiting_messages(self._channel._app, _text(name), start, end)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel._app.backend.client, name)


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


class SimpleQueue(_PartOfKombu):
    """A queue that is looked at, as kombu's `SimpleQueue` as far as its length goes.

    Args:
        channel: Knows the length.
        name: The queue.
    """

    def __init__(self, channel: Channel, name: str) -> None:
        self._channel = channel
        self.name = name

    def qsize(self) -> int:
        """Return how many messages are ready to run."""
        return self._channel.queue_declare(self.name, passive=True).message_count

    __len__ = qsize

    def clear(self) -> int:
        """Drop what waits in the queue; returns how many messages that were."""
        return self._channel.queue_purge(self.name)

    def close(self) -> None:
        """Nothing to close."""

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Connection(_PartOfKombu):
    """The way to the broker, as kombu's `Connection` as far as health checks go."""

    #: What programs catch around a health check.
    connection_errors: tuple[type[Exception], ...] = (OperationalError,)
    channel_errors: tuple[type[Exception], ...] = ()
    recoverable_connection_errors = connection_errors
    recoverable_channel_errors = channel_errors

    def __init__(self, app: Celery, url: str | None = None) -> None:
        self._app = app
        self._url = url
        self._connected = False

    @property
    def connected(self) -> bool:
        """Whether the broker answered, and `release` was not called since."""
        return self._connected

    def connect(self) -> Self:
        """Ask the broker for an answer.

        Raises:
            OperationalError: It is out of reach.
        """
        self._app.engine.ping()
        self._connected = True
        return self

    def ensure_connection(
        self,
        errback: Callable[[Exception, float], object] | None = None,
        max_retries: int | None = None,
        interval_start: float = 2,
        interval_step: float = 2,
        interval_max: float = 30,
        callback: Callable[[], object] | None = None,
        reraise_as_library_errors: bool = True,
        timeout: float | None = None,
    ) -> Self:
        """Ask the broker for an answer, again and again.

        Args:
            errback: Called with the error and the seconds until the next try.
            max_retries: How many more tries after the first; None: without end.
            interval_start: Seconds before the second try.
            interval_step: By how much each pause is longer, seconds.
            interval_max: The longest pause, seconds.
            callback: Called before each pause.
            reraise_as_library_errors: Accepted as kombu's, without effect.
            timeout: Seconds after which no other try is made.

        Raises:
            OperationalError: It is out of reach.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        retries, pause = 0, interval_start
        while True:
            try:
                return self.connect()
            except OperationalError as error:
                late = deadline is not None and time.monotonic() + pause > deadline
                if late or (max_retries is not None and retries >= max_retries):
                    raise
                if errback is not None:
                    errback(error, pause)
                if callback is not None:
                    callback()
            time.sleep(pause)
            retries += 1
            pause = min(pause + interval_step, interval_max)

    def channel(self) -> Channel:
        """Return a channel."""
        return Channel(self._app)

    @property
    def default_channel(self) -> Channel:
        """A channel."""
        return self.channel()

    def SimpleQueue(self, name: Any, *args: Any, **options: Any) -> SimpleQueue:
        """Return a queue, to ask for its length."""
        return SimpleQueue(self.channel(), str(getattr(name, "name", name)))

    @property
    def transport(self) -> Transport:
        """What carries the messages, for programs that name it."""
        return Transport()

    def as_uri(self, include_password: bool = False, mask: str = "**") -> str:
        """Return the broker's URL; "memory://" and the development store included."""
        if self._url:
            return self._url if include_password else mask_url(self._url)
        return broker_address(self._app.conf, include_password)

    def info(self) -> dict[str, Any]:
        """Return where the broker is, in the fields of kombu's; the password is left out."""
        address = urlsplit(self.as_uri())
        return {
            "hostname": address.hostname,
            "userid": address.username,
            "virtual_host": address.path.lstrip("/"),
            "port": address.port,
            "transport": address.scheme,
        }

    @property
    def hostname(self) -> str | None:
        """The broker's host."""
        return urlsplit(self.as_uri()).hostname

    @property
    def port(self) -> int | None:
        """The broker's port."""
        return urlsplit(self.as_uri()).port

    @property
    def virtual_host(self) -> str:
        """The number of the database."""
        return urlsplit(self.as_uri()).path.lstrip("/")

    @property
    def transport_cls(self) -> str:
        """The scheme of the broker's URL."""
        return urlsplit(self.as_uri()).scheme

    def heartbeat_check(self, rate: int = 2) -> None:
        """Nothing to check: the connection is made when it is used."""

    def clone(self) -> Connection:
        """Return another connection to the same broker."""
        return Connection(self._app, self._url)

    def release(self) -> None:
        """Count as disconnected."""
        self._connected = False

    close = release

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<Connection: {self.as_uri()}>"


class Producer(_PartOfKombu):
    """A producer; accepted as `producer=` of `apply_async`, without effect."""

    def __init__(self, app: Celery) -> None:
        self.connection = Connection(app)

    def release(self) -> None:
        """Nothing to release."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Pool(Generic[T]):
    """Hands out connections or producers; there is always one more."""

    def __init__(self, make: Callable[[], T], limit: int | None) -> None:
        self._make = make
        self.limit = limit

    def acquire(self, block: bool = False, timeout: float | None = None) -> T:
        """Return a connection or producer, usable in a `with` statement."""
        return self._make()

    def release(self, resource: T) -> None:
        """Nothing to take back."""

    def force_close_all(self) -> None:
        """Nothing to close."""
