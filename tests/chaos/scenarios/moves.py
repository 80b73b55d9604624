"""What moves from one store to another ask for."""

from __future__ import annotations

from taskhub.engine.port.inspection import DeadLetter
from taskhub.engine.port.rate_limiter import PermitRequest, rate_of
from taskhub.engine.port.transfer import (
    MoveBatch,
    StoredChain,
    StoredChord,
    StoredMessage,
    StoredPart,
)
from taskhub.engine.redis.engine import RedisEngine
from tests.chaos.scenarios.registry import Act, scenario
from tests.contract.stage import LEASE, Clock, claim_all, message


@scenario
def take_what_is_moved(engine: RedisEngine, clock: Clock) -> Act:
    engine.enqueue([message("known")])
    number = engine.outbox_store("move:1").lead("m1", 0, LEASE).number
    body = (message("body"),)
    parts = (StoredPart("0", None, "one"), StoredPart("+more", 1, None))
    batch = MoveBatch(
        rows=("row-1", "row-2"),
        messages=(
            StoredMessage("known", message("known"), 7),
            StoredMessage("lost", message("lost", "other"), 8, 1, "a"),
            StoredMessage("later", message("later", eta=clock.now + 1000)),
        ),
        chords=(StoredChord("c", 3, 1, 1, 1, body, parts, 1000),),
        chains=(StoredChain("l", ("x", "y"), 1000),),
        dead_letters=(DeadLetter("d", "why", message("d"), clock.now + 1000),),
    )
    return lambda: engine.transfer.store_batch("move:1", number, 1, batch)


@scenario
def delete_what_was_moved(engine: RedisEngine, clock: Clock) -> Act:
    names = ["limited", "limited2", "claimed"]
    engine.enqueue([message(name) for name in names])
    claims = claim_all(engine)
    requests = [PermitRequest(one.key, one.token, "slow", rate_of(0.001)) for one in claims[:2]]
    engine.rate_limiter.acquire_permits("w1", requests)
    engine.enqueue([message("ready"), message("later", delay=1000)])
    keys = [*names, "ready", "later", "gone"]
    return lambda: engine.transfer.delete("message", keys)
