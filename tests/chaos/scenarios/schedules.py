"""What schedulers ask for, and who changes what they run."""

from __future__ import annotations

from taskhub.engine.port.audit_log import AuditEntry
from taskhub.engine.port.schedule_store import Fire, FireHistory, Overlap, RunOutcome
from taskhub.engine.redis.engine import RedisEngine
from tests.chaos.scenarios.registry import Act, scenario
from tests.contract.stage import LEASE, Clock, claim_one, completion, message

AUDIT = AuditEntry("somebody", "schedule.change", "job")


def lead(engine: RedisEngine, holder: str = "s1", token: int = 0) -> int:
    """Lead, and return the token."""
    return engine.schedule_store("app").lead(holder, token, LEASE).token


def fire(
    engine: RedisEngine,
    token: int,
    at: int | None,
    task_id: str,
    overlap: Overlap = "allow",
    count: int = 1,
) -> Act:
    """Return the call that deals with a fire time."""
    messages = (message(task_id), *(message(f"{task_id}{n}") for n in range(1, count)))
    job = Fire("job", at, task_id, messages, overlap)
    return lambda: engine.schedule_store("app").fire(token, job)


@scenario
def lead_first(engine: RedisEngine, clock: Clock) -> Act:
    return lambda: engine.schedule_store("app").lead("s1", 0, LEASE)


@scenario
def lead_on(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    clock.advance(10)
    return lambda: engine.schedule_store("app").lead("s1", token, LEASE)


@scenario
def lead_after_another(engine: RedisEngine, clock: Clock) -> Act:
    lead(engine, "s2")
    clock.advance(LEASE + 1)
    return lambda: engine.schedule_store("app").lead("s1", 0, LEASE)


@scenario
def lead_while_another_does(engine: RedisEngine, clock: Clock) -> Act:
    lead(engine, "s2")
    return lambda: engine.schedule_store("app").lead("s1", 0, LEASE)


@scenario
def lead_and_send_what_is_queued_behind(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    fire(engine, token, clock.now, "a", "queue")()
    for number in range(1, 3):
        fire(engine, token, clock.now + number, f"b{number}", "queue", 2)()
    engine.commit("w1", [completion(claim_one(engine))])
    return lambda: engine.schedule_store("app").lead("s1", token, LEASE)


@scenario
def lead_and_send_the_last_that_is_queued_behind(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    fire(engine, token, clock.now, "a", "queue")()
    fire(engine, token, clock.now + 1, "b", "queue", 12)()
    engine.commit("w1", [completion(claim_one(engine))])
    return lambda: engine.schedule_store("app").lead("s1", token, LEASE)


@scenario
def resign(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    return lambda: engine.schedule_store("app").resign(token)


@scenario
def first_fire(engine: RedisEngine, clock: Clock) -> Act:
    return fire(engine, lead(engine), clock.now, "a")


@scenario
def next_fire_of_many_messages(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    fire(engine, token, clock.now - 1, "a")()
    return fire(engine, token, clock.now, "b", count=15)


@scenario
def fire_queued_behind(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    fire(engine, token, clock.now, "a", "queue")()
    return fire(engine, token, clock.now + 1, "b", "queue")


@scenario
def second_fire_queued_behind(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    fire(engine, token, clock.now, "a", "queue")()
    fire(engine, token, clock.now + 1, "b", "queue")()
    return fire(engine, token, clock.now + 2, "c", "queue")


@scenario
def skipped_fire(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    fire(engine, token, clock.now, "a", "skip")()
    return fire(engine, token, clock.now + 1, "b", "skip")


@scenario
def passed_fire(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    return lambda: engine.schedule_store("app").fire(token, Fire("job", clock.now))


@scenario
def fire_out_of_turn(engine: RedisEngine, clock: Clock) -> Act:
    return fire(engine, 0, None, "a")


@scenario
def fenced_fire(engine: RedisEngine, clock: Clock) -> Act:
    token = lead(engine)
    clock.advance(LEASE + 1)
    lead(engine, "s2")
    return fire(engine, token, clock.now, "a")


def change(
    engine: RedisEngine, before: bytes | None, after: bytes | None, fires: FireHistory = "keep"
) -> Act:
    """Return the call that changes a stored entry."""
    return lambda: engine.schedule_store("app").change("job", before, after, AUDIT, fires=fires)


@scenario
def entry_is_added(engine: RedisEngine, clock: Clock) -> Act:
    return change(engine, None, b"new")


@scenario
def entry_is_changed(engine: RedisEngine, clock: Clock) -> Act:
    change(engine, None, b"old")()
    fire(engine, lead(engine), clock.now - 5, "a")()
    return change(engine, b"old", b"new", "restart")


@scenario
def entry_is_removed(engine: RedisEngine, clock: Clock) -> Act:
    change(engine, None, b"old")()
    token = lead(engine)
    fire(engine, token, clock.now, "a", "queue")()
    fire(engine, token, clock.now + 1, "b", "queue")()
    return change(engine, b"old", None, "forget")


@scenario
def entry_has_changed_meanwhile(engine: RedisEngine, clock: Clock) -> Act:
    change(engine, None, b"other")()
    return change(engine, b"old", b"new")


@scenario
def outcome_of_a_run(engine: RedisEngine, clock: Clock) -> Act:
    token, outcome = lead(engine), RunOutcome("SUCCESS", clock.now, 0.5)
    fire(engine, token, clock.now, "a")()
    fire(engine, token, clock.now + 1, "b")()
    return lambda: engine.schedule_store("app").record_outcome("job", "a", outcome)


@scenario
def outcome_of_a_run_that_is_not_known(engine: RedisEngine, clock: Clock) -> Act:
    fire(engine, lead(engine), clock.now, "a")()
    outcome = RunOutcome("SUCCESS")
    return lambda: engine.schedule_store("app").record_outcome("job", "b", outcome)
