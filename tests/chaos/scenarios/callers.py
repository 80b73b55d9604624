"""What callers and operators ask for: messages, revocations, dead letters, purges, locks, commands to workers."""

from __future__ import annotations

from typing import Any

from taskhub.engine.port.audit_log import AuditEntry
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.redis.administration import PURGE_PAGE
from taskhub.engine.redis.engine import RedisEngine
from taskhub.engine.redis.staging import PAGE
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPage, ChordPart, ChordPlan
from tests.chaos.scenarios.commits import HISTORY
from tests.chaos.scenarios.registry import Act, scenario
from tests.chaos.scenarios.workers import wait_for_turns
from tests.contract.stage import Clock, claim_all, claim_one, completion, document, ids, message

HOUR = 3_600_000
#: Tries again at once: what was refused is refused again.
ONCE_MORE = RetryPolicy(1, 0.0, 0.0, 0.0)


def enqueue(engine: RedisEngine, *messages: Envelope) -> Act:
    """Return the call that stores messages."""
    return lambda: engine.enqueue(messages)


def fail(engine: RedisEngine, *names: str, kept: bool = False) -> None:
    """Leave dead letters; with `kept`, messages of failed tasks and the history of these."""
    engine.enqueue([message(name) for name in names])
    completions = [completion(claim, "FAILURE", dead="{}") for claim in claim_all(engine)]
    if kept:
        fields: dict[str, Any] = {"dead": None, "failed": "{}", "history": HISTORY}
        completions = [
            each._replace(outcome=each.outcome._replace(**fields)) for each in completions
        ]
    engine.commit("w1", completions)


@scenario
def enqueue_one(engine: RedisEngine, clock: Clock) -> Act:
    return enqueue(engine, message("a"))


@scenario
def enqueue_delayed(engine: RedisEngine, clock: Clock) -> Act:
    return enqueue(engine, message("a", delay=10), message("b", eta=clock.now + 9))


@scenario
def enqueue_few_with_the_same_id(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    return enqueue(engine, message("a"), message("b", "two"), message("b"), message("c"))


@scenario
def enqueue_many(engine: RedisEngine, clock: Clock) -> Act:
    return enqueue(engine, *(message(f"m{n}", ("one", "two")[n % 2]) for n in range(40)))


@scenario
def enqueue_many_of_all_kinds(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("m3")])
    return enqueue(engine, *(message(f"m{n % 11}", delay=n % 3) for n in range(13)))


@scenario
def enqueue_with_a_number(engine: RedisEngine, clock: Clock) -> Act:
    return lambda: engine.enqueue([message("a"), message("b")], retry=ONCE_MORE)


@scenario
def enqueue_with_a_later_number(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("x")], retry=ONCE_MORE)
    return lambda: engine.enqueue([message("a")], retry=ONCE_MORE)


@scenario
def chord(engine: RedisEngine, clock: Clock) -> Act:
    plans = [ChordPlan("h", 2, (message("body"), message("late", delay=9)))]
    return lambda: engine.enqueue([message("a"), message("b")], chords=plans, retry=ONCE_MORE)


@scenario
def long_chain(engine: RedisEngine, clock: Clock) -> Act:
    first = message("a")._replace(chains=("k",))
    plans = [ChainPlan("k", tuple("vwxyz"))]
    return lambda: engine.enqueue([first], chains=plans, retry=ONCE_MORE)


@scenario
def chords_and_chains(engine: RedisEngine, clock: Clock) -> Act:
    body = message("body", delay=5)._replace(chains=("k",))
    chords = [ChordPlan("h", 3, (body,)), ChordPlan("i", 1, (message("other"),))]
    chains = [ChainPlan("k", tuple("vw")), ChainPlan("n", tuple("xyz"))]
    members = [message(name)._replace(chains=("n",)) for name in "abcd"]
    return lambda: engine.enqueue(members, chords=chords, chains=chains)


@scenario
def canvas_of_several_pages(engine: RedisEngine, clock: Clock) -> Act:
    size = 2 * PAGE + 1
    members = [message(f"m{number}") for number in range(size)]
    plans = [ChordPlan("h", size, (message("body"),))]
    return lambda: engine.enqueue(members, chords=plans, retry=ONCE_MORE)


