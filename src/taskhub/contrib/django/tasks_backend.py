"""`TaskhubBackend`: the tasks of `django.tasks` on taskhub's workers.

TASKS = {"default": {"BACKEND": "taskhub.contrib.django.TaskhubBackend"}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.utils import timezone

from taskhub import states
from taskhub.app.transactions import call_on_commit
from taskhub.contrib.django.project_app import project_app
from taskhub.contrib.django.task_libraries import find_library
from taskhub.contrib.django.task_record import STAMP, TaskRecord, band_of
from taskhub.contrib.django.task_results import StoredCall, find_call, make_result, task_error
from taskhub.contrib.django.task_runner import declare, task_of
from taskhub.exceptions import WorkerLostError
from taskhub.message import new_task_id
from taskhub.names import check_id, check_queue
from taskhub.serialization.failures import format_traceback

if TYPE_CHECKING:
    from taskhub.app.app import Celery

__all__ = ("TaskhubBackend",)

_library: Final = find_library()
_Base: Any = _library.backend.BaseTaskBackend

#: Option in `OPTIONS`, as in the setting `task_enqueue_on_commit`.
ON_COMMIT: Final = "ENQUEUE_ON_COMMIT"


class TaskhubBackend(_Base):  # type: ignore[misc]
    """Sends the calls of tasks to taskhub's workers, and reads their results from its store.

    Args:
        alias: Its name in the setting `TASKS`.
        params: What stands there: `QUEUES`, and `OPTIONS` with `ENQUEUE_ON_COMMIT`.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True
    is_taskhub = True

    @property
    def app(self) -> Celery:
        """The app of the project."""
        return project_app().app

    def validate_task(self, task: Any) -> None:
        """Check a task, and make it known to workers.

        Raises:
            InvalidTask: It cannot be used; `InvalidTaskError` in django-tasks.
        """
        super().validate_task(task)
        declare(task)

    def enqueue(self, task: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Send a call of a task; returns its `TaskResult`.

        With `ENQUEUE_ON_COMMIT` it is sent when the open transaction is committed.

        Raises:
            InvalidTask: The task cannot be used.
            TypeError: An argument is not what JSON has.
            OperationalError: The store is out of reach.
        """
        self.validate_task(task)
        now = datetime.now(UTC)
        record = TaskRecord(
            path=task.module_path,
            backend=self.alias,
            queue=task.queue_name,
            priority=task.priority,
            enqueued_at=now.isoformat(),
            run_after=task.run_after and task.run_after.isoformat(),
        )
        result = make_result(
            _library, task, new_task_id(), StoredCall(record, states.PENDING, args, kwargs)
        )
        app = self.app
        wish = self.options.get(ON_COMMIT, app.conf.task_enqueue_on_commit)
        announce = partial(
            _library.signals.task_enqueued.send, sender=type(self), task_result=result
        )
        is_eager = app.conf.task_always_eager
        if is_eager:
            announce()
        sent = app.tasks[record.path].apply_async(
            result.args,
            result.kwargs,
            task_id=result.id,
            queue=record.queue,
            priority=app.calls.defaults.order.number(band_of(task.priority)),
            eta=task.run_after and _aware(task.run_after),
            enqueue_on_commit=wish,
            stamped_headers=[STAMP],
            **{STAMP: record.encode()},
        )
        if is_eager:
            return self._ended_at_once(result, record, sent)
        if wish:
            call_on_commit(announce, wish)
        else:
            announce()
        return result

    def _ended_at_once(self, result: Any, record: TaskRecord, eager: Any) -> Any:
        """Return the `TaskResult` of a call that ran here (`task_always_eager`)."""
        record = record.attempted(eager.worker or "eager", datetime.now(UTC))
        errors: tuple[tuple[str, str], ...] = ()
        if eager.state != states.SUCCESS:
            error = eager.result
            if isinstance(error, WorkerLostError) and error.__cause__ is not None:
                # It stands for `SystemExit`, see `DjangoTaskRunner`.
                error = error.__cause__
            errors = ((task_error(error), format_traceback(error)),)
        call = StoredCall(
            record,
            eager.state,
            result.args,
            result.kwargs,
            eager.result,
            record.last_attempted_at,
            errors,
        )
        return make_result(_library, result.task, result.id, call)

    def get_result(self, result_id: str) -> Any:
        """Return the `TaskResult` of a call, made in any process.

        Raises:
            TaskResultDoesNotExist: There is no such call, or its result has expired.
            OperationalError: The store is out of reach.
        """
        missing = _library.exceptions.TaskResultDoesNotExist
        try:
            task_id = check_id("the id of a task", result_id)
        except (TypeError, ValueError) as error:
            raise missing(str(error)) from None
        call = find_call(self.app, task_id)
        if call is None or call.record.backend != self.alias:
            raise missing(f"there is no result {task_id!r} of the backend {self.alias!r}")
        return make_result(_library, task_of(call.record, _library), task_id, call)

    def check(self, **kwargs: Any) -> Iterator[CheckMessage]:
        """Yield what is wrong with the settings of this backend."""
        place = f"TASKS[{self.alias!r}]"
        if not apps.is_installed("taskhub.contrib.django"):
            yield Error(
                f"{place} needs the app taskhub.contrib.django",
                hint='add "taskhub.contrib.django" to INSTALLED_APPS',
                id="taskhub.E006",
            )
        for name in sorted(self.options.keys() - {ON_COMMIT}):
            yield Error(
                f"{place} has no option {name!r}",
                hint=f"OPTIONS may have {ON_COMMIT}",
                id="taskhub.E007",
            )
        yield from self._check_values(place)

    def _check_values(self, place: str) -> Iterator[CheckMessage]:
        from django.conf import settings

        wish = self.options.get(ON_COMMIT, False)
        if not isinstance(wish, bool) and wish not in settings.DATABASES:
            yield Error(
                f"{place}: {ON_COMMIT} must be True, False or the alias of a database, not "
                f"{wish!r:.100}",
                hint=f"databases: {', '.join(sorted(settings.DATABASES))}",
                id="taskhub.E007",
            )
        for queue in self.queues:
            try:
                check_queue(queue)
            except (TypeError, ValueError) as error:
                yield Error(f"{place}: QUEUES: {error}", id="taskhub.E007")


def _aware(moment: datetime) -> datetime:
    """Return a time with its zone; without one it is meant in Django's."""
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
