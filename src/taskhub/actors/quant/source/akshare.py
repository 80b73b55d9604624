"""Market data source behind akshare: rate-limited web sites whose answers come in pages.

Importing akshare takes seconds, so it is imported when it is first asked.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from taskhub.actors.quant.codes import Code, Market, parse_code
from taskhub.actors.quant.exceptions import (
    InvalidRequestError,
    QuantConfigurationError,
    QuantError,
    SourceSchemaError,
    SourceUnavailableError,
    SuspiciousAnswerError,
    TransientQuantError,
)
from taskhub.actors.quant.extra import load
from taskhub.actors.quant.plausibility import with_suspensions_marked
from taskhub.actors.quant.records import Answer, Bar, Board, BoardKind, Member, Progress, Stock
from taskhub.actors.quant.source import columns
from taskhub.actors.quant.source.columns import ColumnTable
from taskhub.actors.quant.source.errors import source_error
from taskhub.actors.quant.source.pages import reporting_pages
from taskhub.actors.quant.source.table import Rows, read_frame

__all__ = ("AkshareSource",)

logger = logging.getLogger("taskhub.actors.quant")

_SPOT: Final = {Market.CN: columns.MAINLAND, Market.HK: columns.HONG_KONG, Market.US: columns.US}
_PRICES: Final = ("price", "open", "high", "low")
#: What the source puts before the symbols of the United States.
_EXCHANGES: Final = {"105": "NASDAQ", "106": "NYSE", "107": "AMEX"}


class AkshareSource:
    """Asks akshare's functions.

    Args:
        timeout: Seconds for one answer, where akshare lets us say; its functions for lists wait
            15 s for each page.
    """

    name = "akshare"

    def __init__(self, *, timeout: float = 30.0) -> None:
        self._timeout = timeout

    def stocks(self, market: Market, progress: Progress) -> Answer[Stock]:
        table = _SPOT[market]
        if market is not Market.CN:
            return _stocks(self._query(table, progress), market, table)
        try:
            answer = _stocks(self._query(table, progress), market, table)
            if answer.rows:
                return answer
            first: QuantError = SuspiciousAnswerError(f"{table.function} answers with no rows")
        except QuantConfigurationError:
            raise
        except QuantError as error:
            first = error
        return self._stocks_of_the_other_site(first, progress)

    def _stocks_of_the_other_site(self, first: QuantError, progress: Progress) -> Answer[Stock]:
        logger.warning("%s; asking %s instead", first, columns.MAINLAND_SINA.function)
        try:
            answer = _stocks(
                self._query(columns.MAINLAND_SINA, progress), Market.CN, columns.MAINLAND_SINA
            )
        except QuantError as second:
            both = f"{first}; {second}"
            if isinstance(first, TransientQuantError) or isinstance(second, TransientQuantError):
                raise SourceUnavailableError(both) from second
            raise type(first)(both) from second
        # It does not list quite the same stocks: none that it lacks is taken for gone.
        return answer._replace(complete=False, warnings=(str(first), *answer.warnings))

    def boards(self, kind: BoardKind, progress: Progress) -> Answer[Board]:
        _forget_boards()
        table = columns.BOARDS[kind]
        read = self._query(table, progress)
        boards = [Board(**row) for row in _keyed(read.rows, table)]
        return Answer(boards, read.fields, _source(table), warnings=read.warnings)

    def members(self, kind: BoardKind, board: str, progress: Progress) -> Answer[Member]:
        table = columns.MEMBERS[kind]
        read = self._query(table, progress, symbol=board)
        members = [
            Member(kind.value, board, str(parse_code(row["code"])))
            for row in _keyed(read.rows, table)
        ]
        fields = frozenset(Member._fields)
        return Answer(members, fields, _source(table), warnings=read.warnings)

    def bars(self, code: Code, start: date, end: date, adjust: str) -> Answer[Bar]:
        if code.market is not Market.CN:
            raise InvalidRequestError(f"{code}: there are K-lines of the mainland's stocks only")
        table = columns.HISTORY
        frame = self._call(
            table.function,
            symbol=code.symbol,
            period="daily",
            start_date=f"{start:%Y%m%d}",
            end_date=f"{end:%Y%m%d}",
            adjust=adjust,
            timeout=self._timeout,
        )
        if frame.empty:
            # Not listed yet, or nothing was traded: an answer.
            return Answer([], frozenset(Bar._fields), _source(table))
        read = read_frame(frame, table)
        whole = [row for row in read.rows if None not in (row["open"], row["close"], row["volume"])]
        days = {
            row["day"]: row for row in whole if row["high"] is not None and row["low"] is not None
        }
        bars = [Bar(str(code), adjust, **days[day]) for day in sorted(days)]
        return Answer(bars, frozenset(Bar._fields), _source(table), warnings=read.warnings)

    def _query(self, table: ColumnTable, progress: Progress, **arguments: Any) -> Rows:
        load("akshare")
        try:
            with reporting_pages(progress, table.function):
                frame = self._call(table.function, **arguments)
        except SuspiciousAnswerError:
            # Akshare fails where there is nothing; what there was says whether that is plausible.
            return Rows([], table.fields, ())
        return read_frame(frame, table)

    @staticmethod
    def _call(function: str, **arguments: Any) -> Any:
        query: Callable[..., Any] | None = getattr(load("akshare"), function, None)
        if query is None:
            raise SourceSchemaError(f"akshare has no {function}: install another version")
        try:
            return query(**arguments)
        except Exception as error:
            parsed = source_error(error, function)
            if parsed is None:
                raise
            raise parsed from error


def _stocks(read: Rows, market: Market, table: ColumnTable) -> Answer[Stock]:
    rows = _keyed(read.rows, table)
    for row in rows:
        # One of the sites writes 0 where the other has "-".
        row.update({name: None for name in _PRICES if not row.get(name)})
    suspended = with_suspensions_marked([row["price"] is not None for row in rows])
    stocks: dict[str, Stock] = {}
    strange: list[str] = []
    for row, is_suspended in zip(rows, suspended, strict=True):
        try:
            stock = _stock(row, market, is_suspended)
        except InvalidRequestError:
            strange.append(row["code"])
        else:
            stocks[stock.code] = stock
    warnings = read.warnings
    if strange and not stocks:
        raise SourceSchemaError(
            f"{table.function} answers with codes that are none, e.g. {', '.join(strange[:3])}: "
            "install a newer akshare, or report it to taskhub"
        )
    if strange:
        text = f"{table.function}: {len(strange)} unknown codes, e.g. {', '.join(strange[:3])}"
        logger.warning("%s", text)
        warnings = (*warnings, text)
    known = {"symbol", "market", "exchange", "currency", "is_st", "is_suspended"}
    return Answer(list(stocks.values()), read.fields | known, _source(table), warnings=warnings)


def _stock(row: dict[str, Any], market: Market, is_suspended: bool | None) -> Stock:
    code = parse_code(row["code"], market)
    exchange: str | None = code.suffix
    if market is Market.US:
        exchange = _EXCHANGES.get(row["code"].partition(".")[0])
    # Spaces inside names are for the eye: "万  科Ａ".
    name = "".join(row["name"].split()) if market is Market.CN else row["name"]
    fields: dict[str, Any] = {
        **row,
        "code": str(code),
        "symbol": code.symbol,
        "name": name,
        "market": market.value,
        "exchange": exchange,
        "currency": market.currency,
        "is_st": market is Market.CN and _is_under_treatment(name),
        "is_suspended": is_suspended,
    }
    return Stock(**fields)


def _is_under_treatment(name: str) -> bool:
    """Return whether a name is marked ST (``ST``, ``*ST``, ``S*ST``) or delisting (``退``)."""
    bare = name.upper().replace("*", "")
    return bare.startswith(("ST", "SST")) or name.endswith("退") or name.startswith("退市")


def _keyed(rows: list[dict[str, Any]], table: ColumnTable) -> list[dict[str, Any]]:
    """Return the rows with a code and a name, each code once: pages shift while they are read."""
    keyed = {row["code"]: row for row in rows if row["code"] and row["name"]}
    if rows and not keyed:
        raise SourceSchemaError(f"{table.function} answers with rows that have no code or name")
    return list(keyed.values())


def _source(table: ColumnTable) -> str:
    return f"{AkshareSource.name} {table.function}"


def _forget_boards() -> None:
    """Clear akshare's cached list of concepts, which it keeps as long as the process lives."""
    load("akshare")
    module = sys.modules.get("akshare.stock.stock_board_concept_em")
    kept: Any = getattr(module, "__stock_board_concept_name_em", None)
    if hasattr(kept, "cache_clear"):
        kept.cache_clear()
