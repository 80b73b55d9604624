"""Waiting for what workers do (as `celery.contrib.testing.manager`)."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from celery._unsupported import unsupported_getattr
from taskhub import states
from taskhub.exceptions import OperationalError, TimeoutError
from taskhub.result import ResultSet

if TYPE_CHECKING:
    from taskhub import Celery


__all__ = (
    "Manager",
    "ManagerMixin",
    "Sentinel",
)


class Sentinel(Exception):
    """What is waited for is not yet so."""


class ManagerMixin:
    """For classes that have an `app`."""

    app: Celery

    def _init_manager(
        self,
        block_timeout: float = 30 * 60.0,
        no_join: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        self.connerrors: tuple[type[Exception], ...] = (OperationalError,)
        self.block_timeout = block_timeout
        self.no_join = no_join

    def remark(self, s: str, sep: str = "-") -> None:
        """Print a remark."""
        self.stdout.write(f"{sep}{s}\n")

    def warn(self, s: str) -> None:
        """Print a warning."""
        self.stderr.write(f"{s}\n")

    # -- waiting

    def wait_for(
        self,
        fun: Callable[..., Any],
        catch: Any,
        desc: str = "thing",
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        errback: Callable[..., Any] | None = None,
        max_retries: int = 10,
        interval_start: float = 0.1,
        interval_step: float = 0.5,
        interval_max: float = 5.0,
        emit_warning: bool = False,
        **options: Any,
    ) -> Any:
        """Call a function until it does not raise `catch`, and return what it returns.

        Args:
            fun: The function.
            catch: The exceptions after which it is called again.
            desc: What is waited for, in warnings.
            args: Its arguments.
            kwargs: Its keyword arguments.
            errback: Called with the exception, the next pause (seconds) and the number of the try.
            max_retries: After so many more tries the exception is raised.
            interval_start: The first pause, seconds.
            interval_step: By how much each pause is longer.
            interval_max: The longest pause.
            emit_warning: Whether each failure is printed.
            options: Accepted as Celery's, without effect.
        """
        pause = interval_start
        for retries in range(max_retries + 1):
            try:
                return fun(*args, **(kwargs or {}))
            except catch as error:
                if retries == max_retries:
                    raise
                if emit_warning:
                    self.warn(f"Still waiting for {desc}. Trying again in {pause:g} s: {error!r}")
                if errback is not None:
                    errback(error, pause, retries)
            time.sleep(pause)
            pause = min(pause + interval_step, interval_max)
        raise AssertionError("unreachable")

    def retry_over_time(
        self, fun: Callable[..., Any], catch: Any, *args: Any, **options: Any
    ) -> Any:
        """Do as `wait_for`."""
        return self.wait_for(fun, catch, *args, **options)

    def ensure_not_for_a_while(
        self,
        fun: Callable[..., Any],
        catch: Any,
        desc: str = "thing",
        max_retries: int = 20,
        interval_start: float = 0.1,
        interval_step: float = 0.02,
        interval_max: float = 1.0,
        emit_warning: bool = False,
        **options: Any,
    ) -> None:
        """Return when a function has raised `catch` all the while.

        Raises:
            AssertionError: It did not.
        """
        try:
            self.wait_for(
                fun,
                catch,
                desc=desc,
                max_retries=max_retries,
                interval_start=interval_start,
                interval_step=interval_step,
                interval_max=interval_max,
                emit_warning=emit_warning,
            )
        except catch:
            return
        raise AssertionError(f"Should not have happened: {desc}")

    def true_or_raise(self, fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return what a function returns.

        Raises:
            Sentinel: That is false.
        """
        found = fun(*args, **kwargs)
        if not found:
            raise Sentinel
        return found

    def join(
        self, r: Any, propagate: bool = False, max_retries: int | None = 10, **kwargs: Any
    ) -> Any:
        """Wait for results and return their values; `kwargs` as of `ResultSet.get`.

        Raises:
            AssertionError: They did not come, within so many timeouts.
        """
        if self.no_join:
            return None
        results = r if isinstance(r, ResultSet) else self.app.ResultSet([r])
        tries = 0
        while max_retries is None or tries < max_retries:
            tries += 1
            try:
                return results.get(propagate=propagate, **kwargs)
            except TimeoutError as error:
                missing = ", ".join(self.missing_results(results.results))
                self.remark(f"Still waiting for {missing}: {error!r}", "!")
            except self.connerrors as error:
                self.remark(f"join: connection lost: {error!r}", "!")
        raise AssertionError("Test failed: Missing task results")

    def missing_results(self, r: Iterable[Any]) -> list[str]:
        """Return the ids of those that have not ended."""
        return [result.id for result in r if not result.ready()]

    # -- asking workers

    def inspect(self, timeout: float = 3.0) -> Any:
        """Return what asks workers."""
        return self.app.control.inspect(timeout=timeout)

    def query_tasks(self, ids: Iterable[str], timeout: float = 0.5) -> Iterator[tuple[str, Any]]:
        """Yield what each worker replies about some tasks."""
        yield from (self.inspect(timeout).query_task(*ids) or {}).items()

    def query_task_states(
        self, ids: Iterable[str], timeout: float = 0.5
    ) -> defaultdict[str, set[str]]:
        """Return which of some tasks are "reserved" and which "active"."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for _, reply in self.query_tasks(ids, timeout):
            for task_id, (state, _) in reply.items():
                found[state].add(task_id)
        return found

    def is_received(self, ids: Iterable[str], timeout: float = 0.5) -> bool:
        """Return whether workers hold all of them."""
        return self._are(("reserved", "active", "ready"), ids, timeout)

    def is_accepted(self, ids: Iterable[str], timeout: float = 0.5) -> bool:
        """Return whether all of them run."""
        return self._are(("active", "ready"), ids, timeout)

    def _are(self, expected: Iterable[str], ids: Iterable[str], timeout: float) -> bool:
        ids = list(ids)
        found = self.query_task_states(ids, timeout)
        return all(any(task_id in found[state] for state in expected) for task_id in ids)

    def assert_received(
        self,
        ids: Iterable[str],
        interval: float = 0.5,
        desc: str = "waiting for tasks to be received",
        **policy: Any,
    ) -> Any:
        """Wait until workers hold all of them; `policy` as of `wait_for`.

        Raises:
            Sentinel: They don't.
        """
        return self.assert_task_worker_state(
            self.is_received, ids, interval=interval, desc=desc, **policy
        )

    def assert_accepted(
        self,
        ids: Iterable[str],
        interval: float = 0.5,
        desc: str = "waiting for tasks to be accepted",
        **policy: Any,
    ) -> Any:
        """Wait until all of them run; `policy` as of `wait_for`.

        Raises:
            Sentinel: They don't.
        """
        return self.assert_task_worker_state(
            self.is_accepted, ids, interval=interval, desc=desc, **policy
        )

    def assert_task_worker_state(
        self, fun: Callable[..., Any], ids: Iterable[str], interval: float = 0.5, **policy: Any
    ) -> Any:
        """Wait until `fun(ids)` is true; `policy` as of `wait_for`.

        Raises:
            Sentinel: It is not.
        """
        return self.wait_for(
            lambda: self.true_or_raise(fun, ids, timeout=interval), (Sentinel,), **policy
        )

    def assert_result_tasks_in_progress_or_completed(
        self,
        async_results: Sequence[Any],
        interval: float = 0.5,
        desc: str = "waiting for tasks to be started or completed",
        **policy: Any,
    ) -> Any:
        """Wait until all of them run or have succeeded; `policy` as of `wait_for`.

        Raises:
            Sentinel: They don't.
        """
        return self.assert_task_worker_state(
            self.is_result_task_in_progress, async_results, interval, desc=desc, **policy
        )

    @staticmethod
    def is_result_task_in_progress(results: Iterable[Any], **kwargs: Any) -> bool:
        """Return whether all of them run or have succeeded."""
        return all(result.state in (states.STARTED, states.SUCCESS) for result in results)

    def wait_until_idle(self) -> None:
        """Drop what waits, and return when no worker runs anything."""

        def idle() -> bool:
            self.app.control.purge()
            active = self.inspect().active() or {}
            return not any(active.values())

        self.wait_for(
            lambda: self.true_or_raise(idle),
            (Sentinel,),
            max_retries=int(self.block_timeout),
            interval_step=0.1,
            interval_max=1.0,
        )


class Manager(ManagerMixin):
    """Waits for what workers of an app do.

    Args:
        app: The app.
        kwargs: block_timeout (the longest wait of `wait_until_idle`, about, in seconds), no_join
            (`join` does nothing), stdout, stderr.
    """

    def __init__(self, app: Celery, **kwargs: Any) -> None:
        self.app = app
        self._init_manager(**kwargs)


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
