"""The run history of periodic jobs: what a worker notes of the runs that it executes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest

from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.schedule_store import PeriodicRun, RunOutcome
from taskhub.exceptions import OperationalError
from taskhub.message import Envelope
from taskhub.outcome import Outcome
from taskhub.worker.telemetry.run_history import run_outcome
from tests.support.workers import until

Work = Callable[[], None]


@pytest.fixture(autouse=True)
def tasks(app: Celery) -> None:
    @app.task(name="fine")
    def fine() -> str:
        time.sleep(0.05)
        return "fine"

    @app.task(name="broken")
    def broken() -> None:
        raise KeyError("x")

    @app.task(name="retried", bind=True, default_retry_delay=0.01)
    def retried(self):  # type: ignore[no-untyped-def]
        if not self.request.retries:
            raise self.retry(exc=ValueError("not yet"))
        return "fine"

    entries = {name: {"task": name, "schedule": 3600} for name in ("fine", "broken", "retried")}
    app.conf.beat_schedule = entries


def last_run(app: Celery, entry: str) -> PeriodicRun:
    return app.schedule.schedule_store.run_history(entry)[0]


def ended(app: Celery, entry: str, state: str) -> RunOutcome:
    """Return the outcome of the last run, once it is in this state."""

    def is_there() -> bool:
        outcome = last_run(app, entry).outcome
        return outcome is not None and outcome.state == state

    until(is_there, f"the outcome of {entry}")
    outcome = last_run(app, entry).outcome
    assert outcome is not None
    return outcome


def test_the_outcome_of_a_run_is_in_its_history(app: Celery, work: Work) -> None:
    before = time.time() * 1000
    result = app.schedule.run("fine")
    assert last_run(app, "fine") == PeriodicRun(None, "sent", last_run(app, "fine").at, result.id)

    work()
    outcome = ended(app, "fine", "SUCCESS")

    assert outcome.error == ""
    assert outcome.took >= 0.05
    assert outcome.started_at is not None
    assert before <= outcome.started_at <= time.time() * 1000


def test_a_failure_names_its_exception(app: Celery, work: Work) -> None:
    app.schedule.run("broken")
    work()

    assert ended(app, "broken", "FAILURE").error == "KeyError"


def test_a_retried_run_is_noted_with_each_execution(app: Celery, work: Work) -> None:
    app.schedule.run("retried")
    work()

    assert ended(app, "retried", "SUCCESS").error == ""
    assert len(app.schedule.schedule_store.run_history("retried")) == 1


def test_a_revoked_run_did_not_begin(app: Celery, work: Work) -> None:
    result = app.schedule.run("fine")
    result.revoke()

    assert app.schedule.schedule_store.run_history("fine")[0].outcome is None
    work()
    other = app.schedule.run("fine")
    ended(app, "fine", "SUCCESS")
    assert [run.task_id for run in app.schedule.schedule_store.run_history("fine")] == [
        other.id,
        result.id,
    ]


def test_what_no_schedule_has_sent_is_not_noted(
    app: Celery, work: Work, engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[tuple[object, ...]] = []
    store = engine.schedule_store("tests")
    monkeypatch.setattr(store, "record_outcome", lambda *note: noted.append(note))
    work()

    assert app.tasks["fine"].delay().get(timeout=10) == "fine"
    app.schedule.run("fine")
    until(lambda: noted, "a note")

    assert [entry for entry, *_ in noted] == ["fine"]


def test_a_note_that_cannot_be_written_is_logged_and_dropped(
    app: Celery,
    work: Work,
    engine: MemoryEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = engine.schedule_store("tests")
    write, tries = store.record_outcome, []

    def fail_once(entry: str, task_id: str, outcome: RunOutcome) -> bool:
        tries.append(entry)
        if len(tries) == 1:
            raise OperationalError("the store is away")
        return write(entry, task_id, outcome)

    monkeypatch.setattr(store, "record_outcome", fail_once)
    with caplog.at_level(logging.WARNING):
        work()
        app.schedule.run("broken")
        until(lambda: tries, "the first note")
        app.schedule.run("fine")
        ended(app, "fine", "SUCCESS")

    assert "the store is away; the history of entry 'broken' lacks an outcome" in caplog.text
    assert last_run(app, "broken").outcome is None


def test_a_requeued_message_has_no_outcome() -> None:
    message = Envelope("id", "default", 5, b"")
    assert run_outcome(Outcome("id", "REJECTED", publish=(message,)), 0.0, 100.0) is None
    assert run_outcome(Outcome("id", "REVOKED"), 0.0, 100.0) == RunOutcome("REVOKED")
    assert run_outcome(Outcome("id", "FAILURE", error="KeyError\n'x'"), 0.5, 100.0) == RunOutcome(
        "FAILURE", 99_500, 0.5, "KeyError"
    )
