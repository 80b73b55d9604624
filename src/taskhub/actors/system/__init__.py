"""System monitoring and cleanup as plain services: measurements come to them as values.

`assess` says what is bad, :class:`Operators` notifies those who have to know; `clean` removes old
files; `daily` makes the report of a day. Names are resolved when they are first used, so that who
calls tasks does not pay for what they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskhub.actors.extras import Extra
from taskhub.actors.system.exceptions import (
    InvalidDayError,
    MemoryUnavailableError,
    SystemConfigurationError,
    SystemNotInstalledError,
)

if TYPE_CHECKING:
    from taskhub.actors.system.alarms import Known, Notice, decide
    from taskhub.actors.system.assessment import assess
    from taskhub.actors.system.cleanup import Cleaned, clean
    from taskhub.actors.system.cleanup_settings import CleaningSettings, Folder
    from taskhub.actors.system.daily import DailyReport, yesterday
    from taskhub.actors.system.host import Disk, HostLoad, measure_host
    from taskhub.actors.system.level import Level, Threshold
    from taskhub.actors.system.memory import KnownMemory, MemoryInProcess, MemoryInRedis
    from taskhub.actors.system.operators import Operators
    from taskhub.actors.system.probe_runner import Look, Prober
    from taskhub.actors.system.settings import ReportSettings, StatusSettings, Thresholds
    from taskhub.actors.system.status import (
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
    "SystemNotInstalledError",
    "SystemStatus",
    "Threshold",
    "Thresholds",
    "WorkerState",
    "assess",
    "clean",
    "decide",
    "measure_host",
    "yesterday",
)

_HOMES = {
    name: module
    for module, names in {
        "alarms": ("Known", "Notice", "decide"),
        "cleanup": ("Cleaned", "clean"),
        "cleanup_settings": ("CleaningSettings", "Folder"),
        "daily": ("DailyReport", "yesterday"),
        "host": ("Disk", "HostLoad", "measure_host"),
        "assessment": ("assess",),
        "level": ("Level", "Threshold"),
        "memory": ("KnownMemory", "MemoryInProcess", "MemoryInRedis"),
        "operators": ("Operators",),
        "probe_runner": ("Look", "Prober"),
        "settings": ("ReportSettings", "StatusSettings", "Thresholds"),
        "status": (
            "LeaderState",
            "Measurements",
            "Problem",
            "QueueState",
            "SystemStatus",
            "WorkerState",
        ),
    }.items()
    for name in names
}
_EXTRA = Extra(
    "mail",
    "looking after the system",
    SystemNotInstalledError,
    ("pydantic_settings", "email_validator", "jinja2"),
)


def __getattr__(name: str) -> Any:
    value = _EXTRA.resolve(__name__, name, _HOMES)
    globals()[name] = value
    return value
