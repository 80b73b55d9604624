"""Outboxes: one relay leads, a batch is stored once, and who leads next learns which rows it was."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.outbox_store import OutboxBatch, OutboxStore
from taskhub.engine.redis.engine import RedisEngine
from taskhub.engine.redis.staging import PAGE, stage
from taskhub.exceptions import StoreRefused
from taskhub.outcome import ChainPlan, ChordPlan
from tests.contract.stage import LEASE, Clock, claim_all, ids, is_empty, message
from tests.support.workers import until


def batch(*task_ids: str) -> OutboxBatch:
    """Return a batch with a row for each call."""
    return OutboxBatch(tuple(f"row-{one}" for one in task_ids), [message(one) for one in task_ids])


def lead(store: OutboxStore, holder: str = "r1", number: int = 0) -> int:
    return store.lead(holder, number, LEASE).number


def test_one_relay_leads_until_its_lease_runs_out(engine: Engine, clock: Clock) -> None:
    store = engine.outbox_store("o")
    first = lead(store)
    assert first > 0
    assert store.lead("r2", 0, LEASE)[:2] == (0, "r1")
    clock.advance(LEASE - 1)
    assert lead(store, "r1", first) == first, "renewed"
    clock.advance(LEASE - 1)
    assert lead(store, "r2") == 0
    clock.advance(1)
    second = lead(store, "r2")

    assert second > first
    assert lead(store, "r1", first) == 0


def test_another_outbox_has_another_leader(engine: Engine) -> None:
    assert lead(engine.outbox_store("o"))
    assert lead(engine.outbox_store("p"), "r2")


def test_who_resigns_lets_another_one_lead(engine: Engine) -> None:
    store = engine.outbox_store("o")
    first = lead(store)
    assert store.resign(first)
    second = lead(store, "r2")

    assert second > first
    assert not store.resign(first)
    assert lead(store, "r1") == 0


def test_a_batch_is_stored_in_order(engine: Engine) -> None:
    store = engine.outbox_store("o")
    number = lead(store)

    assert store.store_batch(number, 1, batch("a", "b")) == "stored"
    assert store.store_batch(number, 2, batch("c")) == "stored"

    assert ids(claim_all(engine)) == ["a", "b", "c"]


def test_a_batch_that_is_sent_again_is_known(engine: Engine) -> None:
    store = engine.outbox_store("o")
    number = lead(store)
    store.store_batch(number, 1, batch("a"))
    store.store_batch(number, 2, batch("b"))

    assert store.store_batch(number, 2, batch("b")) == "known"
    assert store.store_batch(number, 1, batch("a")) == "known", "however late it comes"
    assert ids(claim_all(engine)) == ["a", "b"]


def test_what_an_earlier_leader_sends_is_refused(engine: Engine, clock: Clock) -> None:
    store = engine.outbox_store("o")
    first = lead(store)
    clock.advance(LEASE)
    lead(store, "r2")

    assert store.store_batch(first, 1, batch("a")) == "fenced"
    assert is_empty(engine)


def test_a_leader_that_does_not_know_begins_anew(engine: Engine) -> None:
    store = engine.outbox_store("o")
    first = lead(store)
    store.store_batch(first, 1, batch("a", "b"))

    second = store.lead("r1", 0, LEASE)

    assert second.number > first
    assert second.taken == ("row-a", "row-b")
    assert store.store_batch(first, 2, batch("c")) == "fenced"
    assert store.store_batch(second.number, 1, batch("c")) == "stored"
    assert store.lead("r1", second.number, LEASE).taken == ("row-c",)


def test_a_late_leader_goes_on_if_nobody_has_taken_its_place(engine: Engine, clock: Clock) -> None:
    store = engine.outbox_store("o")
    number = lead(store)
    clock.advance(3 * LEASE)

    assert store.store_batch(number, 1, batch("a")) == "stored"
    assert lead(store, "r1", number) == number


def test_a_batch_may_be_larger_than_a_page(engine: Engine) -> None:
    store = engine.outbox_store("o")
    names = [f"m{number}" for number in range(PAGE + 1)]

    assert store.store_batch(lead(store), 1, batch(*names)) == "stored"

    assert ids(claim_all(engine)) == names


def test_chords_and_chains_are_stored_with_the_messages(engine: Engine) -> None:
    store = engine.outbox_store("o")
    canvas = batch("a")._replace(
        chords=[ChordPlan("c", 1, (message("body"),))],
        chains=[ChainPlan("l", ("x", "y"))],
        messages=[message("a")._replace(chains=("l",))],
    )
    store.store_batch(lead(store), 1, canvas)

    assert engine.chord_parts("c") is None
    assert engine.chain_links("l", 0, 10) == [b"x", b"y"]


def test_pages_that_expire_are_no_matter_of_their_rows(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(engine, RedisEngine):
        pytest.skip("it stages no pages")

    def stage_and_sleep(*arguments: Any) -> tuple[str, int]:
        staged = stage(*arguments)
        until(lambda: not _has_staged(engine, staged[0]), "the pages expire")
        return staged

    monkeypatch.setattr("taskhub.engine.redis.staging.STAGED_FOR", 1)
    monkeypatch.setattr("taskhub.engine.redis.outbox_store.stage", stage_and_sleep)
    outbox = engine.outbox_store("o")
    number = lead(outbox)
    large = OutboxBatch(("row",), [message(f"m{one}") for one in range(PAGE + 1)])

    with pytest.raises(StoreRefused, match="has expired") as refused:
        outbox.store_batch(number, 1, large)
    assert refused.value.passing
    monkeypatch.undo()
    assert outbox.store_batch(number, 1, large) == "stored"


def _has_staged(engine: RedisEngine, name: str) -> bool:
    (found,) = engine._channels().call([("EXISTS", f"{engine.rules.keys}:staged:{name}")])
    return bool(found)
