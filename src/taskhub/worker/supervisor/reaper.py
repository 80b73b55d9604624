"""The orphan reaper: waits for ended child processes that a supervisor has not started itself.

A supervisor is PID 1 in most containers, or a subreaper: processes become its children when those
that started them end. Without a `wait` they stay as zombies until the container has no process ids
left.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

#: Look this often, seconds.
PERIOD = 1.0
#: An ended child for which nobody has waited so long is an orphan, seconds.
ORPHAN_AFTER = 2.0


class OrphanReaper:
    """Reaps zombies that nobody else waits for."""

    def __init__(self) -> None:
        self._next_reap = 0.0
        # Ended children, and when they were first seen.
        self._seen: dict[int, float] = {}

    def reap(self) -> None:
        """Reap zombies of a while ago; called after the wait for the processes of the worker."""
        now = time.monotonic()
        if now < self._next_reap or not hasattr(os, "waitid"):
            return
        self._next_reap = now + PERIOD
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            ended = None
        if ended is None:
            self._seen.clear()
            return
        found = {pid: self._seen.get(pid, now) for pid in _zombies()}
        for pid in [pid for pid, since in found.items() if now - since >= ORPHAN_AFTER]:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            del found[pid]
        self._seen = found


def _zombies() -> list[int]:
    """Return the zombies among the children of this process; none where there is no /proc."""
    found = []
    parent = str(os.getpid())
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name in parentheses may hold anything; behind it come the state and the parent.
            state, ancestor = entry.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            if state == "Z" and ancestor == parent:
                found.append(int(entry.parent.name))
    return found
