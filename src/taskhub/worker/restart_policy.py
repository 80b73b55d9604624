"""Restart policy: when a worker process is recycled, and when one that ended is restarted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from taskhub.humanize import counted

#: What a process exits with that has noticed that it does not work any more.
EXIT_REPLACE = 75
#: Ends in a row before any process was ever ready, after which the worker gives up.
FAILED_STARTS = 3
#: A process that ran so long, seconds, had nothing wrong with it from the start.
RAN_WELL_AFTER = 10.0
#: The pause after the second end in a row, doubled by each further one; seconds.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
#: Bytes in a KiB, the unit of `worker_max_memory_per_child`, as in Celery.
KIB = 1024


@dataclass(frozen=True)
class RecycleLimits:
    """What one process may do before it is recycled; None: no limit."""

    #: As `worker_max_tasks_per_child`.
    tasks: int | None = None
    #: Resident memory in KiB, as `worker_max_memory_per_child`.
    memory: int | None = None

    def reason_to_recycle(self, ended: int, running: int, memory: int) -> str | None:
        """Return why a process is to be recycled; None: it may go on.

        Args:
            ended: How many tasks have ended in it.
            running: How many run now. They count, so that the next process starts beside the last
                task: what this one runs beyond its limit is what begins before that is prepared.
            memory: Its resident memory, bytes. It counts from the first task's end on: a process
                that needs more than the limit from the start would be recycled without end.
        """
        if self.tasks is not None and ended + running >= self.tasks:
            return (
                f"it has begun {counted(ended + running, 'task')} "
                f"(worker_max_tasks_per_child is {self.tasks})"
            )
        if self.memory is not None and ended and memory > self.memory * KIB:
            return (
                f"it uses {memory // KIB} KiB of memory "
                f"(worker_max_memory_per_child is {self.memory})"
            )
        return None


@dataclass(frozen=True)
class RestartHistory:
    """How often in a row a process ended soon after its start."""

    early_ends: int = 0

    def after(self, ran: float) -> RestartHistory:
        """Return the history after a further end.

        Args:
            ran: Seconds since the process was ready.
        """
        if ran >= RAN_WELL_AFTER:
            return RestartHistory()
        return replace(self, early_ends=self.early_ends + 1)

    @property
    def pause(self) -> float:
        """Seconds until the restart: none after a single end, so that its tasks do not wait."""
        if self.early_ends <= 1:
            return 0.0
        # A bounded exponent: the power of a long series would overflow.
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.early_ends - 2, 16))
