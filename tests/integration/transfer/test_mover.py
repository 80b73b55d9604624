"""Moves between stores of every kind: nothing lost, nothing doubled, wherever they are killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from taskhub.engine.port.engine import Engine
from taskhub.exceptions import OperationalError
from taskhub.outcome import ChordPart
from taskhub.transfer.errors import TransferError
from taskhub.transfer.mover import Mover
from taskhub.transfer.obstacles import check_stores, find_obstacles
from tests.contract.stage import Servers, claim_all, ids, message, outcome
from tests.integration.transfer.stage import contents, fill, open_store

PAIRS = [
    pytest.param(("valkey", "postgres"), marks=pytest.mark.postgres, id="valkey-postgres"),
    pytest.param(("postgres", "valkey"), marks=pytest.mark.postgres, id="postgres-valkey"),
    pytest.param(("valkey", "valkey"), id="valkey-namespaces"),
]


class KilledError(BaseException):
    """The mover's process is no more."""


@pytest.fixture(params=PAIRS)
def stores(request: pytest.FixtureRequest, servers: Servers) -> Iterator[tuple[Engine, Engine]]:
    """A source and a target, both empty."""
    source, target = (open_store(servers, kind) for kind in request.param)
    yield source, target
    source.close()
    target.close()
    servers.flush()


def is_bare(engine: Engine) -> bool:
    """Whether a store holds nothing that could run."""
    left = contents(engine)
    return not any((left.messages, left.chords, left.chains, left.dead, left.paused)) and not (
        engine.queues()
    )


def test_all_that_waits_is_moved(stores: tuple[Engine, Engine]) -> None:
    source, target = stores
    fill(source)
    before = contents(source)
    assert len(before.messages) == 17
    assert find_obstacles(source, target) == []

    counts = Mover(source, target, with_results=True).run()

    after = contents(target)
    assert after == before
    assert is_bare(source)
    assert (counts.messages, counts.chords, counts.chains, counts.dead_letters) == (17, 1, 1, 1)
    # Two namespaces of one server have the keys of results in common.
    assert (counts.results > 1) == (source.stores.broker != target.stores.broker)
    assert target.documents(["old"]) != [None]
    assert target.group("group") == b"[1]"
    assert [link.decode() for link in target.chain_links("chain", 0, 9)] == ["first", "second"]
    # The rows of an outbox that the source has taken are known to the target.
    assert target.outbox_store("outbox").lead("relay", 0, 10_000).taken == ("row1", "row2")
    # Work goes on: the chord is ended there.
    claims = claim_all(target, "w9", "header")
    assert sorted(ids(claims)) == ["member2", "more"]
    parts = {"member2": (2, '"two"'), "more": ("+more", '"more"')}
    for claim in claims:
        given = ChordPart("chord", *parts[claim.task_id])
        target.commit("w9", [_completion(claim, given)])
    assert target.chord_parts("chord") == [b'"zero"', b'"one"', b'"two"', b'"more"']
    assert [one.envelope.task_id for one in target.delayed(0, 9, ["b"])] == ["body"]
    by_id = {
        claim.task_id: claim for claim in claim_all(target, "w9", "losses", "limits", "default")
    }
    assert by_id["lost"].delivery == 2
    assert by_id["early"].given_up is not None
    assert {"limited", "limited2", "chained", "low0", "low1", "low2"} < by_id.keys()
    assert claim_all(target, "w9", "other") == [], "it is still paused"


def _completion(claim: Any, part: ChordPart) -> Any:
    from taskhub.engine.port.claims import Completion

    return Completion(claim, outcome(claim.task_id)._replace(parts=(part,)))


class Steps:
    """Counts calls of both stores, and ends the mover, or refuses, at one of them."""

    def __init__(self, stopped_at: int, refused: bool = False) -> None:
        self.stopped_at, self.refused, self.count = stopped_at, refused, 0

    def take(self, act: Any, arguments: Any) -> Any:
        self.count += 1
        if self.count == self.stopped_at:
            if self.refused:
                raise OperationalError("refused")
            raise KilledError
        done = act(*arguments)
        self.count += 1
        if self.count == self.stopped_at:
            # Done, and nobody hears of it.
            if self.refused:
                raise OperationalError("the reply was lost")
            raise KilledError
        return done


