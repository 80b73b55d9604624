"""Ends of tasks: `commit.lua`."""

from __future__ import annotations

from typing import Any

from taskhub.engine.port.claims import Claim, Completion
from taskhub.engine.redis.engine import RedisEngine
from taskhub.message import Envelope
from taskhub.outcome import (
    ChainPlan,
    ChordExtension,
    ChordPart,
    ChordPlan,
    Document,
    HistoryPart,
    Outcome,
)
from tests.chaos.scenarios.registry import Act, scenario
from tests.contract.stage import Clock, claim_one, document, message, outcome

TALLY = "step\ndefault\ndone\n3\n2"
FAILED = "step\ndefault\nfailed\n3\n2\nValueError\nbad\na"
HISTORY = HistoryPart("step", "SUCCESS", "{}")
DAY = 86_400_000


def claimed(engine: RedisEngine, *names: str, worker: str = "w1") -> list[Claim]:
    """Return claims on new messages."""
    engine.enqueue([message(name) for name in names])
    return engine.claim(worker, ["default"], len(names)).claims


def commit(engine: RedisEngine, claim: Claim, result: Outcome, tally: str = TALLY) -> Act:
    """Return the call that ends a task."""
    return lambda: engine.commit("w1", [Completion(claim, result, tally)])


def ends(engine: RedisEngine, *, state: str = "SUCCESS", tally: str = TALLY, **fields: Any) -> Act:
    """Return the call that ends the task `a` with these fields of an outcome."""
    (claim,) = claimed(engine, "a")
    return commit(engine, claim, outcome("a", state, ttl=DAY)._replace(**fields), tally)


@scenario
def success(engine: RedisEngine, clock: Clock) -> Act:
    return ends(engine, events=('{"type": "task-succeeded"}',))


@scenario
def success_without_result(engine: RedisEngine, clock: Clock) -> Act:
    return ends(engine, document=None, ttl=None)


@scenario
def success_for_ever_over_a_state(engine: RedisEngine, clock: Clock) -> Act:
    act = ends(engine, ttl=None)
    engine.store_state("a", document("a", "STARTED"), DAY)
    return act


@scenario
def success_over_a_state_for_ever(engine: RedisEngine, clock: Clock) -> Act:
    act = ends(engine)
    engine.store_state("a", document("a", "STARTED"), None)
    return act


@scenario
def success_in_the_history(engine: RedisEngine, clock: Clock) -> Act:
    return ends(engine, history=HISTORY)


@scenario
def failure_that_is_kept(engine: RedisEngine, clock: Clock) -> Act:
    return ends(engine, state="FAILURE", tally=FAILED, history=HISTORY, failed='{"reason": "x"}')


@scenario
def failure_of_an_id_that_is_kept(engine: RedisEngine, clock: Clock) -> Act:
    ends(engine, state="FAILURE", history=HISTORY, failed='{"reason": "old"}')()
    return ends(engine, state="FAILURE", history=HISTORY, failed='{"reason": "new"}')


@scenario
def failure_where_others_are_not_counted(engine: RedisEngine, clock: Clock) -> Act:
    ends(engine, state="FAILURE", history=HISTORY, failed='{"reason": "old"}')()
    engine._pool.call([("DEL", "{taskhub}:failed:bytes")])
    return ends(engine, state="FAILURE", history=HISTORY, failed='{"reason": "new"}')


@scenario
def dead_letter(engine: RedisEngine, clock: Clock) -> Act:
    events = ('{"type": "task-failed"}', '{"type": "task-sent"}')
    return ends(engine, state="FAILURE", tally=FAILED, dead='{"reason": "x"}', events=events)


@scenario
def dead_letter_of_an_id_that_has_one(engine: RedisEngine, clock: Clock) -> Act:
    ends(engine, state="FAILURE", dead='{"reason": "old"}')()
    return ends(engine, state="FAILURE", tally=FAILED, dead='{"reason": "new"}')


