"""The number of processors that a worker may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")


def available_cpus() -> int:
    """Return how many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_budget() -> int:
    """Return how many processors this process may keep busy: its quota counts, too; 1 or more."""
    quota = cpu_quota()
    return available_cpus() if quota is None else min(available_cpus(), max(1, math.ceil(quota)))


def cpu_quota(cgroups: Path = CGROUPS, own: Path = OWN_CGROUPS) -> float | None:
    """Return the CPU quota of the control groups of this process, in processors; None: no quota.

    Args:
        cgroups: Where the file system of control groups is mounted.
        own: The file that names this process's control groups.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = ["0::/", "1:cpu:/"]
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            quotas = [
                _quota_v2(directory / "cpu.max") for directory in _with_parents(cgroups, path)
            ]
        elif "cpu" in controllers.split(","):
            mounts = [cgroups / name for name in dict.fromkeys((controllers, "cpu"))]
            mount = next((found for found in mounts if found.is_dir()), mounts[0])
            quotas = [_quota_v1(directory) for directory in _with_parents(mount, path)]
        else:
            continue
        limits = [quota for quota in quotas if quota is not None]
        if limits:
            return min(limits)
    return None


def _with_parents(mount: Path, path: str) -> list[Path]:
    """Return the directories of a control group and of its parents."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return [mount.joinpath(*parts[:count]) for count in range(len(parts), -1, -1)]


def _quota_v2(path: Path) -> float | None:
    try:
        quota, period = path.read_text().split()
    except (OSError, ValueError):
        return None
    return _share(quota, period)


def _quota_v1(directory: Path) -> float | None:
    try:
        quota = (directory / "cpu.cfs_quota_us").read_text().strip()
        period = (directory / "cpu.cfs_period_us").read_text().strip()
    except OSError:
        return None
    return _share(quota, period)


def _share(quota: str, period: str) -> float | None:
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return share if share > 0 else None
