"""`ResultSet`: the results of several tasks, and waiting for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from taskhub import states
from taskhub.exceptions import ImproperlyConfigured
from taskhub.result.base import (
    IntervalCallback,
    MessageCallback,
    Meta,
    ValueCallback,
    ancestors,
    not_large,
    raise_failed,
)
from taskhub.result.join_guard import assert_will_not_block
from taskhub.result.members import Members
from taskhub.result.promise import Promise
from taskhub.result.watch import Watch, arrivals, arrived, notify


class ResultSet(Members):
    """Several results (as Celery's `ResultSet`).

    However many they are, one call to the store reads or follows them.

    Args:
        results: The results, of tasks or of other sets.
        app: The application; None: that of the first result, else the current one.
        ready_barrier: Not used.
    """

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

        Args:
            timeout: Seconds to wait for all of them; None: forever.
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
        collect = self._collector(propagate, callback)
        watch = self._watch(propagate, on_message)
        for task_id, meta in self._ended(watch, timeout, interval, on_interval):
            collect(task_id, meta)
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
        """Wait in a coroutine, otherwise as `get`; no thread waits for it."""
        if disable_sync_subtasks:
            assert_will_not_block()
        collect = self._collector(propagate, callback)
        watch = await asyncio.to_thread(self._watch, propagate, on_message)
        for task_id, meta in self._known():
            collect(task_id, meta)
        await arrived(watch, timeout, collect)
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
        parents = ancestors([self]) if propagate else []
        parents = not_large(parents)
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

    def _collector(
        self, propagate: bool, callback: ValueCallback | None
    ) -> Callable[[str, Meta], None]:
        """Return the function that receives each document that arrives."""
        single = self._single_ids()

        def collect(task_id: str, meta: Meta) -> None:
            if propagate:
                _raise_failure(meta)
            if callback is not None and task_id in single:
                callback(task_id, meta["result"])

        return collect

    def _values(self, propagate: bool, callback: ValueCallback | None) -> list[Any] | None:
        """Return the values of known results; a callback gets those of inner sets."""
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

        Args:
            callback: Called in a thread of its own.
            on_error: Called with the exception if `callback` raises.
            weak: Not used.

        Returns:
            The promise of what `callback` returns.
        """
        promise = self.on_ready.then(callback, on_error)
        if not self.on_ready.ready and self._subscription is None:
            self._follow()
        return promise

    def add(self, result: Any) -> None:
        """Add a result, unless it is there already; later calls of `then` wait for it, too."""
        super().add(result)
        if "on_ready" in self.__dict__ and self.on_ready.ready:
            del self.on_ready

    def _follow(self) -> None:
        watch = Watch([self])
        if watch.over:
            self.on_ready(self)
        else:
            self._subscription = notify(self.backend, watch.task_ids, self._remember)

    def _remember(self, ended: dict[str, Meta]) -> None:
        self._unfollow()
        for task in self.iter_tasks():
            if task.known is None and task.id in ended:
                task.remember(ended[task.id])
        # Results may have been added in the meantime.
        self._follow()

    def _unfollow(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    # -- as a value

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