def open_chord(engine: RedisEngine, *names: str) -> None:
    """Send the first page of a chord."""
    plans = [ChordPlan("h", 0, (message("body"), message("late", delay=9)))]
    page = ChordPage("h", len(names), 10, "lost")
    engine.enqueue([message(name) for name in names], chords=plans, page=page, retry=ONCE_MORE)


def give(engine: RedisEngine) -> None:
    """End all that waits, each of which gives its part."""
    completions = [completion(claim) for claim in claim_all(engine)]
    parts = [ChordPart("h", place, "v") for place in range(len(completions))]
    engine.commit(
        "w1",
        [
            end._replace(outcome=end.outcome._replace(parts=(part,)))
            for end, part in zip(completions, parts, strict=True)
        ],
    )


@scenario
def open_chord_begins(engine: RedisEngine, clock: Clock) -> Act:
    return lambda: open_chord(engine, "a", "b")


@scenario
def open_chord_gets_a_page(engine: RedisEngine, clock: Clock) -> Act:
    open_chord(engine, "a", "b")
    page = ChordPage("h", 1, 10)
    return lambda: engine.enqueue([message("c")], page=page, retry=ONCE_MORE)


@scenario
def open_chord_gets_its_last_page(engine: RedisEngine, clock: Clock) -> Act:
    open_chord(engine, "a", "b")
    page = ChordPage("h", 1, None)
    return lambda: engine.enqueue([message("c")], page=page, retry=ONCE_MORE)


@scenario
def open_chord_is_completed_by_its_last_page(engine: RedisEngine, clock: Clock) -> Act:
    open_chord(engine, "a", "b")
    give(engine)
    return lambda: engine.enqueue((), page=ChordPage("h", 0, None), retry=ONCE_MORE)


@scenario
def open_chord_is_ended_by_its_caller(engine: RedisEngine, clock: Clock) -> Act:
    open_chord(engine, "a", "b")
    give(engine)
    return lambda: engine.fail_chord("h", "raised")


@scenario
def open_chords_are_abandoned(engine: RedisEngine, clock: Clock) -> Act:
    open_chord(engine, "a", "b")
    engine.enqueue((), chords=[ChordPlan("i", 0, ())], page=ChordPage("i", 0, 10, "lost"))
    engine.enqueue((), chords=[ChordPlan("j", 0, ())], page=ChordPage("j", 0, 99, "lost"))
    clock.advance(20)
    return engine.reap_chords


def revoke(engine: RedisEngine, *names: str) -> Act:
    def act() -> list[str]:
        found: list[Claim] = engine.revoke("revoker", names, HOUR)
        return ids(found)

    return act


@scenario
def revoke_what_waits(engine: RedisEngine, clock: Clock) -> Act:
    wait_for_turns(engine, "begun", "rate_limited")
    engine.enqueue([message("ready"), message("delayed", "two", delay=10)])
    return revoke(engine, "ready", "delayed", "rate_limited", "begun", "unknown")


@scenario
def revoke_again(engine: RedisEngine, clock: Clock) -> Act:
    engine.revoke("revoker", ["a"], 10)
    clock.advance(5)
    engine.revoke("revoker", ["b"], 1)
    engine.enqueue([message("a")])
    claim_one(engine)
    engine.reclaim("w1")
    clock.advance(1)
    return revoke(engine, "a")


@scenario
def revoke_stamps(engine: RedisEngine, clock: Clock) -> Act:
    engine.revoke_stamps([("k", "1")], 1)
    engine.revoke_stamps([("k", "2")], 10)
    clock.advance(5)
    return lambda: engine.revoke_stamps([("k", "2"), ("k", "3")], HOUR)


@scenario
def retry_dead_letters(engine: RedisEngine, clock: Clock) -> Act:
    fail(engine, "a", "b", "c")
    engine.enqueue([message("b")])
    return lambda: engine.retry_dead_letters(["a", "b", "unknown"])


@scenario
def delete_dead_letters(engine: RedisEngine, clock: Clock) -> Act:
    fail(engine, "a", "b", "c")
    return lambda: engine.delete_dead_letters(["a", "b", "unknown"])


@scenario
def retry_failed(engine: RedisEngine, clock: Clock) -> Act:
    fail(engine, "a", "b", "c", kept=True)
    engine.enqueue([message("b")])
    # Outcomes are indexed before, by a script of its own.
    assert engine.history.count() == 3
    return lambda: engine.history.retry_failed(["a", "b", "unknown"])


