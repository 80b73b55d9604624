"""The timeline of one task: when it was sent, started, retried and ended, and what is to come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.times import iso, parse_iso

__all__ = ("timeline",)

_ENDS: Final = {
    "succeeded": "succeeded",
    "failed": "failed",
    "dead": "dead",
    "revoked": "revoked",
}
_OUTCOMES: Final = {
    "succeeded": "succeeded",
    "failed": "failed",
    "dead": "lost",
    "revoked": "revoked",
}


def timeline(record: TaskRecord, wait: Mapping[str, Any] | None, now: float) -> dict[str, Any]:  # noqa: C901 - a branch for each event
    """Return segments and events of a task.

    Args:
        record: The task.
        wait: Why it waits; None: it does not.
        now: The present, seconds since the epoch.
    """
    events: list[tuple[float, str, dict[str, Any], bool]] = []
    segments: list[dict[str, Any]] = []
    sent, started, ended = record.sent_at, record.started_at, record.ended_at
    if started is None and ended is not None and record.ran is not None:
        started = ended - record.ran
    if sent is not None:
        events.append((sent, "sent", {"by": record.options.get("origin")}, False))
    begun_waiting = record.ready_at or sent
    if begun_waiting is not None:
        end = started or ended or now
        if end > begun_waiting:
            segments.append(_segment("wait", begun_waiting, end, "waiting" if end == now else None))
    if started is not None:
        values: dict[str, Any] = {
            "worker": record.worker,
            "process": record.process,
            "thread": record.thread,
            "try": record.tries,
        }
        events.append((started, "started", values, False))
        outcome = _OUTCOMES.get(record.state, "running")
        segments.append(_segment("run", started, ended or now, outcome))
    if record.state == "retrying" and record.due_at is not None:
        values = {"try": record.tries, "next_in": max(0.0, round(record.due_at - now, 3))}
        events.append((now, "waits", values, False))
        events.append((record.due_at, "due", {"try": record.tries + 1}, True))
    elif record.state == "delayed" and record.due_at is not None:
        events.append((record.due_at, "due", {}, True))
    elif record.state == "waiting":
        events.append((now, "waits", {"queue": record.queue}, False))
    estimate = (wait or {}).get("estimate")
    if estimate is not None:
        at = parse_iso(estimate["at"])
        if at is not None:
            events.append((at, "starts", {}, True))
    if ended is not None:
        kind = _ENDS.get(record.state)
        if kind is not None:
            events.append((ended, kind, {"error": record.error, "reason": record.reason}, False))
    events.sort(key=lambda event: event[0])
    known = [each for each in (sent, started, ended) if each is not None]
    return {
        "start": iso(min(known, default=None)),
        "end": iso(ended),
        "segments": segments,
        "events": [
            {
                "at": iso(at),
                "since": round(at - events[place - 1][0], 3) if place else None,
                "kind": kind,
                "values": {name: value for name, value in values.items() if value is not None},
                "estimate": estimated,
            }
            for place, (at, kind, values, estimated) in enumerate(events)
            if iso(at) is not None
        ],
        "complete": sent is not None and record.tries <= 1,
    }


def _segment(kind: str, start: float, end: float, outcome: str | None) -> dict[str, Any]:
    return {"kind": kind, "start": iso(start), "end": iso(end), "outcome": outcome}
