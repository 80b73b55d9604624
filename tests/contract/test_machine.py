"""Both engines, driven by the same random operations, must hold and answer the same.

200 short examples by default; `HYPOTHESIS_PROFILE=long` makes it thousands of longer ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from taskhub.engine.memory import MemoryEngine
from taskhub.engine.port import Claim, Ending, Engine, Exchange
from taskhub.engine.redis.channel import ALL_SCRIPTS
from taskhub.engine.redis.engine import RedisEngine
from taskhub.engine.redis.scripts import script
from taskhub.engine.rules import EngineRules
from taskhub.engine.throttle import AT_ONCE, Pace, Turn
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan
from tests.contract.model import (
    CHAIN_IDS,
    QUEUES,
    TASK_IDS,
    TASKS,
    WORKERS,
    check,
    contents_of_memory,
    contents_of_redis,
)
from tests.contract.stage import LEASE, Clock, Servers, document, outcome, rings

T = TypeVar("T")

REVOKER = WORKERS[-1]
#: Times that pass, ms: within, at the end of, and far beyond leases and delays.
STEPS = (1, 40, LEASE // 2, LEASE, 40 * LEASE)

task_ids = st.sampled_from(TASK_IDS)
workers = st.sampled_from(WORKERS[:-1])
queue_lists = st.lists(st.sampled_from(QUEUES), min_size=1, max_size=2, unique=True)
#: Long chains, none of them most of the time.
chains = st.lists(
    st.builds(ChainPlan, st.sampled_from(CHAIN_IDS), st.tuples(st.sampled_from("xyz"))), max_size=1
)
#: None, one in 40 ms, and more than one at once.
paces = st.sampled_from((AT_ONCE, Pace(40_000, 1), Pace(7_000_001, 1), Pace(5_003, 3)))
#: Picks one of what there is.
picks = st.integers(0, 63)


@st.composite
def messages(draw: st.DrawFn, now: int) -> Envelope:
    """Draw a message that is ready, delayed, or was due long ago."""
    due = draw(st.sampled_from(({}, {}, {"delay": 40}, {"delay": LEASE}, {"eta": -1}, {"eta": 40})))
    if "eta" in due:
        due = {"eta": now + due["eta"]}
    return Envelope(
        draw(task_ids),
        draw(st.sampled_from(QUEUES)),
        draw(st.sampled_from((0, 5, 9))),
        f"{draw(picks)}".encode(),
        **due,
    )


class EngineMachine(RuleBasedStateMachine):
    """What a fleet of workers does that may die between any two steps."""

    def __init__(self, redis_engine: RedisEngine, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.redis = redis_engine
        self.memory = MemoryEngine(redis_engine.rules, clock=clock)
        #: Claims as some worker remembers them, whether or not they still stand.
        self.remembered: list[tuple[str, Claim]] = []
        #: Deliveries that were handed out and have not ended.
        self.open: set[tuple[str, str, str]] = set()
        #: How many messages must be stored.
        self.alive = 0
        redis_engine._pool.call([("FLUSHALL",)])

    def both(self, verb: Callable[[Engine], T]) -> T:
        """Do the same with both engines, which must answer the same."""
        expected, answer = verb(self.memory), verb(self.redis)
        assert answer == expected
        return answer

    def pick(self, index: int) -> tuple[str, Claim]:
        return self.remembered[index % len(self.remembered)]

    def receive(self, worker: str, claims: list[Claim], *, lost: bool) -> None:
        """Take claims in, or never learn of them."""
        self.open.update((worker, claim.key, claim.token) for claim in claims)
        if not lost:
            self.remembered += [(worker, claim) for claim in claims]

    # -- producing

    @rule(data=st.data(), size=st.integers(1, 4))
    def enqueue(self, data: st.DataObject, size: int) -> None:
        drawn = st.lists(messages(self.clock.now), min_size=size, max_size=size)
        envelopes = data.draw(drawn)
        plans = data.draw(chains)
        self.both(lambda engine: engine.enqueue(envelopes, chains=plans))
        self.alive += size

    # -- working

    @rule(worker=workers, queues=queue_lists, limit=st.integers(0, 4), lost=st.booleans())
    def claim(self, worker: str, queues: list[str], limit: int, lost: bool) -> None:
        batch = self.both(lambda engine: engine.claim(worker, queues, limit))
        self.receive(worker, batch.claims, lost=lost)

    @precondition(lambda self: self.remembered)
    @rule(
        data=st.data(),
        chosen=st.lists(picks, min_size=1, max_size=3),
        limit=st.none() | st.integers(0, 2),
        queues=queue_lists,
        lost=st.booleans(),
    )
    def end(
        self,
        data: st.DataObject,
        chosen: list[int],
        limit: int | None,
        queues: list[str],
        lost: bool,
    ) -> None:
        """End tasks whose claims stand or do not; when the reply is lost they are ended again."""
        worker = self.pick(chosen[0])[0]
        endings = []
        for index in chosen:
            claim = self.pick(index)[1]
            state = data.draw(st.sampled_from(("SUCCESS", "FAILURE", "RETRY")))
            publish = data.draw(st.lists(messages(self.clock.now), max_size=2))
            if state == "RETRY":
                again = Envelope(claim.task_id, claim.queue, claim.priority, claim.body, 40)
                publish.append(again)
            dead = data.draw(st.sampled_from((None, None, "{}")))
            ended = outcome(claim.task_id, state, publish=publish, dead=dead)
            spent = tuple(data.draw(st.sets(st.sampled_from(CHAIN_IDS), max_size=1)))
            ended = ended._replace(chains=tuple(data.draw(chains)), spent=spent)
            endings.append(Ending(claim, ended))
        exchange = self.both(lambda engine: engine.exchange(worker, endings, queues, limit))
        self.count(worker, endings, exchange)
        if exchange.batch is not None:
            self.receive(worker, exchange.batch.claims, lost=lost)
        if not lost:
            ended = [(worker, ending.claim) for ending in endings]
            self.remembered = [held for held in self.remembered if held not in ended]

    def count(self, worker: str, endings: list[Ending], exchange: Exchange) -> None:
        for (claim, result, _), written in zip(endings, exchange.committed, strict=True):
            delivery = (worker, claim.key, claim.token)
            if written:
                assert delivery in self.open, "a delivery ends at most once"
                self.open.discard(delivery)
                self.alive += len(result.publish) - 1

    @precondition(lambda self: self.remembered)
    @rule(chosen=picks, other=st.none() | workers)
    def acknowledge(self, chosen: int, other: str | None) -> None:
        worker, claim = self.pick(chosen)
        self.both(lambda engine: engine.acknowledge(other or worker, claim))

    @precondition(lambda self: self.remembered)
    @rule(worker=workers, chosen=st.lists(picks, min_size=1, max_size=3))
    def give_back(self, worker: str, chosen: list[int]) -> None:
        keys = list({self.pick(index)[1].key for index in chosen})
        self.both(lambda engine: sorted(engine.give_back(worker, keys)))

    @rule(worker=workers, forgotten=st.none() | picks)
    def reconcile(self, worker: str, forgotten: int | None) -> None:
        held = [claim.key for owner, claim in self.remembered if owner == worker]
        if forgotten is not None and held:
            del held[forgotten % len(held)]
        self.both(lambda engine: sorted(engine.reconcile(worker, held)))

    @rule(queue=st.sampled_from(QUEUES))
    def hear(self, queue: str) -> None:
        """Take a bell's token, as an idle worker does that may die with it."""
        self.both(lambda engine: rings(engine, queue))

    # -- rate limits

    @precondition(lambda self: self.remembered)
    @rule(
        chosen=st.lists(picks, min_size=1, max_size=3),
        task=st.sampled_from(TASKS),
        pace=paces,
        lost=st.booleans(),
    )
    def take_turns(self, chosen: list[int], task: str, pace: Pace, lost: bool) -> None:
        """Ask for turns; when the reply is lost, the worker does not know what it holds no more."""
        worker = self.pick(chosen[0])[0]
        claims = list(dict.fromkeys(self.pick(index)[1] for index in chosen))
        turns = [Turn(claim.key, claim.token, task, pace) for claim in claims]
        answer = self.both(lambda engine: engine.throttle.take_turns(worker, turns))
        if not lost:
            refused = [
                (worker, claim)
                for claim, may in zip(claims, answer.granted, strict=True)
                if not may
            ]
            self.remembered = [held for held in self.remembered if held not in refused]

    @rule(task=st.sampled_from(TASKS), pace=paces)
    def set_pace(self, task: str, pace: Pace) -> None:
        self.both(lambda engine: engine.throttle.set_pace(task, pace))

    # -- living and dying

    @rule(milliseconds=st.sampled_from(STEPS))
    def pass_time(self, milliseconds: int) -> None:
        self.clock.advance(milliseconds)

    @rule(names=st.lists(workers, max_size=3, unique=True))
    def renew(self, names: list[str]) -> None:
        self.both(lambda engine: engine.renew(names, LEASE))

    @rule(worker=st.sampled_from(WORKERS), only_expired=st.booleans(), dead=st.booleans())
    def release(self, worker: str, only_expired: bool, dead: bool) -> None:
        """Take the claims away of one that is dead, or only looks so and will go on."""
        released = self.both(lambda engine: engine.release(worker, only_expired=only_expired))
        if released is not None and dead:
            self.remembered = [held for held in self.remembered if held[0] != worker]

    @rule()
    def rescue(self) -> None:
        for worker in self.both(lambda engine: engine.renew([], LEASE)):
            self.release(worker, True, True)

    # -- steering

    @rule(names=st.lists(task_ids, min_size=1, max_size=3, unique=True), lost=st.booleans())
    def revoke(self, names: list[str], lost: bool) -> None:
        claims = self.both(lambda engine: engine.revoke(REVOKER, names, 2 * LEASE))
        self.receive(REVOKER, claims, lost=lost)

    @rule(queue=st.sampled_from(QUEUES), delayed=st.booleans())
    def purge(self, queue: str, delayed: bool) -> None:
        self.alive -= self.both(lambda engine: engine.purge(queue, delayed=delayed))

    # -- locks

    @rule(name=st.sampled_from(("x", "y")), task_id=task_ids)
    def hold(self, name: str, task_id: str) -> None:
        self.both(lambda engine: engine.locks.hold(name, task_id))

    @rule(name=st.sampled_from(("x", "y")), task_id=task_ids)
    def let_go(self, name: str, task_id: str) -> None:
        self.both(lambda engine: engine.locks.let_go(name, task_id))

    # -- results

    @rule(
        task_id=task_ids,
        state=st.sampled_from(("STARTED", "SUCCESS", "FAILURE")),
        held=st.none() | picks,
    )
    def store_state(self, task_id: str, state: str, held: int | None) -> None:
        proof = None if held is None or not self.remembered else self.pick(held)
        text = document(task_id, state)
        self.both(lambda engine: engine.store_state(task_id, text, None, held=proof))

    @rule(names=st.lists(task_ids, max_size=3))
    def forget(self, names: list[str]) -> None:
        self.both(lambda engine: engine.forget(names))

    # -- looking

    @rule(offset=st.integers(0, 3), limit=st.integers(0, 3))
    def look(self, offset: int, limit: int) -> None:
        self.both(lambda engine: engine.queues())
        self.both(lambda engine: engine.workers())
        self.both(lambda engine: engine.throttle.waiting())
        self.both(lambda engine: engine.locks.held())
        self.both(lambda engine: engine.delayed(offset, limit))
        self.both(lambda engine: engine.dead_letters(offset, limit))
        for queue in QUEUES:
            self.both(lambda engine, queue=queue: engine.waiting(queue, offset, limit))
        for worker in WORKERS:
            self.both(lambda engine, worker=worker: engine.held(worker))

    @invariant()
    def same_contents(self) -> None:
        expected = contents_of_memory(self.memory, self.clock.now)
        assert contents_of_redis(self.redis, self.clock.now) == expected
        check(expected)
        assert len(expected.messages) == self.alive, "no message is lost or made up"
        standing = {
            (worker, key, token)
            for worker, claims in expected.claims.items()
            for key, token in claims.items()
        }
        assert standing <= self.open
        # What was given back or taken away is handed out anew, as a delivery of its own.
        self.open &= standing

    def teardown(self) -> None:
        self.look(0, 50)


@pytest.fixture
def redis_engine(servers: Servers) -> Iterator[tuple[RedisEngine, Clock]]:
    clock = Clock()
    rules = EngineRules(max_deliveries=2)
    engine = RedisEngine(servers.url("valkey"), rules=rules, clock=clock)
    # A server that does not know the first script of a round trip is sent it again, after it has run the others.
    engine._pool.call([("SCRIPT", "LOAD", script(name).text) for name in ALL_SCRIPTS])
    yield engine, clock
    engine.close()


@pytest.mark.timeout(3600)
def test_both_engines_do_the_same(redis_engine: tuple[RedisEngine, Clock]) -> None:
    engine, clock = redis_engine
    long = os.environ.get("HYPOTHESIS_PROFILE") == "long"
    run_state_machine_as_test(
        lambda: EngineMachine(engine, clock),
        settings=settings(
            max_examples=5000 if long else 200,
            stateful_step_count=60 if long else 30,
            deadline=None,
            # To explain a failure takes minutes and says little about a sequence of steps.
            phases=set(Phase) - {Phase.explain},
            suppress_health_check=list(HealthCheck),
        ),
    )
