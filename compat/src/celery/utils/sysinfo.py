"""How busy this machine is (as `celery.utils.sysinfo`)."""

from __future__ import annotations

import os
from math import ceil
from typing import TYPE_CHECKING

import psutil

from celery._unsupported import unsupported_getattr

__all__ = ("df", "load_average")


def load_average() -> tuple[float, ...]:
    """Return the average load over 1, 5 and 15 minutes, rounded up to hundredths."""
    return tuple(ceil(load * 100) / 100 for load in os.getloadavg())


class df:
    """How full the file system of a path is."""

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def total_blocks(self) -> float:
        """Its size, in KiB."""
        return float(psutil.disk_usage(self.path).total) / 1024

    @property
    def available(self) -> float:
        """What is free, in KiB."""
        return float(psutil.disk_usage(self.path).free) / 1024

    @property
    def capacity(self) -> int:
        """How much of it is used, in percent."""
        return ceil(float(psutil.disk_usage(self.path).percent))


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
