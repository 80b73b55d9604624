"""Canvases over `taskhub.actors.tasks.quant` that update many things, on the queue `quant`."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from taskhub import chain, chord, group
from taskhub.actors import services
from taskhub.actors.application import app
from taskhub.actors.locks import other_canvas
from taskhub.actors.quant import (
    BoardKind,
    InvalidRequestError,
    Market,
    QuantError,
    SyncReport,
    UnknownCodeError,
    check_adjustment,
    check_board,
    parse_code,
    total,
)
from taskhub.actors.tasks.quant import (
    OPTIONS,
    parse_day,
    sync_board_members,
    sync_concept_data,
    sync_industry_data,
    sync_kline_data,
    sync_stock_data,
)
from taskhub.result import allow_join_result

_COMMON = {**OPTIONS, "soft_time_limit": 120, "time_limit": 180}


class Call(NamedTuple):
    """One part of a canvas, before its place among the others is known."""

    task: Any
    arguments: tuple[Any, ...]


@app.task(bind=True, name="Modules.quant.tasks.sync_industry_members", **_COMMON)
def sync_industry_members(self: Any, industries: Sequence[str] | None = None) -> Any:
    """Update the members of industries: a group of `sync_board_members` under its rate limit.

    Args:
        industries: their codes; None: all that `sync_industry_data` has found.

    Returns:
        The sum of the parts, in the form of `sync_stock_data`; `failures` and `failed` say what
            failed.

    Raises:
        UnknownCodeError: there are none yet.
        QuantError: all of them failed.
    """
    return _sync_members(self, BoardKind.INDUSTRY, industries)


@app.task(bind=True, name="Modules.quant.tasks.sync_concept_members", **_COMMON)
def sync_concept_members(self: Any, concepts: Sequence[str] | None = None) -> Any:
    """Update the members of concepts, as `sync_industry_members` does those of industries."""
    return _sync_members(self, BoardKind.CONCEPT, concepts)


def _sync_members(task: Any, kind: BoardKind, boards: Sequence[str] | None) -> Any:
    return _replaced(
        task,
        f"{kind} members",
        boards,
        lambda: _summed(task, f"{kind} members", _members(kind, boards)),
    )


@app.task(bind=True, name="Modules.quant.tasks.sync_all_kline_data", **_COMMON)
def sync_all_kline_data(
    self: Any, codes: Sequence[str] | None = None, start: str | None = None, adjust: str = ""
) -> Any:
    """Update the daily bars of stocks: a group of `sync_kline_data` under its rate limit.

    Args:
        codes: the stocks; None: all of the mainland that are listed.
        start, adjust: as of `sync_kline_data`.

    Returns and raises as `sync_industry_members`.
    """
    check_adjustment(adjust)
    parse_day("start", start)
    requested = None if codes is None and not start and not adjust else [codes, start, adjust]
    return _replaced(
        self, "bars", requested, lambda: _summed(self, "bars", _klines(codes, start, adjust))
    )


@app.task(bind=True, name="Modules.quant.tasks.sync_daily_data", **_COMMON)
def sync_daily_data(self: Any, codes: Sequence[str] | None = None, members: bool = True) -> Any:
    """Update everything of the mainland in one canvas whose last step records what was done.

    First the lists (stocks, industries, concepts) side by side; then the members of each board and
    the K-lines of each stock, under their rate limit; a part that fails does not stop the others.

    Args:
        codes: the stocks whose K-lines are wanted; None: all that are listed.
        members: whether the members of boards are wanted.

    Returns:
        The sum of the parts, and under `parts` each of them.

    Raises:
        QuantError: all of them failed.
    """
    whole = self.request.id
    chosen = None if codes is None else _checked(codes)

    def day() -> Any:
        # Of the lists, that of stocks takes longest: its progress is that of the whole.
        lists = group(
            sync_stock_data.si(tolerate=True, whole=whole),
            sync_industry_data.si(tolerate=True),
            sync_concept_data.si(tolerate=True),
        )
        loss = record_loss.s("daily", whole)
        details = sync_daily_details.s(chosen, members, whole).on_error(loss)
        return chain(lists, details, record_sync.s("daily", time.time()).on_error(loss))

    requested = None if chosen is None and members else [chosen, members]
    return _replaced(self, "daily", requested, day)


@app.task(bind=True, name="Modules.quant.tasks.sync_daily_details", **_COMMON)
def sync_daily_details(
    self: Any,
    lists: list[dict[str, Any]],
    codes: list[str] | None,
    members: bool,
    whole: str | None = None,
) -> Any:
    """The second half of `sync_daily_data`: what can be asked for once the lists are there.

    Args:
        lists: what became of the lists.
        codes, members: as of `sync_daily_data`.
        whole: its id.
    """
    calls: list[Call] = []
    if members:
        for kind in BoardKind:
            calls += _members(kind, services.market_data().store.board_codes(kind))
    if codes is None:
        codes = services.market_data().store.codes(Market.CN)
    calls += _klines(codes, None, "") if codes else ()
    if not calls:
        return lists
    end = sum_up.s(lists, time.time())
    # Handed over to a chord, errbacks come with a warning; its body takes them without.
    for errback in self.request.errbacks or ():
        end.link_error(errback)
    self.request.errbacks = None
    return _in_its_place(self, chord(_parts(calls, whole), end))


@app.task(bind=True, name="Modules.quant.tasks.sum_up", **_COMMON)
def sum_up(
    self: Any,
    reports: list[dict[str, Any]],
    before: list[dict[str, Any]],
    started: float | None = None,
) -> list[dict[str, Any]]:
    """Note the sums of many reports, by what they are of, and return them after those of before.

    Args:
        reports: what the parts reported.
        before: what was reported before them.
        started: when the parts were sent, in seconds since 1970.
    """
    sums = _sums(reports, _since(started))
    for report in sums:
        services.market_data().store.log(report, self.request.id)
    return [*before, *(report.as_dict() for report in sums)]


@app.task(bind=True, name="Modules.quant.tasks.record_sync", **_COMMON)
def record_sync(
    self: Any, reports: list[dict[str, Any]], kind: str | None = None, started: float | None = None
) -> Any:
    """Note in the log what was synchronised, and return it.

    Args:
        reports: what the parts reported.
        kind: what it is all called; None: what its parts are.
        started: when it began, in seconds since 1970.
    """
    seconds = _since(started)
    if kind is None:
        report = _sums(reports, seconds)[0]
    else:
        report = total(kind, map(SyncReport.from_dict, reports), seconds)
    services.market_data().store.log(report, self.request.id)
    if report.state == "failed":
        first = next(iter((report.failed or {}).values()), "")
        raise QuantError(f"{report.kind}: all of {report.failures} parts failed, e.g. {first}")
    reported = report.as_dict()
    if kind is not None:
        reported["parts"] = reports
    return reported


@app.task(bind=True, name="Modules.quant.tasks.record_loss", **_COMMON)
def record_loss(self: Any, failed: str, kind: str, whole: str) -> None:
    """Log that a canvas failed before its last step: a part was lost or over its time limit.

    Args:
        failed: the id of the call in which it failed.
        kind: what it was to bring up to date.
        whole: the id of the call that it stands for.
    """
    store = services.market_data().store
    if any(entry["task_id"] == whole for entry in store.log_entries(kind)):
        # Its end was reached, and is what failed.
        return
    error = self.app.AsyncResult(whole).result or self.app.AsyncResult(failed).result
    store.log(SyncReport(kind=kind, state="failed", error=f"it broke off: {error}"), whole)


def _replaced(task: Any, kind: str, requested: Any, make: Callable[[], Any]) -> Any:
    """Let a canvas take the place of a call, unless another call's canvas is at the same.

    Args:
        task: the running call.
        kind: what the canvas brings up to date.
        requested: what of it; None: all.
        make: makes the canvas.
    """
    what = (
        ""
        if requested is None
        else hashlib.sha256(json.dumps(requested, default=str).encode()).hexdigest()[:16]
    )
    running = other_canvas(task, f"{kind} of {what}" if what else kind)
    if running is not None:
        return SyncReport(kind=kind, state="skipped", running=running).as_dict()
    return _in_its_place(task, make())


def _in_its_place(task: Any, canvas: Any) -> Any:
    # Run at once, the canvas is waited for, which tasks may not do otherwise.
    with allow_join_result():
        return task.replace(canvas)


def _summed(task: Any, kind: str, calls: Sequence[Call]) -> Any:
    if not calls:
        raise InvalidRequestError(
            "the list of what to synchronise is empty: name some, or None for all"
        )
    whole = task.request.id
    end = record_sync.s(started=time.time()).on_error(record_loss.s(kind, whole))
    return chord(_parts(calls, whole), end)


def _parts(calls: Sequence[Call], whole: str | None) -> list[Any]:
    """Return the parts of a canvas, each of which reports its beginning to the call `whole`."""
    return [
        call.task.si(
            *call.arguments, tolerate=True, part=[whole, number, len(calls)] if whole else None
        )
        for number, call in enumerate(calls, 1)
    ]


def _sums(reports: Iterable[dict[str, Any]], seconds: float | None) -> list[SyncReport]:
    """Return one report for each kind of parts: `industry members`, `bars` ..."""

    def kind_of(report: SyncReport) -> str:
        return report.kind.partition(":")[0]

    read = sorted(map(SyncReport.from_dict, reports), key=kind_of)
    return [total(kind, parts, seconds) for kind, parts in groupby(read, kind_of)]


def _since(started: float | None) -> float | None:
    # Another host may have begun, whose clock is ahead.
    return None if started is None else max(0.0, time.time() - started)


def _members(kind: BoardKind, boards: Sequence[str] | None) -> list[Call]:
    if boards is None:
        boards = services.market_data().store.board_codes(kind)
        if not boards:
            raise UnknownCodeError(
                f"no {kind} is known yet: call sync_{kind}_data first, or name some"
            )
    return [Call(sync_board_members, (kind.value, check_board(board))) for board in boards]


def _klines(codes: Sequence[str] | None, start: str | None, adjust: str) -> list[Call]:
    if codes is None:
        codes = services.market_data().store.codes(Market.CN)
        if not codes:
            raise UnknownCodeError(
                "no stock is known yet: call sync_stock_data first, or name some"
            )
    return [Call(sync_kline_data, (code, start, None, adjust)) for code in _checked(codes)]


def _checked(codes: Sequence[str]) -> list[str]:
    # A wrong code is the caller's matter, before anything is sent.
    return [str(parse_code(code)) for code in codes]
