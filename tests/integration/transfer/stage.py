"""A store full of work of every kind, and what of it must be found where it was moved to."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any, NamedTuple

from taskhub.engine.factory import make_engine
from taskhub.engine.port.audit_log import AuditEntry
from taskhub.engine.port.claims import Completion
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.outbox_store import OutboxBatch
from taskhub.engine.port.rate_limiter import PermitRequest, rate_of
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.schedule_store import Fire
from taskhub.engine.port.stores import EngineStores
from taskhub.outcome import ChainPlan, ChordExtension, ChordPart, ChordPlan
from tests.contract.stage import (
    Servers,
    claim_all,
    claim_one,
    completion,
    document,
    message,
    outcome,
)

#: Far ahead: nothing gets due while a test runs.
LATER = 4_000_000_000_000


def open_store(servers: Servers, kind: str) -> Engine:
    """Return an engine on an empty store."""
    if kind == "postgres":
        servers.database.connection()
        url, namespace = servers.database.url, "taskhub"
    else:
        url, namespace = servers.url("valkey"), uuid.uuid4().hex[:8]
    rules = replace(EngineRules(), namespace=namespace)
    return make_engine(EngineStores(broker=url, results=url, rules=rules))


def fill(engine: Engine) -> None:
    """Store work of every kind."""
    engine.enqueue([message(f"low{n}", priority=1) for n in range(3)])
    engine.enqueue([message(f"high{n}", "other", priority=9) for n in range(3)])
    engine.enqueue([message("due", "other", eta=LATER), message("delayed", delay=10_000_000)])
    engine.enqueue([message("twice", "other"), message("twice", "other")])
    # A chord of three, of which one has given its part, and one has added another.
    members = [message(f"member{n}", "header") for n in range(3)]
    body = message("body", "b", eta=LATER + 1)
    engine.enqueue(members, chords=[ChordPlan("chord", 3, (body,))])
    first, second = engine.claim("w1", ["header"], 2).claims
    given = outcome("member0")._replace(parts=(ChordPart("chord", 0, '"zero"'),))
    extended = outcome("member1")._replace(
        extends=(ChordExtension("chord", "+more"),),
        publish=(message("more", "header"),),
        parts=(ChordPart("chord", 1, '"one"'),),
    )
    assert engine.commit("w1", [Completion(first, given), Completion(second, extended)])
    chained = message("chained")._replace(chains=("chain",))
    engine.enqueue([chained], chains=[ChainPlan("chain", ("first", "second"))])
    # One that was lost with its worker, and one that was acknowledged before that.
    engine.enqueue([message("lost", "losses"), message("early", "losses")])
    lost = engine.claim("w2", ["losses"], 2).claims
    assert engine.acknowledge("w2", lost[1])
    assert engine.reclaim("w2") == 2
    engine.enqueue([message("limited", "limits"), message("limited2", "limits")])
    claims = claim_all(engine, "w3", "limits")
    requests = [PermitRequest(one.key, one.token, "slow", rate_of(0.001)) for one in claims]
    engine.rate_limiter.acquire_permits("w3", requests)
    engine.requeue("w3", [claims[0].key])
    engine.enqueue([message("dead", "deaths")])
    engine.commit("w1", [completion(claim_one(engine, queue="deaths"), "FAILURE", dead='"why"')])
    engine.pause_queue("other", "somebody", "a reason")
    engine.revoke("w1", ["revoked"], 10_000_000)
    engine.revoke_stamps([("tenant", "gone")], 10_000_000)
    engine.rate_limiter.store_limit("slow", "5/m")
    engine.locks.acquire_lock("lock", "low0")
    engine.store_state("old", document("old", "SUCCESS"), 100_000_000)
    engine.store_group("group", "[1]", None)
    jobs = engine.schedule_store("app")
    jobs.change("nightly", None, b"{}", AuditEntry("me", "test"))
    led = jobs.lead("s1", 0, 10_000)
    jobs.fire(led.token, Fire("nightly", led.now - 1000))
    jobs.resign(led.token)
    rows = engine.outbox_store("outbox")
    number = rows.lead("relay", 0, 10_000).number
    assert rows.store_batch(number, 1, OutboxBatch(("row1", "row2"), ())) == "stored"
    rows.resign(number)
    engine.reclaim("w1")
    engine.reclaim("w3")


class Contents(NamedTuple):
    """What is found in a store, but for what no other store keeps."""

    messages: list[Any]
    chords: list[Any]
    chains: list[Any]
    dead: list[Any]
    paused: dict[str, tuple[str, str]]
    rest: tuple[Any, ...]


def contents(engine: Engine) -> Contents:
    """Return what a store holds, in an order that does not depend on it."""
    transfer = engine.transfer
    keys = [key for page in transfer.message_keys() for key in page]
    messages = sorted(
        # A key of its own is given anew where a task id is there twice.
        (one.envelope, one.sequence, one.deliveries, one.mark)
        for one in transfer.messages(keys)
    )
    inventory = transfer.inventory()
    chords = [
        one._replace(life=0, parts=tuple(sorted(one.parts, key=str)))
        for one in transfer.chords(inventory.chords)
    ]
    chains = [one._replace(life=0) for one in transfer.chains(inventory.chains)]
    jobs = engine.schedule_store("app")
    return Contents(
        messages,
        chords,
        chains,
        engine.dead_letters(0, 99),
        {name: (one.by, one.reason) for name, one in engine.paused_queues().items()},
        (
            set(engine.revoked(0, 99)),
            engine.revoked_stamps(),
            engine.rate_limiter.stored_limits(),
            engine.locks.held(),
            jobs.entries().documents,
            {name: run.fire for name, run in jobs.last_runs().items()},
        ),
    )
