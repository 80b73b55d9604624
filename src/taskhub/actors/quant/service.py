"""The service: queries the source, compares, writes, and returns what has changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from zoneinfo import ZoneInfo

from taskhub.actors.quant.codes import Market, parse_code
from taskhub.actors.quant.exceptions import InvalidRequestError, QuantError
from taskhub.actors.quant.extra import require
from taskhub.actors.quant.records import ADJUSTMENTS, Answer, Bar, BoardKind, Progress
from taskhub.actors.quant.report import SyncReport
from taskhub.actors.quant.source import Source, open_source

if TYPE_CHECKING:
    from taskhub.actors.quant.settings import QuantSettings
    from taskhub.actors.quant.storage.store import MarketStore, Run

__all__ = (
    "BOARD_KINDS",
    "MarketData",
    "bars_kind",
    "check_adjustment",
    "check_board",
    "members_kind",
    "stocks_kind",
)

T = TypeVar("T")

#: What a synchronisation of all boards of a kind is called.
BOARD_KINDS: Final = {BoardKind.INDUSTRY: "industries", BoardKind.CONCEPT: "concepts"}

#: The exchanges' day, whatever the clock of the host.
_EXCHANGE_TIME: Final = ZoneInfo("Asia/Shanghai")


def stocks_kind(market: Market) -> str:
    """Return what a synchronisation of a market's stocks is called."""
    return f"stocks:{market}"


def members_kind(kind: BoardKind, board: str) -> str:
    """Return what a synchronisation of a board's members is called."""
    return f"{kind} members:{board}"


def bars_kind(code: str, adjust: str) -> str:
    """Return what a synchronisation of a stock's K-lines is called."""
    return f"bars:{code}:{adjust}" if adjust else f"bars:{code}"


def _silent(current: int, total: int, step: str) -> None:
    """Progress that nobody follows."""


