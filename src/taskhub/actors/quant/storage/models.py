"""The tables. Times are UTC; units are those of `taskhub.actors.quant.records`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Double, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

__all__ = ("Base", "Concept", "Industry", "KLine", "Membership", "Stock", "SyncLog", "UtcDateTime")

#: Codes are compared as they are written, on every server.
_MYSQL = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
_OPTIONS = {**_MYSQL, **{name.replace("mysql", "mariadb"): value for name, value in _MYSQL.items()}}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC without a zone in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """What all tables share."""

    __table_args__: Any = _OPTIONS


class _Listed:
    """Columns of what a source lists, and may list no longer."""

    #: When a synchronisation first saw it.
    first_seen: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When it last changed here.
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When the source listed it no longer; None: it does.
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Stock(_Listed, Base):
    """A stock and its latest quote."""

    __tablename__ = "quant_stock"
    __table_args__ = (Index("ix_quant_stock_market", "market", "removed_at"), _OPTIONS)

    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    market: Mapped[str] = mapped_column(String(8))
    exchange: Mapped[str | None] = mapped_column(String(16))
    currency: Mapped[str] = mapped_column(String(3))
    is_st: Mapped[bool]
    is_suspended: Mapped[bool | None]
    price: Mapped[float | None] = mapped_column(Double)
    open: Mapped[float | None] = mapped_column(Double)
    high: Mapped[float | None] = mapped_column(Double)
    low: Mapped[float | None] = mapped_column(Double)
    previous_close: Mapped[float | None] = mapped_column(Double)
    change_amount: Mapped[float | None] = mapped_column(Double)
    change_percent: Mapped[float | None] = mapped_column(Double)
    amplitude_percent: Mapped[float | None] = mapped_column(Double)
    volume: Mapped[int | None] = mapped_column(BigInteger)
    turnover: Mapped[float | None] = mapped_column(Double)
    turnover_percent: Mapped[float | None] = mapped_column(Double)
    volume_ratio: Mapped[float | None] = mapped_column(Double)
    pe: Mapped[float | None] = mapped_column(Double)
    pb: Mapped[float | None] = mapped_column(Double)
    market_value: Mapped[float | None] = mapped_column(Double)
    float_value: Mapped[float | None] = mapped_column(Double)


class _Board(_Listed):
    """Columns of industries and concepts."""

    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    price: Mapped[float | None] = mapped_column(Double)
    change_amount: Mapped[float | None] = mapped_column(Double)
    change_percent: Mapped[float | None] = mapped_column(Double)
    market_value: Mapped[float | None] = mapped_column(Double)
    turnover_percent: Mapped[float | None] = mapped_column(Double)
    rising: Mapped[int | None]
    falling: Mapped[int | None]
    leader: Mapped[str | None] = mapped_column(String(200))
    leader_change_percent: Mapped[float | None] = mapped_column(Double)


class Industry(_Board, Base):
    """An industry."""

    __tablename__ = "quant_industry"


class Concept(_Board, Base):
    """A concept: what stocks are thought to have to do with."""

    __tablename__ = "quant_concept"


class Membership(_Listed, Base):
    """A stock that belongs to an industry or a concept."""

    __tablename__ = "quant_membership"
    __table_args__ = (Index("ix_quant_membership_stock", "stock_code"), _OPTIONS)

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    board_code: Mapped[str] = mapped_column(String(24), primary_key=True)
    stock_code: Mapped[str] = mapped_column(String(24), primary_key=True)


class KLine(Base):
    """One trading day of one stock."""

    __tablename__ = "quant_kline"
    # Rows lie in the order of the key: a stock's days are read together, and there is no second
    # tree to keep.
    __table_args__ = ({**_OPTIONS, "sqlite_with_rowid": False},)

    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    #: `""`, `qfq` or `hfq`.
    adjust: Mapped[str] = mapped_column(String(4), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    open: Mapped[float] = mapped_column(Double)
    close: Mapped[float] = mapped_column(Double)
    high: Mapped[float] = mapped_column(Double)
    low: Mapped[float] = mapped_column(Double)
    volume: Mapped[int] = mapped_column(BigInteger)
    turnover: Mapped[float | None] = mapped_column(Double)
    amplitude_percent: Mapped[float | None] = mapped_column(Double)
    change_percent: Mapped[float | None] = mapped_column(Double)
    change_amount: Mapped[float | None] = mapped_column(Double)
    turnover_percent: Mapped[float | None] = mapped_column(Double)


class SyncLog(Base):
    """What a synchronisation did."""

    __tablename__ = "quant_sync_log"
    __table_args__ = (Index("ix_quant_sync_log_kind", "kind", "finished_at"), _OPTIONS)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: `stocks:cn`, `industries`, `industry members:BK0475`, `bars:600000.SH`, `daily` ...
    kind: Mapped[str] = mapped_column(String(64))
    finished_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The call that did it, if it was one.
    task_id: Mapped[str | None] = mapped_column(String(200))
    #: `synced`, `partly`, `failed`
    state: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(200))
    received: Mapped[int]
    inserted: Mapped[int]
    updated: Mapped[int]
    unchanged: Mapped[int]
    removed: Mapped[int]
    seconds: Mapped[float] = mapped_column(Double)
    #: What went wrong, and what was odd.
    remark: Mapped[str | None] = mapped_column(Text)
