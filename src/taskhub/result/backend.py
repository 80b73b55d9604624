"""`app.backend`: the results in the store, by task id (as Celery's result backends)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from taskhub import states
from taskhub.config.transport_options import prefix_of_results
from taskhub.config.urls import parse_store_url
from taskhub.current import current_app
from taskhub.exceptions import TimeoutError
from taskhub.names import check_id
from taskhub.result.async_result import AsyncResult
from taskhub.result.base import IntervalCallback, MessageCallback, Meta, result_from_tuple
from taskhub.result.raw_values import RawValues
from taskhub.result.recorder import Recorder
from taskhub.result.watch import Watch, arrivals
from taskhub.serialization.result_meta import decode_document

if TYPE_CHECKING:
    from taskhub.engine.port.results import DocumentCallback, Subscription
    from taskhub.result.group import GroupResult
    from taskhub.result.result_set import ResultSet

#: Prefixes of Celery's keys in the store of results.
TASK_PREFIX = b"celery-task-meta-"
GROUP_PREFIX = b"celery-taskset-meta-"
CHORD_PREFIX = b"chord-unlock-"


class Backend(RawValues, Recorder):
    """Reads and writes results by task id, in Celery's form.

    Args:
        app: The application.
        serializer: How values are written by `encode`; None: as `result_serializer`.
        expires: Seconds, or a timedelta, that results are kept, 0 forever; None: as
            `result_expires`.
        accept: Serializers that are read; None: as `result_accept_content`, else
            `accept_content`.
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

    # -- reading

    def get_documents(self, task_ids: Sequence[str]) -> list[bytes | None]:
        """Return the stored documents, None where there is none."""
        return self.app.engine.documents(_checked(task_ids))

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

    #: As Celery's backends are asked by programs that pass their cache.
    _get_task_meta_for = get_task_meta

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
        return self.app.engine.follow(_checked(task_ids), callback)

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

        Args:
            task_ids: The tasks.
            timeout: Seconds to wait; None: forever.
            interval: Seconds between calls of `on_interval`.
            no_ack: Not used.
            on_message: Called with every stored document, whatever its state.
            on_interval: Called while nothing happens.
            max_iterations: Any number: don't wait, yield what has ended by now.
            READY_STATES: Not used.

        Raises:
            TimeoutError: Some did not end in time.
        """
        self.ensure_not_eager()
        results: list[AsyncResult[Any]] = [
            AsyncResult(task_id, self, app=self.app) for task_id in set(_checked(task_ids))
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

    # -- deleting

    def forget(self, task_id: str) -> None:
        """Delete the result of a task."""
        self.forget_many([task_id])

    def forget_many(self, task_ids: Sequence[str]) -> None:
        """Delete the results of some tasks in one call."""
        self.app.engine.forget(_checked(task_ids))

    def cleanup(self) -> None:
        """Do nothing: the store drops what has expired."""

    def process_cleanup(self) -> None:
        """Do nothing: nothing is held per process."""

    # -- groups

    def save_group(self, group_id: str, result: GroupResult) -> GroupResult:
        """Store which results a group has; as long as results are kept."""
        document = json.dumps({"result": result.as_tuple()})
        self.app.engine.store_group(_group(group_id), document, self._ttl(states.SUCCESS))
        if self.app.mirror_group is not None:
            self.app.mirror_group(group_id, result.as_tuple())
        return result

    def restore_group(self, group_id: str, cache: bool = True) -> GroupResult | None:
        """Return a stored group; None if there is none."""
        document = self.app.engine.group(_group(group_id))
        if document is None:
            return None
        found = decode_document(document, self.serializer, self.accept, self.max_size)
        return cast("GroupResult", result_from_tuple(found["result"], self.app))

    def delete_group(self, group_id: str) -> None:
        """Delete a stored group, not its results."""
        self.app.engine.forget_group(_group(group_id))
        if self.app.mirror_group is not None:
            self.app.mirror_group(group_id, None)

    def ensure_chords_allowed(self) -> None:
        """Do nothing: the store can hold chords."""

    # -- names

    @property
    def task_keyprefix(self) -> bytes:
        """The prefix of the keys of results."""
        return self._prefixed(TASK_PREFIX)

    @property
    def group_keyprefix(self) -> bytes:
        """The prefix of the keys of stored groups."""
        return self._prefixed(GROUP_PREFIX)

    @property
    def chord_keyprefix(self) -> bytes:
        """The prefix of the keys under which Celery counts the parts of chords."""
        return self._prefixed(CHORD_PREFIX)

    def _prefixed(self, name: bytes) -> bytes:
        options = self.app.conf.result_backend_transport_options
        return prefix_of_results(options).encode() + name

    def get_key_for_task(self, task_id: str, key: str = "") -> bytes:
        """Return the key of a task's document."""
        return _key(self.task_keyprefix, "task_id", task_id, key)

    def get_key_for_group(self, group_id: str, key: str = "") -> bytes:
        """Return the key of a stored group."""
        return _key(self.group_keyprefix, "group_id", group_id, key)

    def get_key_for_chord(self, group_id: str, key: str = "") -> bytes:
        """Return the key under which Celery counts a chord's parts."""
        return _key(self.chord_keyprefix, "group_id", group_id, key)

    def as_uri(self, include_password: bool = False) -> str:
        """Return where the results are, without secrets unless `include_password`."""
        conf = self.app.conf
        written = self.url or conf.result_backend or conf.broker_url
        if include_password and written:
            return str(written)
        if self.url:
            return parse_store_url(self.url, setting="result_backend").masked()
        return self.app.engine.stores.results.masked()

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

    def __reduce__(self) -> tuple[Any, ...]:
        return current_backend, ()


def _checked(task_ids: Iterable[Any]) -> list[str]:
    return [check_id("the id of a task", task_id) for task_id in task_ids]


def _group(group_id: Any) -> str:
    return check_id("the id of a group", group_id)


def current_backend() -> Backend:
    """Return the backend of the current application."""
    return current_app().backend


def _key(prefix: bytes, kind: str, id: str, key: str) -> bytes:
    if not id:
        raise ValueError(f"{kind} must not be empty, as it is in {id!r}.")
    return prefix + check_id(kind, id).encode() + key.encode()
