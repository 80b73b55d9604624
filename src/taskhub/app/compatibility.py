"""The parts of Celery's app that programs look at, beside what they work with."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskhub.app import current
from taskhub.app.amqp import AMQP
from taskhub.app.connection import Connection, Pool, Producer, either
from taskhub.app.log import Logging
from taskhub.app.periodic import periodic_entry
from taskhub.result import ResultSet
from taskhub.result.group import GroupResults
from taskhub.worker.clock import LamportClock

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.config.configuration import Configuration
    from taskhub.control import Control
    from taskhub.schedules.jobs import PeriodicJobs

logger = logging.getLogger(__name__)


class CompatibilityFace:
    """Results of many calls, connections, queues, periodic jobs and programs, under Celery's names."""

    conf: Configuration
    _periodic: dict[str, dict[str, Any]]

    # -- results of many calls

    @property
    def GroupResult(self) -> GroupResults:  # noqa: N802
        """Makes results of groups by id, and restores saved ones: `app.GroupResult.restore(id)`."""
        return GroupResults(_app(self))

    def ResultSet(self, results: Any, **kwargs: Any) -> ResultSet:  # noqa: N802
        """Return some results as one."""
        return ResultSet(results, app=_app(self), **kwargs)

    # -- connections

    def connection(self, hostname: str | None = None, **options: Any) -> Connection:
        """Return the way to the broker, e.g. for
        `app.connection().ensure_connection(max_retries=1)`.
        """
        return Connection(_app(self), hostname)

    broker_connection = connection
    connection_for_write = connection
    connection_for_read = connection

    @cached_property
    def pool(self) -> Pool[Connection]:
        """Connections to take and give back."""
        return Pool(self.connection, self.conf.broker_pool_limit)

    @cached_property
    def producer_pool(self) -> Pool[Producer]:
        """Producers to take and give back."""
        return Pool(lambda: Producer(_app(self)), self.conf.broker_pool_limit)

    def connection_or_acquire(
        self, connection: Connection | None = None, pool: bool = True, **options: Any
    ) -> AbstractContextManager[Connection]:
        """Return a context with the given connection, or else another."""
        return either(connection, self.connection)

    def producer_or_acquire(
        self, producer: Producer | None = None
    ) -> AbstractContextManager[Producer]:
        """Return a context with the given producer, or else another."""
        return either(producer, lambda: Producer(_app(self)))

    default_connection = connection_or_acquire
    default_producer = producer_or_acquire

    @cached_property
    def amqp(self) -> AMQP:
        """The queues that the configuration names, as `app.amqp.queues`."""
        return AMQP(_app(self))

    def select_queues(self, queues: str | Sequence[str] | None = None) -> None:
        """Serve these queues only."""
        self.amqp.queues.select(queues)

    # -- workers

    @cached_property
    def control(self) -> Control:
        """Commands to workers, and what they tell: `app.control.inspect().active()`."""
        from taskhub.control import Control

        return Control(_app(self))

    @cached_property
    def clock(self) -> LamportClock:
        """Orders the commands and replies that this process takes part in."""
        return LamportClock()

    def bugreport(self) -> str:
        """Return what is to be told with a bug: versions, the platform and the settings, secrets masked."""
        from taskhub.app.bug_report import bug_report

        return bug_report(_app(self))

    # -- what is around

    @cached_property
    def log(self) -> Logging:
        """Where the loggers write."""
        return Logging(_app(self))

    @property
    def current_task(self) -> Any:
        """The innermost task that is running, None outside of tasks."""
        return current.current_task()

    @property
    def current_worker_task(self) -> Any:
        """The innermost task that runs as a call, not as an ordinary function; None if there is
        none.
        """
        return current.current_worker_task()

    def either(self, default_key: str, *values: Any) -> Any:
        """Return the first value that is not None, or else a setting."""
        return next((value for value in values if value is not None), self.conf.get(default_key))

    @cached_property
    def schedule(self) -> PeriodicJobs:
        """The periodic jobs: what there is, when each runs, and how to change them while they run."""
        from taskhub.schedules.jobs import PeriodicJobs

        return PeriodicJobs(_app(self))

    def add_periodic_task(
        self,
        schedule: Any,
        sig: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> str:
        """Add a job to the setting `beat_schedule`; returns its name.

        Parameters:
          schedule: seconds, a timedelta, or a schedule such as `crontab`.
          sig: what to call: a signature, or a task with `args` and `kwargs`.
          name: the job's name; by default the call's text, so that the same call twice is one job.
          options: options of the call.
        """
        key, entry = periodic_entry(_app(self), schedule, sig, args, kwargs, name, options)
        if not self.conf.loaded:
            self._periodic[key] = entry
            return key
        if name is None and key in self.conf.beat_schedule:
            logger.warning(
                "the periodic task %s replaces one of the same call; give each a name to keep both",
                key,
            )
        self.conf.beat_schedule[key] = entry
        return key

    # -- programs

    def start(self, argv: Sequence[str] | None = None) -> Any:
        """Run the command line with `argv` (by default this program's), for this app."""
        current.set_current_app(_app(self))
        arguments = list(sys.argv if argv is None else argv)
        # By name: the command line stands on a floor above this one.
        return import_module("taskhub.cli").main(arguments[1:])

    def worker_main(self, argv: Sequence[str] | None = None) -> Any:
        """Run a worker of this app, e.g. `app.worker_main(["worker", "-c", "4"])`.

        Raises:
          ValueError: `argv` does not name the command `worker`.
        """
        arguments = list(sys.argv if argv is None else argv)
        if "worker" not in arguments:
            raise ValueError(
                "The worker sub-command must be specified in argv.\n"
                "Use app.start() to programmatically start other commands."
            )
        if arguments[0] == "worker":
            arguments.insert(0, "taskhub")
        return self.start(arguments)


def _app(face: CompatibilityFace) -> Celery:
    from taskhub.app.app import Celery

    assert isinstance(face, Celery)
    return face
