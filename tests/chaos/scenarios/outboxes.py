"""What relays of outboxes ask for."""

from __future__ import annotations

from taskhub.engine.port.outbox_store import OutboxBatch
from taskhub.engine.redis.engine import RedisEngine
from taskhub.engine.redis.staging import PAGE
from taskhub.outcome import ChainPlan, ChordPlan
from tests.chaos.scenarios.registry import Act, scenario
from tests.contract.stage import LEASE, Clock, message


def lead(engine: RedisEngine, holder: str = "r1") -> int:
    """Lead, and return the number."""
    return engine.outbox_store("o").lead(holder, 0, LEASE).number


@scenario
def lead_as_a_relay(engine: RedisEngine, clock: Clock) -> Act:
    return lambda: engine.outbox_store("o").lead("r1", 0, LEASE)


@scenario
def lead_after_another_relay(engine: RedisEngine, clock: Clock) -> Act:
    number = lead(engine, "r2")
    engine.outbox_store("o").store_batch(number, 1, OutboxBatch(("row",), [message("a")]))
    clock.advance(LEASE + 1)
    return lambda: engine.outbox_store("o").lead("r1", 0, LEASE)


@scenario
def resign_as_a_relay(engine: RedisEngine, clock: Clock) -> Act:
    number = lead(engine)
    return lambda: engine.outbox_store("o").resign(number)


@scenario
def take_a_canvas_from_an_outbox(engine: RedisEngine, clock: Clock) -> Act:
    number = lead(engine)
    engine.outbox_store("o").store_batch(number, 1, OutboxBatch(("row",), [message("a")]))
    later = message("later")._replace(delay=1000)
    chords = [ChordPlan("c", 2, (message("body"),))]
    chains = [ChainPlan("l", ("x", "y"))]
    messages = [message("b")._replace(chains=("l",)), later]
    canvas = OutboxBatch(("row-1", "row-2"), messages, chords, chains)
    return lambda: engine.outbox_store("o").store_batch(number, 2, canvas)


@scenario
def take_pages_from_an_outbox(engine: RedisEngine, clock: Clock) -> Act:
    number = lead(engine)
    messages = [message(f"m{one}") for one in range(PAGE + 1)]
    large = OutboxBatch(("row",), messages)
    return lambda: engine.outbox_store("o").store_batch(number, 1, large)
