"""Delayed tasks start on time: with many others stored, with idle workers and with busy ones."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

from taskhub.message import Envelope
from tests.integration.worker.conftest import Journal, Stage, median

#: How late the middle one of some delayed tasks may begin, seconds.
LATE = 0.05


def test_a_delayed_task_is_on_time_among_100_000(stage: Stage, journal: Journal) -> None:
    later = int(time.time() * 1000) + 3_600_000
    body = json.dumps({"actor_name": "add", "args": [1, 2], "kwargs": {}, "options": {}}).encode()
    stage.app.engine.enqueue(
        [
            Envelope(f"later-{number}", "default", 5, body, eta=later + number)
            for number in range(100_000)
        ]
    )
    stage.workers()
    assert lateness(stage, journal, [0.4 + 0.13 * number for number in range(9)]) < LATE


def test_delayed_tasks_are_on_time_when_workers_idle_and_when_some_are_busy(
    stage: Stage, journal: Journal
) -> None:
    for workers in [stage.workers(wait=False, threads=1) for _ in range(2)]:
        workers.wait_until_ready()
    # Longer than the time after which an idle worker looks by itself.
    assert lateness(stage, journal, [2.5, 2.6, 2.7]) < LATE
    busy = [stage.send("work", f"{journal}-busy", 2.0)]
    assert lateness(stage, journal, [0.5, 0.6, 0.7, 0.8, 0.9]) < LATE
    assert busy[0].get(timeout=60) > 0


def test_an_earlier_task_shortens_the_wait_for_a_later_one(stage: Stage, journal: Journal) -> None:
    stage.workers()
    assert stage.send("add", 1, 2).get(timeout=60) == 3
    later = stage.send("mark", journal, "later", countdown=1.0)
    moment = datetime.now(UTC) + timedelta(seconds=0.3)
    stage.send("mark", journal, "sooner", eta=moment)
    later.get(timeout=60)
    assert journal.words == ["sooner", "later"]
    assert journal.entries[0][0] - moment.timestamp() < 0.2


def lateness(stage: Stage, journal: Journal, countdowns: list[float]) -> float:
    """Send delayed tasks, wait for them, and return the middle of how late they began, seconds."""
    known = len(journal.entries)
    sent = []
    for countdown in countdowns:
        # The server counts from when it stores the message: not before this moment.
        due = time.time() + countdown
        sent.append(stage.send("mark", journal, due, countdown=countdown))
    begun = journal.wait_for(known + len(sent), 30)[known:]
    for result in sent:
        result.get(timeout=60)
    late = [entry[0] - entry[2] for entry in begun]
    assert min(late) >= -0.002
    print(f"lateness: {[round(value * 1000, 1) for value in late]} ms")  # noqa: T201
    return median(late)
