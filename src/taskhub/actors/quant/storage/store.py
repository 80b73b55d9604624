"""The store of market data: one object over the tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, Self, cast

from sqlalchemy import Connection, Engine, Table, func, insert, literal, select

from taskhub.actors.quant.exceptions import DatabaseNotReadyError
from taskhub.actors.quant.plausibility import check_size
from taskhub.actors.quant.records import Answer, Bar, Board, BoardKind, Member, Stock
from taskhub.actors.quant.report import SyncReport
from taskhub.actors.quant.settings import QuantSettings
from taskhub.actors.quant.storage import bars as bar_table
from taskhub.actors.quant.storage import models
from taskhub.actors.quant.storage.database import WRITES, open_database
from taskhub.actors.quant.storage.errors import explained
from taskhub.actors.quant.storage.schema import schema_state, upgrade
from taskhub.actors.quant.storage.stock_list import Counts, Listing, write_listing
from taskhub.command_hint import command_hint

__all__ = ("Freshness", "MarketStore", "Run")

_STOCK = cast("Table", models.Stock.__table__)
_MEMBERSHIP = cast("Table", models.Membership.__table__)
_LOG = cast("Table", models.SyncLog.__table__)
_BOARDS = {
    BoardKind.INDUSTRY: cast("Table", models.Industry.__table__),
    BoardKind.CONCEPT: cast("Table", models.Concept.__table__),
}


class Run(NamedTuple):
    """One synchronisation that is under way.

    Args:
        kind: What it is for: ``stocks:cn``.
        started: When, by `time.monotonic`.
        task_id: The call that it is for, if it is for one.
        force: Whether an answer that is far smaller than the last one is right.
        logged: Whether it is noted in the log; what is part of something larger is noted with
            that.
    """

    kind: str
    started: float
    task_id: str | None = None
    force: bool = False
    logged: bool = True


class Freshness(NamedTuple):
    """How much there is of one kind, and when it was last synchronised."""

    table: str
    rows: int
    removed: int
    synced_at: datetime | None
    source: str = ""
    #: The latest day of K-lines.
    latest: date | None = None


class MarketStore:
    """Market data in a database. May be used by several threads.

    Every method raises `DatabaseUnavailableError` for what may pass, and `DatabaseNotReadyError` if
    the tables are missing. The tables of the project's own SQLite file are made when it is first
    used.

    Args:
        settings: Where it is.
    """

    def __init__(self, settings: QuantSettings) -> None:
        self._place = settings.place
        self._owned = settings.owned
        self._ready = False
        self._lock = threading.Lock()
        self.engine: Engine = open_database(settings)

    # -- the tables

    def prepare(self) -> None:
        """See that the tables are there.

        Raises:
            DatabaseNotReadyError: They are not, or of another version.
        """
        with self._lock, explained(self._place):
            if self._ready:
                return
            found = schema_state(self.engine)
            if found.state in ("empty", "behind") and self._owned:
                upgrade(self.engine)
            elif found.state == "ahead":
                raise DatabaseNotReadyError(
                    f"{self._place} was made by a newer taskhub (revision {found.present}, this "
                    f"one knows {found.wanted}): update taskhub here"
                )
            elif found.state != "current":
                raise DatabaseNotReadyError(
                    f"{self._place} does not have the tables of this version: run "
                    f"{command_hint('db', 'upgrade')}"
                )
            self._ready = True

    @contextmanager
    def _reading(self) -> Generator[Connection]:
        self.prepare()
        with explained(self._place), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Generator[Connection]:
        self.prepare()
        with (
            explained(self._place),
            self.engine.connect().execution_options(**{WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection

    # -- writing

    def write_stocks(self, run: Run, market: str, answer: Answer[Stock]) -> SyncReport:
        """Bring the stocks of a market up to date, in one transaction."""
        return self._write(run, answer, _STOCK, {"market": market})

    def write_boards(self, run: Run, kind: BoardKind, answer: Answer[Board]) -> SyncReport:
        """Bring the industries or concepts up to date, in one transaction."""
        return self._write(run, answer, _BOARDS[kind], {})

    def write_members(
        self, run: Run, kind: BoardKind, board: str, answer: Answer[Member]
    ) -> SyncReport:
        """Bring the members of a board up to date, in one transaction."""
        scope = {"kind": kind.value, "board_code": board}
        return self._write(run, answer, _MEMBERSHIP, scope)

    def _write(
        self, run: Run, answer: Answer[Any], table: Table, scope: dict[str, Any]
    ) -> SyncReport:
        key = {column.name for column in table.primary_key}
        fields = sorted(answer.fields - key)
        listing = Listing(table, scope, fields, answer.rows, answer.complete)

        def check(received: int, present: int) -> None:
            check_size(run.kind, answer.source, received, present, force=run.force)

        with self._writing() as connection:
            counts = write_listing(connection, listing, datetime.now(UTC), check)
            report = _report(run, answer, counts)
            if run.logged:
                _write_log(connection, report, run.task_id)
        return report

    def write_bars(self, run: Run, answer: Answer[Bar]) -> SyncReport:
        """Bring K-lines up to date; `rows` may be any number, and are read a page at a time.

        Each page is a transaction. A stock's bars come in the order of their days, so that after an
        interruption `last_day` says where to continue.
        """
        counts = self.write_bar_pages(answer.rows)
        report = _report(run, answer, counts)
        if run.logged:
            self.log(report, run.task_id)
        return report

    def write_bar_pages(self, rows: Iterable[Bar]) -> Counts:
        """Write bars a page at a time, without a note in the log."""
        total = Counts(0, 0, 0, 0, 0)
        for page in bar_table.pages(rows):
            with self._writing() as connection:
                counts = bar_table.write_page(connection, page)
            total = Counts(*map(sum, zip(total, counts, strict=True)))
        return total

    def log(self, report: SyncReport, task_id: str | None = None) -> None:
        """Note what a synchronisation did."""
        with self._writing() as connection:
            _write_log(connection, report, task_id)

    # -- reading

    def codes(self, market: str) -> list[str]:
        """Return the codes of the stocks that are listed in a market, in order."""
        query = select(_STOCK.c.code).where(
            _STOCK.c.market == market, _STOCK.c.removed_at.is_(None)
        )
        with self._reading() as connection:
            return list(connection.execute(query.order_by(_STOCK.c.code)).scalars())

    def board_codes(self, kind: BoardKind) -> list[str]:
        """Return the codes of the industries or concepts, in order."""
        table = _BOARDS[kind]
        query = select(table.c.code).where(table.c.removed_at.is_(None)).order_by(table.c.code)
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def members(self, kind: BoardKind, board: str) -> list[str]:
        """Return the codes of a board's stocks, in order."""
        table = _MEMBERSHIP
        query = select(table.c.stock_code).where(
            table.c.kind == kind.value, table.c.board_code == board, table.c.removed_at.is_(None)
        )
        with self._reading() as connection:
            return list(connection.execute(query.order_by(table.c.stock_code)).scalars())

    def stock(self, code: str) -> dict[str, Any] | None:
        """Return all columns of a stock; None: there is none of this code."""
        with self._reading() as connection:
            row = connection.execute(select(_STOCK).where(_STOCK.c.code == code)).mappings().first()
        return None if row is None else dict(row)

    def last_day(self, code: str, adjust: str = "") -> date | None:
        """Return the latest day of a stock's K-lines."""
        with self._reading() as connection:
            return bar_table.last_day(connection, code, adjust)

    def bars(
        self, code: str, adjust: str = "", *, limit: int = 250, until: date | None = None
    ) -> list[Bar]:
        """Return the latest K-lines of a stock, in order."""
        with self._reading() as connection:
            return bar_table.read_bars(connection, code, adjust, limit, until)

    def log_entries(self, kind: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
        """Return the latest notes of the log, the newest first."""
        query = select(_LOG)
        if kind is not None:
            query = query.where(_LOG.c.kind == kind)
        with self._reading() as connection:
            found = connection.execute(query.order_by(_LOG.c.id.desc()).limit(limit))
            return [dict(row) for row in found.mappings()]

    def freshness(self) -> list[Freshness]:
        """Return how fresh each table is; stocks by market, members by kind of board.

        The daily report and ``taskhub quant status`` rely on it: what they call data, its rows,
        when it was synchronised and from where are these values. A table without rows is left out.
        """
        with self._reading() as connection:
            return list(_freshness(connection))

    def close(self) -> None:
        """Close the connections; new ones are opened if it is used again."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def _report(run: Run, answer: Answer[Any], counts: Counts) -> SyncReport:
    return SyncReport(
        kind=run.kind,
        source=answer.source,
        **counts._asdict(),
        seconds=time.monotonic() - run.started,
        warnings=answer.warnings,
    )


def _write_log(connection: Connection, report: SyncReport, task_id: str | None) -> None:
    remark = "; ".join(filter(None, (report.error, *report.warnings)))
    names = ("kind", "state", "source", "received", "inserted", "updated", "unchanged", "removed")
    values = {name: getattr(report, name) for name in names}
    values.update(
        source=report.source[:200],
        seconds=report.seconds,
        finished_at=datetime.now(UTC),
        task_id=task_id,
        remark=remark or None,
    )
    connection.execute(insert(_LOG), values)


def _freshness(connection: Connection) -> Generator[Freshness]:
    logged = _last_syncs(connection)
    for table, group, title in (
        (_STOCK, _STOCK.c.market, "stocks:{}"),
        (_BOARDS[BoardKind.INDUSTRY], literal("industries"), "{}"),
        (_BOARDS[BoardKind.CONCEPT], literal("concepts"), "{}"),
        (_MEMBERSHIP, _MEMBERSHIP.c.kind, "{} members"),
    ):
        query = select(
            group.label("part"),
            func.count().label("rows"),
            func.count(table.c.removed_at).label("removed"),
            func.max(table.c.updated_at).label("updated_at"),
        )
        for part, rows, removed, updated_at in connection.execute(
            query.group_by("part").order_by("part")
        ).all():
            name = title.format(part)
            synced_at, source = logged.get(name, (updated_at, ""))
            yield Freshness(name, rows - removed, removed, synced_at, source=source)
    bars = bar_table.TABLE
    rows, day = connection.execute(select(func.count(), func.max(bars.c.day))).one()
    if rows:
        synced_at, source = logged.get("bars", (None, ""))
        yield Freshness("bars", rows, 0, synced_at, source, day)


def _last_syncs(connection: Connection) -> dict[str, tuple[datetime, str]]:
    """Return when each kind was last synchronised and from where; parts count for their kind."""
    latest = select(func.max(_LOG.c.id)).where(_LOG.c.state != "failed").group_by(_LOG.c.kind)
    query = select(_LOG.c.kind, _LOG.c.finished_at, _LOG.c.source).where(_LOG.c.id.in_(latest))
    return {
        kind if kind.startswith("stocks:") else kind.partition(":")[0]: (finished_at, source)
        for kind, finished_at, source in connection.execute(query.order_by(_LOG.c.finished_at))
    }
