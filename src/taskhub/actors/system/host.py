"""How much of a host is in use."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

__all__ = ("Disk", "HostLoad", "measure_host")

#: For so long the processors are looked at, seconds.
INTERVAL = 0.5


@dataclass(frozen=True)
class Disk:
    """A file system.

    Args:
        path: The watched path that is on it.
        percent: How much of what users may write to is in use.
        free: Bytes that users may still write.
        total: Its size, bytes.
    """

    path: str
    percent: float
    free: int
    total: int


@dataclass(frozen=True)
class HostLoad:
    """How much of a host is in use; in a container mostly that of its host.

    Args:
        name: What it calls itself.
        cpu_percent: Of all processors together, over half a second.
        cores: How many processors there are.
        load: Processes that ran or wanted to, on average over five minutes; None: not known
            here.
        memory_percent: What is not available without swapping.
        memory_available: Bytes.
        memory_total: Bytes.
        disks: Each file system once.
    """

    name: str
    cpu_percent: float
    cores: int
    load: float | None
    memory_percent: float
    memory_available: int
    memory_total: int
    disks: tuple[Disk, ...] = ()

    @property
    def busy_percent(self) -> float:
        """How busy its processors are, now and for minutes: a moment's work is no trouble."""
        if self.load is None:
            return self.cpu_percent
        return min(self.cpu_percent, 100 * self.load / self.cores)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "disks": [asdict(disk) for disk in self.disks]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `as_dict` made, here or in another version.

        Raises:
            ValueError: It is something else.
        """
        try:
            given = {name: values[name] for name in cls.__dataclass_fields__}
            disks = tuple(
                Disk(**{name: disk[name] for name in Disk.__dataclass_fields__})
                for disk in given.pop("disks")
            )
            return cls(**given, disks=disks)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the load of a host: {error!r}") from error


def measure_host(paths: Iterable[Path], interval: float = INTERVAL) -> HostLoad:
    """Measure this host.

    Args:
        paths: What is on the file systems to look at; what is not there counts as its nearest
            parent.
        interval: For how long the processors are looked at, seconds.
    """
    import psutil

    memory = psutil.virtual_memory()
    return HostLoad(
        name=socket.gethostname(),
        cpu_percent=float(psutil.cpu_percent(interval=interval)),
        cores=psutil.cpu_count() or 1,
        load=round(os.getloadavg()[1], 2) if hasattr(os, "getloadavg") else None,
        memory_percent=float(memory.percent),
        memory_available=int(memory.available),
        memory_total=int(memory.total),
        disks=tuple(_disks(paths)),
    )


def _disks(paths: Iterable[Path]) -> Iterable[Disk]:
    import psutil

    seen: set[int] = set()
    for path in map(_nearest, paths):
        device = path.stat().st_dev
        if device not in seen:
            seen.add(device)
            usage = psutil.disk_usage(str(path))
            yield Disk(str(path), float(usage.percent), int(usage.free), int(usage.total))


def _nearest(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
