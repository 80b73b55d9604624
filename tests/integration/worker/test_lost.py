"""Tasks that no worker can bring to an end: what waits for them learns of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from taskhub.canvas import chain, chord
from taskhub.exceptions import ChordError, WorkerLostError
from tests.integration.worker.conftest import Journal, Stage


def call(stage: Stage, name: str, *args: Any) -> Any:
    """Return a signature of a task of the program."""
    return stage.app.signature(name, args=[str(a) if isinstance(a, Journal) else a for a in args])


def body(stage: Stage) -> Any:
    """Return what takes the values of a header."""
    return call(stage, "celery.accumulate")


def test_a_chord_learns_of_a_part_that_kills_its_workers(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    stage = make_stage(task_max_deliveries=1)
    victims = stage.workers()
    header = [call(stage, "add", 1, 2), call(stage, "poison", journal)]
    result = chord(header, body(stage), app=stage.app)()
    victims.wait(20)
    stage.workers()
    error = result.get(timeout=60, propagate=False)
    assert isinstance(error, ChordError)
    assert "WorkerLostError" in str(error)
    assert journal.words == ["poisoned"]


def test_a_chord_learns_of_a_part_that_was_acknowledged_early(
    stage: Stage, journal: Journal
) -> None:
    stage.workers()
    header = [call(stage, "once_only", journal, 30), call(stage, "add", 1, 2)]
    result = chord(header, body(stage), app=stage.app)()
    ((_, victim, *_),) = journal.wait_for(1)
    os.kill(victim, signal.SIGKILL)
    stage.workers()
    error = result.get(timeout=60, propagate=False)
    assert isinstance(error, ChordError)
    assert "WorkerLostError" in str(error)
    assert journal.words == ["begin"]


def test_what_is_acknowledged_early_and_outlives_a_shutdown_is_lost(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.workers(arguments=("--worker-shutdown-timeout", "300"))
    result = stage.send("once_only", journal, 30)
    journal.wait_for(1)
    workers.terminate()
    workers.wait(20)
    stage.workers()
    assert isinstance(result.get(timeout=60, propagate=False), WorkerLostError)
    assert journal.words == ["begin"]


def test_a_chord_learns_of_a_part_that_is_not_registered(busy: Stage) -> None:
    header = [call(busy, "add", 1, 2), call(busy, "no_such_task", 1)]
    result = chord(header, body(busy), app=busy.app)()
    error = result.get(timeout=60, propagate=False)
    assert isinstance(error, ChordError)
    assert "no_such_task" in str(error)


def test_the_rest_of_a_chain_and_errbacks_learn_of_a_task_that_is_not_registered(
    busy: Stage, journal: Journal
) -> None:
    first = call(busy, "no_such_task")
    first.link_error(call(busy, "mark", journal).set(immutable=True))
    result = chain(first, call(busy, "add", 2), app=busy.app).apply_async()
    assert "no_such_task" in str(result.get(timeout=60, propagate=False))
    assert len(journal.wait_for(1)) == 1