class Watched:
    """A part of an engine whose changing verbs are steps."""

    def __init__(self, real: Any, steps: Steps) -> None:
        self._real, self._steps = real, steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name not in (
            "store_batch",
            "delete",
            "lead",
            "pause_queue",
            "forget_queue",
            "resume_queue",
        ):
            return found
        return lambda *arguments: self._steps.take(found, arguments)


def watched(source: Engine, target: Engine, steps: Steps, monkeypatch: Any) -> Mover:
    monkeypatch.setattr("taskhub.transfer.mover.PAGE", 4)
    monkeypatch.setattr("taskhub.transfer.mover.LEASE", 1)
    mover = Mover(source, target)
    parts: Any = mover
    for name in ("_source", "_target", "_from", "_to", "_leadership"):
        setattr(parts, name, Watched(getattr(parts, name), steps))
    if not steps.refused:
        # What is killed resigns from nothing.
        parts._resign = lambda: None
    return mover


@pytest.mark.parametrize("refused", [False, True], ids=["killed", "refused"])
def test_stopped_at_any_step_nothing_is_lost_or_doubled(
    stores: tuple[Engine, Engine], refused: bool, monkeypatch: pytest.MonkeyPatch, servers: Servers
) -> None:
    source, target = stores
    fill(source)
    before = contents(source)
    stopped_at, stops = 0, 0
    while True:
        stopped_at += 1
        # Each try goes on where the one before was stopped, one step further than the last.
        mover = watched(source, target, Steps(3 * stopped_at, refused), monkeypatch)
        try:
            mover.run()
        except (KilledError, OperationalError):
            stops += 1
            assert stops < 60
            # It may have taken what the source still holds: that is never lost.
            found = {envelope for envelope, *_ in contents(source).messages}
            found |= {envelope for envelope, *_ in contents(target).messages}
            assert found == {envelope for envelope, *_ in before.messages}
            continue
        break
    assert stops > 4
    assert contents(target) == before
    assert is_bare(source)


def test_what_comes_meanwhile_is_moved_too(stores: tuple[Engine, Engine]) -> None:
    source, target = stores
    source.enqueue([message("first")])
    sent = []

    def send(step: str, counts: Any) -> None:
        if len(sent) < 3:
            sent.append(f"late{len(sent)}")
            source.enqueue([message(sent[-1], "new")])

    Mover(source, target, report=send).run()

    assert (
        sorted(ids(claim_all(target, "w1", "default", "new"))) == ["first", *sent][: 1 + len(sent)]
    )
    assert is_bare(source)


def test_an_id_that_is_used_again_is_moved_again(stores: tuple[Engine, Engine]) -> None:
    source, target = stores
    for _ in range(2):
        source.enqueue([message("nightly")])
        Mover(source, target).run()

    assert ids(claim_all(target)) == ["nightly", "nightly"]


def test_what_is_in_the_way_is_named(stores: tuple[Engine, Engine]) -> None:
    source, target = stores
    source.renew(["host:1"], 10_000)
    jobs = source.schedule_store("app")
    jobs.change("nightly", None, b"{}", _audit())
    led = jobs.lead("the scheduler", 0, 10_000)

    found = "; ".join(find_obstacles(source, target))

    assert "the worker process host:1 serves" in found
    assert "the scheduler the scheduler of the app 'app' is at work" in found
    with pytest.raises(TransferError, match="host:1"):
        Mover(source, target).run()
    jobs.resign(led.token)
    source.reclaim("host:1")
    with pytest.raises(TransferError, match="are the same store"):
        check_stores(source, source)
    check_stores(source, target)


def _audit() -> Any:
    from taskhub.engine.port.audit_log import AuditEntry

    return AuditEntry("me", "test")


def test_one_that_is_held_up_is_replaced_by_another(
    stores: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = stores
    fill(source)
    before = contents(source)
    monkeypatch.setattr("taskhub.transfer.mover.LEASE", 200)
    moved = []

    def hold_up(step: str, counts: Any) -> None:
        if step == "messages" and not moved:
            moved.append(Mover(source, target).run())

    with pytest.raises(TransferError, match=r"held up|taken over"):
        Mover(source, target, report=hold_up).run()

    assert moved
    assert contents(target) == before
    assert is_bare(source)
