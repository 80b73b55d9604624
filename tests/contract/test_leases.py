"""Leases, and what becomes of the claims of the dead."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rules import EngineRules
from tests.contract.stage import (
    LEASE,
    Clock,
    claim_all,
    claim_one,
    completion,
    ids,
    is_empty,
    message,
    state_of,
)


def test_leases_are_counted_down(engine: Engine, clock: Clock) -> None:
    engine.renew(["w1", "w2"], LEASE)
    clock.advance(400)
    engine.renew(["w2"], LEASE)

    assert engine.workers() == {"w1": LEASE - 400, "w2": LEASE}


def test_renewing_names_those_who_have_not(engine: Engine, clock: Clock) -> None:
    engine.renew(["w1"], LEASE)
    clock.advance(1)
    engine.renew(["w2"], LEASE)
    clock.advance(LEASE - 2)
    assert engine.renew(["w3"], LEASE) == []
    clock.advance(1)

    assert engine.renew(["w3"], LEASE) == ["w1"]
    clock.advance(1)
    assert engine.renew([], LEASE) == ["w1", "w2"]


def test_the_claims_of_the_dead_return_to_their_places(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(name) for name in "abc"])
    engine.renew(["w1"], LEASE)
    engine.claim("w1", ["default"], 2)
    clock.advance(LEASE)

    assert engine.reclaim("w1", only_expired=True) == 2

    claims = claim_all(engine, "w2")
    assert [(claim.task_id, claim.delivery) for claim in claims] == [("a", 2), ("b", 2), ("c", 1)]
    assert "w1" not in engine.workers()
    assert engine.held("w1") == {}


def test_a_lease_that_stands_is_respected(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id")])
    engine.renew(["w1"], LEASE)
    claim = claim_one(engine, "w1")
    clock.advance(LEASE - 1)

    assert engine.reclaim("w1", only_expired=True) is None

    assert engine.commit("w1", [completion(claim)]) == [True]


def test_only_one_of_two_rescuers_finds_something(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id")])
    engine.renew(["w1"], LEASE)
    claim_one(engine, "w1")
    clock.advance(LEASE)

    assert engine.reclaim("w1", only_expired=True) == 1
    assert engine.reclaim("w1", only_expired=True) is None


def test_one_that_is_known_to_be_dead_is_released_at_once(engine: Engine) -> None:
    engine.enqueue([message("id")])
    engine.renew(["w1"], LEASE)
    claim_one(engine, "w1")

    assert engine.reclaim("w1") == 1
    assert engine.reclaim("w1") == 0
    assert engine.reclaim("unknown") == 0


def test_a_claim_begins_a_lease_but_does_not_renew_it(
    engine: Engine, clock: Clock, rules: EngineRules
) -> None:
    engine.enqueue([message("a"), message("b")])
    claim_one(engine, "w1")
    clock.advance(rules.lease - 1)
    claim_one(engine, "w1")

    assert engine.workers() == {"w1": 1}


def test_one_who_lost_its_lease_may_begin_anew(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id")])
    engine.renew(["w1"], LEASE)
    late = claim_one(engine, "w1")
    clock.advance(LEASE)
    engine.reclaim("w1", only_expired=True)
    engine.renew(["w1"], LEASE)
    claim = claim_one(engine, "w1")

    assert engine.commit("w1", [completion(late)]) == [False]
    assert engine.commit("w1", [completion(claim)]) == [True]


def test_a_message_that_kills_its_workers_is_handed_out_to_be_given_up(
    engine: Engine, clock: Clock, rules: EngineRules
) -> None:
    stored = message("id", priority=2)
    engine.enqueue([stored])
    for delivery in range(1, rules.max_deliveries + 1):
        assert claim_one(engine, f"w{delivery}").delivery == delivery
        assert engine.reclaim(f"w{delivery}") == 1
    claim = claim_one(engine, "last")
    assert claim.delivery == rules.max_deliveries + 1

    engine.commit("last", [completion(claim, "FAILURE", dead="{}")])

    (letter,) = engine.dead_letters(0, 9)
    assert (letter.key, letter.envelope) == ("id", stored)
    assert letter.expires == clock.now + rules.dead_letter_ttl
    assert is_empty(engine, "last")


def test_who_dies_of_giving_up_leaves_it_to_the_next(engine: Engine, rules: EngineRules) -> None:
    engine.enqueue([message("id")])
    for _ in range(rules.max_deliveries + 1):
        claim_one(engine, "w1")
        engine.reclaim("w1")

    assert claim_one(engine, "w2").delivery == rules.max_deliveries + 2


def test_a_message_with_the_id_of_one_that_was_given_up_starts_anew(
    engine: Engine, rules: EngineRules
) -> None:
    engine.enqueue([message("id")])
    for _ in range(rules.max_deliveries):
        claim_one(engine, "w1")
        engine.reclaim("w1")
    engine.commit("w1", [completion(claim_one(engine, "w1"), "FAILURE", dead="{}")])

    engine.enqueue([message("id")])

    assert claim_one(engine).delivery == 1


def test_giving_back_is_no_delivery_but_those_before_count(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    engine.reclaim("w1")
    claim_one(engine, "w2")

    engine.requeue("w2", ["id"])

    assert claim_one(engine, "w3").delivery == 2


def test_dead_letters_are_forgotten_in_time(
    engine: Engine, clock: Clock, rules: EngineRules
) -> None:
    engine.enqueue([message("id")])
    engine.commit("w1", [completion(claim_one(engine), "FAILURE", dead="{}")])
    clock.advance(rules.dead_letter_ttl - 1)
    engine.renew(["w1"], LEASE)
    assert len(engine.dead_letters(0, 9)) == 1
    clock.advance(1)
    engine.renew(["w1"], LEASE)

    assert engine.dead_letters(0, 9) == []


def test_a_good_completion_after_a_lost_worker_is_the_last(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    engine.reclaim("w1")

    assert engine.commit("w2", [completion(claim_one(engine, "w2"))]) == [True]

    assert state_of(engine, "id") == "SUCCESS"
    assert ids(claim_all(engine, "w3")) == []


def test_what_a_worker_tells_of_itself_is_kept_with_its_registration(
    engine: Engine, clock: Clock
) -> None:
    engine.renew(["w1", "w2"], LEASE)

    assert engine.register_worker("w1", "first")
    assert engine.register_worker("w1", "worker_info")
    assert not engine.register_worker("unknown", "worker_info")

    assert engine.worker_infos() == {"w1": b"worker_info"}
    clock.advance(LEASE)
    assert engine.worker_infos() == {}
    engine.renew(["w1"], LEASE)
    assert engine.worker_infos() == {"w1": b"worker_info"}
    engine.reclaim("w1")
    engine.renew(["w1"], LEASE)
    assert engine.worker_infos() == {}
