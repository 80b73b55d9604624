"""The port of sources: what a supplier of market data has to answer."""

from __future__ import annotations

from datetime import date
from typing import Final, Protocol

from taskhub.actors.quant.codes import Code, Market
from taskhub.actors.quant.records import Answer, Bar, Board, BoardKind, Member, Progress, Stock

__all__ = ("DEFAULT_SOURCE", "Source")

DEFAULT_SOURCE: Final = "akshare"


class Source(Protocol):
    """A supplier of market data.

    Every question raises `SourceUnavailableError` for what may pass (a connection, too many calls),
    `SourceSchemaError` for an answer in an unknown form, and `SuspiciousAnswerError` for none at
    all. A source may be asked by several threads.
    """

    #: What it is called in reports.
    name: str

    def stocks(self, market: Market, progress: Progress) -> Answer[Stock]:
        """Return every stock of a market with its latest quote."""
        ...

    def boards(self, kind: BoardKind, progress: Progress) -> Answer[Board]:
        """Return every industry, or every concept."""
        ...

    def members(self, kind: BoardKind, board: str, progress: Progress) -> Answer[Member]:
        """Return the stocks of one board, by its code."""
        ...

    def bars(self, code: Code, start: date, end: date, adjust: str) -> Answer[Bar]:
        """Return the daily bars of a stock from `start` to `end`, both included; may be empty.

        Raises:
            InvalidRequestError: The source has no days of this market.
        """
        ...
