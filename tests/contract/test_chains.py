"""The stored links of long chains: there for whoever runs a link again, gone when nobody needs them."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.redis.chains import CHAIN_LIFE
from taskhub.engine.redis.engine import RedisEngine
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan
from tests.contract.stage import Clock, claim_one, completion, ids, message

LINKS = tuple(f"link {number}" for number in range(5))
PLAN = ChainPlan("chain", LINKS)
DAY = 24 * 60 * 60 * 1000


def telling(task_id: str, *chains: str, delay: int = 0, eta: int | None = None) -> Envelope:
    """Return a message that tells of stored links."""
    return message(task_id, delay=delay, eta=eta)._replace(chains=chains or ("chain",))


def stored(engine: Engine, chain_id: str = "chain") -> list[str]:
    """Return all links of a chain."""
    return [link.decode() for link in engine.chain_links(chain_id, 0, 10_000)]


def life(engine: Engine) -> int:
    """Return how long the chain is kept, in ms by the server's clock."""
    assert isinstance(engine, RedisEngine)
    left: int = engine._pool.call([("PTTL", f"{{{engine.rules.namespace}}}:chain:chain")])[0]
    return left


def test_links_are_read_from_a_place_on(engine: Engine) -> None:
    engine.enqueue([telling("id")], chains=[PLAN])

    assert engine.chain_links("chain", 0, 2) == [b"link 0", b"link 1"]
    assert engine.chain_links("chain", 3, 2) == [b"link 3", b"link 4"]
    assert engine.chain_links("chain", 4, 9) == [b"link 4"]
    assert engine.chain_links("chain", 5, 9) == []
    assert engine.chain_links("other", 0, 9) == []
    assert ids([claim_one(engine)]) == ["id"]


def test_links_that_are_stored_stay_as_they_are(engine: Engine) -> None:
    policy = RetryPolicy()
    for links in (LINKS, ("other",)):
        engine.enqueue([], chains=[ChainPlan("chain", links)], retry=policy)
    engine.enqueue([message("id")])
    again = completion(claim_one(engine), publish=[telling("next")])
    engine.commit("w1", [again._replace(outcome=again.outcome._replace(chains=(PLAN, PLAN)))])

    assert stored(engine) == list(LINKS)


def test_a_completion_may_store_links(engine: Engine) -> None:
    engine.enqueue([message("id")])
    first = completion(claim_one(engine), publish=[telling("next")])

    engine.commit("w1", [first._replace(outcome=first.outcome._replace(chains=(PLAN,)))])

    assert stored(engine) == list(LINKS)


def test_links_go_when_a_completion_needs_them_no_longer(engine: Engine) -> None:
    engine.enqueue([telling("id")], chains=[PLAN, ChainPlan("other", LINKS)])
    last = completion(claim_one(engine))

    engine.commit(
        "w1", [last._replace(outcome=last.outcome._replace(consumed_chains=("chain", "unknown")))]
    )

    assert stored(engine) == []
    assert stored(engine, "other") == list(LINKS)


def test_a_claim_that_was_taken_away_removes_and_stores_nothing(engine: Engine) -> None:
    engine.enqueue([telling("id")], chains=[PLAN])
    late = completion(claim_one(engine))
    engine.reclaim("w1")
    changes = late.outcome._replace(consumed_chains=("chain",), chains=(ChainPlan("other", LINKS),))

    assert engine.commit("w1", [late._replace(outcome=changes)]) == [False]

    assert stored(engine) == list(LINKS)
    assert stored(engine, "other") == []


def test_thousands_of_links_are_stored(engine: Engine) -> None:
    links = tuple(str(number) for number in range(9_999))
    engine.enqueue([telling("id")], chains=[ChainPlan("chain", links)])

    assert stored(engine) == list(links)


def test_links_are_kept_for_the_messages_that_tell_of_them(engine: Engine, clock: Clock) -> None:
    if not isinstance(engine, RedisEngine):
        # What is in memory is forgotten with the process, and not before.
        return
    engine.enqueue([telling("id", delay=DAY)], chains=[PLAN])
    assert CHAIN_LIFE < life(engine) <= CHAIN_LIFE + DAY
    clock.advance(DAY)

    engine.commit("w1", [completion(claim_one(engine), publish=[telling("next")])])
    assert life(engine) <= CHAIN_LIFE

    later = [telling("soon", delay=2 * DAY), telling("late", eta=clock.now + 3 * DAY)]
    engine.commit("w1", [completion(claim_one(engine), publish=later)])
    assert CHAIN_LIFE + 2 * DAY < life(engine) <= CHAIN_LIFE + 4 * DAY


def test_links_are_kept_for_the_body_of_a_chord(engine: Engine) -> None:
    chord = ChordPlan("chord", 1, (telling("body", delay=DAY),))
    engine.enqueue([message("part")], chords=[chord], chains=[PLAN])

    assert stored(engine) == list(LINKS)
    if isinstance(engine, RedisEngine):
        assert CHAIN_LIFE < life(engine) <= CHAIN_LIFE + DAY


def test_links_that_a_later_outcome_of_a_batch_keeps_are_not_spent(engine: Engine) -> None:
    engine.enqueue([message("first"), message("second")])
    claims = engine.claim("w1", ["default"], 2).claims
    spends, keeps = (completion(claim) for claim in claims)
    spends = spends._replace(outcome=spends.outcome._replace(consumed_chains=("chain",)))
    keeps = keeps._replace(outcome=keeps.outcome._replace(chains=(ChainPlan("chain", LINKS),)))

    assert engine.commit("w1", [spends, keeps]) == [True, True]

    assert stored(engine) == list(LINKS)
