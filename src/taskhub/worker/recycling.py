"""When a process has worked enough and is to be replaced: pure decisions, and the memory they go by."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

#: Bytes in a KiB, the unit of the setting, as in Celery.
KIB = 1024


@dataclass(frozen=True)
class Limits:
    """What one process may do before it is replaced; None: no limit."""

    #: As `worker_max_tasks_per_child`.
    tasks: int | None = None
    #: Resident memory in KiB, as `worker_max_memory_per_child`.
    memory: int | None = None

    def reached(self, tasks: int, memory: int) -> str | None:
        """Return why a process is to be replaced; None: it may go on.

        Parameters:
          tasks: how many have ended in it.
          memory: its resident memory, bytes. Without a task it is not judged: a process that needs more than the limit
            from the start would be replaced for ever.
        """
        if self.tasks is not None and tasks >= self.tasks:
            return f"it has run {tasks} tasks (worker_max_tasks_per_child is {self.tasks})"
        if self.memory is not None and tasks and memory > self.memory * KIB:
            return (
                f"it uses {memory // KIB} KiB of memory "
                f"(worker_max_memory_per_child is {self.memory})"
            )
        return None


def resident_memory() -> int:
    """Return how much memory this process has at present, bytes; what it has given back does not count."""
    return int(psutil.Process().memory_info().rss)
