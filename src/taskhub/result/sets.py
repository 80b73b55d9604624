"""The results of several tasks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.exceptions import ImproperlyConfigured
from taskhub.result.application import app_or_current, control_of
from taskhub.result.base import (
    IntervalCallback,
    MessageCallback,
    Meta,
    ResultBase,
    ValueCallback,
    ancestors,
)
from taskhub.result.joining import assert_will_not_block
from taskhub.result.promise import Promise
from taskhub.result.reading import current_states, forget_all, raise_failed
from taskhub.result.waiting import Watch, arrivals, arrived, notify

if TYPE_CHECKING:
    from taskhub.app.app import Celery as Application
    from taskhub.engine.port import Subscription
    from taskhub.result.async_result import AsyncResult
    from taskhub.result.backend import Backend


class ResultSet(ResultBase):
    """Several results (as Celery's `ResultSet`).

    However many they are, one call to the store reads or follows them.

    Parameters:
        results: The results, of tasks or of other sets.
        app: The application; None: that of the first result, else the current one.
        ready_barrier: Not used.
    """

    results: list[Any]

    def __init__(
        self,
        results: Iterable[Any],
        app: Application | None = None,
        ready_barrier: Any = None,
        **kwargs: Any,
    ) -> None:
        self._app = app
        self.results = results if isinstance(results, list) else list(results)
        self._subscription: Subscription | None = None

    @property
    def app(self) -> Application:
        """The application."""
        if self._app is None:
            self._app = app_or_current(
                getattr(self.results[0], "app", None) if self.results else None
            )
        return self._app

    @app.setter
    def app(self, app: Application) -> None:
        self._app = app

    @property
    def backend(self) -> Backend:
        """Where the results are."""
        return self.app.backend

    @property
    def supports_native_join(self) -> bool | None:
        """Whether the results can be awaited at once; None for an empty set."""
        return self.results[0].supports_native_join if self.results else None

    @property
    def children(self) -> list[ResultBase] | None:
        """The results."""
        return self.results

    def iter_tasks(self) -> Iterator[AsyncResult[Any]]:
        """Yield the results of all tasks, those of sets within this one, too."""
        for result in self.results:
            yield from result.iter_tasks()

    # -- members

    def add(self, result: Any) -> None:
        """Add a result, unless it is there already."""
        if result not in self.results:
            self.results.append(result)
            # What waited for the others now waits for this one, too.
            if "on_ready" in self.__dict__ and self.on_ready.ready:
                del self.on_ready

    def remove(self, result: Any) -> None:
        """Remove a result, given as such or by its id.

        Raises:
            KeyError: It is not in here.
        """
        try:
            self.results.remove(result)
        except ValueError:
            raise KeyError(result) from None

    def discard(self, result: Any) -> None:
        """Remove a result if it is in here."""
        with contextlib.suppress(KeyError):
            self.remove(result)

    def update(self, results: Iterable[Any]) -> None:
        """Add those results that are not there already."""
        present = set(map(str, self.results))
        for result in results:
            if str(result) not in present:
                present.add(str(result))
                self.results.append(result)

    def clear(self) -> None:
        """Remove all results; the list stays the same object."""
        self.results.clear()

    # -- states

    def ready(self) -> bool:
        """Return whether every task has ended, well or not."""
        return all(state in states.READY_STATES for state in current_states([self]).values())

    def waiting(self) -> bool:
        """Return whether any task has not ended."""
        return not self.ready()

    def successful(self) -> bool:
        """Return whether every task returned."""
        return all(state == states.SUCCESS for state in current_states([self]).values())

    def failed(self) -> bool:
        """Return whether any task raised."""
        return any(state == states.FAILURE for state in current_states([self]).values())

    def completed_count(self) -> int:
        """Return how many of the results are those of success; a set counts as one."""
        found = current_states([self])
        return sum(
            all(found[task.id] == states.SUCCESS for task in result.iter_tasks())
            for result in self.results
        )

    async def aready(self) -> bool:
        """Return whether every task has ended, without holding up the event loop."""
        return await asyncio.to_thread(self.ready)

    def maybe_throw(self, callback: ValueCallback | None = None, propagate: bool = True) -> None:
        """Raise the first exception among the results; call back with what comes before it."""
        current_states([self])
        for result in self.results:
            result.maybe_throw(callback=callback, propagate=propagate)

    maybe_reraise = maybe_throw

    # -- waiting

    def get(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        interval: float = 0.5,
        callback: ValueCallback | None = None,
        no_ack: bool = True,
        on_message: MessageCallback | None = None,
        disable_sync_subtasks: bool = True,
        on_interval: IntervalCallback | None = None,
    ) -> Any:
        """Wait for all tasks and return their values, in the order of the results.

        Parameters:
            timeout: Seconds to wait for all of them; None: for ever.
            propagate: Raise the exception of the first task that fails; False leaves it in the
                list.
            interval: Seconds between calls of `on_interval`.
            callback: Called with each id and value, in order of arrival; None is returned then.
            no_ack: Not used.
            on_message: Called with every stored document, whatever its state, as a dictionary.
            disable_sync_subtasks: Refuse to wait within a task.
            on_interval: Called while nothing happens.

        Raises:
            TimeoutError: Some did not end in time (`taskhub.exceptions.TimeoutError`).
            RuntimeError: This is a running task.
            Exception: What a task raised, or a parent.
        """
        join = self.join_native if self.supports_native_join else self.join
        return join(
            timeout=timeout,
            propagate=propagate,
            interval=interval,
            callback=callback,
            no_ack=no_ack,
            on_message=on_message,
            disable_sync_subtasks=disable_sync_subtasks,
            on_interval=on_interval,
        )

    def join(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        interval: float = 0.5,
        callback: ValueCallback | None = None,
        no_ack: bool = True,
        on_message: MessageCallback | None = None,
        disable_sync_subtasks: bool = True,
        on_interval: IntervalCallback | None = None,
    ) -> list[Any]:
        """Wait as `get`, but take the results in their order, in callbacks and exceptions, too.

        Returns:
            The values; an empty list with `callback`.

        Raises:
            ImproperlyConfigured: `on_message` was given.
        """
        if on_message is not None:
            raise ImproperlyConfigured(
                "join() does not call on_message; use join_native() or get()."
            )
        if disable_sync_subtasks:
            assert_will_not_block()
        found = self._ended(self._watch(propagate), timeout, interval, on_interval)
        values: list[Any] = []
        for result in self.results:
            for task in result.iter_tasks():
                while task.known is None and next(found, None) is not None:
                    pass
            value = result.get(propagate=propagate, disable_sync_subtasks=disable_sync_subtasks)
            if callback is None:
                values.append(value)
            else:
                callback(result.id, value)
        return values

    def join_native(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        interval: float = 0.5,
        callback: ValueCallback | None = None,
        no_ack: bool = True,
        on_message: MessageCallback | None = None,
        on_interval: IntervalCallback | None = None,
        disable_sync_subtasks: bool = True,
    ) -> list[Any] | None:
        """Wait as `get`: the first failure to arrive is raised at once."""
        if disable_sync_subtasks:
            assert_will_not_block()
        take = self._taker(propagate, callback)
        watch = self._watch(propagate, on_message)
        for task_id, meta in self._ended(watch, timeout, interval, on_interval):
            take(task_id, meta)
        return self._values(propagate, callback)

    async def aget(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as of `get`
        propagate: bool = True,
        *,
        callback: ValueCallback | None = None,
        on_message: MessageCallback | None = None,
        disable_sync_subtasks: bool = True,
    ) -> Any:
        """Wait in a coroutine, otherwise as `get`: no thread waits in its stead."""
        if disable_sync_subtasks:
            assert_will_not_block()
        take = self._taker(propagate, callback)
        watch = await asyncio.to_thread(self._watch, propagate, on_message)
        for task_id, meta in self._known():
            take(task_id, meta)
        await arrived(watch, timeout, take)
        return self._values(propagate, callback)

    ajoin = aget

    def iter_native(
        self,
        timeout: float | None = None,
        interval: float = 0.5,
        no_ack: bool = True,
        on_message: MessageCallback | None = None,
        on_interval: IntervalCallback | None = None,
    ) -> Iterator[tuple[str, Any]]:
        """Yield (id, document) of each task when it has ended, then (id, results) of inner sets.

        Raises:
            TimeoutError: Some did not end in time.
        """
        single = self._single_ids()
        watch = self._watch(False, on_message)
        for task_id, meta in self._ended(watch, timeout, interval, on_interval):
            if task_id in single:
                yield task_id, meta
        for result in self.results:
            if isinstance(result, ResultSet):
                yield str(result), result.results

    def iterate(
        self, timeout: float | None = None, propagate: bool = True, interval: float = 0.5
    ) -> Iterator[Any]:
        """Yield the value of each task when it has ended; parameters as those of `get`."""
        for _, meta in self._ended(self._watch(propagate), timeout, interval, None):
            if propagate:
                _raise_failure(meta)
            yield meta["result"]

    def _watch(self, propagate: bool, on_message: MessageCallback | None = None) -> Watch:
        """Return what is to be waited for; with `propagate` raise what a parent has failed with."""
        parents = ancestors([self, *self.iter_tasks()]) if propagate else []
        if parents:
            raise_failed(parents)
        watch = Watch([self], parents, on_message)
        if not watch.over:
            watch.backend.ensure_not_eager()
        return watch

    def _ended(
        self,
        watch: Watch,
        timeout: float | None,
        interval: float,
        on_interval: IntervalCallback | None,
    ) -> Iterator[tuple[str, Meta]]:
        """Yield (id, document) of what is known already, then of what ends."""
        yield from self._known()
        yield from arrivals(watch, timeout, interval, on_interval)

    def _known(self) -> list[tuple[str, Meta]]:
        return [(task.id, task.known) for task in self.iter_tasks() if task.known is not None]

    def _single_ids(self) -> set[str]:
        return {result.id for result in self.results if not isinstance(result, ResultSet)}

    def _taker(
        self, propagate: bool, callback: ValueCallback | None
    ) -> Callable[[str, Meta], None]:
        """Return what is to be done with each document that arrives."""
        single = self._single_ids()

        def take(task_id: str, meta: Meta) -> None:
            if propagate:
                _raise_failure(meta)
            if callback is not None and task_id in single:
                callback(task_id, meta["result"])

        return take

    def _values(self, propagate: bool, callback: ValueCallback | None) -> list[Any] | None:
        """Return the values of results that are known; to a callback, tell those of sets."""
        values: list[Any] = []
        for result in self.results:
            if not isinstance(result, ResultSet):
                values.append(result.maybe_throw(propagate=propagate))
                continue
            values.append(result.join_native(propagate=propagate, disable_sync_subtasks=False))
            if callback is not None:
                callback(str(result), values[-1])
        return values if callback is None else None

    # -- callbacks

    @cached_property
    def on_ready(self) -> Promise:
        """What is fulfilled when all tasks have ended."""
        promise = Promise()
        if len(self._known()) == sum(1 for _ in self.iter_tasks()):
            promise(self)
        return promise

    def then(
        self,
        callback: Callable[..., Any],
        on_error: Callable[[BaseException], object] | None = None,
        weak: bool = False,
    ) -> Promise:
        """Call back with this set when all tasks have ended, well or not; at once if they have.

        Parameters:
            callback: Called in a thread of its own.
            on_error: Called with the exception if `callback` raises.
            weak: Not used.

        Returns:
            The promise of what `callback` returns.
        """
        on_ready = self.on_ready
        promise = on_ready.then(callback, on_error)
        if not on_ready.ready and self._subscription is None:
            tasks: dict[str, list[AsyncResult[Any]]] = {}
            for task in self.iter_tasks():
                if task.known is None:
                    tasks.setdefault(task.id, []).append(task)

            def fulfil(ended: dict[str, Meta]) -> None:
                self._unfollow()
                for task_id, meta in ended.items():
                    for task in tasks[task_id]:
                        task.remember(meta)
                on_ready(self)

            self._subscription = notify(self.backend, tasks, fulfil)
        return promise

    def _unfollow(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    # -- steering

    def forget(self) -> None:
        """Delete all results, and those of parents, from the store."""
        forget_all([self])

    def revoke(
        self,
        connection: Any = None,
        terminate: bool = False,
        signal: str | None = None,
        wait: bool = False,
        timeout: float | None = None,
    ) -> None:
        """See to it that the tasks are not run; parameters as those of `AsyncResult.revoke`."""
        control_of(self.app).revoke(
            [task.id for task in self.iter_tasks()],
            connection=connection,
            timeout=timeout,
            terminate=terminate,
            signal=signal,
            reply=wait,
        )

    # -- as a value

    def as_tuple(self) -> tuple[Any, Any]:
        """Return `((None, None), members)`."""
        return (None, None), [result.as_tuple() for result in self.results]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.results)

    def __getitem__(self, index: int) -> Any:
        return self.results[index]

    def __len__(self) -> int:
        return len(self.results)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ResultSet):
            return other.results == self.results
        return NotImplemented

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: [{', '.join(map(str, self.results))}]>"


def _raise_failure(meta: Meta) -> None:
    if meta["status"] in states.PROPAGATE_STATES:
        value = meta["result"]
        raise value if isinstance(value, BaseException) else Exception(value)
