"""Tasks of `django.tasks` as tasks of the app: each function is one, under its path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.apps import apps

from taskhub import shared_task, signals, states
from taskhub.contrib.django.task_libraries import TaskLibrary, find_library
from taskhub.contrib.django.task_record import STAMP, TaskRecord
from taskhub.contrib.django.task_results import StoredCall, find_call, make_result, task_error
from taskhub.serialization.failures import as_exception, format_traceback
from taskhub.task.task import Task

if TYPE_CHECKING:
    from taskhub.app.app import Celery

__all__ = ("DjangoTaskRunner", "declare", "declare_late", "task_of")

#: Path of a function -> the `Task` that was made of it first.
_declared: dict[str, Any] = {}


class DjangoTaskRunner(Task[..., Any]):
    """Runs the function of a `Task`; its results say what `TaskResult` has."""

    typing = False
    track_started = True
    ignore_result = False

    def bind_to(self, app: Celery) -> None:
        """Bind it; its results hold arguments and stamps, whatever `result_extended` says."""
        super().bind_to(app)
        self.result_policy = self.result_policy._replace(extended=True)

    def execute(self, path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the function, and send the signals of `django.tasks` about it.

        Raises:
            BaseException: What it raises.
        """
        library, request = find_library(), self.request
        record = _record_of(request)
        assert record is not None
        task = task_of(record, library)
        call = StoredCall(record, states.STARTED, args, kwargs)
        result = make_result(library, task, request.id or "", call)
        sender = type(task.get_backend())
        library.signals.task_started.send(sender=sender, task_result=result)
        try:
            if task.takes_context:
                args = (library.base.TaskContext(task_result=result), *args)
            value = library.normalize_json(task.call(*args, **kwargs))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            failure = (task_error(error), format_traceback(error))
            if not isinstance(error, Exception):
                # The result stores another exception in its place.
                _set_record(request, replace(record, error=failure))
            self._finish(result, states.FAILURE, failure=failure)
            if request.is_eager and not isinstance(error, Exception):
                # It would end the program that has called the task.
                raise as_exception(error) from error
            raise
        self._finish(result, states.SUCCESS, value)
        return value

    def _finish(
        self, result: Any, state: str, value: Any = None, failure: tuple[str, str] | None = None
    ) -> None:
        """Complete the `TaskResult` of this process, and send `task_finished`."""
        library = find_library()
        status = library.base.TaskResultStatus
        is_success = state == states.SUCCESS
        object.__setattr__(result, "finished_at", _now())
        object.__setattr__(result, "status", status.SUCCESSFUL if is_success else status.FAILED)
        if failure is not None:
            path, text = failure
            result.errors.append(library.base.TaskError(exception_class_path=path, traceback=text))
        object.__setattr__(result, "_return_value", value)
        self.request._django_finished = True  # type: ignore[attr-defined]
        sender = type(result.task.get_backend())
        library.signals.task_finished.send(sender=sender, task_result=result)

    def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Send `task_finished` for a task that has not ended by itself: lost, or over its limit."""
        request, library = self.request, find_library()
        record = _record_of(request)
        if record is None or getattr(request, "_django_finished", False):
            return
        call = StoredCall(record, states.STARTED, args, kwargs)
        result = make_result(library, task_of(record, library), task_id, call)
        try:
            raise exc
        except BaseException:
            self._finish(result, states.FAILURE, failure=(task_error(exc), str(einfo)))


def declare(task: Any) -> None:
    """Make a `Task` known to the apps of this process, and to their workers."""
    path = task.module_path
    if path in _declared:
        return
    _declared[path] = task
    signals.task_prerun.connect(_note_attempt, dispatch_uid="taskhub.contrib.django")
    run = _runner(path, task.func)
    shared_task(name=path, base=DjangoTaskRunner, bind=True, queue=task.queue_name)(run)


def _runner(path: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(self: DjangoTaskRunner, *args: Any, **kwargs: Any) -> Any:
        return self.execute(path, args, kwargs)

    run.__module__, run.__doc__ = function.__module__, function.__doc__
    run.__name__, run.__qualname__ = function.__name__, function.__qualname__
    return run


def declare_late(path: str) -> None:
    """Import the module of a function of an installed app, so that its `Task` is declared."""
    if path in _declared or apps.get_containing_app_config(path) is None:
        return
    module = path
    while module := module.rpartition(".")[0]:
        try:
            found = find_spec(module) is not None
        except ModuleNotFoundError:
            # What is before its last dot is a class.
            continue
        if found:
            import_module(module)
            return


def task_of(record: TaskRecord, library: TaskLibrary) -> Any:
    """Return the `Task` of a call, with what the call has said.

    Raises:
        TaskResultDoesNotExist: There is no such function any more.
    """
    declare_late(record.path)
    task = _declared.get(record.path)
    if task is None:
        raise library.exceptions.TaskResultDoesNotExist(
            f"{record.path} is no task of this project any more"
        )
    changes = {
        "priority": record.priority,
        "queue_name": record.queue,
        "backend": record.backend,
        "run_after": datetime.fromisoformat(record.run_after) if record.run_after else None,
    }
    if all(getattr(task, name) == value for name, value in changes.items()):
        return task
    try:
        return task.using(**changes)
    except Exception:
        # The settings no longer have its queue or backend.
        return task


def _note_attempt(sender: Any = None, task: Any = None, **_: Any) -> None:
    """Note in the request of a task that an attempt begins, before STARTED is stored."""
    if not isinstance(task, DjangoTaskRunner):
        return
    request = task.request
    record = _record_of(request)
    if record is None:
        return
    if (request.delivery_info or {}).get("redelivered"):
        before = find_call(task.app, request.id or "")
        record = record if before is None else before.record
    _set_record(request, record.attempted(request.hostname or "", _now()))


def _record_of(request: Any) -> TaskRecord | None:
    return TaskRecord.decode((request.stamps or {}).get(STAMP))


def _set_record(request: Any, record: TaskRecord) -> None:
    request.stamps = {**(request.stamps or {}), STAMP: record.encode()}


def _now() -> datetime:
    return datetime.now(UTC)
