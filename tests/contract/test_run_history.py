"""The history of periodic jobs: which fire times were sent, queued or skipped, and their outcomes."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.schedule_store import (
    HISTORY,
    Fire,
    FireResult,
    Overlap,
    PeriodicRun,
    RunOutcome,
    ScheduleStore,
)
from tests.contract.stage import LEASE, Clock, claim_one, completion, message
from tests.contract.test_schedule_store import AUDIT, lead

SUCCESS = RunOutcome("SUCCESS", 1_700_000_000_123, 0.25)


def store_of(engine: Engine) -> ScheduleStore:
    return engine.schedule_store("app")


def fire(
    engine: Engine, token: int, at: int | None, task_id: str, overlap: Overlap = "allow"
) -> FireResult:
    job = Fire("job", at, task_id, (message(task_id),), overlap)
    return store_of(engine).fire(token, job)


def test_what_was_sent_is_remembered_latest_first(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    assert store_of(engine).run_history("job") == []
    fire(engine, token, 1000, "a")
    began = clock.now
    clock.advance(10)
    fire(engine, token, 2000, "b")
    fire(engine, 0, None, "now")

    assert store_of(engine).run_history("job") == [
        PeriodicRun(None, "sent", clock.now, "now"),
        PeriodicRun(2000, "sent", clock.now, "b"),
        PeriodicRun(1000, "sent", began, "a"),
    ]
    assert store_of(engine).run_history("other") == []
    assert engine.schedule_store("another").run_history("job") == []


def test_what_was_not_dealt_with_is_not_remembered(engine: Engine) -> None:
    token = lead(engine)
    fire(engine, token, 1000, "a")

    assert fire(engine, token, 1000, "a") == "duplicate"
    assert fire(engine, token + 1, 2000, "b") == "fenced"
    assert store_of(engine).fire(token, Fire("job", 3000)) == "recorded"

    assert [run.task_id for run in store_of(engine).run_history("job")] == ["a"]


def test_skipped_and_queued_fire_times_are_remembered(engine: Engine, clock: Clock) -> None:
    token = lead(engine)
    fire(engine, token, 1, "a", "queue")
    fire(engine, token, 2, "b", "queue")
    fire(engine, token, 3, "c", "skip")

    found = [(run.task_id, run.result) for run in store_of(engine).run_history("job")]
    assert found == [("c", "skipped"), ("b", "queued"), ("a", "sent")]

    engine.commit("w1", [completion(claim_one(engine))])
    clock.advance(500)
    store_of(engine).lead("s1", token, LEASE)

    assert store_of(engine).run_history("job")[1] == PeriodicRun(2, "sent", clock.now, "b")


def test_the_outcome_of_a_run_is_noted(engine: Engine) -> None:
    token = lead(engine)
    for at, name in ((1, "a"), (2, "b")):
        fire(engine, token, at, name)
    store = store_of(engine)

    assert store.record_outcome("job", "a", SUCCESS)
    assert store.record_outcome("job", "b", RunOutcome("RETRY", 5, 1.5, "KeyError"))
    assert store.record_outcome("job", "b", RunOutcome("FAILURE", 9, 0.5, "ValueError"))

    b, a = store.run_history("job")
    assert (a.task_id, a.outcome) == ("a", SUCCESS)
    assert b.outcome == RunOutcome("FAILURE", 9, 0.5, "ValueError")


def test_an_outcome_of_no_known_run_is_refused(engine: Engine) -> None:
    token = lead(engine)
    fire(engine, token, 1, "a")

    assert not store_of(engine).record_outcome("job", "b", SUCCESS)
    assert not store_of(engine).record_outcome("other", "a", SUCCESS)
    assert not engine.schedule_store("another").record_outcome("job", "a", SUCCESS)
    assert store_of(engine).run_history("job")[0].outcome is None


def test_only_so_many_are_kept(engine: Engine) -> None:
    token = lead(engine)
    for at in range(1, HISTORY + 4):
        fire(engine, token, at, f"run {at}")

    found = store_of(engine).run_history("job")

    assert [run.fire for run in found] == list(range(HISTORY + 3, 3, -1))
    assert not store_of(engine).record_outcome("job", "run 1", SUCCESS)
    assert store_of(engine).record_outcome("job", "run 4", SUCCESS)


def test_a_removed_entry_has_no_history(engine: Engine) -> None:
    token, store = lead(engine), store_of(engine)
    store.change("job", None, b"1", AUDIT)
    fire(engine, token, 1, "a")
    store.change("job", b"1", b"2", AUDIT)
    assert len(store.run_history("job")) == 1

    store.change("job", b"2", None, AUDIT, fires="forget")

    assert store.run_history("job") == []
