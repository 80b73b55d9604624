"""The e-mail and cache tasks, and those that look after the system, under the name by which they are called."""

from taskhub.actors import (
    check_system_status,
    clean_temp_files,
    clear_cache,
    send_daily_report,
    send_email,
)

__all__ = (
    "check_system_status",
    "clean_temp_files",
    "clear_cache",
    "send_daily_report",
    "send_email",
)