@scenario
def retry(engine: RedisEngine, clock: Clock) -> Act:
    return ends(engine, state="RETRY", publish=(message("a", body=b"again"),))


@scenario
def delayed_retry(engine: RedisEngine, clock: Clock) -> Act:
    return ends(engine, state="RETRY", publish=(message("a", body=b"again", delay=1000),))


@scenario
def retry_in_another_queue_with_a_result(engine: RedisEngine, clock: Clock) -> Act:
    again = message("a", "other", body=b"again", priority=9)
    return ends(engine, state="RETRY", publish=(again, message("b"), message("a")))


@scenario
def redelivered(engine: RedisEngine, clock: Clock) -> Act:
    claimed(engine, "a", "b")
    engine.reclaim("w1")
    claim = claim_one(engine)
    return commit(engine, claim, outcome("a", publish=[message("c")]))


@scenario
def redelivered_retry(engine: RedisEngine, clock: Clock) -> Act:
    claimed(engine, "a")
    engine.reclaim("w1")
    return commit(engine, claim_one(engine), outcome("a", "RETRY", publish=[message("a")]))


@scenario
def few_messages(engine: RedisEngine, clock: Clock) -> Act:
    follow = (message("b"), message("c", "other", delay=5), message("d", eta=clock.now - 1))
    return ends(engine, publish=(*follow, message("b")))


@scenario
def many_messages(engine: RedisEngine, clock: Clock) -> Act:
    queues = ("default", "other", "new")
    follow = [message(f"m{n}", queues[n % 3], priority=n % 10) for n in range(30)]
    return ends(engine, publish=tuple(follow))


@scenario
def many_messages_of_which_one_is_stored(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("m3", "elsewhere")])
    return ends(engine, publish=tuple(message(f"m{n}") for n in range(12)))


@scenario
def many_messages_and_itself(engine: RedisEngine, clock: Clock) -> Act:
    follow = [*(message(f"m{n}") for n in range(12)), message("a")]
    return ends(engine, state="RETRY", publish=tuple(follow))


def chord(size: int, *body: Envelope) -> ChordPlan:
    return ChordPlan("h", size, body or (message("body"),))


@scenario
def chord_begins(engine: RedisEngine, clock: Clock) -> Act:
    body = (message("body"), message("late", delay=50))
    return ends(engine, chords=(chord(2, *body),), publish=(message("x"), message("y")))


@scenario
def chord_begins_and_gets_all_parts(engine: RedisEngine, clock: Clock) -> Act:
    parts = (ChordPart("h", 0, "1"), ChordPart("h", 1, "2"))
    return ends(engine, chords=(chord(2),), parts=parts)


@scenario
def chord_gets_a_part(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chords=[chord(2)])
    return ends(engine, parts=(ChordPart("h", 1, "1"),))


@scenario
def chord_gets_a_part_again(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chords=[chord(3)])
    ends(engine, parts=(ChordPart("h", 1, "1"),))()
    return ends(engine, parts=(ChordPart("h", 1, "2"), ChordPart("gone", 0, "1")))


@scenario
def chord_gets_its_last_part(engine: RedisEngine, clock: Clock) -> Act:
    body = (message("body"), message("late", "other", delay=50), message("a"))
    engine.enqueue([], chords=[chord(2, *body)])
    ends(engine, parts=(ChordPart("h", 1, "1"),))()
    return ends(engine, parts=(ChordPart("h", 0, "0"),))


@scenario
def chord_is_extended(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chords=[chord(2)])
    added = (ChordExtension("h", "+x"), ChordExtension("h", "+y"), ChordExtension("h", "+x"))
    return ends(engine, extends=added, publish=(message("x"),), parts=(ChordPart("h", 0, "1"),))


@scenario
def chord_gets_an_early_part(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chords=[chord(2)])
    return ends(engine, parts=(ChordPart("h", "+x", "early"),))


@scenario
def chord_is_extended_for_an_early_part(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chords=[chord(1)])
    ends(engine, parts=(ChordPart("h", "+x", "early"),))()
    return ends(engine, extends=(ChordExtension("h", "+x"),), parts=(ChordPart("h", 0, "1"),))


