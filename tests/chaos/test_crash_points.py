"""A worker killed exactly before, and exactly after, the store has applied a commit: for every kind of ending.

A proxy knows the request that commits a call. *Before*: the worker is killed while the request
waits in the proxy, and the store never gets it. *After*: the store has applied it, and the worker
is killed while the reply waits in the proxy. There is nothing between the two: the commit is one
script.

Looked at in the moment of the crash, the store holds all of the commit or nothing of it. In the end
all is as the model says, and the body of the call has run twice (before) or once (after).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import psutil
import pytest

from taskhub.engine.redis.scripts import script
from taskhub.engine.redis.wire import COMPLETION
from tests.chaos import audit, ledger, workload
from tests.chaos.fleet import NAMESPACE, Fleet, Machine
from tests.chaos.ledger import ENDED, Note, Published, Removed, Stored, Write
from tests.chaos.model import expected
from tests.chaos.workload import Call, Chain, Chord, Node, signature
from tests.support.workers import until

#: An argument of a command on its way to the server, and one that is the token of a claim.
ARGUMENT = re.compile(rb"\$\d+\r\n([^\r\n]*)\r\n")
TOKEN = re.compile(rb"\d+:\d+")
#: Processes that are killed again and again are started again after growing pauses, so the
#: supervisor is changed.
KILLS_PER_SUPERVISOR = 3


class Point(NamedTuple):
    """A canvas, and the call of it at whose first commit the worker is killed."""

    canvas: Node
    struck: str
    #: The labels that this commit publishes; "" is one of the library's own tasks.
    publishes: frozenset[str]
    #: Whether the commit stores the call's final result.
    ends: bool = True


def point(canvas: Node, struck: str, *publishes: str, ends: bool = True) -> Point:
    return Point(canvas, struck, frozenset(publishes), ends)


#: Longer than the others of its header: the last part.
SLOW = 0.4

POINTS = {
    "plain task": point(Call("a"), "a"),
    "callback": point(Call("a", callbacks=(Call("b"),)), "a", "b"),
    "chain link": point(Chain((Call("a"), Call("b"), Call("c"))), "b", "c"),
    "link before a chord": point(
        Chain((Call("a"), Chord((Call("b"), Call("c")), Call("d")))), "a", "b", "c"
    ),
    "part of a chord": point(Chord((Call("a"), Call("b", seconds=SLOW)), Call("c")), "a"),
    "last part of a chord": point(Chord((Call("a"), Call("b", seconds=SLOW)), Call("c")), "b", "c"),
    "last part, failed": point(
        Chord((Call("a"), Call("b", workload.FAILS, seconds=SLOW)), Call("c")), "b", "c"
    ),
    "body of a chord": point(
        Chain((Chord((Call("a"), Call("b")), Call("c")), Call("d"))), "c", "d"
    ),
    "failure with an errback": point(Call("a", workload.FAILS, errbacks=("b",)), "a", "b"),
    "errback": point(Call("a", workload.FAILS, errbacks=("b",)), "b"),
    "retry": point(Call("a", workload.RETRIES, 1), "a", "a", ends=False),
    "last retry": point(Call("a", workload.EXHAUSTS, 1, errbacks=("b",)), "a", "a", ends=False),
    "replaced": point(Call("a", workload.REPLACED), "a", "a/1", ends=False),
    "replaced by a group in a chord": point(
        Chord((Call("a", workload.REPLACED_BY_GROUP), Call("b")), Call("c")),
        "a",
        *("a/1", "a/2"),
        ends=False,
    ),
}


class Scene:
    """A machine with one worker process, and what was recorded since the last test."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.kills = 0
        self._notes = self._writes = 0

    @property
    def machine(self) -> Machine:
        return self.fleet.machines[0]

    @property
    def worker(self) -> psutil.Process:
        """The worker process; one that was killed may be seen for a moment after."""
        until(lambda: len(self.machine.workers) == 1, "one worker process", 60)
        return self.machine.workers[0]

    @property
    def notes(self) -> list[Note]:
        return ledger.read_notes(self.fleet.notes)[self._notes :]

    @property
    def writes(self) -> list[Write]:
        return list(ledger.read_writes(self.fleet.store.directory, NAMESPACE))[self._writes :]

    def begin(self) -> None:
        """Begin a new test: with a warm worker, and with nothing in the records."""
        if self.kills == KILLS_PER_SUPERVISOR:
            self.machine.kill_supervisor()
            self.kills = 0
        self.fleet.wait_until_ready()
        # The server must know the scripts of both kinds of commits: a reply that it does not would
        # be taken for that to the commit.
        warm = Chain((Call("warm"), Call("warmer")))
        signature(self.fleet.caller, warm).apply_async().get(timeout=60)
        self.wait_until_idle()
        self._notes += len(self.notes)
        self._writes += len(self.writes)

    def wait_until_idle(self) -> None:
        """Wait until nothing waits or runs."""
        engine = self.fleet.observer.engine

        def waits() -> bool:
            return any(count.total for count in engine.queues().values())

        def runs() -> bool:
            return any(map(engine.held, engine.workers()))

        # What a killed worker held may be given back between two looks, and taken again before the
        # next.
        until(lambda: not (waits() or runs() or waits() or runs()), "everything to have ended", 60)

    def commits(self, request: bytes, label: str) -> bool:
        """Return whether a request commits the call of a label."""
        if not any(script(name).sha.encode() in request for name in ("commit", "commit_one")):
            return False
        ours = {note.key.encode() for note in self.notes if note.label == label}
        return not ours.isdisjoint(committed_keys(request))


