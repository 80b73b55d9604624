"""The tasks that keep market data, on the queue `quant`: each brings one thing up to date.

Every one may run any number of times, and be killed anywhere: the next run completes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from taskhub.actors import services
from taskhub.actors.application import app
from taskhub.actors.locks import only_run
from taskhub.actors.progress import Progress, report_begun
from taskhub.actors.quant import (
    BOARD_KINDS,
    BoardKind,
    QuantError,
    SyncReport,
    TransientQuantError,
    bars_kind,
    members_kind,
    parse_code,
    parse_market,
    stocks_kind,
)
from taskhub.actors.quant.exceptions import InvalidRequestError
from taskhub.exceptions import SoftTimeLimitExceeded

#: After 30, 60, 120 ... seconds, at most ten minutes, each with jitter: a site that limits requests
#: forgets in minutes.
OPTIONS: Final[Mapping[str, Any]] = {
    "queue": "quant",
    "autoretry_for": (TransientQuantError,),
    "retry_backoff": 30,
    "retry_backoff_max": 600,
    "retry_jitter": True,
    "max_retries": 5,
    # Sources fail by nature: their failures are logged without a traceback.
    "throws": (QuantError,),
    "track_started": True,
}
#: A list of a market is read in a hundred pages with a pause before each.
_LIST: Final = {**OPTIONS, "soft_time_limit": 900, "time_limit": 960}
#: One board or stock takes one call, or a few; so many of them begin in a second, over all workers.
_DETAIL: Final = {**OPTIONS, "soft_time_limit": 240, "time_limit": 300, "rate_limit": "2/s"}


@app.task(bind=True, name="Modules.quant.tasks.sync_stock_data", **_LIST)
def sync_stock_data(
    self: Any,
    market: str = "cn",
    force: bool = False,
    tolerate: bool = False,
    whole: str | None = None,
) -> dict[str, Any]:
    """Bring the stocks of a market and their latest quotes up to date.

    Args:
        market: `cn`, `hk` or `us`.
        force: take an answer even if it has fewer than half the stocks of last time.
        tolerate: a failure is reported in the result instead of failing the call, for canvases.
        whole: the id of a call whose progress this is as well, for canvases.

    Returns:
        `kind`, `state` (`synced`; `skipped`: the call `running` is at it; `failed`, with
            `tolerate`), `source`,
        `received`, `inserted`, `updated`, `unchanged`, `removed`, `seconds`, and perhaps
            `warnings`, `error`.

    Raises:
        TransientQuantError: the source or the database is out of reach, and no retries are left.
        SuspiciousAnswerError: the answer is empty or far too small; nothing was changed.
        SourceSchemaError: the source answers in an unknown form.
        QuantConfigurationError: the extra is missing, or a setting is wrong.
    """
    chosen = parse_market(market)
    return _report(
        self,
        stocks_kind(chosen),
        tolerate,
        lambda: services.market_data().sync_stocks(
            chosen, Progress(self, whole), task_id=self.request.id, force=force
        ),
    )


@app.task(bind=True, name="Modules.quant.tasks.sync_industry_data", **_LIST)
def sync_industry_data(self: Any, force: bool = False, tolerate: bool = False) -> dict[str, Any]:
    """Update the industries; parameters, result and errors are those of `sync_stock_data`."""
    return _sync_boards(self, BoardKind.INDUSTRY, force, tolerate)


@app.task(bind=True, name="Modules.quant.tasks.sync_concept_data", **_LIST)
def sync_concept_data(self: Any, force: bool = False, tolerate: bool = False) -> dict[str, Any]:
    """Update the concepts; parameters, result and errors are those of `sync_stock_data`."""
    return _sync_boards(self, BoardKind.CONCEPT, force, tolerate)


def _sync_boards(task: Any, kind: BoardKind, force: bool, tolerate: bool) -> dict[str, Any]:
    return _report(
        task,
        BOARD_KINDS[kind],
        tolerate,
        lambda: services.market_data().sync_boards(
            kind, Progress(task), task_id=task.request.id, force=force
        ),
    )


@app.task(bind=True, name="Modules.quant.tasks.sync_board_members", **_DETAIL)
def sync_board_members(
    self: Any,
    kind: str,
    board: str,
    force: bool = False,
    tolerate: bool = False,
    part: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """Bring the members of one industry or concept up to date; otherwise as `sync_stock_data`.

    Args:
        kind: `industry` or `concept`.
        board: its code, `BK0475`.
        part: of a canvas: the id of the call that it stands for, the number of this part from 1,
            how many there are; the progress of that call shows it.
    """
    try:
        chosen = BoardKind(kind)
    except ValueError:
        raise InvalidRequestError(
            f"kind: {kind!r} is not known: write industry or concept"
        ) from None
    report_begun(self, part, f"{chosen} members")
    return _report(
        self,
        members_kind(chosen, board),
        tolerate,
        lambda: services.market_data().sync_members(
            chosen,
            board,
            Progress(self),
            task_id=self.request.id,
            force=force,
            logged=not tolerate,
        ),
    )


@app.task(bind=True, name="Modules.quant.tasks.sync_kline_data", **_DETAIL)
def sync_kline_data(
    self: Any,
    code: str,
    start: str | date | None = None,
    end: str | date | None = None,
    adjust: str = "",
    tolerate: bool = False,
    part: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """Bring the daily K-lines of one stock up to date; otherwise as `sync_stock_data`.

    Args:
        code: `600000.SH`; stocks of the mainland only.
        start: the first day, `2024-01-31`; None: the last day that is there, or
            `TASKHUB_QUANT_HISTORY_START`.
        end: the last day; None: today at the exchange.
        adjust: `qfq` or `hfq`: prices adjusted for dividends and splits, kept beside those as they
            were.
        part: as of `sync_board_members`.
    """
    stock = str(parse_code(code))
    first, last = parse_day("start", start), parse_day("end", end)
    report_begun(self, part, "bars")
    return _report(
        self,
        bars_kind(stock, adjust),
        tolerate,
        lambda: services.market_data().sync_bars(
            stock, first, last, adjust, task_id=self.request.id, logged=not tolerate
        ),
    )


def _report(task: Any, kind: str, tolerate: bool, sync: Callable[[], SyncReport]) -> dict[str, Any]:
    """Run a synchronisation, unless another call runs it, and return its report as plain values."""
    try:
        with only_run(task, kind) as running:
            if running is not None:
                return SyncReport(kind=kind, state="skipped", running=running).as_dict()
            return sync().as_dict()
    except SoftTimeLimitExceeded:
        if not tolerate:
            raise
        return _failed(kind, f"it took longer than {task.soft_time_limit} s")
    except QuantError as error:
        again = isinstance(error, TransientQuantError) and task.request.retries < task.max_retries
        if again or not tolerate:
            raise
        return _failed(kind, str(error))


def _failed(kind: str, error: str) -> dict[str, Any]:
    return SyncReport(kind=kind, state="failed", error=error).as_dict()


def parse_day(name: str, value: str | date | None) -> date | None:
    """Return a day; None: not given.

    Raises:
        InvalidRequestError: `value`, the argument `name`, is none.
    """
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidRequestError(
            f"{name}: {value!r} is not a day: write for example 2024-01-31"
        ) from None
