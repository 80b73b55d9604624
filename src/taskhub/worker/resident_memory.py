"""Resident memory of a process."""

from __future__ import annotations

import psutil


def resident_memory(process: int | None = None) -> int:
    """Return how much memory a process has at present, bytes; freed memory does not count.

    Args:
        process: Its id; None: this process.

    Raises:
        psutil.Error: There is no such process.
    """
    return int(psutil.Process(process).memory_info().rss)
