"""The slot of an application moves to another node, or its primary fails: nothing is lost or doubled."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.redis import cluster as cluster_module
from taskhub.exceptions import OperationalError, StoreRefused
from tests.contract.stage import claim_all, completion, ids, message, state_of
from tests.contract.test_documents import Heard, store
from tests.integration.cluster.conftest import MakeEngine
from tests.support.cluster import Cluster, client, slot_of
from tests.support.workers import until

#: Does not give up.
PATIENT = RetryPolicy(None, 0.05, 0.05, 0.2)


class InThread:
    """A call in a thread of its own, and what it came to."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.result: object = None
        self._call = call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._call()
        except Exception as error:
            self.result = error

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def wait(self, timeout: float = 20.0) -> object:
        """Return what it returned or raised."""
        self._thread.join(timeout)
        assert not self.runs, "it does not end"
        return self.result


def move_atomically(cluster: Cluster, slot: int) -> None:
    """Move a slot as Valkey 9 does, without redirections in between."""
    target = cluster.another_primary(slot)
    with client(target) as taking, client(cluster.owner(slot)) as giving:
        node = taking.execute_command("CLUSTER MYID").decode()
        giving.execute_command("CLUSTER MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", node)
    until(lambda: cluster.owner_or_none(slot) is target, "the slot to be moved")


