"""E-mail, cache and system tasks, under the module name by which they are called."""

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
