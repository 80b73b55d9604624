"""Test cases of projects with tasks: what was enqueued, and running it.

class OrderTests(TaskhubTestCase):
    def test_an_order_is_confirmed(self):
        self.client.post("/orders/", {"item": 3})
        self.assertEnqueued(send_confirmation, args=[1])
        self.run_tasks()
        self.assertEqual(len(mail.outbox), 1)
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.test import TestCase, TransactionTestCase

from taskhub import states
from taskhub.app import stores
from taskhub.contrib.django.project_app import project_app
from taskhub.contrib.django.task_run import WORKER, TaskRun, run_claim
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.humanize import counted
from taskhub.message import Envelope, decode_body
from taskhub.testing import eager, start_worker

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.testing import InProcessWorker

__all__ = ("EnqueuedCall", "TaskhubTestCase", "TaskhubTestMixin", "TaskhubTransactionTestCase")

#: More runs than any test needs: tasks that call each other without end.
MOST_RUNS = 1000


class EnqueuedCall:
    """A call that a test has sent.

    Args:
        envelope: As it was stored.
    """

    def __init__(self, envelope: Envelope) -> None:
        fields = decode_body(envelope.body)
        self.name: str = fields["actor_name"]
        self.args: list[Any] = list(fields["args"])
        self.kwargs: dict[str, Any] = dict(fields["kwargs"])
        self.task_id = envelope.task_id
        self.queue = envelope.queue
        self.priority = envelope.priority
        #: Whether it waits for its time (`countdown`, `eta`, `run_after`).
        self.delayed = bool(envelope.due())

    def __repr__(self) -> str:
        arguments = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        return f"{self.name}({', '.join(arguments)}) in {self.queue}"


class _Store(MemoryEngine):
    """A store in memory that knows what was enqueued, and whose time can be put forward."""

    def __init__(self, app: Celery) -> None:
        self.ahead = 0
        self.calls: list[EnqueuedCall] = []
        rules = stores.engine_rules(app.conf)
        super().__init__(rules, clock=lambda: int(time.time() * 1000) + self.ahead)

    def enqueue(self, envelopes: Sequence[Envelope], **options: Any) -> None:
        super().enqueue(envelopes, **options)
        self.calls += map(EnqueuedCall, envelopes)


class TaskhubTestMixin:
    """Gives each test an empty store in memory, which no worker serves; for Django's test cases.

    Its `setUp` must be called by those that override it.
    """

    #: Calls run where they are made, and raise what their tasks raise (`task_always_eager`).
    taskhub_eager = False
    _store: _Store

    def setUp(self) -> None:
        """Prepare a test."""
        super().setUp()  # type: ignore[misc]
        stack = ExitStack()
        self.addCleanup(stack.close)  # type: ignore[attr-defined]
        app = self.taskhub_app
        self._store = stack.enter_context(_private_store(app))
        if self.taskhub_eager:
            stack.enter_context(eager(app))

    @property
    def taskhub_app(self) -> Celery:
        """The app of the project."""
        return project_app().app

    @property
    def enqueued(self) -> list[EnqueuedCall]:
        """The calls that this test has sent, the first one first; also those that have run.

        Calls that wait for a transaction are sent when it is committed, see `commit`.
        """
        return self._store.calls

    def commit(self) -> None:
        """Call what waits for the transaction of this test (`transaction.on_commit`).

        The transaction itself is rolled back at the end, as always in a `TestCase`.
        """
        for connection in connections.all(initialized_only=True):
            while connection.run_on_commit:
                waiting, connection.run_on_commit = connection.run_on_commit, []
                for _, call, *_ in waiting:
                    call()

    def run_tasks(self, *, delayed: bool = False, propagates: bool = True) -> list[TaskRun]:
        """Run what was enqueued, and what follows from it, in this thread; see the same database.

        What waits for the transaction is sent first (`commit`).

        Args:
            delayed: Put the store's time forward for what waits for it: countdowns, retries.
            propagates: Raise what a task raises that fails for good.

        Returns:
            The tasks that ran, in their order.
        """
        runs: list[TaskRun] = []
        while len(runs) < MOST_RUNS:
            self.commit()
            batch = self._store.exchange(WORKER, (), list(self._store.queues()), 1).batch
            assert batch is not None
            if batch.claims:
                run = run_claim(self.taskhub_app, batch.claims[0])
                runs.append(run)
                if propagates and run.state == states.FAILURE:
                    raise run.value
            elif delayed and batch.next_due is not None:
                self._store.ahead += batch.next_due + 1
            else:
                return runs
        raise AssertionError(f"{MOST_RUNS} tasks ran, and more wait: they call each other?")

    @contextmanager
    def worker(self, concurrency: int = 1) -> Generator[InProcessWorker]:
        """Run a worker in a thread of this process for the length of a block.

        Its tasks see what is committed: it is for a `TransactionTestCase`.

        Args:
            concurrency: How many tasks run at a time.
        """
        with start_worker(self.taskhub_app, concurrency, perform_ping_check=False) as worker:
            yield worker

    def assertEnqueued(  # noqa: N802 - as unittest's
        self,
        task: Any,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        *,
        queue: str | None = None,
        count: int | None = None,
    ) -> list[EnqueuedCall]:
        """Check that calls of a task were sent; returns them.

        Args:
            task: The task, of taskhub or of `django.tasks`, or its name.
            args: With these arguments; None: with any.
            kwargs: With these keyword arguments; None: with any.
            queue: To this queue; None: to any.
            count: How many; None: at least one.
        """
        name = _name_of(task)
        found = [
            call
            for call in self.enqueued
            if call.name == name
            and (args is None or call.args == list(args))
            and (kwargs is None or call.kwargs == dict(kwargs))
            and queue in (None, call.queue)
        ]
        if len(found) == count or (count is None and found):
            return found
        wanted = "at least one call" if count is None else counted(count, "call")
        waiting = sum(len(each.run_on_commit) for each in connections.all(initialized_only=True))
        hint = (
            f"; {counted(waiting, 'callback waits', 'callbacks wait')} for the commit"
            if waiting
            else ""
        )
        raise AssertionError(
            f"{wanted} of {name} should have been sent, not {len(found)}; sent were: "
            f"{', '.join(map(repr, self.enqueued)) or 'none'}{hint}"
        )

    def assertNotEnqueued(self, task: Any) -> None:  # noqa: N802 - as unittest's
        """Check that no call of a task was sent.

        Args:
            task: As of `assertEnqueued`.
        """
        self.assertEnqueued(task, count=0)


class TaskhubTestCase(TaskhubTestMixin, TestCase):  # type: ignore[misc]
    """A `TestCase` whose calls of tasks stay in the test."""


class TaskhubTransactionTestCase(TaskhubTestMixin, TransactionTestCase):  # type: ignore[misc]
    """A `TransactionTestCase` whose calls of tasks stay in the test."""


@contextmanager
def _private_store(app: Celery) -> Generator[_Store]:
    """Let an app use an empty store for the length of a block."""
    app.import_modules()
    store, broker = _Store(app), app.broker
    before = app._engine, broker._engine
    app._engine = broker._engine = store
    try:
        yield store
    finally:
        app._engine, broker._engine = before
        store.close()


def _name_of(task: Any) -> str:
    """Return the name under which a task is called."""
    if isinstance(task, str):
        return task
    return str(getattr(task, "module_path", None) or task.name)