@scenario
def chord_gets_an_added_part(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chords=[chord(1)])
    ends(engine, extends=(ChordExtension("h", "+x"),))()
    return ends(engine, parts=(ChordPart("h", "+x", "added"), ChordPart("h", 0, "0")))


@scenario
def chord_is_left_by_its_body(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chords=[chord(1)])
    ends(engine, parts=(ChordPart("h", 0, "1"),))()
    return commit(engine, claim_one(engine), outcome("body")._replace(consumed_chord="h"))


@scenario
def chord_is_left_by_the_first_of_its_body(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chords=[chord(1, message("body"), message("second"))])
    ends(engine, parts=(ChordPart("h", 0, "1"),))()
    return commit(engine, claim_one(engine), outcome("body")._replace(consumed_chord="h"))


@scenario
def chord_that_is_gone_is_left(engine: RedisEngine, clock: Clock) -> Act:
    return ends(engine, consumed_chord="gone")


@scenario
def chain_is_stored(engine: RedisEngine, clock: Clock) -> Act:
    following = message("b")._replace(chains=("k",))
    return ends(engine, chains=(ChainPlan("k", tuple("vwxyz")),), publish=(following,))


@scenario
def chain_is_kept(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chains=[ChainPlan("k", tuple("vwxyz"))])
    return ends(engine, publish=(message("b", delay=1000)._replace(chains=("k",)),))


@scenario
def chain_is_removed(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chains=[ChainPlan("k", tuple("vwxyz"))])
    return ends(engine, consumed_chains=("k",), chains=(ChainPlan("n", tuple("ab")),))


@scenario
def documents_of_others(engine: RedisEngine, clock: Clock) -> Act:
    engine.store_state("c", document("c", "STARTED"), None)
    others = tuple(Document(name, document(name, "FAILURE")) for name in ("b", "c", "b"))
    return ends(engine, state="FAILURE", documents=others, tally=FAILED)


@scenario
def batch(engine: RedisEngine, clock: Clock) -> Act:
    a, b, c = claimed(engine, "a", "b", "c")
    completions = [
        Completion(a, outcome("a", publish=[message("d")], ttl=DAY), TALLY),
        Completion(b, outcome("b", "FAILURE", dead='{"reason": "x"}'), FAILED),
        Completion(c, outcome("c", "RETRY", publish=[message("c", delay=9)]), TALLY),
    ]
    return lambda: engine.commit("w1", completions)


@scenario
def batch_of_which_one_was_taken_away(engine: RedisEngine, clock: Clock) -> Act:
    a, b, c = claimed(engine, "a", "b", "c")
    engine.requeue("w1", [b.key])
    engine.claim("w2", ["default"], 1)
    completions = [Completion(claim, outcome(claim.task_id), TALLY) for claim in (a, b, c)]
    return lambda: engine.commit("w1", completions)


@scenario
def batch_in_one_chord(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([], chords=[chord(2)])
    a, b = claimed(engine, "a", "b")
    completions = [
        Completion(claim, outcome(claim.task_id)._replace(parts=(ChordPart("h", place, "v"),)))
        for place, claim in enumerate((a, b))
    ]
    return lambda: engine.commit("w1", completions)


@scenario
def batch_of_one_task_id(engine: RedisEngine, clock: Clock) -> Act:
    first, second = claimed(engine, "a", "a")
    completions = [
        Completion(first, outcome("a", "RETRY", publish=[message("a", body=b"1")])),
        Completion(second, outcome("a", "RETRY", publish=[message("a", body=b"2")])),
    ]
    return lambda: engine.commit("w1", completions)


@scenario
def claim_that_does_not_stand(engine: RedisEngine, clock: Clock) -> Act:
    (claim,) = claimed(engine, "a")
    engine.reclaim("w1")
    return commit(engine, claim, outcome("a", publish=[message("b")]))
