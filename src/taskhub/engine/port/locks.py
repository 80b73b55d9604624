"""The part of the engine port that lets one task at a time do a thing, by the name of the thing.

A lock belongs to a task, by its id, not to a process or a thread: it lasts while the task is
stored, and so ends with the task's completion, however it ends. While a task waits for its retry,
or to be run again after its worker was lost, it keeps its locks, and finds them again. There is no
time that could run out too soon, and nothing to renew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod


class Locks(ABC):
    """Locks held by tasks. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def acquire_lock(self, name: str, task_id: str) -> str:
        """Acquire a lock, unless another stored task holds it; return the id of its holder.

        A task that holds it already gets its own id, and so does one that is not stored (it runs
        in eager mode, or has ended), which keeps nobody out.

        Args:
            name: Names the lock.
            task_id: The task that asks.
        """

    @abstractmethod
    def release_lock(self, name: str, task_id: str) -> bool:
        """Release a lock before the task ends; False: another holds it, or nobody."""

    @abstractmethod
    def held(self) -> dict[str, str]:
        """Return the locks that are held: name -> task id."""
