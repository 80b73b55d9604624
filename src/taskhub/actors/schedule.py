"""Periodic jobs of the application; the setting `application_schedule` changes single fields.

Each runs once at a time: a fire time is skipped while the run before waits or runs.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

#: Name -> fields, as in the setting `beat_schedule`. Times are in the app's time zone.
ENTRIES: Final = MappingProxyType[str, dict[str, Any]](
    {
        "sync-daily-data": {
            "task": "Modules.quant.tasks.sync_daily_data",
            "schedule": "0 0 * * *",
            "options": {"queue": "quant"},
            "overlap": "skip",
            # Yesterday's data are worth having until the next day's are due.
            "missed_limit": 20 * 3600,
        },
        "check-system-status": {
            "task": "Modules.admin.tasks.default_tasks.check_system_status",
            "schedule": "*/5 * * * *",
            "options": {"queue": "default"},
            "overlap": "skip",
            # What a check would have found then is of no use now.
            "missed": "skip",
        },
        "clean-temp-files": {
            "task": "Modules.admin.tasks.default_tasks.clean_temp_files",
            "schedule": "0 3 * * sun",
            "options": {"queue": "default"},
            "overlap": "skip",
        },
        "send-daily-report": {
            "task": "Modules.admin.tasks.default_tasks.send_daily_report",
            "schedule": "0 8 * * *",
            "options": {"queue": "default"},
            "overlap": "skip",
            # Nobody waits for the morning's report at night.
            "missed_limit": 12 * 3600,
        },
    }
)