def test_nothing_runs_while_the_slot_moves_key_by_key(
    cluster: Cluster, make_engine: MakeEngine, namespace: str
) -> None:
    engine, slot = make_engine(), slot_of(namespace)
    engine.enqueue([message(f"m{number}") for number in range(20)])
    store(engine, *(f"r{number}" for number in range(20)))
    claims = engine.claim("w1", ["default"], 5).claims
    source, target = cluster.owner(slot), cluster.another_primary(slot)

    with client(source) as giving, cluster.moving(slot, source, target):
        calls = [
            InThread(lambda: engine.enqueue([message("during")], retry=PATIENT)),
            InThread(lambda: engine.commit("w1", [completion(claim) for claim in claims])),
            InThread(lambda: engine.documents(["r3", "none"])),
            InThread(lambda: ids(claim_all(engine, "w2"))),
        ]
        while keys := giving.execute_command("CLUSTER GETKEYSINSLOT", slot, 3):
            giving.execute_command(
                *("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
            )
            time.sleep(0.01)
        with client(target) as taking:
            assert taking.execute_command("CLUSTER COUNTKEYSINSLOT", slot) > 20
        assert [call.runs for call in calls] == [True, True, True, True]

    _, committed, documents, claimed = (call.wait() for call in calls)
    assert committed == [True] * 5
    assert [found is not None for found in documents] == [True, False]  # type: ignore[attr-defined]
    left = [*claimed, *ids(claim_all(engine, "w3"))]  # type: ignore[misc]
    assert Counter(left) == Counter([*(f"m{number}" for number in range(5, 20)), "during"])
    with client(target) as taking:
        # The key that all scripts declare: as long as there is none, a slot that moves refuses them.
        assert not taking.exists(f"{{{namespace}}}")


def test_a_move_that_takes_too_long_is_said(
    cluster: Cluster, make_engine: MakeEngine, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskhub.engine.redis import store_connection

    monkeypatch.setattr(store_connection, "MOVE_WAIT", 0.2)
    engine, slot = make_engine(), slot_of(namespace)
    engine.enqueue([message("before")])
    source, target = cluster.owner(slot), cluster.another_primary(slot)
    with (
        client(source) as giving,
        client(target) as taking,
        cluster.moving(slot, source, target),
    ):
        with pytest.raises(StoreRefused, match="not ready: its hash slot is being moved") as no:
            engine.enqueue([message("during")])
        assert no.value.passing
        keys = giving.execute_command("CLUSTER GETKEYSINSLOT", slot, 100)
        assert taking.execute_command("CLUSTER COUNTKEYSINSLOT", slot) == 0
        giving.execute_command(*("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys))
    assert ids(claim_all(engine)) == ["before"]


@pytest.mark.parametrize("how", ["key by key", "atomically", "fail-over"])
def test_who_waits_follows_the_slot(
    cluster: Cluster, make_engine: MakeEngine, namespace: str, how: str
) -> None:
    engine, other, slot = make_engine(), make_engine(), slot_of(namespace)
    engine.enqueue([message("first", "elsewhere")])
    heard = Heard()
    before = cluster.owner(slot)
    with (
        closing(engine.notifier(["default"])) as notifier,
        closing(engine.control_bus.subscribe()) as commands,
        closing(engine.control_bus.collect_replies("me")) as replies,
        engine.follow(["id"], heard),
    ):
        # Each of them has its command under way on the old owner.
        assert not notifier.wait(0.1)
        assert commands.receive(0.1) == []
        assert replies.receive(0.1) is None
        if how == "key by key":
            assert cluster.move_slot(slot, cluster.another_primary(slot)) > 0
        elif how == "atomically":
            move_atomically(cluster, slot)
        else:
            cluster.fail_over(cluster.replicas_of(before)[0])
            until(lambda: cluster.owner_or_none(slot) not in (None, before), "another primary")
        other.enqueue([message("a")], retry=PATIENT)
        other.control_bus.publish_command("hello")
        other.control_bus.send_reply("me", "here")
        store(other, "id")

        until(lambda: patiently(lambda: notifier.wait(1.0)), "a notification")
        (command,) = until(lambda: patiently(lambda: commands.receive(1.0)), "a command")
        assert command.text == b"hello"
        assert until(lambda: patiently(lambda: replies.receive(1.0)), "a reply") == b"here"
        heard.wait("id", timeout=20.0)
    assert ids(claim_all(engine)) == ["a"]
    assert ids(claim_all(engine, "w1", "elsewhere")) == ["first"]
    assert before is not cluster.owner(slot)


def patiently(call: Callable[[], object]) -> object:
    """Return what a call returns; None: its connection was lost, as it is to be by a fail-over."""
    try:
        return call()
    except OperationalError:
        return None


def test_a_listener_leaves_a_node_that_left_the_cluster(
    cluster: Cluster, make_engine: MakeEngine, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskhub.engine.redis import results

    monkeypatch.setattr(results, "READ_EVERY", 0.2)
    engine, slot, heard = make_engine(), slot_of(namespace), Heard()
    owner = cluster.owner(slot)
    channel = f"{{{namespace}}}_celery-task-meta-id"
    with engine.follow(["id"], heard), client(owner) as node:
        until(lambda: node.pubsub_numsub(channel)[0][1], "a subscription")
        cluster.move_slot(slot, cluster.another_primary(slot))
        until(lambda: not node.pubsub_numsub(channel)[0][1], "the listener to leave")
        store(engine, "id")
        heard.wait("id")


@pytest.mark.parametrize("how", ["killed", "stands still"])
def test_a_primary_fails(
    cluster: Cluster, make_engine: MakeEngine, namespace: str, how: str
) -> None:
    engine, slot = make_engine(socket_timeout=1.0, socket_connect_timeout=1.0), slot_of(namespace)
    engine.enqueue([message(f"m{number}") for number in range(10)])
    claims = engine.claim("w1", ["default"], 3).claims
    owner = cluster.owner(slot)
    with client(owner) as node:
        assert node.wait(1, 5000) == 1
    owner.kill() if how == "killed" else owner.pause()
    engine.enqueue([message("after")], retry=PATIENT)
    assert cluster.owner(slot) is not owner
    assert engine.commit("w1", [completion(claim) for claim in claims]) == [True] * 3
    assert [state_of(engine, claim.task_id) for claim in claims] == ["SUCCESS"] * 3
    assert sorted(ids(claim_all(engine, "w2"))) == sorted(
        [*(f"m{number}" for number in range(3, 10)), "after"]
    )
    assert cluster_module.MOVE_WAIT > 1


def test_pages_of_one_call_are_kept_together(
    cluster: Cluster, make_engine: MakeEngine, namespace: str
) -> None:
    engine: Engine = make_engine()
    slot = slot_of(namespace)
    names = [f"m{number}" for number in range(1200)]
    moves = [InThread(lambda: cluster.move_slot(slot, cluster.another_primary(slot)))]
    engine.enqueue([message(name) for name in names], retry=PATIENT)
    moves[0].wait()
    cluster.move_slot(slot, cluster.another_primary(slot))
    found = engine.claim("w1", ["default"], 2000).claims
    assert Counter(ids(found)) == Counter(names)
