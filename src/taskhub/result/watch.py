"""Waiting for results without polling: the store sends documents to threads and coroutines."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from numbers import Real
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.exceptions import StoreRefused, TimeoutError
from taskhub.result.base import IntervalCallback, MessageCallback, Meta, ResultBase

if TYPE_CHECKING:
    from taskhub.engine.port.results import Subscription
    from taskhub.result.async_result import AsyncResult
    from taskhub.result.backend import Backend

logger = logging.getLogger(__name__)

#: A wait shorter than this reads the documents first, seconds: no notification could be in time.
SHORT = 1.0


class Watch:
    """The tasks that a call waits for, and those whose failure stops the wait.

    It is fed with documents, and knows neither threads nor event loops.

    Args:
        results: The awaited results; those that are known already are not waited for.
        parents: Results whose exception, should they fail, is raised by `feed`.
        on_message: Called with every document of an awaited task, whatever its state.
    """

    def __init__(
        self,
        results: Iterable[ResultBase],
        parents: Iterable[ResultBase] = (),
        on_message: MessageCallback | None = None,
    ) -> None:
        self._on_message = on_message
        self._awaited = _unknown(results)
        self._parents = _unknown(parents)

    @property
    def backend(self) -> Backend:
        """The backend of the first awaited task, which the documents are read from."""
        return next(iter(self._awaited.values()))[0].backend

    @property
    def over(self) -> bool:
        """Whether every awaited task has ended."""
        return not self._awaited

    @property
    def task_ids(self) -> list[str]:
        """The ids of the tasks whose documents are wanted; parents come first."""
        return list(self._parents | self._awaited)

    def feed(self, task_id: str, document: bytes | StoreRefused) -> Meta | None:
        """Take a document in; return it decoded if it ends the wait for an awaited task.

        Raises:
            StoreRefused: This user may not read results.
            Exception: That of a parent that failed.
        """
        awaited = task_id in self._awaited
        if not awaited and task_id not in self._parents:
            return None
        if isinstance(document, StoreRefused):
            raise document
        meta = self.backend.decode_result(document)
        if awaited and self._on_message is not None:
            self._on_message(meta)
        if meta["status"] not in states.READY_STATES:
            return None
        for parent in self._parents.pop(task_id, ()):
            parent.remember(meta)
            parent.maybe_throw()
        for task in self._awaited.pop(task_id, ()):
            task.remember(meta)
        return meta if awaited else None

    def late(self, timeout: float | None) -> TimeoutError:
        """Return the error that names what was not there in time."""
        missing = next(iter(self._awaited), "")
        more = f" and {len(self._awaited) - 1} more" if len(self._awaited) > 1 else ""
        return TimeoutError(
            f"The operation timed out: no result of task {missing}{more} within {timeout} s."
        )


def _unknown(results: Iterable[ResultBase]) -> dict[str, list[AsyncResult[Any]]]:
    tasks: dict[str, list[AsyncResult[Any]]] = {}
    for result in results:
        for task in result.iter_tasks():
            if task.known is None and not task.ignored:
                tasks.setdefault(task.id, []).append(task)
    return tasks


def arrivals(
    watch: Watch,
    timeout: float | None = None,
    interval: float = 0.5,
    on_interval: IntervalCallback | None = None,
) -> Iterator[tuple[str, Meta]]:
    """Yield each awaited task's id and document as soon as it has ended.

    Args:
        watch: What is awaited.
        timeout: Seconds until `TimeoutError`; None: never. What has ended is yielded even with
            0.
        interval: Seconds between calls of `on_interval`.
        on_interval: Called while nothing arrives.

    Raises:
        TimeoutError: The time is over.
        StoreRefused: This user may not read results.
        Exception: That of a parent that failed.
    """
    _check_timeout(timeout)
    deadline = None if timeout is None else time.monotonic() + timeout
    if timeout is not None and timeout < SHORT and not watch.over:
        yield from _feed_present(watch)
    if watch.over:
        return
    arrived_documents: SimpleQueue[tuple[str, bytes | StoreRefused]] = SimpleQueue()

    def arrive(task_id: str, document: bytes | StoreRefused) -> None:
        arrived_documents.put((task_id, document))

    with watch.backend.follow(watch.task_ids, arrive):
        while not watch.over:
            pause = _next_pause(deadline, None if on_interval is None else interval)
            try:
                task_id, document = arrived_documents.get(timeout=pause)
            except Empty:
                if deadline is not None and time.monotonic() >= deadline:
                    raise watch.late(timeout) from None
                if on_interval is not None:
                    on_interval()
                continue
            meta = watch.feed(task_id, document)
            if meta is not None:
                yield task_id, meta


def _feed_present(watch: Watch) -> Iterator[tuple[str, Meta]]:
    """Yield the awaited tasks that have ended by now."""
    for task_id, document in _present(watch):
        meta = watch.feed(task_id, document)
        if meta is not None:
            yield task_id, meta


def _next_pause(deadline: float | None, interval: float | None) -> float:
    """Return how long to wait for a document: until the deadline or the next interval."""
    left = threading.TIMEOUT_MAX if deadline is None else deadline - time.monotonic()
    return max(min(left, threading.TIMEOUT_MAX if interval is None else interval), 0.0)


def _check_timeout(timeout: Any) -> None:
    """Check the time of a wait.

    Raises:
        TypeError: It is no number.
        ValueError: It is not a number (NaN).
    """
    if timeout is None:
        return
    if not isinstance(timeout, Real):
        kind = type(timeout).__qualname__
        raise TypeError(
            f"timeout must be a number of seconds, or None to wait forever, "
            f"not {timeout!r:.100} ({kind})"
        )
    if timeout != timeout:
        raise ValueError(f"timeout must be a number of seconds, not {timeout!r}")


async def arrived(
    watch: Watch,
    timeout: float | None = None,  # noqa: ASYNC109 - as of `get`
    on_arrival: Callable[[str, Meta], object] | None = None,
) -> None:
    """Wait, in a coroutine, until every awaited task has ended.

    Args:
        watch: What is awaited.
        timeout: Seconds until `TimeoutError`; None: never.
        on_arrival: Called with each task's id and document; what it raises ends the wait.

    Raises:
        TimeoutError: The time is over.
        StoreRefused: This user may not read results.
        Exception: That of a parent that failed.
    """
    _check_timeout(timeout)
    if timeout is not None and timeout < SHORT and not watch.over:
        for task_id, document in await asyncio.to_thread(_present, watch):
            _feed(watch, task_id, document, on_arrival)
    if watch.over:
        return
    loop = asyncio.get_running_loop()
    arrived_documents: asyncio.Queue[tuple[str, bytes | StoreRefused]] = asyncio.Queue()

    def arrive(task_id: str, document: bytes | StoreRefused) -> None:
        # In a closed loop nothing waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(arrived_documents.put_nowait, (task_id, document))

    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            with watch.backend.follow(watch.task_ids, arrive):
                while not watch.over:
                    _feed(watch, *await arrived_documents.get(), on_arrival)
    except builtins.TimeoutError:
        # Not ours to translate if a task raised it.
        if limit.expired():
            raise watch.late(timeout) from None
        raise


def notify(
    backend: Backend, task_ids: Iterable[str], callback: Callable[[dict[str, Meta]], object]
) -> Subscription:
    """Call back with the documents of some tasks when all have ended.

    The call is made in a thread of its own: it may block, and the engine's thread must not.
    """
    ended: dict[str, Meta] = {}
    pending = set(task_ids)

    def call_back() -> None:
        try:
            callback(ended)
        except Exception:
            logger.exception("a callback of then() failed")

    def arrive(task_id: str, document: bytes | StoreRefused) -> None:
        if isinstance(document, StoreRefused):
            if task_id in pending:
                logger.error("a callback of then() is never called: %s", document)
                pending.clear()
            return
        meta = backend.decode_result(document)
        if task_id in pending and meta["status"] in states.READY_STATES:
            ended[task_id] = meta
            pending.discard(task_id)
            if not pending:
                threading.Thread(target=call_back, name="taskhub-then", daemon=True).start()

    return backend.follow(list(pending), arrive)


def _feed(
    watch: Watch,
    task_id: str,
    document: bytes | StoreRefused,
    on_arrival: Callable[[str, Meta], object] | None,
) -> None:
    meta = watch.feed(task_id, document)
    if meta is not None and on_arrival is not None:
        on_arrival(task_id, meta)


def _present(watch: Watch) -> list[tuple[str, bytes]]:
    """Read what is stored now."""
    task_ids = watch.task_ids
    documents = watch.backend.get_documents(task_ids)
    return [
        (task_id, document)
        for task_id, document in zip(task_ids, documents, strict=True)
        if document is not None
    ]