@scenario
def delete_history(engine: RedisEngine, clock: Clock) -> Act:
    fail(engine, "a", "b", "c", kept=True)
    assert engine.history.count() == 3
    return lambda: engine.history.delete(["a", "b", "unknown"])


@scenario
def purge(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b"), message("c", delay=9), message("d", "two")])
    claim_one(engine)
    # One script: `purge` is as many as there are pages, and drops what is rate-limited by another.
    return lambda: engine._run("purge", "default", PURGE_PAGE, "1", "0")


@scenario
def purge_what_was_delivered_before(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b", delay=10)])
    claim_one(engine)
    engine.reclaim("w1")
    return lambda: engine.purge("default", delayed=False)


@scenario
def purge_what_is_rate_limited(engine: RedisEngine, clock: Clock) -> Act:
    wait_for_turns(engine, "a", "b", "c")
    return lambda: engine.rate_limiter.purge("default")


@scenario
def lock(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    return lambda: engine.locks.acquire_lock("name", "a")


@scenario
def lock_of_a_task_that_has_ended(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    engine.locks.acquire_lock("name", "gone")
    return lambda: engine.locks.acquire_lock("name", "a")


@scenario
def lock_is_released(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    engine.locks.acquire_lock("name", "a")
    engine.locks.acquire_lock("other", "a")
    return lambda: engine.locks.release_lock("name", "a")


@scenario
def control_message(engine: RedisEngine, clock: Clock) -> Act:
    engine.control_bus.publish_command("first")
    return lambda: engine.control_bus.publish_command("letter")


@scenario
def reply(engine: RedisEngine, clock: Clock) -> Act:
    return lambda: engine.control_bus.send_reply("reply_to", "text")


@scenario
def second_reply(engine: RedisEngine, clock: Clock) -> Act:
    engine.control_bus.send_reply("reply_to", "first")
    return lambda: engine.control_bus.send_reply("reply_to", "second")


@scenario
def claim_once(engine: RedisEngine, clock: Clock) -> Act:
    return lambda: engine.control_bus.claim_once("claim_name")


@scenario
def claim_once_again(engine: RedisEngine, clock: Clock) -> Act:
    engine.control_bus.claim_once("claim_name")
    return lambda: engine.control_bus.claim_once("claim_name")


@scenario
def forget_results(engine: RedisEngine, clock: Clock) -> Act:
    for name in "ab":
        engine.store_state(name, document(name, "SUCCESS"), HOUR)
    return lambda: engine.forget(["a", "b", "c"])


@scenario
def group_is_saved(engine: RedisEngine, clock: Clock) -> Act:
    return lambda: engine.store_group("g", "[]", HOUR)


@scenario
def longest_waits_are_read(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b", priority=9), message("c", "two")])
    clock.advance(5)
    return lambda: engine.longest_waits(["default", "two", "none"])


@scenario
def stored_messages_are_searched(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b"), message("c", "two")])
    return lambda: engine.find_messages(["two", "b"])


@scenario
def unfinished_messages_are_counted(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b", delay=9), message("c", "other")])
    claim_one(engine)
    return lambda: engine.unfinished("default")


@scenario
def queue_is_paused(engine: RedisEngine, clock: Clock) -> Act:
    return lambda: engine.pause_queue("default", "somebody", "reason")


@scenario
def queue_is_paused_again(engine: RedisEngine, clock: Clock) -> Act:
    engine.pause_queue("default", "somebody")
    return lambda: engine.pause_queue("default", "another")


@scenario
def queue_is_resumed(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    engine.pause_queue("default")
    engine._pool.call([("DEL", "{taskhub}:notifier:default")])
    return lambda: engine.resume_queue("default")


@scenario
def queue_is_forgotten(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("late", "other", delay=9)])
    engine.commit("w1", [completion(claim_one(engine))])
    wait_for_turns(engine, "begun", "rate_limited", queue="third")
    engine.register_worker("w1", '{"queues": ["third"]}')
    engine.pause_queue("default", "somebody")
    return lambda: engine.forget_queue("default")


@scenario
def queue_is_kept(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("late", "other", delay=9)])
    claim_one(engine)
    return lambda: engine.forget_queue("other")


@scenario
def audit_entry(engine: RedisEngine, clock: Clock) -> Act:
    engine.audit_log.append(AuditEntry("somebody", "queues.pause", "default"))
    return lambda: engine.audit_log.append(AuditEntry("somebody", "tasks.retry", "failed", 3))
