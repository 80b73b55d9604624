"""Engines that are driven by the same random operations must hold and answer the same.

The in-memory engine is compared with each of `stage.COMPARED`.

200 short examples by default; `HYPOTHESIS_PROFILE=long` makes it thousands of longer ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
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

from taskhub.engine.port.claims import Claim, ClaimBatch, Completion, Exchange, Suspects
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rate_limiter import PermitRequest, Permits, Rate
from taskhub.engine.port.rules import EngineRules
from taskhub.message import Envelope
from tests.contract.model import (
    CHAIN_IDS,
    QUEUES,
    TASKS,
    WORKERS,
    check,
    contents_of,
)
from tests.contract.sides import Side, neutral
from tests.contract.stage import (
    COMPARED,
    ENGINES,
    LEASE,
    Clock,
    Servers,
    document,
    is_notified,
    outcome,
)
from tests.contract.strategies import (
    REVOKER,
    STEPS,
    chains,
    messages,
    picks,
    queue_lists,
    rates,
    task_ids,
    workers,
)

T = TypeVar("T")


class EngineMachine(RuleBasedStateMachine):
    """What a fleet of workers does that may die between any two steps."""

    def __init__(self, kind: str, servers: Servers) -> None:
        super().__init__()
        self.servers, self.clock = servers, Clock()
        rules = EngineRules(max_deliveries=2)
        first, second = (
            Side(ENGINES[name](servers, self.clock, rules)) for name in ("memory", kind)
        )
        self.sides = first, second
        #: Claims as some worker remembers them, whether or not they still stand.
        self.remembered: list[tuple[str, Claim]] = []
        #: Deliveries that were handed out and have not ended: worker, key, token.
        self.open: set[tuple[str, str, str]] = set()
        #: How many messages must be stored.
        self.alive = 0

    def both_sides(self, verb: Callable[[Side], T]) -> T:
        """Do the same with both engines, which must answer the same; returns the first's answer."""
        expected, found = (verb(side) for side in self.sides)
        assert neutral(found) == neutral(expected)
        self._pair(expected, found)
        return expected

    def _pair(self, known: object, own: object) -> None:
        """Note which claims of the two engines are the same."""
        if isinstance(known, Claim) and isinstance(own, Claim):
            for side, claim in zip(self.sides, (known, own), strict=True):
                side.add(known, claim)
        elif isinstance(known, list) and isinstance(own, list):
            for pair in zip(known, own, strict=True):
                self._pair(*pair)
        elif isinstance(known, ClaimBatch) and isinstance(own, ClaimBatch):
            self._pair(known.claims, own.claims)
        elif isinstance(known, Exchange) and isinstance(own, Exchange):
            self._pair(known.batch, own.batch)

    def both(self, verb: Callable[[Engine], T]) -> T:
        return self.both_sides(lambda side: verb(side.engine))

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

    @rule(
        worker=workers,
        queues=queue_lists,
        limit=st.integers(0, 4),
        suspects=st.sampled_from(("all", "one", "none")),
        lost=st.booleans(),
    )
    def claim(
        self, worker: str, queues: list[str], limit: int, suspects: Suspects, lost: bool
    ) -> None:
        batch = self.both(lambda engine: engine.claim(worker, queues, limit, suspects))
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
        completions = []
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
            ended = ended._replace(chains=tuple(data.draw(chains)), consumed_chains=spent)
            completions.append(Completion(claim, ended))

        def exchange_on(side: Side) -> Exchange:
            own = [one._replace(claim=side.claim(one.claim)) for one in completions]
            return side.engine.exchange(worker, own, queues, limit)

        exchange = self.both_sides(exchange_on)
        self.count(worker, completions, exchange)
        if exchange.batch is not None:
            self.receive(worker, exchange.batch.claims, lost=lost)
        if not lost:
            ended = [(worker, completion.claim) for completion in completions]
            self.remembered = [held for held in self.remembered if held not in ended]

    def count(self, worker: str, completions: list[Completion], exchange: Exchange) -> None:
        for (claim, result, _), written in zip(completions, exchange.committed, strict=True):
            delivery = (worker, claim.key, claim.token)
            if written:
                assert delivery in self.open, "a delivery ends at most once"
                self.open.discard(delivery)
                self.alive += len(result.publish) - 1

    @precondition(lambda self: self.remembered)
    @rule(chosen=picks, other=st.none() | workers)
    def acknowledge(self, chosen: int, other: str | None) -> None:
        worker, claim = self.pick(chosen)
        self.both_sides(lambda side: side.engine.acknowledge(other or worker, side.claim(claim)))

    @precondition(lambda self: self.remembered)
    @rule(chosen=picks)
    def mark_timed_out(self, chosen: int) -> None:
        worker, claim = self.pick(chosen)
        self.both_sides(
            lambda side: side.engine.mark_timed_out(worker, claim.key, side.claim(claim).token)
        )

    @precondition(lambda self: self.remembered)
    @rule(worker=workers, chosen=st.lists(picks, min_size=1, max_size=3))
    def requeue(self, worker: str, chosen: list[int]) -> None:
        keys = list({self.pick(index)[1].key for index in chosen})
        self.both(lambda engine: sorted(engine.requeue(worker, keys)))

    @rule(worker=workers, forgotten=st.none() | picks)
    def reconcile(self, worker: str, forgotten: int | None) -> None:
        held = [claim.key for owner, claim in self.remembered if owner == worker]
        if forgotten is not None and held:
            del held[forgotten % len(held)]
        self.both(lambda engine: sorted(engine.reconcile(worker, held)))

    @rule(queue=st.sampled_from(QUEUES))
    def take_notification(self, queue: str) -> None:
        """Take a notification, as an idle worker does that may die with it."""
        self.both(lambda engine: is_notified(engine, queue))

    # -- rate limits

    @precondition(lambda self: self.remembered)
    @rule(
        chosen=st.lists(picks, min_size=1, max_size=3),
        task=st.sampled_from(TASKS),
        rate=rates,
        lost=st.booleans(),
    )
    def acquire_permits(self, chosen: list[int], task: str, rate: Rate, lost: bool) -> None:
        """Ask for permits; when the reply is lost, the worker does not know what it lost."""
        worker = self.pick(chosen[0])[0]
        claims = list(dict.fromkeys(self.pick(index)[1] for index in chosen))

        def ask(side: Side) -> Permits:
            own = [side.claim(claim) for claim in claims]
            requests = [PermitRequest(claim.key, claim.token, task, rate) for claim in own]
            return side.engine.rate_limiter.acquire_permits(worker, requests)

        answer = self.both_sides(ask)
        if not lost:
            refused = [
                (worker, claim)
                for claim, may in zip(claims, answer.granted, strict=True)
                if not may
            ]
            self.remembered = [held for held in self.remembered if held not in refused]

    @rule(task=st.sampled_from(TASKS), rate=rates)
    def set_rate(self, task: str, rate: Rate) -> None:
        self.both(lambda engine: engine.rate_limiter.set_rate(task, rate))

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
        released = self.both(lambda engine: engine.reclaim(worker, only_expired=only_expired))
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

    @rule(queue=st.sampled_from(QUEUES))
    def pause(self, queue: str) -> None:
        self.both(lambda engine: engine.pause_queue(queue, "somebody", "reason"))

    @rule(queue=st.sampled_from(QUEUES))
    def resume(self, queue: str) -> None:
        self.both(lambda engine: engine.resume_queue(queue))

    @rule(queue=st.sampled_from(QUEUES))
    def forget_queue(self, queue: str) -> None:
        if self.both(lambda engine: engine.forget_queue(queue)) is None:
            assert self.sides[0].engine.unfinished(queue) == 0

    # -- locks

    @rule(name=st.sampled_from(("x", "y")), task_id=task_ids)
    def hold(self, name: str, task_id: str) -> None:
        self.both(lambda engine: engine.locks.acquire_lock(name, task_id))

    @rule(name=st.sampled_from(("x", "y")), task_id=task_ids)
    def release_lock(self, name: str, task_id: str) -> None:
        self.both(lambda engine: engine.locks.release_lock(name, task_id))

    # -- results

    @rule(
        task_id=task_ids,
        state=st.sampled_from(("STARTED", "SUCCESS", "FAILURE")),
        held=st.none() | picks,
    )
    def store_state(self, task_id: str, state: str, held: int | None) -> None:
        proof = None if held is None or not self.remembered else self.pick(held)
        text = document(task_id, state)

        def store(side: Side) -> bool:
            own = None if proof is None else (proof[0], side.claim(proof[1]))
            return side.engine.store_state(task_id, text, None, held=own)

        self.both_sides(store)

    @rule(names=st.lists(task_ids, max_size=3))
    def forget(self, names: list[str]) -> None:
        self.both(lambda engine: engine.forget(names))

    # -- inspection

    @rule(offset=st.integers(0, 3), limit=st.integers(0, 3))
    def read_pages(self, offset: int, limit: int) -> None:
        self.both(lambda engine: engine.delayed(offset, limit))
        self.both(lambda engine: engine.rate_limited(offset, limit, QUEUES[:1]))
        self.both(lambda engine: engine.dead_letters(offset, limit))
        for queue in QUEUES:
            self.both(lambda engine, queue=queue: engine.waiting(queue, offset, limit))
            self.both(lambda engine, queue=queue: engine.oldest(queue))

    @invariant()
    def same_contents(self) -> None:
        contents = self.both(contents_of)
        check(contents)
        assert sum(contents.unfinished.values()) == self.alive, "no message is lost or made up"
        engine = self.sides[0].engine
        standing = {
            (worker, key, token) for worker in WORKERS for key, token in engine.held(worker).items()
        }
        assert standing <= self.open
        # What was requeued or taken away is handed out anew, as a delivery of its own.
        self.open &= standing

    def teardown(self) -> None:
        for side in self.sides:
            side.engine.close()
        self.servers.flush()


def prepare(kind: str, servers: Servers) -> None:
    """Let the server run every kind of call once.

    One that does not know the first script of a round trip is sent it again, after the others.
    """
    engine = ENGINES[kind](servers, Clock(), EngineRules())
    engine.enqueue([Envelope("t1", "a", 5, b"")])
    (claim,) = engine.claim("w1", ["a"], 1).claims
    engine.commit("w1", [Completion(claim, outcome("t1"))])
    engine.close()
    servers.flush()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", COMPARED)
def test_engines_do_the_same(kind: str, servers: Servers) -> None:
    prepare(kind, servers)
    long = os.environ.get("HYPOTHESIS_PROFILE") == "long"
    # Each step takes a transaction of PostgreSQL, some five times as long as a script.
    examples = {"postgres": 20}.get(kind, 200)
    run_state_machine_as_test(
        lambda: EngineMachine(kind, servers),
        settings=settings(
            max_examples=5000 if long else examples,
            stateful_step_count=60 if long else 30,
            deadline=None,
            # To explain a failure takes minutes and says little about a sequence of steps.
            phases=set(Phase) - {Phase.explain},
            suppress_health_check=list(HealthCheck),
        ),
    )