def committed_keys(request: bytes) -> list[bytes]:
    """Return the keys of the claims that a commit ends: each stands before its token."""
    arguments = ARGUMENT.findall(request)
    return [key for key, token in pairwise(arguments) if TOKEN.fullmatch(token)]


def test_every_completion_of_a_commit_is_seen() -> None:
    values = [
        {"key": key, "token": f"{key}:1"}.get(field, "")
        for key in ("7", "8")
        for field in COMPLETION
    ]
    request = "".join(f"${len(value)}\r\n{value}\r\n" for value in values)
    assert committed_keys(request.encode()) == [b"7", b"8"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("crash")
    with Fleet(directory, machines=1, processes=1, threads=2) as fleet:
        # Each test waits for the end of its own messages.
        fleet.store.is_shared = True
        yield Scene(fleet)


@pytest.mark.replaces_workers
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", POINTS)
def test_a_commit_is_all_or_nothing(scene: Scene, name: str, after: bool) -> None:
    canvas, struck, publishes, ends = POINTS[name]
    scene.begin()
    victim = scene.worker
    seen: list[list[Write]] = []

    def strike() -> None:
        scene.kills += 1
        # The next process would go on with the rest before the records are read.
        scene.machine.supervisor.suspend()
        victim.kill()
        until(lambda: victim.status() == psutil.STATUS_ZOMBIE, "the end of the process", 60)
        seen.append(scene.writes)
        scene.machine.supervisor.resume()

    scene.machine.proxy.ambush(lambda request: scene.commits(request, struck), strike, after=after)
    result = signature(scene.fleet.caller, canvas).apply_async()
    assert scene.machine.proxy.lost.wait(60)

    (writes,) = seen
    task_id, key = next((note.task_id, note.key) for note in scene.notes if note.label == struck)
    removed = [index for index, write in enumerate(writes) if write == Removed(key)]
    assert len(removed) == after, writes
    stored = {
        write.task_id for write in writes if isinstance(write, Stored) and write.state in ENDED
    }
    assert (task_id in stored) == (after and ends)
    if after:
        followed = writes[removed[0] :]
    else:
        first = writes.index(next(w for w in writes if isinstance(w, Published) and w.key == key))
        followed = writes[first + 1 :]
    published = [write.label for write in followed if isinstance(write, Published)]
    assert sorted(label for label in published if label in publishes) == sorted(publishes) * after

    end = expected(canvas)
    try:
        got = result.get(timeout=60)
    except Exception as error:
        got = error
    assert audit.wrong_result(end.result, got) is None
    scene.wait_until_idle()
    problems = [
        *audit.wrong_publications([end], scene.writes),
        *audit.wrong_endings(scene.writes),
        *audit.wrong_runs([end], scene.notes, scene.writes),
    ]
    assert problems == []
    deliveries = [
        note.delivery
        for note in scene.notes
        if (note.word, note.label, note.retries) == ("begin", struck, 0)
    ]
    assert deliveries == ([1] if after else [1, 2])
