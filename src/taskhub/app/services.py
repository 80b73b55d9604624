"""Services of an app, made at their first use: calls, control, events, store, results."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from taskhub import current
from taskhub.app.calls import Calls
from taskhub.canvas.consequences import Participation
from taskhub.canvas.signature import signature
from taskhub.result import AsyncResult, ResultSet
from taskhub.result.group import GroupResults

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.app.events import Events
    from taskhub.app.routing import Routes
    from taskhub.app.store import AppStore
    from taskhub.app.transaction_block import TransactionBlock
    from taskhub.canvas.signature import Signature
    from taskhub.control import Control
    from taskhub.lamport_clock import LamportClock
    from taskhub.result.backend import Backend
    from taskhub.schedules.jobs import PeriodicJobs
    from taskhub.statistics import Summary
    from taskhub.statistics.tally import Subject


class AppServices:
    """The attributes of the app through which programs work with what it has stored and runs."""

    @property
    def _app(self) -> Celery:
        return cast("Celery", self)

    # -- calls

    @cached_property
    def calls(self) -> Calls:
        """The sender of calls."""
        return Calls(self._app)

    @property
    def routes(self) -> Routes:
        """The routes of calls."""
        return self.calls.routes

    def signature(self, *args: Any, **kwargs: Any) -> Signature:
        """Return a signature of one of this app's tasks."""
        made: Signature = signature(*args, **{**kwargs, "app": self._app})
        return made

    def transaction(self, connection: Any) -> TransactionBlock:
        """Return a block whose calls belong to a transaction of the caller's own.

        `with app.transaction(session): task.delay(...)`: the call is sent if the transaction is
        committed, and only then; canvases, too. It is written to the outbox table of the caller's
        database, from which a relay moves it to the store.

        Args:
            connection: A session or connection of SQLAlchemy's, a connection of psycopg's, or
                `django.db.transaction` or a connection of Django's; asynchronous ones with
                `async with`.

        Raises:
            TypeError: It is something else.
            TransactionError: Where the block begins, or a call is made: there is no transaction
                that can be committed.
            ImproperlyConfigured: There as well: the database has no outbox table.
        """
        from taskhub.app.transaction_block import transaction_block

        return transaction_block(self._app, connection)

    # -- workers and schedule

    @cached_property
    def control(self) -> Control:
        """Commands to workers, and inspection: `app.control.inspect().active()`."""
        from taskhub.control import Control

        return Control(self._app)

    @cached_property
    def clock(self) -> LamportClock:
        """The logical clock of control messages and replies of this process."""
        from taskhub.lamport_clock import LamportClock

        return LamportClock()

    @cached_property
    def schedule(self) -> PeriodicJobs:
        """Periodic jobs: list them, see their runs, change them while schedulers run."""
        from taskhub.schedules.jobs import PeriodicJobs

        return PeriodicJobs(self._app)

    # -- monitoring

    @cached_property
    def events(self) -> Events:
        """Receive and send events: `app.events.Receiver(handlers={"*": print}).capture()`."""
        from taskhub.app.events import Events

        return Events(self._app)

    @cached_property
    def store(self) -> AppStore:
        """Stores of messages and results: their addresses, checks, queues and counts."""
        from taskhub.app.store import AppStore

        return AppStore(self._app)

    def statistics(self, minutes: int, until: int | None = None) -> dict[Subject, Summary]:
        """Return counts and durations of executions, by task and queue; the busiest first.

        Args:
            minutes: How many are added up; the store keeps as many as the setting
                `statistics_expires` says.
            until: The last one, counted from the epoch; None: the present one, which has only
                begun.

        Raises:
            OperationalError: The store is out of reach.
        """
        from taskhub.statistics import summarize

        engine = self._app.engine
        last = engine.current_minute() if until is None else until
        return summarize(engine.counts(range(last - minutes + 1, last + 1)))

    def bugreport(self) -> str:
        """Return the text for a bug report: versions, platform and settings, secrets masked."""
        from taskhub.app.bug_report import bug_report

        return bug_report(self._app)

    # -- results

    @cached_property
    def backend(self) -> Backend:
        """The result backend."""
        from taskhub.result.backend import Backend

        return Backend(self._app)

    def AsyncResult(self, task_id: str, **kwargs: Any) -> AsyncResult[Any]:  # noqa: N802
        """Return the result of a call, by its id."""
        return AsyncResult(task_id, app=self._app, **kwargs)

    @property
    def GroupResult(self) -> GroupResults:  # noqa: N802
        """Factory of group results by id: `app.GroupResult.restore(id)`."""
        return GroupResults(self._app)

    def ResultSet(self, results: Any, **kwargs: Any) -> ResultSet:  # noqa: N802
        """Return a set of results."""
        return ResultSet(results, app=self._app, **kwargs)

    # -- executions

    @cached_property
    def participation(self) -> Participation:
        """What executions of the app's calls have to do with canvases."""
        return Participation(self._app)

    @property
    def current_task(self) -> Any:
        """The innermost task that is running, None outside of tasks."""
        return current.current_task()

    @property
    def current_worker_task(self) -> Any:
        """The innermost task that runs as a call, not as an ordinary function; None outside."""
        return current.current_worker_task()
