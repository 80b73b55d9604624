"""`app.backend`: the results in the store, by task id (as Celery's result backends)."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from taskhub import states
from taskhub.config.urls import parse_store_url
from taskhub.exceptions import ImproperlyConfigured, TaskRevokedError, TimeoutError
from taskhub.result.base import IntervalCallback, MessageCallback, Meta, ResultBase
from taskhub.serialization import registry
from taskhub.serialization.failures import decode_exception, encode_exception
from taskhub.serialization.result_meta import decode_meta, encode_meta, extended_fields

if TYPE_CHECKING:
    from taskhub.app.app import Celery as Application
    from taskhub.engine.port import DocumentCallback, Subscription
    from taskhub.result.group import GroupResult
    from taskhub.result.sets import ResultSet

#: Where Celery keeps what, in the store of results.
TASK_PREFIX = b"celery-task-meta-"
GROUP_PREFIX = b"celery-taskset-meta-"
CHORD_PREFIX = b"chord-unlock-"


class Backend:
    """Reads and writes results by task id, in Celery's form.

    Parameters:
        app: The application.
        serializer: How values are written by `encode`; None: as `result_serializer`.
        expires: Seconds, or a timedelta, that results are kept, 0 for ever; None: as
            `result_expires`.
        accept: Serializers that are read; None: as `result_accept_content`, else `accept_content`.
        url: What `as_uri` shows; None: the store of the application.
    """

    READY_STATES = states.READY_STATES
    UNREADY_STATES = states.UNREADY_STATES
    EXCEPTION_STATES = states.EXCEPTION_STATES
    TimeoutError = TimeoutError

    supports_native_join = True
    supports_autoexpire = True
    persistent = True
    is_async = True

    task_keyprefix = TASK_PREFIX
    group_keyprefix = GROUP_PREFIX
    chord_keyprefix = CHORD_PREFIX

    def __init__(
        self,
        app: Application,
        serializer: str | None = None,
        expires: float | timedelta | None = None,
        accept: Iterable[str] | None = None,
        url: str | None = None,
    ) -> None:
        self.app = app
        self.url = url
        self._serializer = serializer
        self._expires = expires
        self._accept = accept

    @cached_property
    def serializer(self) -> str:
        """The name of the serializer of results."""
        return self._serializer or cast("str", self.app.conf.result_serializer)

    @cached_property
    def accept(self) -> frozenset[str]:
        """The content types that are read."""
        conf = self.app.conf
        names = self._accept
        if names is None:
            names = conf.result_accept_content
        if names is None:
            names = conf.accept_content
        return registry.content_types(names)

    @cached_property
    def expires(self) -> int | None:
        """Seconds that results are kept; None or 0: for ever."""
        return _seconds(self.app.conf.result_expires if self._expires is None else self._expires)

    # -- reading

    def get_documents(self, task_ids: Sequence[str]) -> list[bytes | None]:
        """Return the stored documents, None where there is none."""
        return self.app.engine.documents(task_ids)

    def get_task_metas(self, task_ids: Sequence[str]) -> list[Meta]:
        """Return the documents of some tasks as dictionaries, read at once."""
        self.ensure_not_eager()
        return [
            {"status": states.PENDING, "result": None}
            if document is None
            else self.decode_result(document)
            for document in self.get_documents(task_ids)
        ]

    def get_task_meta(self, task_id: str, cache: bool = True) -> Meta:
        """Return a task's document as a dictionary, PENDING if there is none."""
        return self.get_task_metas([task_id])[0]

    def get_state(self, task_id: str) -> str:
        """Return the state of a task."""
        return cast("str", self.get_task_meta(task_id)["status"])

    get_status = get_state

    def get_result(self, task_id: str) -> Any:
        """Return the value of a task."""
        return self.get_task_meta(task_id).get("result")

    def get_traceback(self, task_id: str) -> str | None:
        """Return the traceback of a failed task."""
        return self.get_task_meta(task_id).get("traceback")

    def get_children(self, task_id: str) -> Any:
        """Return the results of what a task called, as tuples in lists."""
        return self.get_task_meta(task_id).get("children")

    def task_result_exists(self, task_id: str) -> bool:
        """Return whether anything is stored of a task."""
        return self.get_documents([task_id])[0] is not None

    def reload_task_result(self, task_id: str) -> None:
        """Do nothing: documents are not cached here."""

    def is_cached(self, task_id: str) -> bool:
        """Return False: documents are not cached here."""
        return False

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        """Call back with the documents of some tasks, stored now or later; see `Engine.follow`."""
        return self.app.engine.follow(task_ids, callback)

    # -- waiting

    def wait_for(
        self,
        task_id: str,
        timeout: float | None = None,
        interval: float = 0.5,
        no_ack: bool = True,
        on_interval: IntervalCallback | None = None,
    ) -> Meta:
        """Wait for a task's end and return its document; parameters as those of `AsyncResult.get`.

        Raises:
            TimeoutError: The task did not end in time.
        """
        found = self.get_many([task_id], timeout, interval, no_ack, on_interval=on_interval)
        return next(meta for _, meta in found)

    def get_many(
        self,
        task_ids: Iterable[str],
        timeout: float | None = None,
        interval: float = 0.5,
        no_ack: bool = True,
        on_message: MessageCallback | None = None,
        on_interval: IntervalCallback | None = None,
        max_iterations: int | None = None,
        READY_STATES: Collection[str] = states.READY_STATES,  # noqa: N803 - Celery's name
    ) -> Iterator[tuple[str, Meta]]:
        """Yield (id, document) of each task when it has ended.

        Parameters:
            task_ids: The tasks.
            timeout: Seconds to wait; None: for ever.
            interval: Seconds between calls of `on_interval`.
            no_ack: Not used.
            on_message: Called with every stored document, whatever its state.
            on_interval: Called while nothing happens.
            max_iterations: Any number: don't wait, yield what has ended by now.
            READY_STATES: Not used.

        Raises:
            TimeoutError: Some did not end in time.
        """
        from taskhub.result.async_result import AsyncResult
        from taskhub.result.waiting import Watch, arrivals

        self.ensure_not_eager()
        results: list[AsyncResult[Any]] = [
            AsyncResult(task_id, self, app=self.app) for task_id in set(task_ids)
        ]
        watch = Watch(results, on_message=on_message)
        found = arrivals(watch, 0 if max_iterations else timeout, interval, on_interval)
        try:
            yield from found
        except TimeoutError:
            if not max_iterations:
                raise

    def iter_native(self, result: ResultSet, **options: Any) -> Iterator[tuple[str, Any]]:
        """Do as `ResultSet.iter_native`."""
        return result.iter_native(**options)

    def add_pending_result(self, result: Any, weak: bool = False) -> Any:
        """Do nothing: results are followed while someone waits."""
        return result

    def remove_pending_result(self, result: Any) -> Any:
        """Do nothing, see `add_pending_result`."""
        return result

    # -- writing

    def store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: Any = None,
        request: Any = None,
        **options: Any,
    ) -> Any:
        """Store a state and value, unless the task has succeeded already.

        Parameters:
            task_id: The task.
            result: The value, or the exception.
            state: The state.
            traceback: The traceback; anything whose `str` is one.
            request: The task's request; tells group, parent and children, and with
                `result_extended` more.
            options: Not used.

        Returns:
            The value in the form in which it was stored.

        Raises:
            EncodeError: The value can't be written.
        """
        done = state in states.READY_STATES
        document = encode_meta(
            task_id=str(task_id),
            status=state,
            result=result,
            traceback=None if traceback is None else str(traceback),
            children=[child.as_tuple() for child in getattr(request, "children", None) or ()],
            group_id=getattr(request, "group", None),
            parent_id=getattr(request, "parent_id", None),
            date_done=datetime.now(UTC).isoformat() if done else None,
            extended=_extended(request) if request and self.app.conf.result_extended else None,
        )
        self.app.engine.store_state(str(task_id), document, self._ttl(state))
        return self.encode_result(result, state)

    def mark_as_started(self, task_id: str, **meta: Any) -> Any:
        """Store STARTED; `meta` is the value, usually `pid` and `hostname`."""
        return self.store_result(task_id, meta, states.STARTED)

    def mark_as_done(
        self,
        task_id: str,
        result: Any,
        request: Any = None,
        store_result: bool = True,
        state: str = states.SUCCESS,
    ) -> None:
        """Store a return value, unless the request ignores it; what follows is not begun."""
        if store_result and not (request is not None and request.ignore_result):
            self.store_result(task_id, result, state, request=request)

    def mark_as_failure(
        self,
        task_id: str,
        exc: BaseException,
        traceback: Any = None,
        request: Any = None,
        store_result: bool = True,
        call_errbacks: bool = True,
        state: str = states.FAILURE,
    ) -> None:
        """Store an exception; what follows is not begun, `call_errbacks` not used."""
        if store_result:
            self.store_result(task_id, exc, state, traceback=traceback, request=request)

    def mark_as_revoked(
        self,
        task_id: str,
        reason: str = "",
        request: Any = None,
        store_result: bool = True,
        state: str = states.REVOKED,
    ) -> None:
        """Store that the task was revoked."""
        if store_result:
            self.store_result(task_id, TaskRevokedError(reason), state, request=request)

    def mark_as_retry(
        self,
        task_id: str,
        exc: BaseException,
        traceback: Any = None,
        request: Any = None,
        store_result: bool = True,
        state: str = states.RETRY,
    ) -> Any:
        """Store that the task will run again, and why."""
        return self.store_result(task_id, exc, state, traceback=traceback, request=request)

    def forget(self, task_id: str) -> None:
        """Delete the result of a task."""
        self.forget_many([task_id])

    def forget_many(self, task_ids: Sequence[str]) -> None:
        """Delete the results of some tasks in one call."""
        self.app.engine.forget(task_ids)

    def cleanup(self) -> None:
        """Do nothing: the store drops what has expired."""

    def process_cleanup(self) -> None:
        """Do nothing: nothing is held per process."""

    # -- groups

    def save_group(self, group_id: str, result: GroupResult) -> GroupResult:
        """Store which results a group has."""
        raise _no_groups()

    def restore_group(self, group_id: str, cache: bool = True) -> GroupResult | None:
        """Return a stored group; None if there is none."""
        raise _no_groups()

    def delete_group(self, group_id: str) -> None:
        """Delete a stored group, not its results."""
        raise _no_groups()

    def ensure_chords_allowed(self) -> None:
        """Do nothing: the store can hold chords."""

    # -- forms

    def encode(self, data: Any) -> str | bytes:
        """Return a value in the form of `serializer`."""
        return registry.encode(data, self.serializer).body

    def decode(self, payload: str | bytes | None) -> Any:
        """Return the value that `encode` made `payload` of."""
        return None if payload is None else registry.decode(payload, self.serializer, self.accept)

    def decode_result(self, payload: str | bytes) -> Meta:
        """Return a stored document as a dictionary; where it holds an exception, as one."""
        return decode_meta(payload, self.serializer, self.accept)

    def encode_result(self, result: Any, state: str) -> Any:
        """Return a value, or the exception of a state that holds one, as documents hold it."""
        if state in states.EXCEPTION_STATES and isinstance(result, BaseException):
            return self.prepare_exception(result)
        return self.prepare_value(result)

    def meta_from_decoded(self, meta: Meta) -> Meta:
        """Put the exception in place of its stored form."""
        if meta["status"] in states.EXCEPTION_STATES:
            meta["result"] = self.exception_to_python(meta["result"])
        return meta

    def prepare_value(self, result: Any) -> Any:
        """Return a value as documents hold it: of a result, its tuple."""
        if self.serializer != "pickle" and isinstance(result, ResultBase):
            return result.as_tuple()
        return result

    def prepare_exception(self, exc: BaseException, serializer: str | None = None) -> Any:
        """Return an exception as documents hold it."""
        return encode_exception(exc, serializer or self.serializer)

    def exception_to_python(self, exc: Any) -> BaseException | None:
        """Return the exception that `prepare_exception` described."""
        return decode_exception(exc)

    # -- names

    def get_key_for_task(self, task_id: str, key: str = "") -> bytes:
        """Return the key of a task's document."""
        return _key(TASK_PREFIX, "task_id", task_id, key)

    def get_key_for_group(self, group_id: str, key: str = "") -> bytes:
        """Return the key of a stored group."""
        return _key(GROUP_PREFIX, "group_id", group_id, key)

    def get_key_for_chord(self, group_id: str, key: str = "") -> bytes:
        """Return the key under which Celery counts a chord's parts."""
        return _key(CHORD_PREFIX, "group_id", group_id, key)

    def as_uri(self, include_password: bool = False) -> str:
        """Return where the results are, without secrets unless `include_password`."""
        conf = self.app.conf
        written = self.url or conf.result_backend or conf.broker_url
        if include_password and written:
            return str(written)
        if self.url:
            return parse_store_url(self.url, setting="result_backend").masked()
        return str(getattr(self.app.engine, "results_url", "memory://"))

    # -- the rest

    def ensure_not_eager(self) -> None:
        """Warn where results are looked for that eager tasks don't store."""
        conf = self.app.conf
        if conf.task_always_eager and not conf.task_store_eager_result:
            warnings.warn(
                "With task_always_eager no result is stored, so none will be found: set "
                "task_store_eager_result, too.",
                RuntimeWarning,
                stacklevel=3,
            )

    def _ttl(self, state: str) -> int | None:
        expires = self.expires
        if state == states.FAILURE and self.app.conf.result_failure_expires is not None:
            expires = _seconds(self.app.conf.result_failure_expires)
        return expires * 1000 if expires else None

    def __reduce__(self) -> tuple[Any, ...]:
        return current_backend, ()


