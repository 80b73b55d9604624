"""What results of single tasks and of several have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from taskhub.exceptions import TimeoutError

if TYPE_CHECKING:
    from taskhub.result.async_result import AsyncResult

#: A result document as a dictionary: `status`, `result`, `traceback`, `children`, `date_done`, ...
Meta = dict[str, Any]
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

    @abstractmethod
    def ready(self) -> bool:
        """Return whether every task has ended, well or not."""

    @abstractmethod
    def forget(self) -> None:
        """Delete what is stored."""

    @abstractmethod
    def get(self, timeout: float | None = None, propagate: bool = True) -> Any:
        """Wait, and return what the task, or each task, returned."""

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
