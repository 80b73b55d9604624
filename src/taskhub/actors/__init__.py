"""The shipped task set, processed by `dramatiq taskhub.actors` and `taskhub worker`.

Thin functions (`taskhub.actors.tasks`) over the services `mail`, `cache`, `quant` and `system`.
Importing this connects to nothing, and imports none of the libraries that only market data and
reports need.
"""

from taskhub.actors.application import app
from taskhub.actors.tasks.cache import clear_cache
from taskhub.actors.tasks.canvases import (
    record_loss,
    record_sync,
    sum_up,
    sync_all_kline_data,
    sync_concept_members,
    sync_daily_data,
    sync_daily_details,
    sync_industry_members,
)
from taskhub.actors.tasks.mail import send_email, send_notification_email, send_welcome_email
from taskhub.actors.tasks.quant import (
    sync_board_members,
    sync_concept_data,
    sync_industry_data,
    sync_kline_data,
    sync_stock_data,
)
from taskhub.actors.tasks.system import check_system_status, clean_temp_files, send_daily_report

__all__ = [
    "app",
    "check_system_status",
    "clean_temp_files",
    "clear_cache",
    "record_loss",
    "record_sync",
    "send_daily_report",
    "send_email",
    "send_notification_email",
    "send_welcome_email",
    "sum_up",
    "sync_all_kline_data",
    "sync_board_members",
    "sync_concept_data",
    "sync_concept_members",
    "sync_daily_data",
    "sync_daily_details",
    "sync_industry_data",
    "sync_industry_members",
    "sync_kline_data",
    "sync_stock_data",
]
