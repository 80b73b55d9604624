"""`TaskResult` of `django.tasks`, made of what the store holds of a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils import timezone

from taskhub import states
from taskhub.contrib.django.task_libraries import TaskLibrary
from taskhub.contrib.django.task_record import STAMP, TaskRecord, status_name
from taskhub.message import decode_body
from taskhub.serialization.failures import decode_exception
from taskhub.serialization.result_meta import decode_document

__all__ = ("StoredCall", "find_call", "make_result", "task_error")

#: Modules in which results name exceptions of taskhub's, for Celery's sake.
_STAND_INS = ("billiard.exceptions", "celery.exceptions", "kombu.exceptions")


class StoredCall(NamedTuple):
    """What the store holds of a call."""

    record: TaskRecord
    state: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    value: Any = None
    finished_at: str | None = None
    #: Classes and tracebacks of exceptions.
    errors: tuple[tuple[str, str], ...] = ()


def find_call(app: Any, task_id: str) -> StoredCall | None:
    """Return what the store holds of a call; None: nothing, or it is none of `django.tasks`.

    Raises:
        OperationalError: The store is out of reach.
    """
    engine = app.engine
    for _ in range(2):
        # It may end between the two: then the second look finds its result.
        (document,) = app.backend.get_documents([task_id])
        if document is not None:
            backend = app.backend
            found = _of_document(
                decode_document(document, backend.serializer, backend.accept, backend.max_size)
            )
            if found is not None:
                return found
        (stored,) = engine.stored([task_id])
        if stored is not None:
            return _of_message(stored.envelope.body)
    dead = engine.dead_letter(task_id)
    if dead is None or dead.envelope is None:
        return None
    found = _of_message(dead.envelope.body)
    failure = ("taskhub.exceptions.WorkerLostError", str(dead.reason))
    return found and found._replace(state=states.FAILURE, errors=(failure,))


def _of_document(meta: Any) -> StoredCall | None:
    record = TaskRecord.decode(meta.get(STAMP))
    if record is None:
        return None
    state, value = meta["status"], meta.get("result")
    errors: tuple[tuple[str, str], ...] = ()
    if status_name(state) == "FAILED":
        errors = (record.error or (_class_path(value), meta.get("traceback") or _text(value)),)
    return StoredCall(
        record,
        state,
        meta.get("args") or (),
        meta.get("kwargs") or {},
        value,
        meta.get("date_done"),
        errors,
    )


def _of_message(body: bytes) -> StoredCall | None:
    fields = decode_body(body)
    record = TaskRecord.decode((fields["options"].get("stamps") or {}).get(STAMP))
    if record is None:
        return None
    return StoredCall(record, states.PENDING, fields["args"], fields["kwargs"])


def _class_path(failure: Any) -> str:
    """Return module and name of the class of a stored exception."""
    module, name = failure.get("exc_module"), failure.get("exc_type")
    if module in _STAND_INS:
        kind = type(decode_exception(failure))
        return f"{kind.__module__}.{kind.__qualname__}"
    return f"{module or 'builtins'}.{name}"


def _text(failure: Any) -> str:
    error = decode_exception(failure)
    return f"{type(error).__name__}: {error}\n"


def task_error(error: BaseException) -> str:
    """Return module and name of the class of an exception."""
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}"


def make_result(library: TaskLibrary, task: Any, task_id: str, call: StoredCall) -> Any:
    """Return the `TaskResult` of a call.

    Args:
        library: Whose.
        task: The `Task`.
        task_id: The call's id.
        call: What is known of it.
    """
    record, base = call.record, library.base
    result = base.TaskResult(
        task=task,
        id=task_id,
        status=base.TaskResultStatus(status_name(call.state)),
        enqueued_at=_moment(record.enqueued_at),
        started_at=_moment(record.started_at),
        last_attempted_at=_moment(record.last_attempted_at),
        finished_at=_moment(call.finished_at),
        args=list(call.args),
        kwargs=dict(call.kwargs),
        backend=record.backend,
        errors=[
            base.TaskError(exception_class_path=path, traceback=text) for path, text in call.errors
        ],
        worker_ids=list(record.worker_ids),
    )
    if call.state == states.SUCCESS:
        object.__setattr__(result, "_return_value", call.value)
    return result


def _moment(text: str | None) -> datetime | None:
    """Return a time as Django has times: aware with USE_TZ, else naive in the time zone there."""
    if not text:
        return None
    from django.conf import settings

    moment = datetime.fromisoformat(text)
    if timezone.is_naive(moment):
        return moment
    return moment if settings.USE_TZ else timezone.make_naive(moment)
