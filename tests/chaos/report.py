"""The figures of a run: what was broken, what ran again, and how long it took until work went on."""

from __future__ import annotations

import datetime
import math
import os
import platform
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.chaos import failure_injection
from tests.chaos.failure_injection import Injected
from tests.chaos.ledger import Note, Published, PutBack
from tests.chaos.run import Record

#: Where the figures stand in a document.
BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"

#: Faults that take running bodies away; their recovery is the time until such a body runs again.
TAKING = frozenset(
    {
        failure_injection.WORKER_KILLED,
        failure_injection.SUPERVISOR_KILLED,
        failure_injection.HOST_PAUSED,
    }
)
#: Faults between caller and store; their recovery is the time until the next call is acknowledged.
CALLING = frozenset(
    {failure_injection.CALL_LOST, failure_injection.CALL_REPLY_LOST, failure_injection.CALLER_CUT}
)


def recoveries(record: Record) -> dict[str, list[float]]:
    """Return, by kind of fault, how long each recovery took, in seconds.

    A process that is taken away: from the fault to the new run of each body that it cut off. A
    connection of the caller: to the next call that is acknowledged. Anything else: from its end
    until each process that it struck has begun a task again; processes that never do so, because
    they are killed meanwhile, are left out.
    """
    begins = record.begun
    found: dict[str, list[float]] = {
        kind: [] for kind in (*failure_injection.ALL_KINDS, *failure_injection.ALL_REFUSALS)
    }
    for fault in record.injected:
        if fault.kind in TAKING:
            found[fault.kind] += _runs_again(fault, begins)
        elif fault.kind in CALLING:
            found[fault.kind] += _first_after(fault.over, record.acknowledged)
        else:
            for process in fault.processes:
                times = [note.at for note in begins if note.process == process]
                found[fault.kind] += _first_after(fault.over, times)
    return found


def _runs_again(fault: Injected, begins: Sequence[Note]) -> list[float]:
    cut_off = {
        (note.task_id, note.label, note.retries, note.delivery + 1)
        for note in begins
        if note.process in fault.processes and note.at <= fault.at
    }
    return [
        note.at - fault.at
        for note in begins
        if (note.task_id, note.label, note.retries, note.delivery) in cut_off and note.at > fault.at
    ]


def _first_after(moment: float, times: Sequence[float]) -> list[float]:
    first = min((time for time in times if time > moment), default=None)
    return [] if first is None else [first - moment]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def text(record: Record, command: str) -> str:
    """Return the figures as Markdown."""
    published = sum(isinstance(write, Published) for write in record.writes)
    requeue_outcome = sum(isinstance(write, PutBack) for write in record.writes)
    injected = Counter(fault.kind for fault in record.injected)
    where = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    lines = [
        f"`{command}`, {datetime.date.today()}, {where}, {record.seconds:.0f} s:",
        "",
        "| figure | |",
        "| --- | --- |",
        f"| canvases sent and acknowledged, all with the expected end | {record.canvases:,} |",
        (
            "| messages published (tries, links, callbacks, bodies ...), each as often as expected | "
            f"{published:,} |"
        ),
        f"| bodies run | {len(record.begun):,} |",
        f"| of these on messages that a lost worker had held | {record.redelivered:,} |",
        f"| of these had begun before and ran again | {record.run_again:,} |",
        (
            "| messages requeued, because the store was out of reach when a task was to begin | "
            f"{requeue_outcome:,} |"
        ),
        (
            "| failed tasks, each with its message kept once; retried at the end, each ran once more "
            f"| {len(record.kept):,} |"
        ),
        f"| faults | {len(record.injected):,} |",
        *_refusals(record),
        f"| lost, doubled, hanging, left over | {len(record.problems):,} |",
        "",
        "| fault | times | recoveries measured | p50 s | p95 s | max s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind, times in recoveries(record).items():
        if injected[kind]:
            shown = ["–"] * 3
            if times:
                shown = [f"{percentile(times, share):.2f}" for share in (0.5, 0.95, 1.0)]
            lines.append(f"| {kind} | {injected[kind]} | {len(times)} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _refusals(record: Record) -> list[str]:
    """Return the figures of a run in which the store refuses commands."""
    if not record.scale.refuses:
        return []
    return [
        (
            "| calls that were refused and raised at their caller, of which nothing was stored | "
            f"{record.refused:,} |"
        ),
        (
            "| outcomes that were refused and ended as FAILURE with a dead letter that says why | "
            f"{len(record.dead):,} |"
        ),
    ]


def publish(figures: str, document: Path, *, refusals: bool = False) -> None:
    """Put figures in the place of those that a document has of such a run.

    Raises:
        ValueError: the document has no place for them.
    """
    first, last = (mark.format("refusals" if refusals else "figures") for mark in (BEGIN, END))
    before, begin, rest = document.read_text("utf-8").partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end):
        raise ValueError(f"{document} has no {first} ... {last} to put figures into")
    document.write_text(f"{before}{first}\n\n{figures}\n{last}{after}", "utf-8")
