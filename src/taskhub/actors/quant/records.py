"""Market data as values; prices in the market's currency, volumes in shares, rates in percent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

__all__ = ("ADJUSTMENTS", "Answer", "Bar", "Board", "BoardKind", "Member", "Progress", "Stock")

T = TypeVar("T")

#: Called while something long is done: done so far, of how many, and what is being done.
Progress = Callable[[int, int, str], None]

#: Prices as they were; adjusted so that the latest are real (qfq), or the earliest (hfq).
ADJUSTMENTS = ("", "qfq", "hfq")


class BoardKind(StrEnum):
    """What a board collects stocks by."""

    INDUSTRY = "industry"
    CONCEPT = "concept"


@dataclass(frozen=True, kw_only=True)
class Stock:
    """A stock and its latest quote; what a source does not contain is None."""

    #: ``600000.SH``
    code: str
    symbol: str
    name: str
    #: ``cn``, ``hk``, ``us``
    market: str
    #: ``SH``, ``SZ``, ``BJ``, ``HK``, ``NASDAQ``, ``NYSE``, ``AMEX``; None: unknown.
    exchange: str | None
    currency: str
    #: Under special treatment (ST, *ST) or about to be delisted.
    is_st: bool
    #: Without a price on a day on which others have one; None: most have none, so it is unknown.
    is_suspended: bool | None
    price: float | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    previous_close: float | None = None
    change_amount: float | None = None
    change_percent: float | None = None
    amplitude_percent: float | None = None
    volume: int | None = None
    turnover: float | None = None
    turnover_percent: float | None = None
    volume_ratio: float | None = None
    pe: float | None = None
    pb: float | None = None
    market_value: float | None = None
    float_value: float | None = None


@dataclass(frozen=True, kw_only=True)
class Board:
    """An industry or a concept."""

    #: ``BK0475``
    code: str
    name: str
    price: float | None = None
    change_amount: float | None = None
    change_percent: float | None = None
    market_value: float | None = None
    turnover_percent: float | None = None
    rising: int | None = None
    falling: int | None = None
    leader: str | None = None
    leader_change_percent: float | None = None


class Member(NamedTuple):
    """A stock that belongs to a board."""

    kind: str
    board_code: str
    stock_code: str


class Bar(NamedTuple):
    """One trading day of one stock."""

    code: str
    #: ``""``, ``qfq`` or ``hfq``.
    adjust: str
    day: date
    open: float
    close: float
    high: float
    low: float
    volume: int
    turnover: float | None = None
    amplitude_percent: float | None = None
    change_percent: float | None = None
    change_amount: float | None = None
    turnover_percent: float | None = None


class Answer(NamedTuple, Generic[T]):
    """What a source answered.

    Args:
        rows: Values, no two with one key.
        fields: The fields that this source fills; the others are left as they are in the
            database.
        source: Who answered, for people: ``akshare stock_zh_a_spot_em``.
        complete: Whether what is missing from it has gone; else nothing is marked as removed.
        warnings: What was odd.
    """

    rows: list[T]
    fields: frozenset[str]
    source: str
    complete: bool = True
    warnings: tuple[str, ...] = ()
