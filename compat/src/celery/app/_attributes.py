"""What Celery's app has and taskhub's lacks: found by the entry point `taskhub.app_attributes`."""

from __future__ import annotations

import platform
import sys
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from celery.app._connection import Connection, Pool, Producer
    from celery.app.amqp import AMQP
    from celery.app.log import Logging
    from celery.apps.beat import Beat
    from celery.apps.worker import Worker
    from celery.beat import Service
    from celery.bootsteps import StepRunner
    from celery.events.state import State
    from celery.loaders.base import BaseLoader
    from taskhub import Celery

T = TypeVar("T")


class CeleryAttributes:
    """Attributes of an app under Celery's names; modules are imported when they are asked for.

    Args:
        app: The app whose attributes they are.
    """

    SYSTEM = platform.system()
    IS_macOS = sys.platform == "darwin"
    IS_WINDOWS = sys.platform == "win32"

    def __init__(self, app: Celery) -> None:
        self._app = app
        #: Options of commands; accepted, without effect.
        self._user_options: defaultdict[str, set[Any]] = defaultdict(set)

    def _advice_on(self, name: str) -> str | None:
        """Return what to do without an attribute that only Celery's app has."""
        from taskhub_migration.tasks import APP_ATTRIBUTES

        return APP_ATTRIBUTES.get(name)

    @property
    def user_options(self) -> defaultdict[str, set[Any]]:
        """Options of commands; accepted, without effect."""
        return self._user_options

    # -- connections

    def connection(self, hostname: str | None = None, **options: Any) -> Connection:
        """Return a connection: `app.connection().ensure_connection(max_retries=1)`."""
        from celery.app._connection import Connection

        return Connection(self._app, hostname)

    broker_connection = connection
    connection_for_write = connection
    connection_for_read = connection

    @cached_property
    def pool(self) -> Pool[Connection]:
        """A pool of connections."""
        from celery.app._connection import Pool

        return Pool(self.connection, self._app.conf.broker_pool_limit)

    @cached_property
    def producer_pool(self) -> Pool[Producer]:
        """A pool of producers."""
        from celery.app._connection import Pool

        return Pool(self._producer, self._app.conf.broker_pool_limit)

    def connection_or_acquire(
        self, connection: Connection | None = None, pool: bool = True, **options: Any
    ) -> AbstractContextManager[Connection]:
        """Return a context with the given connection, or else a new one."""
        return _given_or_new(connection, self.connection)

    def producer_or_acquire(
        self, producer: Producer | None = None
    ) -> AbstractContextManager[Producer]:
        """Return a context with the given producer, or else a new one."""
        return _given_or_new(producer, self._producer)

    default_connection = connection_or_acquire
    default_producer = producer_or_acquire

    def _producer(self) -> Producer:
        from celery.app._connection import Producer

        return Producer(self._app)

    # -- queues

    @cached_property
    def amqp(self) -> AMQP:
        """The queues that the configuration names, as `app.amqp.queues`."""
        from celery.app.amqp import AMQP

        return AMQP(self._app)

    def select_queues(self, queues: str | Sequence[str] | None = None) -> None:
        """Consume from these queues only."""
        self.amqp.queues.select(queues)

    # -- configuration, modules, logging

    @property
    def configured(self) -> bool:
        """Whether the configuration was read."""
        return self._app.conf.loaded

    @property
    def uses_utc_timezone(self) -> bool:
        """Whether the app's time zone is UTC."""
        conf = self._app.conf
        return conf.timezone in (None, "UTC") and bool(conf.enable_utc)

    def either(self, default_key: str, *values: Any) -> Any:
        """Return the first value that is not None, or else a setting."""
        given = (value for value in values if value is not None)
        return next(given, self._app.conf.get(default_key))

    @cached_property
    def loader(self) -> BaseLoader:
        """The loader that imports the app's modules: `app.loader.import_default_modules()`."""
        from celery.loaders.base import make_loader

        return make_loader(self._app, self._app.loader_cls)

    @cached_property
    def log(self) -> Logging:
        """Logging setup: `app.log.setup()`."""
        from celery.app.log import Logging

        return Logging(self._app)

    @property
    def EventState(self) -> type[State]:
        """The class of `app.events.State`."""
        from celery.events.state import State

        return State

    # -- programs

    def Worker(self, **options: Any) -> Worker:
        """Return a worker that runs in this process when its `start` is called."""
        from celery.apps.worker import Worker

        return Worker(app=self._app, **options)

    WorkController = Worker

    def Beat(self, **options: Any) -> Beat:
        """Return a scheduler that runs in this process when its `run` is called."""
        from celery.apps.beat import Beat

        return Beat(app=self._app, **options)

    def beat_service(self, *args: Any, **options: Any) -> Service:
        """Return a service that runs a scheduler class of Celery's kind."""
        from celery.beat import Service

        return Service(self._app, *args, **options)

    def step_runner(self, worker: Any) -> StepRunner:
        """Return the runner of the app's bootsteps for a worker process."""
        from celery.bootsteps import StepRunner

        return StepRunner(self._app, worker)


@contextmanager
def _given_or_new(given: T | None, make: Callable[[], T]) -> Generator[T]:
    yield make() if given is None else given
