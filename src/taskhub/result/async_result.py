"""`AsyncResult`: the state and value of one task, and waiting for it."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from taskhub import states
from taskhub.current import app_or_default
from taskhub.exceptions import reraise
from taskhub.names import check_id
from taskhub.result.base import (
    IntervalCallback,
    MessageCallback,
    Meta,
    ResultBase,
    ValueCallback,
    ancestors,
    forget_all,
    not_large,
    raise_failed,
    result_from_tuple,
)
from taskhub.result.fields import DocumentFields
from taskhub.result.join_guard import assert_will_not_block
from taskhub.result.promise import Promise
from taskhub.result.tree import ResultTree
from taskhub.result.watch import Watch, arrivals, arrived, notify
from taskhub.serialization.failures import as_exception

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from taskhub.app.app import Celery as Application
    from taskhub.engine.port.results import Subscription
    from taskhub.result.backend import Backend

R = TypeVar("R")


class AsyncResult(DocumentFields, ResultTree, Generic[R]):
    """The state and value of a task, by its id (as Celery's `AsyncResult`).

    It equals its id, so that `"an id" in results` works. Nothing is asked of the store before it
    is needed; what was read of a task that has ended is kept.

    Args:
        id: The id of the task; a UUID counts as its text.
        backend: Where its result is; None: the application's.
        task_name: Not used, as in Celery.
        app: The application; None: the current one.
        parent: The result before this one in a chain.

    Raises:
        TypeError: The id is neither text nor a UUID.
        ValueError: It is None, empty, or no task can have it.
    """

    app: Application | None = None
    id: str
    #: Whether the store holds it.
    stored = True

    def __init__(
        self,
        id: str,
        backend: Backend | None = None,
        task_name: str | None = None,
        app: Application | None = None,
        parent: ResultBase | None = None,
    ) -> None:
        if id is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise ValueError("AsyncResult needs the id of a task, not None.")
        self.id = check_id("the id of a task", id)
        app = app or app_or_default(self.app)
        self.app = app
        self.backend: Backend = backend or app.backend
        self.parent = parent
        self._cache: Meta | None = None
        self._ignored = False
        self._subscription: Subscription | None = None

    @property
    def task_id(self) -> str:
        """The id of the task."""
        return self.id

    @task_id.setter
    def task_id(self, id: str) -> None:
        self.id = check_id("the id of a task", id)

    def exists(self) -> bool:
        """Return whether anything is stored, which the state PENDING leaves open."""
        return self.backend.task_result_exists(self.id)

    @property
    def ignored(self) -> bool:
        """Whether the task stores no result, so that `get()` returns None at once."""
        return self._ignored

    @ignored.setter
    def ignored(self, value: bool) -> None:
        self._ignored = value

    @property
    def supports_native_join(self) -> bool:
        """Whether several of these can be awaited at once."""
        return self.backend.supports_native_join

    # -- waiting

    def get(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        interval: float = 0.5,
        no_ack: bool = True,
        follow_parents: bool = True,
        callback: ValueCallback | None = None,
        on_message: MessageCallback | None = None,
        on_interval: IntervalCallback | None = None,
        disable_sync_subtasks: bool = True,
        EXCEPTION_STATES: Collection[str] = states.EXCEPTION_STATES,  # noqa: N803 - Celery's name
        PROPAGATE_STATES: Collection[str] = states.PROPAGATE_STATES,  # noqa: N803 - Celery's name
    ) -> R:
        """Wait until the task has ended, and return what it returned. Nothing is polled.

        Args:
            timeout: Seconds to wait; None: forever; 0: only what is there now counts. The task
                itself goes on.
            propagate: Raise the task's exception; False returns it.
            interval: Seconds between calls of `on_interval`.
            no_ack: Not used.
            follow_parents: Raise the exception of a parent that failed, too; needs `propagate`.
            callback: Called with the id and the value.
            on_message: Called with every stored document, whatever its state, as a dictionary.
            on_interval: Called while nothing happens.
            disable_sync_subtasks: Refuse to wait within a task.
            EXCEPTION_STATES: Not used, as in Celery.
            PROPAGATE_STATES: Not used, as in Celery.

        Returns:
            The task's return value; None at once for a task that stores no result.

        Raises:
            TimeoutError: The task did not end in time (`taskhub.exceptions.TimeoutError`).
            RuntimeError: This is a running task.
            Exception: What the task raised.
        """
        if self._ignored:
            return cast("R", None)
        if disable_sync_subtasks:
            assert_will_not_block()
        parents = ancestors([self]) if follow_parents and propagate else []
        if parents:
            raise_failed(not_large(parents))
        if self.known is None:
            self.backend.ensure_not_eager()
            watch = Watch([self], not_large(parents), on_message)
            for _ in arrivals(watch, timeout, interval, on_interval):
                pass
            if parents and self._has_failed:
                # Its document came first, but the parent's exception is the cause.
                raise_failed(parents)
        return cast("R", self.maybe_throw(propagate=propagate, callback=callback))

    def wait(self, *args: Any, **kwargs: Any) -> R:
        """The same as `get`."""
        return self.get(*args, **kwargs)

    async def aget(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as of `get`
        propagate: bool = True,
        *,
        follow_parents: bool = True,
        callback: ValueCallback | None = None,
        on_message: MessageCallback | None = None,
        disable_sync_subtasks: bool = True,
    ) -> R:
        """Wait in a coroutine, otherwise as `get`; no thread waits for it.

        Cancelling it leaves the task alone.
        """
        if self._ignored:
            return cast("R", None)
        if disable_sync_subtasks:
            assert_will_not_block()
        parents = ancestors([self]) if follow_parents and propagate else []
        if parents:
            await asyncio.to_thread(raise_failed, not_large(parents))
        if self.known is None:
            self.backend.ensure_not_eager()
            await arrived(Watch([self], not_large(parents), on_message), timeout)
            if parents and self._has_failed:
                await asyncio.to_thread(raise_failed, parents)
        return cast("R", self.maybe_throw(propagate=propagate, callback=callback))

    async def aready(self) -> bool:
        """Return whether the task has ended, well or not, without holding up the event loop."""
        return self.known is not None or await asyncio.to_thread(self.ready)

    @property
    def _has_failed(self) -> bool:
        """Whether it is known to have ended with an exception."""
        return self.known is not None and self.known["status"] in states.PROPAGATE_STATES

    def maybe_throw(self, propagate: bool = True, callback: ValueCallback | None = None) -> Any:
        """Raise the task's exception if it failed, else return its value as it is now.

        Args:
            propagate: False returns the exception.
            callback: Called with the id and the value.
        """
        meta = self._get_task_meta()
        value = meta["result"]
        if propagate and meta["status"] in states.PROPAGATE_STATES:
            error = as_exception(value) if isinstance(value, BaseException) else Exception(value)
            # The instance is kept: raised again, it must not carry the frames of the last time.
            reraise(type(error), error, None)
        if callback is not None:
            callback(self.id, value)
        return value

    maybe_reraise = maybe_throw

    # -- callbacks

    @cached_property
    def on_ready(self) -> Promise:
        """What is fulfilled when the task has ended."""
        promise = Promise()
        if self.known is not None:
            promise(self)
        return promise

    def then(
        self,
        callback: Callable[..., Any],
        on_error: Callable[[BaseException], object] | None = None,
        weak: bool = False,
    ) -> Promise:
        """Call back with this result when the task has ended, well or not; at once if it has.

        Args:
            callback: Called in the thread that learns of the end: one that waits for it, or one of
                its own.
            on_error: Called with the exception if `callback` raises.
            weak: Don't keep this result alive for it.

        Returns:
            The promise of what `callback` returns.
        """
        promise = self.on_ready.then(callback, on_error)
        if self.known is None and self._subscription is None:
            self._follow(weak)
        return promise

    def _follow(self, weak: bool) -> None:
        self._subscription = notify(self.backend, [self.id], _reminder(self, weak))
        if self.known is not None:
            # It ended before there was something to close.
            self._unfollow()

    def throw(self, reason: BaseException, traceback: TracebackType | None = None) -> None:
        """Raise `reason` after calling the error callbacks."""
        self.on_ready.throw(reason, traceback)

    def _unfollow(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    # -- among other results

    def iter_tasks(self) -> Iterator[AsyncResult[Any]]:
        """Yield this result."""
        yield self

    def as_tuple(self) -> tuple[Any, Any]:
        """Return `((id, parent), None)`."""
        return (self.id, self.parent and self.parent.as_tuple()), None

    # -- deleting and revoking

    def forget(self) -> None:
        """Delete the result, and those of its parents, from the store."""
        forget_all([self])

    @property
    def _revocable(self) -> str:
        return self.id

    # -- what is known

    @property
    def known(self) -> Meta | None:
        """The document of a task that has ended, if it was read already."""
        return self._cache

    def unlearn(self) -> None:
        """Forget the document here, not in the store."""
        self._cache = None
        self._unfollow()

    def remember(self, meta: Meta) -> None:
        """Keep the document of a task that has ended."""
        self._cache = self._with_children(meta)
        self._unfollow()
        if "on_ready" in self.__dict__:
            self.on_ready(self)

    def _get_task_meta(self) -> Meta:
        known = self.known
        if known is not None:
            return known
        meta = self.backend.get_task_meta(self.id)
        if meta["status"] in states.READY_STATES:
            self.remember(meta)
        return self._with_children(meta)

    def _with_children(self, meta: Meta) -> Meta:
        children = meta.get("children")
        if children:
            meta["children"] = [result_from_tuple(child, self.app) for child in children]
        return meta

    # -- as a value

    def __str__(self) -> str:
        return str(self.id)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.id}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AsyncResult):
            return bool(other.id == self.id)
        if isinstance(other, str):
            return other == self.id
        return NotImplemented

    def __copy__(self) -> AsyncResult[R]:
        return type(self)(self.id, self.backend, None, self.app, self.parent)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.id, self.backend, None, None, self.parent)


def _reminder(result: AsyncResult[Any], weak: bool) -> Callable[[dict[str, Meta]], object]:
    task_id = result.id
    reference = weakref.ref(result)
    kept = None if weak else result

    def remember(ended: dict[str, Meta]) -> None:
        found = kept or reference()
        if found is not None:
            found.remember(ended[task_id])

    return remember
