"""The results in a set, and their states."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.current import app_or_default
from taskhub.result.base import ResultBase, ValueCallback, current_states, forget_all

if TYPE_CHECKING:
    from taskhub.app.app import Celery as Application
    from taskhub.engine.port.results import Subscription
    from taskhub.result.async_result import AsyncResult
    from taskhub.result.backend import Backend


class Members(ResultBase):
    """Several results, in order.

    Args:
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
            self._app = app_or_default(
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

    @property
    def is_large(self) -> bool:
        """Whether it has so many members that none is kept until one is asked for."""
        return bool(getattr(self.results, "is_large", False))

    def iter_anew(self) -> Iterator[ResultBase]:
        """Yield the members of a large result; none is kept."""
        results: Any = self.results
        yield from results.made_anew()

    # -- members

    def add(self, result: Any) -> None:
        """Add a result, unless it is there already."""
        if result not in self.results:
            self.results.append(result)

    def remove(self, result: Any) -> None:
        """Remove a result, given as such or by its id.

        Raises:
            KeyError: It is not in here.
        """
        member = self.app.AsyncResult(result) if isinstance(result, str) else result
        try:
            self.results.remove(member)
        except ValueError:
            raise KeyError(member) from None

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
        """Raise the first exception among the results; call back with the values before it."""
        current_states([self])
        for result in self.results:
            result.maybe_throw(callback=callback, propagate=propagate)

    maybe_reraise = maybe_throw

    # -- deleting

    def forget(self) -> None:
        """Delete all results, and those of parents, from the store."""
        forget_all([self])

    # -- as a list

    def as_tuple(self) -> tuple[Any, Any]:
        """Return `((None, None), members)`."""
        return (None, None), [result.as_tuple() for result in self.results]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.results)

    def __getitem__(self, index: int) -> Any:
        return self.results[index]

    def __len__(self) -> int:
        return len(self.results)
