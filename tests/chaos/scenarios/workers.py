"""What workers ask for besides commits: claims, leases, states."""

from __future__ import annotations

from contextlib import closing

from taskhub.engine.port.claims import Claim, Suspects
from taskhub.engine.port.notifier import Receiver
from taskhub.engine.port.rate_limiter import PermitRequest, Rate, rate_of
from taskhub.engine.redis.engine import RedisEngine
from taskhub.exceptions import StoreRefused
from tests.chaos.scenarios.registry import Act, PartlyRefusedError, scenario
from tests.contract.stage import (
    LEASE,
    Clock,
    claim_all,
    claim_one,
    completion,
    document,
    message,
)

#: One a second.
SLOW = rate_of(1)
HOUR = 3_600_000


def claims(engine: RedisEngine, limit: int, *queues: str, suspects: Suspects = "all") -> Act:
    """Return the call that claims, and returns what it got."""

    def act() -> object:
        before = set(engine.held("w1"))
        _, batch, refused = engine.exchange("w1", (), queues or ("default",), limit, suspects)
        if refused is not None:
            raise refused
        assert batch is not None
        if batch.trouble:
            stored = set(engine.held("w1"))
            given = {claim.key for claim in batch.claims}
            assert stored == before | given, "what is claimed is handed out"
            raise PartlyRefusedError(batch.trouble)
        return [(claim.task_id, claim.delivery, claim.revoked) for claim in batch.claims]

    return act


def ask(engine: RedisEngine, held: list[Claim], worker: str = "w1", rate: Rate = SLOW) -> Act:
    """Return the call that asks whether tasks may begin."""
    turns = [PermitRequest(claim.key, claim.token, "limited", rate) for claim in held]
    return lambda: engine.rate_limiter.acquire_permits(worker, turns)


def wait_for_turns(engine: RedisEngine, *names: str, queue: str = "default") -> None:
    """Let one task begin and others wait for their turns."""
    engine.enqueue([message(name, queue) for name in names])
    ask(engine, claim_all(engine, "w1", queue))()


@scenario
def receiver_registers(engine: RedisEngine, clock: Clock) -> Act:
    """Register a worker to be sent messages; the channel is another one each time."""

    def act() -> None:
        with closing(engine.notifier(["default", "two"], Receiver("w1", 2))) as notifier:
            notifier.wait(0.0)
            if not notifier.is_receiving:
                # It does without.
                raise StoreRefused("not registered")

    return act


@scenario
def claim_from_one_queue(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message(name) for name in "abcd"])
    return claims(engine, 2)


