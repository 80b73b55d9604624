"""What breaks, and when: a plan drawn from a seed, and the hand that carries it out."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import psutil

from taskhub.engine.redis.scripts import script
from tests.chaos.fleet import LEASE, QUEUE, Fleet
from tests.chaos.refuser import Refuser
from tests.support.faulty_proxy import FaultyProxy

# Processes.
WORKER_KILLED, SUPERVISOR_KILLED = "worker killed", "supervisor killed"
WORKER_PAUSED, HOST_PAUSED = "worker paused", "host paused past its lease"
# The store.
STORE_KILLED, STORE_PAUSED = "store killed", "store paused"
# Connections.
CUT, HALF_CLOSED, DELAYED, SILENT = "cut", "half-closed", "delayed", "silent"
COMMIT_LOST, COMMIT_REPLY_LOST = "commit lost", "reply to a commit lost"
CLAIM_REPLY_LOST = "reply to a claim lost"
CALL_LOST, CALL_REPLY_LOST, CALLER_CUT = "call lost", "reply to a call lost", "caller cut"
# What the store refuses.
RIGHT_TAKEN, COMMAND_REFUSED = "a right taken away", "command of a script refused"
MEMORY_FULL, TYPE_CHANGED = "store without memory", "key of another type in the way"
RESULT_BLOCKED = "keys of another type in the way of results"

#: How often each kind of what breaks is brought about among the others.
ALL_KINDS: Mapping[str, int] = {
    WORKER_KILLED: 8,
    SUPERVISOR_KILLED: 2,
    WORKER_PAUSED: 2,
    HOST_PAUSED: 2,
    STORE_KILLED: 3,
    STORE_PAUSED: 1,
    CUT: 4,
    HALF_CLOSED: 3,
    DELAYED: 3,
    SILENT: 1,
    COMMIT_LOST: 4,
    COMMIT_REPLY_LOST: 4,
    CLAIM_REPLY_LOST: 4,
    CALL_LOST: 2,
    CALL_REPLY_LOST: 2,
    CALLER_CUT: 2,
}
#: The same, of what is refused.
ALL_REFUSALS: Mapping[str, int] = {
    RIGHT_TAKEN: 8,
    COMMAND_REFUSED: 16,
    MEMORY_FULL: 2,
    TYPE_CHANGED: 4,
    RESULT_BLOCKED: 2,
}


class Fault(NamedTuple):
    """One thing to break."""

    kind: str
    #: Seconds since the fault before.
    after: float
    #: Which of those that there are, as a share from 0 to 1: machines and processes come and go.
    target: float
    #: How long it lasts, seconds, where it lasts.
    lasts: float


class Injected(NamedTuple):
    """A fault that was brought about; times in seconds since the epoch."""

    kind: str
    at: float
    #: When what was broken was whole again.
    over: float
    #: The worker processes that it struck; but not those for the rare tasks that fill the memory,
    #: which mostly wait.
    processes: tuple[int, ...]


def plan(seed: int, kinds: Mapping[str, int], interval: float) -> Iterator[Fault]:
    """Yield faults without end, on average `interval` seconds apart; the same seed draws the same ones.

    They are dealt like worker infos: none is dealt again before all have been dealt.
    """
    draw = random.Random(seed)
    while True:
        deck = [kind for kind, times in kinds.items() for _ in range(times)]
        draw.shuffle(deck)
        for kind in deck:
            yield Fault(kind, draw.uniform(0.5, 1.5) * interval, draw.random(), draw.random())


class Saboteur:
    """Brings faults about. What it starts again ends with the thread that it works in: that must be the main one.

    Args:
        fleet: What to break.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.injected: list[Injected] = []
        self._fleet = fleet
        self._refuser = Refuser(fleet.store.url)

    def close(self) -> None:
        """Free what it holds."""
        self._refuser.close()

    def work(self, fault: Fault) -> None:
        """Bring a fault about when its time has come; what was broken is whole again in the end."""
        time.sleep(fault.after)
        busy = set(self._workers(QUEUE))
        at = time.time()
        struck = self._strike(fault)
        if struck is not None:
            processes = tuple(process for process in struck if process in busy)
            self.injected.append(Injected(fault.kind, at, time.time(), processes))

    def _strike(self, fault: Fault) -> tuple[int, ...] | None:
        """Bring a fault about and mend what does not mend itself; return the processes, None if there was no way."""
        machine = _pick(self._fleet.machines, fault.target)
        if fault.kind in (COMMIT_LOST, COMMIT_REPLY_LOST, CLAIM_REPLY_LOST):
            # The machine for tasks that fill the memory is often idle: there is no reply to lose.
            machine = _pick(
                [busy for busy in self._fleet.machines if busy.queue == QUEUE], fault.target
            )
        workers = machine.workers
        proxy = machine.proxy
        pids = tuple(worker.pid for worker in workers)
        if fault.kind in ALL_REFUSALS:
            return (
                self._workers()
                if self._refuser.refuse(fault.kind, fault.target, fault.lasts)
                else None
            )
        match fault.kind:
            case "worker killed" | "worker paused":
                if not workers:
                    return None
                worker = _pick(workers, fault.target * len(self._fleet.machines) % 1)
                with contextlib.suppress(psutil.NoSuchProcess):
                    if fault.kind == WORKER_KILLED:
                        worker.kill()
                    else:
                        _stand_still([worker], 0.5 + 2 * fault.lasts)
                return (worker.pid,)
            case "supervisor killed":
                machine.kill_supervisor()
            case "host paused past its lease":
                _stand_still(machine.everything(), LEASE + 1.5 + fault.lasts)
            case "store killed":
                self._fleet.store.kill()
                time.sleep(fault.lasts)
                self._fleet.store.start()
                return self._workers()
            case "store paused":
                self._fleet.store.pause()
                time.sleep(1 + 5 * fault.lasts)
                self._fleet.store.resume()
                return self._workers()
            case "cut":
                proxy.cut()
            case "half-closed":
                proxy.half_close()
            case "delayed":
                proxy.delay = 0.02 + 0.2 * fault.lasts
                time.sleep(1.0)
                proxy.delay = 0.0
            case "silent":
                proxy.go_silent()
                time.sleep(fault.lasts)
                proxy.speak()
            case "commit lost":
                return pids if _cut_at(proxy, "commit", "commit_one", after=False) else None
            case "reply to a commit lost":
                return pids if _cut_at(proxy, "commit", "commit_one", after=True) else None
            case "reply to a claim lost":
                # Only a claim that brought something: the reply has a message in it.
                proxy.lose_reply(b'"actor_name"')
                return pids if proxy.lost.wait(3.0) else None
            case "call lost":
                return () if _cut_at(self._fleet.caller_proxy, "enqueue", after=False) else None
            case "reply to a call lost":
                return () if _cut_at(self._fleet.caller_proxy, "enqueue", after=True) else None
            case "caller cut":
                self._fleet.caller_proxy.cut()
                return ()
        return pids

    def _workers(self, *queues: str) -> tuple[int, ...]:
        """Return the worker processes that serve these queues; with none named, all."""
        return tuple(
            worker.pid
            for machine in self._fleet.machines
            if not queues or machine.queue in queues
            for worker in machine.workers
        )


def _pick(choices: list, share: float):  # type: ignore[no-untyped-def,type-arg]
    return choices[int(share * len(choices))]


def _stand_still(processes: list[psutil.Process], seconds: float) -> None:
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        if number == signal.SIGSTOP:
            time.sleep(seconds)


def _cut_at(proxy: FaultyProxy, *names: str, after: bool) -> bool:
    """Cut the connection at the next call of one of some scripts, before or after it is served.

    False: there was none for a while.
    """
    hashes = [script(name).sha.encode() for name in names]
    proxy.ambush(lambda request: any(sha in request for sha in hashes), lambda: None, after=after)
    return proxy.lost.wait(3.0)
