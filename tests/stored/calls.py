"""The calls whose data is kept; imported once the settings of the program's app are known."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from typing import Any, Final

from taskhub import chain, chord, group
from taskhub.engine.port.claims import Completion
from taskhub.engine.port.outbox_store import OutboxBatch
from taskhub.message import Envelope
from taskhub.outcome import HistoryPart, Outcome
from tests.stored import program
from tests.stored.application import LINKS
from tests.stored.program import add, app, total
from tests.support.workers import until

HUNDRED_YEARS: Final = "2126-01-01T00:00:00+00:00"


def send_before_workers() -> None:
    """Change entries and queues, so that the scheduler finds them."""
    app.schedule.pause("paused", by="ada")
    app.schedule.add("added", "stored.add", 1.0, args=[4, 4], by="ada")
    app.schedule.change("added", by="ada", args=[5, 5])
    app.engine.pause_queue("halted", "ada", "the shop is closed")


def send_to_workers() -> None:
    """Send what a worker runs, and stops in the middle of."""
    add.apply_async((2, 3), task_id="success")
    program.values.apply_async(task_id="values")
    program.fail.apply_async((7,), task_id="failed")
    program.again.apply_async(task_id="retried")
    program.hold.apply_async(("held",), task_id="claimed")
    program.report.apply_async(task_id="progress")
    app.send_task("stored.unknown", ("found",), task_id="unknown")
    later = add.s(1).set(queue="later")
    links = [add.s(1) for _ in range(LINKS)]
    chain(add.s(0, 1), later, *links, add.s(1).set(task_id="chain-end")).apply_async()
    header = [add.s(1, 1), add.s(2, 2), add.s(3, 3).set(queue="later")]
    chord(header)(total.s().set(task_id="chord-body"))
    saved = group(add.s(n, n).set(task_id=f"member-{n}") for n in range(3)).apply_async(
        task_id="group"
    )
    saved.save()
    for number in range(3):
        program.limited.apply_async((number,), task_id=f"limited-{number}", queue="limited")


def send_behind_workers() -> None:
    """Send what waits when no worker is left."""
    for priority in (1, 9):
        add.apply_async(
            (priority, 0), task_id=f"waiting-{priority}", queue="later", priority=priority
        )
    add.apply_async((1, 2), task_id="linking", queue="later", link=add.s(10).set(task_id="linked"))
    add.apply_async((8, 8), task_id="delayed", queue="later", countdown=2)
    add.apply_async((9, 9), task_id="far", queue="later", eta=HUNDRED_YEARS)
    add.apply_async((5, 6), task_id="halted", queue="halted")
    add.apply_async((0, 0), task_id="revoked", queue="later")
    app.control.revoke("revoked")
    add.apply_async((0, 0), task_id="stamped", queue="later")
    app.control.revoke_by_stamped_headers({"shop": "closed"})
    # The history does not have it yet: few outcomes wait to be indexed, and nobody asks for them.
    add.apply_async((7, 7), task_id="not-indexed", queue="lost")
    (ended,) = app.engine.claim("gone", ["lost"], 1).claims
    part = HistoryPart("stored.add", "SUCCESS", "{}")
    outcome = Outcome("not-indexed", "SUCCESS", history=part)
    assert app.engine.commit("gone", [Completion(ended, outcome)]) == [True]
    relayed = app.engine.outbox_store("orders")
    number = relayed.lead("relay@stored", 0, 10_000).number
    waiting = Envelope("relayed", "later", 5, b"")
    assert relayed.store_batch(number, 1, OutboxBatch(("row-1",), [waiting])) == "stored"
    # A worker that is lost as soon as it has claimed.
    add.apply_async((6, 6), task_id="lost", queue="lost")
    (claim,) = app.engine.claim("gone", ["lost"], 1).claims
    assert app.engine.reclaim("gone") == 1, claim
    program.actor.send_with_options(args=(4,), queue_name="later")
    lock = app.store.locks.acquire_lock("stored-lock", "waiting-1")
    assert lock == "waiting-1"
    process = multiprocessing.get_context("fork").Process(target=_abandon_chord)
    process.start()
    process.join()


def _abandon_chord() -> None:
    """Send a chord whose caller dies before its generator ends."""

    def members() -> Iterator[Any]:
        for number in range(2):
            yield add.s(number, 0).set(queue="later")
        time.sleep(0.3)
        yield add.s(2, 0).set(queue="later")
        os._exit(0)

    chord(members())(total.s().set(task_id="abandoned-body", queue="later"))


def wait_for_states() -> None:
    """Wait until everything is as it is to be kept."""
    states = {
        **{f"member-{number}": "SUCCESS" for number in range(3)},
        "success": "SUCCESS",
        "values": "SUCCESS",
        "failed": "FAILURE",
        "retried": "RETRY",
        "claimed": "STARTED",
        "progress": "PROGRESS",
        "unknown": "FAILURE",
    }
    for task_id, state in states.items():
        until(lambda: app.AsyncResult(task_id).state == state, f"{task_id}: {state}")  # noqa: B023
    engine = app.engine
    until(lambda: engine.queues()["later"].ready >= 3, "the chain and the chord to wait")
    until(lambda: len(engine.rate_limited(0, 9)) == 2, "two to wait for permits")
    store = app.schedule.schedule_store
    until(lambda: store.last_runs()["added"].sent >= 2, "an entry to fire twice")
    until(lambda: store.last_runs()["queued"].sent >= 1, "an entry to be queued")
    until(lambda: any(run.outcome for run in store.run_history("added")), "a run to end")
    until(engine.worker_infos, "the worker to be registered")
    assert app.control.rate_limit("stored.limited", "2/h", reply=True, timeout=10)
    until(lambda: len(engine.rate_limited(0, 9)) == 2, "the new rate to count")