def current_backend() -> Backend:
    """Return the backend of the current application."""
    from taskhub.app.current import current_app

    return current_app().backend


def _seconds(value: float | timedelta | None) -> int | None:
    if value is None:
        return None
    return int(value.total_seconds() if isinstance(value, timedelta) else value)


def _extended(request: Any) -> dict[str, Any]:
    delivery: dict[str, Any] = getattr(request, "delivery_info", None) or {}
    return extended_fields(
        name=getattr(request, "task", None),
        args=getattr(request, "args", None),
        kwargs=getattr(request, "kwargs", None),
        worker=getattr(request, "hostname", None),
        retries=getattr(request, "retries", None),
        queue=delivery.get("routing_key"),
        stamps=getattr(request, "stamps", None),
        stamped_headers=getattr(request, "stamped_headers", None),
    )


def _key(prefix: bytes, kind: str, id: str, key: str) -> bytes:
    if not id:
        raise ValueError(f"{kind} must not be empty, as it is in {id!r}.")
    return prefix + str(id).encode() + key.encode()


def _no_groups() -> ImproperlyConfigured:
    return ImproperlyConfigured(
        "Groups can't be saved: the engine has no verbs for them. Keep GroupResult.as_tuple() "
        "yourself and read it back with result_from_tuple()."
    )
