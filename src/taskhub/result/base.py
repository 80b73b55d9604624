"""The base of results, and reads and deletions of many results at once."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from taskhub import states
from taskhub.current import app_or_default
from taskhub.exceptions import TimeoutError

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.result.async_result import AsyncResult

#: A result document as a dictionary: `status`, `result`, `traceback`, `children`, `date_done`, ...
Meta = dict[str, Any]
#: How many documents of a large result are read at once.
PAGE = 1000
#: Receives the id of a task and its value.
ValueCallback = Callable[[str, Any], object]
#: Receives a document when it arrives, whatever its state.
MessageCallback = Callable[[Meta], object]
#: Is called again and again while a call waits.
IntervalCallback = Callable[[], object]


class ResultBase(ABC):
    """Base of all results."""

    #: The error that a wait raises when its time is over.
    TimeoutError = TimeoutError

    #: The result before this one in a chain; None at its beginning.
    parent: ResultBase | None = None

    @property
    @abstractmethod
    def children(self) -> list[ResultBase] | None:
        """The results below this one; None if none are known."""

    @abstractmethod
    def as_tuple(self) -> tuple[Any, Any]:
        """Return the result as `((id, parent), members)`; `result_from_tuple` reads it back."""

    @abstractmethod
    def iter_tasks(self) -> Iterator[AsyncResult[Any]]:
        """Yield the results of single tasks that this one is made of, itself if it is one."""

    @property
    def is_large(self) -> bool:
        """Whether it has so many members that none is kept until one is asked for."""
        return False

    def iter_anew(self) -> Iterator[ResultBase]:
        """Yield what `iter_tasks` does of a large result; nothing is kept."""
        return self.iter_tasks()

    @abstractmethod
    def ready(self) -> bool:
        """Return whether every task has ended, well or not."""

    @abstractmethod
    def forget(self) -> None:
        """Delete what is stored."""

    @abstractmethod
    def get(self, timeout: float | None = None, propagate: bool = True) -> Any:
        """Wait, and return what the task, or each task, returned."""

    @property
    def _revocable(self) -> str | list[str]:
        """The id that is revoked, or the ids."""
        return [task.id for task in self.iter_tasks()]

    def revoke(
        self,
        connection: Any = None,
        terminate: bool = False,
        signal: str | None = None,
        wait: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Revoke the tasks, so that they are not run; as `app.control.revoke`.

        Args:
            connection: Not used.
            terminate: End them, too, if they run.
            signal: What a running task is ended with.
            wait: Wait for the workers' replies.
            timeout: Seconds to wait for them.
        """
        app_or_default(getattr(self, "app", None)).control.revoke(
            self._revocable,
            connection=connection,
            terminate=terminate,
            signal=signal,
            reply=wait,
            timeout=timeout,
        )

    def revoke_by_stamped_headers(
        self,
        headers: Mapping[str, Any],
        connection: Any = None,
        terminate: bool = False,
        signal: str | None = None,
        wait: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Revoke all tasks with these stamps, in this result or not; otherwise as `revoke`."""
        app_or_default(getattr(self, "app", None)).control.revoke_by_stamped_headers(
            headers,
            connection=connection,
            terminate=terminate,
            signal=signal,
            reply=wait,
            timeout=timeout,
        )

    def __json__(self) -> tuple[Any, Any]:
        return self.as_tuple()


def ancestors(results: Iterable[ResultBase]) -> list[ResultBase]:
    """Return the parents of results and theirs, each once, the first of a chain first."""
    found: dict[int, ResultBase] = {}
    for result in results:
        chain: list[ResultBase] = []
        node = result.parent
        while node is not None and id(node) not in found:
            chain.append(node)
            node = node.parent
        found.update((id(node), node) for node in reversed(chain))
    return list(found.values())


def first_result(result: Any) -> Any:
    """Return the result at the beginning of a chain of parents."""
    while result.parent is not None:
        result = result.parent
    return result


def current_states(results: Iterable[ResultBase]) -> dict[str, str]:
    """Return the state of every task by id, all read at once; results remember what has ended."""
    found: dict[str, str] = {}
    unknown: dict[str, list[AsyncResult[Any]]] = {}
    for result in results:
        for task in result.iter_tasks():
            if task.known is None:
                unknown.setdefault(task.id, []).append(task)
            else:
                found[task.id] = task.known["status"]
    if unknown:
        backend = next(iter(unknown.values()))[0].backend
        for task_id, meta in zip(unknown, backend.get_task_metas(list(unknown)), strict=True):
            found[task_id] = meta["status"]
            if meta["status"] in states.READY_STATES:
                for task in unknown[task_id]:
                    task.remember(meta)
    return found


def not_large(results: Iterable[ResultBase]) -> list[ResultBase]:
    """Return the results whose documents may all be kept.

    Others are headers of chords, sent while a generator was read: the body learns of their failure.
    """
    return [result for result in results if not result.is_large]


def raise_failed(results: Iterable[ResultBase]) -> None:
    """Raise the exception of the first of these results that has failed.

    All are read at once; a large one page by page.
    """
    results = list(results)
    current_states(not_large(results))
    for result in results:
        if not result.is_large:
            _raise_known(result)
            continue
        members = result.iter_anew()
        while page := list(itertools.islice(members, PAGE)):
            current_states(page)
            for member in page:
                _raise_known(member)


def _raise_known(result: ResultBase) -> None:
    for task in result.iter_tasks():
        if task.known is not None:
            task.maybe_throw()


def forget_all(results: Iterable[ResultBase]) -> None:
    """Delete the documents of these results and of their parents in one call."""
    results = list(results)
    tasks = [task for result in results for task in result.iter_tasks()]
    for parent in ancestors([*results, *tasks]):
        tasks.extend(parent.iter_tasks())
    stored = {task.id: task for task in tasks if task.stored}
    for task in tasks:
        task.unlearn()
    if stored:
        next(iter(stored.values())).backend.forget_many(list(stored))


def result_from_tuple(r: Any, app: Celery | None = None) -> ResultBase:
    """Return the result whose `as_tuple()` this is; a result is returned as it is.

    Args:
        r: `((id, parent), members)`, in tuples or lists; `id` may stand for `(id, None)`.
        app: The application; None: the current one.
    """
    if isinstance(r, ResultBase):
        return r
    app = app_or_default(app)
    name: Any
    members: Any
    name, members = r
    task_id: Any = name
    parent: Any = None
    if isinstance(name, list | tuple):
        task_id, parent = cast("list[Any]", name)
    above = result_from_tuple(parent, app) if parent else None
    if members is not None:
        below = [result_from_tuple(member, app) for member in members]
        return app.GroupResult(task_id, below, parent=above)
    return app.AsyncResult(task_id, parent=above)
