"""The part of the engine port that lets one task at a time do a thing, by the name of the thing.

A lock belongs to a task, by its id, not to a process or a thread: it lasts while the task is stored, and so ends with
the task's ending, however it ends. While a task waits for its retry, or to be run again after its worker was lost, it
keeps its locks, and finds them again. There is no time that could run out too soon, and nothing to renew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod


class Locks(ABC):
    """Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def hold(self, name: str, task_id: str) -> str:
        """Take a lock, unless another stored task holds it; return the id of the one that holds it now.

        One that holds it already gets its own id. A task that is not stored (it runs in eager mode, or has ended) is
        told the same, but keeps nobody out.

        Parameters:
          name: what the lock is for.
          task_id: the task that asks.
        """

    @abstractmethod
    def let_go(self, name: str, task_id: str) -> bool:
        """Give a lock back before the task ends; False: another holds it, or nobody."""

    @abstractmethod
    def held(self) -> dict[str, str]:
        """Return the locks that are held: name -> task id."""
