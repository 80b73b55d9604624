"""Market data tasks, under the name by which they are called."""

from taskhub.actors import (
    sync_all_kline_data,
    sync_board_members,
    sync_concept_data,
    sync_concept_members,
    sync_daily_data,
    sync_industry_data,
    sync_industry_members,
    sync_kline_data,
    sync_stock_data,
)

__all__ = (
    "sync_all_kline_data",
    "sync_board_members",
    "sync_concept_data",
    "sync_concept_members",
    "sync_daily_data",
    "sync_industry_data",
    "sync_industry_members",
    "sync_kline_data",
    "sync_stock_data",
)
