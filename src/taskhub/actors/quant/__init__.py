"""Market data as a plain service: it knows nothing of tasks.

:class:`MarketData` asks a :class:`Source` for stocks, industries, concepts and K-lines and keeps
them in a database. The libraries of the extra `taskhub-core[quant]` are imported when they are
needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskhub.actors.quant.codes import Code, Market, parse_code, parse_market
from taskhub.actors.quant.exceptions import (
    DatabaseNotReadyError,
    DatabaseUnavailableError,
    InvalidRequestError,
    QuantConfigurationError,
    QuantError,
    QuantNotInstalledError,
    SourceSchemaError,
    SourceUnavailableError,
    SuspiciousAnswerError,
    TransientQuantError,
    UnknownCodeError,
)
from taskhub.actors.quant.extra import QUANT
from taskhub.actors.quant.health import check_market_data
from taskhub.actors.quant.records import Answer, Bar, Board, BoardKind, Member, Progress, Stock
from taskhub.actors.quant.report import SyncReport, total
from taskhub.actors.quant.service import (
    BOARD_KINDS,
    MarketData,
    bars_kind,
    check_adjustment,
    check_board,
    members_kind,
    stocks_kind,
)
from taskhub.actors.quant.source import Source

if TYPE_CHECKING:
    from taskhub.actors.quant.settings import QuantSettings

__all__ = (
    "BOARD_KINDS",
    "Answer",
    "Bar",
    "Board",
    "BoardKind",
    "Code",
    "DatabaseNotReadyError",
    "DatabaseUnavailableError",
    "InvalidRequestError",
    "Market",
    "MarketData",
    "Member",
    "Progress",
    "QuantConfigurationError",
    "QuantError",
    "QuantNotInstalledError",
    "QuantSettings",
    "Source",
    "SourceSchemaError",
    "SourceUnavailableError",
    "Stock",
    "SuspiciousAnswerError",
    "SyncReport",
    "TransientQuantError",
    "UnknownCodeError",
    "bars_kind",
    "check_adjustment",
    "check_board",
    "check_market_data",
    "members_kind",
    "parse_code",
    "parse_market",
    "stocks_kind",
    "total",
)


def __getattr__(name: str) -> Any:
    return QUANT.resolve(__name__, name, {"QuantSettings": "settings"})
