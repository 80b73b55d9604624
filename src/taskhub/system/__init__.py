"""Looking after the system, as plain services that know nothing of tasks: what is measured comes to them as values.

`judge` says what is bad, :class:`Operators` tells those who have to know; `clean` removes old files; `daily` makes the
report of a day. Names are resolved when they are first used, so that who calls tasks does not pay for what they do.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.system.alarms import Known, Notice, decide
    from taskhub.system.cleaning import Cleaned, clean
    from taskhub.system.cleaning_settings import CleaningSettings, Folder
    from taskhub.system.daily import DailyReport, yesterday
    from taskhub.system.exceptions import (
        InvalidDayError,
        MemoryUnavailableError,
        SystemConfigurationError,
    )
    from taskhub.system.host import Disk, HostLoad, measure_host
    from taskhub.system.judging import judge
    from taskhub.system.level import Level, Threshold
    from taskhub.system.memory import KnownMemory, MemoryInProcess, MemoryInRedis
    from taskhub.system.operators import Operators
    from taskhub.system.probing import Look, Prober
    from taskhub.system.settings import ReportSettings, StatusSettings, Thresholds
    from taskhub.system.status import (
        LeaderState,
        Measurements,
        Problem,
        QueueState,
        SystemStatus,
        WorkerState,
    )

__all__ = (
    "Cleaned",
    "CleaningSettings",
    "DailyReport",
    "Disk",
    "Folder",
    "HostLoad",
    "InvalidDayError",
    "Known",
    "KnownMemory",
    "LeaderState",
    "Level",
    "Look",
    "Measurements",
    "MemoryInProcess",
    "MemoryInRedis",
    "MemoryUnavailableError",
    "Notice",
    "Operators",
    "Prober",
    "Problem",
    "QueueState",
    "ReportSettings",
    "StatusSettings",
    "SystemConfigurationError",
    "SystemStatus",
    "Threshold",
    "Thresholds",
    "WorkerState",
    "clean",
    "decide",
    "judge",
    "measure_host",
    "yesterday",
)

_HOMES = {
    "alarms": ("Known", "Notice", "decide"),
    "cleaning": ("Cleaned", "clean"),
    "cleaning_settings": ("CleaningSettings", "Folder"),
    "daily": ("DailyReport", "yesterday"),
    "exceptions": ("InvalidDayError", "MemoryUnavailableError", "SystemConfigurationError"),
    "host": ("Disk", "HostLoad", "measure_host"),
    "judging": ("judge",),
    "level": ("Level", "Threshold"),
    "memory": ("KnownMemory", "MemoryInProcess", "MemoryInRedis"),
    "operators": ("Operators",),
    "probing": ("Look", "Prober"),
    "settings": ("ReportSettings", "StatusSettings", "Thresholds"),
    "status": (
        "LeaderState",
        "Measurements",
        "Problem",
        "QueueState",
        "SystemStatus",
        "WorkerState",
    ),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"taskhub.system.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'taskhub.system' has no attribute {name!r}")
