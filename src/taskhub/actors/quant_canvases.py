"""The tasks that bring many things up to date, on the queue `quant`: canvases over those of `taskhub.actors.quant`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from taskhub.actors import services
from taskhub.actors.application import app
from taskhub.actors.quant import (
    OPTIONS,
    sync_board_members,
    sync_concept_data,
    sync_industry_data,
    sync_kline_data,
    sync_stock_data,
)
from taskhub.canvas.chain import chain
from taskhub.canvas.chord import chord
from taskhub.canvas.group import group
from taskhub.quant import (
    BoardKind,
    Market,
    QuantError,
    SyncReport,
    UnknownCodeError,
    parse_code,
    total,
)
from taskhub.result import allow_join_result

_COMMON = {**OPTIONS, "soft_time_limit": 120, "time_limit": 180}


@app.task(bind=True, name="Modules.quant.tasks.sync_industry_members", **_COMMON)
def sync_industry_members(self: Any, industries: Sequence[str] | None = None) -> Any:
    """Bring the members of industries up to date: a group of `sync_board_members` under its rate limit.

    Parameters:
      industries: their codes; None: all that `sync_industry_data` has found.

    Returns:
      The sum of the parts, in the form of `sync_stock_data`; `failures` and `failed` tell what failed.

    Raises:
      UnknownCodeError: there are none yet.
      QuantError: all of them failed.
    """
    return _replaced(self, _summed(_members(BoardKind.INDUSTRY, industries)))


@app.task(bind=True, name="Modules.quant.tasks.sync_concept_members", **_COMMON)
def sync_concept_members(self: Any, concepts: Sequence[str] | None = None) -> Any:
    """Bring the members of concepts up to date, as `sync_industry_members` does those of industries."""
    return _replaced(self, _summed(_members(BoardKind.CONCEPT, concepts)))


@app.task(bind=True, name="Modules.quant.tasks.sync_all_kline_data", **_COMMON)
def sync_all_kline_data(
    self: Any, codes: Sequence[str] | None = None, start: str | None = None, adjust: str = ""
) -> Any:
    """Bring the daily K-lines of stocks up to date: a group of `sync_kline_data` under its rate limit.

    Parameters:
      codes: the stocks; None: all of the mainland that are listed.
      start, adjust: as of `sync_kline_data`.

    Returns and raises as `sync_industry_members`.
    """
    return _replaced(self, _summed(_klines(codes, start, adjust)))


@app.task(bind=True, name="Modules.quant.tasks.sync_daily_data", **_COMMON)
def sync_daily_data(self: Any, codes: Sequence[str] | None = None, members: bool = True) -> Any:
    """Bring everything of the mainland up to date, in one canvas whose end records what was synchronised.

    First the lists (stocks, industries, concepts) side by side; then the members of each board and the K-lines of each
    stock, under their rate limit; a part that fails does not stop the others.

    Parameters:
      codes: the stocks whose K-lines are wanted; None: all that are listed.
      members: whether the members of boards are wanted.

    Returns:
      The sum of the parts, and under `parts` each of them.

    Raises:
      QuantError: all of them failed.
    """
    lists = group(
        sync.si(tolerate=True) for sync in (sync_stock_data, sync_industry_data, sync_concept_data)
    )
    details = sync_daily_details.s(None if codes is None else list(codes), members)
    return _replaced(self, chain(lists, details, record_sync.s("daily")))


@app.task(bind=True, name="Modules.quant.tasks.sync_daily_details", **_COMMON)
def sync_daily_details(
    self: Any, lists: list[dict[str, Any]], codes: list[str] | None, members: bool
) -> Any:
    """The second half of `sync_daily_data`: what can be asked for once the lists are there."""
    parts: list[Any] = []
    if members:
        for kind in BoardKind:
            parts += _members(kind, services.market_data().store.board_codes(kind))
    if codes is None:
        codes = services.market_data().store.codes(Market.CN)
    parts += _klines(codes, None, "") if codes else ()
    if not parts:
        return lists
    return _replaced(self, chord(parts, sum_up.s(lists)))


@app.task(bind=True, name="Modules.quant.tasks.sum_up", **_COMMON)
def sum_up(
    self: Any, reports: list[dict[str, Any]], before: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Note the sums of many reports, by what they are of, and return them after those of before."""
    sums = _sums(reports)
    for report in sums:
        services.market_data().store.log(report, self.request.id)
    return [*before, *(report.as_dict() for report in sums)]


@app.task(bind=True, name="Modules.quant.tasks.record_sync", **_COMMON)
def record_sync(self: Any, reports: list[dict[str, Any]], kind: str | None = None) -> Any:
    """Note in the log what was synchronised, and return it.

    Parameters:
      reports: what the parts told.
      kind: what it is all called; None: what its parts are.
    """
    sums = _sums(reports)
    report = sums[0] if kind is None else total(kind, map(SyncReport.from_dict, reports))
    services.market_data().store.log(report, self.request.id)
    if report.state == "failed":
        first = next(iter((report.failed or {}).values()), "")
        raise QuantError(f"{report.kind}: all of {report.failures} parts failed, e.g. {first}")
    told = report.as_dict()
    if kind is not None:
        told["parts"] = reports
    return told


def _replaced(task: Any, canvas: Any) -> Any:
    """Let a canvas take the place of a call; run at once, it is waited for, which tasks may not do otherwise."""
    with allow_join_result():
        return task.replace(canvas)


def _summed(parts: Sequence[Any]) -> Any:
    return chord(parts, record_sync.s())


def _sums(reports: Iterable[dict[str, Any]]) -> list[SyncReport]:
    """Return one report for each kind of parts: `industry members`, `bars` ..."""

    def kind_of(report: SyncReport) -> str:
        return report.kind.partition(":")[0]

    read = sorted(map(SyncReport.from_dict, reports), key=kind_of)
    return [total(kind, parts) for kind, parts in groupby(read, kind_of)]


def _members(kind: BoardKind, boards: Sequence[str] | None) -> list[Any]:
    if boards is None:
        boards = services.market_data().store.board_codes(kind)
        if not boards:
            raise UnknownCodeError(
                f"no {kind} is known yet: call sync_{kind}_data first, or name some"
            )
    return [sync_board_members.si(kind.value, board, tolerate=True) for board in boards]


def _klines(codes: Sequence[str] | None, start: str | None, adjust: str) -> list[Any]:
    if codes is None:
        codes = services.market_data().store.codes(Market.CN)
        if not codes:
            raise UnknownCodeError(
                "no stock is known yet: call sync_stock_data first, or name some"
            )
    # A wrong code is the caller's matter, before anything is sent.
    checked = [str(parse_code(code)) for code in codes]
    return [sync_kline_data.si(code, start, None, adjust, tolerate=True) for code in checked]