@scenario
def claim_from_several_queues(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b", "two", priority=9), message("c", "three")])
    engine.enqueue([message("d", "two"), message("e")])
    return claims(engine, 4, "default", "two", "three", "empty")


def lose_twice(engine: RedisEngine) -> None:
    """Store two suspects in one queue, and behind them others in two."""
    engine.enqueue([message("suspect"), message("other")])
    for _ in range(2):
        engine.renew(["lost"], LEASE)
        claim_all(engine, "lost")
        engine.reclaim("lost")
    engine.enqueue([message("a"), message("b", "two"), message("c")])


@scenario
def claim_of_one_suspect(engine: RedisEngine, clock: Clock) -> Act:
    lose_twice(engine)
    return claims(engine, 4, "default", "two", suspects="one")


@scenario
def claim_beside_suspects(engine: RedisEngine, clock: Clock) -> Act:
    lose_twice(engine)
    return claims(engine, 2, "default", "two", suspects="none")


@scenario
def claim_of_nothing(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    return claims(engine, 0)


@scenario
def claim_of_what_is_due(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a", delay=10), message("b", "two", delay=20), message("c")])
    engine.enqueue([message("d", delay=500), message("a", delay=30)])
    clock.advance(50)
    return claims(engine, 10, "default", "two")


@scenario
def claim_of_those_whose_turn_it_is(engine: RedisEngine, clock: Clock) -> Act:
    wait_for_turns(engine, "a", "b", "c")
    clock.advance(1500)
    engine.enqueue([message("d")])
    return claims(engine, 10)


@scenario
def claim_of_revoked_messages(engine: RedisEngine, clock: Clock) -> Act:
    engine.revoke("revoker", ["a", "b"], HOUR)
    engine.enqueue([message("a"), message("c")])
    return claims(engine, 10)


@scenario
def claim_of_redelivered_messages(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b")])
    claim_one(engine, "w2")
    engine.reclaim("w2")
    return claims(engine, 10)


@scenario
def claim_of_an_id_without_a_message(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b")])
    engine._pool.call([("HDEL", "{taskhub}:messages", "a")])
    return claims(engine, 10)


@scenario
def end_and_claim(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    claim = claim_one(engine)
    engine._pool.call([("DEL", "{taskhub}:notifier:default")])
    end = completion(claim, publish=[message("b")])
    return lambda: engine.exchange("w1", [end], [], 0).committed


@scenario
def acknowledge(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    claim = claim_one(engine)
    return lambda: engine.acknowledge("w1", claim)


@scenario
def acknowledge_what_was_delivered_before(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    claim_one(engine)
    engine.reclaim("w1")
    claim = claim_one(engine)
    return lambda: engine.mark_timed_out("w1", claim.key, claim.token)


@scenario
def acknowledge_what_is_not_held(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    claim = claim_one(engine)
    engine.reclaim("w1")
    return lambda: engine.acknowledge("w1", claim)


@scenario
def requeue(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b", "two"), message("c")])
    held = claim_all(engine, "w1", "default", "two")
    return lambda: sorted(engine.requeue("w1", [held[0].key, held[1].key, "unknown"]))


@scenario
def reconcile(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b", "two"), message("c")])
    held = claim_all(engine, "w1", "default", "two")
    return lambda: sorted(engine.reconcile("w1", [held[0].key]))


@scenario
def reconcile_what_has_no_message(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b")])
    claim_all(engine)
    engine._pool.call([("HDEL", "{taskhub}:messages", "a")])
    return lambda: sorted(engine.reconcile("w1", []))


@scenario
def renew(engine: RedisEngine, clock: Clock) -> Act:
    engine.renew(["old"], LEASE)
    engine.revoke("revoker", ["x"], 1)
    engine.revoke_stamps([("k", "v")], 1)
    engine.enqueue([message("a")])
    engine.commit("w1", [completion(claim_one(engine), "FAILURE", dead="{}")])
    clock.advance(31 * 86_400_000)
    return lambda: sorted(engine.renew(["w1", "w2"], LEASE))


@scenario
def renew_after_failures(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b")])
    for claim in claim_all(engine):
        ended = completion(claim, "FAILURE")
        ended = ended._replace(outcome=ended.outcome._replace(failed="{}"))
        engine.commit("w1", [ended])
        clock.advance(20 * 86_400_000)
    return lambda: sorted(engine.renew(["w1"], LEASE))


@scenario
def release(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message(name) for name in "abc"])
    first = claim_one(engine, "w2")
    engine.reclaim("w2")
    claims_of_w1 = claim_all(engine)
    assert first.key in [claim.key for claim in claims_of_w1]
    engine.acknowledge("w1", claims_of_w1[1])
    engine.register_worker("w1", "worker_info")
    return lambda: engine.reclaim("w1")


@scenario
def release_of_an_expired_worker(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b", "two")])
    claim_all(engine, "w1", "default", "two")
    engine._pool.call([("HDEL", "{taskhub}:messages", "b")])
    clock.advance(LEASE + 1)
    return lambda: engine.reclaim("w1", only_expired=True)


@scenario
def register_worker(engine: RedisEngine, clock: Clock) -> Act:
    engine.renew(["w1"], LEASE)
    return lambda: engine.register_worker("w1", "worker_info")


@scenario
def introduce_again(engine: RedisEngine, clock: Clock) -> Act:
    engine.renew(["w1"], LEASE)
    engine.register_worker("w1", "old worker_info")
    return lambda: engine.register_worker("w1", "new worker_info")


@scenario
def state(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    claim = claim_one(engine)
    text = document("a", "STARTED")
    return lambda: engine.store_state("a", text, HOUR, held=("w1", claim))


@scenario
def state_over_another(engine: RedisEngine, clock: Clock) -> Act:
    engine.store_state("a", document("a", "STARTED"), None)
    return lambda: engine.store_state("a", document("a", "PROGRESS"), None)


@scenario
def state_over_a_success(engine: RedisEngine, clock: Clock) -> Act:
    engine.store_state("a", document("a", "SUCCESS"), HOUR)
    return lambda: engine.store_state("a", document("a", "STARTED"), HOUR)


@scenario
def turn_is_granted(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a")])
    return ask(engine, claim_all(engine))


@scenario
def turns_are_waited_for(engine: RedisEngine, clock: Clock) -> Act:
    wait_for_turns(engine, "a", "b")
    engine.enqueue([message("c"), message("d"), message("e")])
    held = claim_all(engine)
    engine._pool.call([("HDEL", "{taskhub}:messages", "e")])
    return ask(engine, held)


@scenario
def turns_in_two_tasks(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message(name) for name in "abcd"])
    held = claim_all(engine)
    turns = [
        PermitRequest(claim.key, claim.token, ("one", "two")[number % 2], SLOW)
        for number, claim in enumerate(held)
    ]
    return lambda: engine.rate_limiter.acquire_permits("w1", turns)


@scenario
def rate_is_set(engine: RedisEngine, clock: Clock) -> Act:
    wait_for_turns(engine, "a", "b", "c", "d")
    clock.advance(50)
    return lambda: engine.rate_limiter.set_rate("limited", rate_of(50))


@scenario
def rate_is_taken_away(engine: RedisEngine, clock: Clock) -> Act:
    wait_for_turns(engine, "a", "b", "c", "d")
    return lambda: engine.rate_limiter.set_rate("limited", Rate(0, 1))


@scenario
def rate_limited_messages_are_claimed_after_a_release(engine: RedisEngine, clock: Clock) -> Act:
    wait_for_turns(engine, "a", "b")
    engine.reclaim("w1")
    clock.advance(5000)
    return claims(engine, 10)


@scenario
def claim_beside_a_paused_queue(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("a"), message("b", "other"), message("late", delay=10)])
    engine.pause_queue("default")
    clock.advance(10)
    return claims(engine, 5, "default", "other")
