"""What a test leaves behind for the ones after it: threads, processes, and what is in stores that outlive it."""

from __future__ import annotations

import os
import threading
import time
from typing import Final

import psutil

from tests.support.processes import find_processes
from tests.support.servers import Server

__all__ = ("Surroundings",)

#: Seconds that threads and processes may take to end after the test has told them to.
PATIENCE: Final = 10.0

#: Threads that have no life of their own: one that stays with its process and does nothing while no
#: task runs in it, and those of a proxy, whose first thread is looked for.
_DEPENDENT: Final = ("taskhub-limits", "proxy-pair")


class Surroundings:
    """What there is around a test when it begins: the fixtures of modules and of the session.

    Args:
        node_id: The test, as pytest names it: its child processes carry this name in their
            environment.
        with_processes: Whether processes are looked for, too, which takes some milliseconds.
    """

    def __init__(self, node_id: str, *, with_processes: bool = True) -> None:
        self._marker = f"PYTEST_CURRENT_TEST={node_id} ("
        self._with_processes = with_processes
        self._threads = set(threading.enumerate())
        self._processes = set(self._find_processes())

    def wait_for_the_rest(self, patience: float = PATIENCE) -> list[str]:
        """Wait until all is as it was before, and return a line for each thing that stays different."""
        deadline = time.monotonic() + patience
        while left := self.left_behind():
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        return left

    def left_behind(self) -> list[str]:
        """Return a line for each thread, process and filled store that the test has left behind."""
        return [
            *(f"the thread {thread.name!r} goes on" for thread in self._new_threads()),
            *(
                f"the process {pid} goes on: {_command(pid)}"
                for pid in self._find_processes()
                if pid not in self._processes
            ),
            *(
                f"{server.binary.name} in {server.directory} holds keys: {held}"
                for server in list(Server.running)
                if not server.is_shared and (held := server.held_keys())
            ),
        ]

    def _new_threads(self) -> list[threading.Thread]:
        return [
            thread
            for thread in threading.enumerate()
            if thread not in self._threads and thread.name not in _DEPENDENT
        ]

    def _find_processes(self) -> list[int]:
        """Return the processes that were started during this test.

        Servers are left out, and those by which Python starts others.
        """
        if not self._with_processes:
            return []
        found = {child.pid for child in psutil.Process().children(recursive=True)}
        found.update(find_processes(self._marker))
        servers = {server.process.pid for server in list(Server.running)}
        return [
            pid
            for pid in sorted(found - servers - {os.getpid()})
            if "multiprocessing." not in _command(pid)
        ]


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())[:200] or "ended, and waited for by nobody"
    except psutil.Error:
        return "just ended"
