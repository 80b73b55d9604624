"""What a synchronisation did, as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

__all__ = ("SyncReport", "total")


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """What a synchronisation did.

    What is written to the log of it (`kind`, `state`, `source`) is what `MarketStore.freshness`,
    and so the daily report, goes by: only what did not end as ``failed`` counts as synchronised.

    Args:
        kind: What was synchronised: ``stocks:cn``, ``industries``, ``industry members:BK0475``,
            ``bars:600000.SH``.
        source: Who answered; empty: nobody had to be asked.
        received: Rows in the answer.
        inserted, updated, unchanged: What became of them.
        removed: Rows that the answer no longer has; they are marked, not deleted.
        seconds: How long it took.
        state: ``synced``; ``skipped``: another run was at it; ``failed``: see `error`;
            ``partly``: some failed.
        running: The task id of that other run.
        error: What went wrong, one line.
        warnings: What was odd in the answer.
        failed: Of a summary: what failed, and why, at most 20 of them.
        failures: Of a summary: how many failed.
    """

    kind: str
    source: str = ""
    received: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    seconds: float = 0.0
    state: str = "synced"
    running: str | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    failed: Mapping[str, str] | None = None
    failures: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for a task's result; what is not set is left out."""
        values = asdict(self)
        for name in ("running", "error", "failed", "failures", "warnings"):
            if not values[name]:
                del values[name]
        if self.warnings:
            values["warnings"] = list(self.warnings)
        values["seconds"] = round(self.seconds, 3)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `as_dict` made."""
        known = {field.name for field in fields(cls)}
        given: dict[str, Any] = {name: value for name, value in values.items() if name in known}
        given["warnings"] = tuple(given.get("warnings", ()))
        return cls(**given)


_NAMED = 20


def total(kind: str, reports: Iterable[SyncReport], seconds: float | None = None) -> SyncReport:
    """Return the sum of several reports: their counts, and what failed.

    Args:
        kind: What they are together.
        reports: One or more.
        seconds: How long it took; None: as long as all of them, one after the other.
    """
    reports = list(reports)
    failures = [report for report in reports if report.state == "failed"]
    state = "synced"
    if failures:
        state = "failed" if len(failures) == len(reports) else "partly"
    return SyncReport(
        kind=kind,
        source=", ".join(sorted({report.source for report in reports if report.source})),
        received=sum(report.received for report in reports),
        inserted=sum(report.inserted for report in reports),
        updated=sum(report.updated for report in reports),
        unchanged=sum(report.unchanged for report in reports),
        removed=sum(report.removed for report in reports),
        seconds=sum(report.seconds for report in reports) if seconds is None else seconds,
        state=state,
        warnings=tuple(dict.fromkeys(text for report in reports for text in report.warnings))[
            :_NAMED
        ],
        failed={report.kind: report.error or "" for report in failures[:_NAMED]} or None,
        failures=len(failures),
    )