class MarketData:
    """Market data: synchronises it with its source, and reads it. May be used by several threads.

    Each synchronisation may be run any number of times, and be interrupted anywhere: the next one
    completes it. They raise `TransientQuantError` for what may pass, and other `QuantError` for
    what somebody has to look at; either way the log notes it.

    Args:
        settings: Where data comes from and is kept.
        source: Where it comes from; None: as the settings say.
        store: Where it is kept; None: as the settings say.

    Raises:
        QuantNotInstalledError: The extra `quant` is not installed.
        QuantConfigurationError: The settings can't be right.
    """

    def __init__(
        self,
        settings: QuantSettings,
        source: Source | None = None,
        store: MarketStore | None = None,
    ) -> None:
        require("sqlalchemy", "alembic")
        from taskhub.actors.quant.storage.store import MarketStore

        self.settings = settings
        self._source = source or open_source(settings)
        self.store = store or MarketStore(settings)

    def sync_stocks(
        self,
        market: Market,
        progress: Progress = _silent,
        *,
        task_id: str | None = None,
        force: bool = False,
    ) -> SyncReport:
        """Update the stocks of a market and their quotes; delisted stocks are marked as removed.

        Args:
            market: Which.
            progress: Called for each page that is read.
            task_id: The call that it is for.
            force: Take an answer even if it is less than half of what there is.
        """
        run = _run(stocks_kind(market), task_id, force=force)
        return self._sync(
            run,
            lambda: self._source.stocks(market, progress),
            lambda answer: self.store.write_stocks(run, market.value, answer),
            progress,
        )

    def sync_boards(
        self,
        kind: BoardKind,
        progress: Progress = _silent,
        *,
        task_id: str | None = None,
        force: bool = False,
    ) -> SyncReport:
        """Bring the industries, or the concepts, up to date; parameters as of `sync_stocks`."""
        run = _run(BOARD_KINDS[kind], task_id, force=force)
        return self._sync(
            run,
            lambda: self._source.boards(kind, progress),
            lambda answer: self.store.write_boards(run, kind, answer),
            progress,
        )

    def sync_members(
        self,
        kind: BoardKind,
        board: str,
        progress: Progress = _silent,
        *,
        task_id: str | None = None,
        force: bool = False,
        logged: bool = True,
    ) -> SyncReport:
        """Bring the members of one board up to date; parameters as of `sync_stocks`.

        Args:
            board: Its code, ``BK0475``.
            logged: Whether it is noted in the log; what is part of something larger is noted
                with that.
        """
        run = _run(members_kind(kind, check_board(board)), task_id, force=force, logged=logged)
        return self._sync(
            run,
            lambda: self._source.members(kind, board, progress),
            lambda answer: self.store.write_members(run, kind, board, answer),
            progress,
        )

    def sync_bars(
        self,
        code: str,
        start: date | None = None,
        end: date | None = None,
        adjust: str = "",
        *,
        task_id: str | None = None,
        logged: bool = True,
    ) -> SyncReport:
        """Bring the K-lines of one stock up to date.

        Args:
            code: The stock: ``600000.SH``.
            start: The first day; None: the last day that is there, because it may not have been
                over, or else `QuantSettings.history_start`. Adjusted prices change in retrospect:
                they are always read from there.
            end: The last day; None: today at the exchange.
            adjust: ``""``, ``qfq`` or ``hfq``.
            logged: As of `sync_members`.

        Raises:
            InvalidRequestError: There is no such stock, or there are no K-lines of it; or the
                days are wrong.
        """
        stock = parse_code(code)
        check_adjustment(adjust)
        end = end or datetime.now(_EXCHANGE_TIME).date()
        run = _run(bars_kind(str(stock), adjust), task_id, logged=logged)

        def query() -> Answer[Bar]:
            first = start or self._first_day(str(stock), adjust)
            if first > end:
                raise InvalidRequestError(f"{stock}: start {first} is after end {end}")
            return self._source.bars(stock, first, end, adjust)

        return self._sync(run, query, lambda answer: self.store.write_bars(run, answer), _silent)

    def _first_day(self, code: str, adjust: str) -> date:
        last = None if adjust else self.store.last_day(code)
        return last or self.settings.history_start

    def _sync(
        self,
        run: Run,
        query: Callable[[], Answer[T]],
        write: Callable[[Answer[T]], SyncReport],
        progress: Progress,
    ) -> SyncReport:
        # Before anybody is asked for thousands of rows, see that they can be kept.
        self.store.prepare()
        try:
            answer = query()
            progress(len(answer.rows), len(answer.rows), "writing")
            return write(answer)
        except QuantError as error:
            if run.logged:
                self._note_failure(run, error)
            raise

    def _note_failure(self, run: Run, error: QuantError) -> None:
        seconds = time.monotonic() - run.started
        report = SyncReport(kind=run.kind, seconds=seconds, state="failed", error=str(error))
        try:
            self.store.log(report, run.task_id)
        except QuantError:
            # What made it fail may be that nothing can be written; that is what is raised.
            return

    def close(self) -> None:
        """Close the connections."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def check_board(code: str) -> str:
    """Return the code of a board.

    Raises:
        InvalidRequestError: It is none.
    """
    if not (code.startswith("BK") and code[2:].isdigit()):
        raise InvalidRequestError(f"{code!r} is not the code of a board: write for example BK0475")
    return code


def check_adjustment(adjust: str) -> str:
    """Return how prices are adjusted.

    Raises:
        InvalidRequestError: There is no such way.
    """
    if adjust not in ADJUSTMENTS:
        raise InvalidRequestError(f"adjust: {adjust!r} is not known: write '', 'qfq' or 'hfq'")
    return adjust


def _run(kind: str, task_id: str | None, *, force: bool = False, logged: bool = True) -> Run:
    from taskhub.actors.quant.storage.store import Run

    return Run(kind, time.monotonic(), task_id, force, logged)
