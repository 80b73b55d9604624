"""One run: canvases are sent while things break, all are waited for, and then everything is looked at."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.message import decode_body
from tests.chaos import audit, failure_injection, ledger
from tests.chaos.failure_injection import Injected, Saboteur
from tests.chaos.fleet import NAMESPACE, QUEUE, Fleet
from tests.chaos.ledger import MARK, Dead, Kept, Marked, Note, Write
from tests.chaos.model import expected
from tests.chaos.sender import Sender
from tests.chaos.workload import Call, Rates, draw, signature
from tests.support.refusals import installed
from tests.support.workers import until

#: How long the caller may take to send the rest, and all to end, when the last fault is over;
#: seconds.
PATIENCE = 90.0
#: Stands between what is written by the workload, and by the retry of all that has failed.
REPLAY = Marked("replay")


class Scale(NamedTuple):
    """What a run consists of. Workload and faults follow from it; only the timing is the machine's."""

    seed: int
    #: So many faults, over which the workload is spread evenly.
    faults: int
    #: Seconds between faults, on average.
    interval: float
    kinds: Mapping[str, int]
    #: So many canvases, or at least so many task calls.
    canvases: int = 0
    calls: int = 0
    rates: Rates = Rates()
    #: After the last fault, everything must have ended within so many seconds.
    patience: float = PATIENCE
    machines: int = 2
    processes: int = 2
    threads: int = 4

    @property
    def refuses(self) -> bool:
        """Whether the store refuses commands of scripts."""
        return not failure_injection.ALL_REFUSALS.keys().isdisjoint(self.kinds)


class Record(NamedTuple):
    """What a run left behind."""

    scale: Scale
    canvases: int
    calls: int
    seconds: float
    injected: list[Injected]
    #: When each call of the caller was acknowledged, seconds since the epoch.
    acknowledged: list[float]
    #: How many of its calls the store refused.
    refused: int
    notes: list[Note]
    writes: list[Write]
    #: What is wrong; empty: nothing.
    problems: list[str]

    @property
    def begun(self) -> list[Note]:
        """Each run of a body."""
        return [note for note in self.notes if note.word == "begin"]

    @property
    def dead(self) -> list[Dead]:
        """Each outcome that the store refused, and that ended as a failure with a dead letter."""
        return [write for write in self.writes if isinstance(write, Dead)]

    @property
    def kept(self) -> list[Kept]:
        """Each message of a task that failed for good; all were retried when everything had ended."""
        return [write for write in self.writes if isinstance(write, Kept)]

    @property
    def redelivered(self) -> int:
        """How many runs were of messages that a lost worker had held, whether or not it had begun with them."""
        return sum(note.delivery > 1 for note in self.begun)

    @property
    def run_again(self) -> int:
        """How many runs were of tries that had begun before."""
        begun = self.begun
        return len(begun) - len({(note.label, note.retries) for note in begun})


def run(scale: Scale, directory: Path, tell: Callable[[str], object] = lambda _: None) -> Record:
    """Run it all and return what was found; `tell` hears how it goes."""
    began = time.monotonic()
    shape = {name: getattr(scale, name) for name in ("machines", "processes", "threads")}
    with contextlib.ExitStack() as stack:
        if scale.refuses:
            # The caller's scripts are refused, too.
            stack.enter_context(installed())
        memory = scale.rates.out_of_memory > 0
        fleet = stack.enter_context(
            Fleet(directory, **shape, memory=memory, refusals=scale.refuses)
        )
        canvases = draw(scale.seed, scale.rates, canvases=scale.canvases, calls=scale.calls)
        sender = Sender(fleet.caller, canvases, scale.faults + 1, 2 * scale.interval)
        sender.start()
        saboteur = stack.enter_context(contextlib.closing(Saboteur(fleet)))
        plan = failure_injection.plan(scale.seed, scale.kinds, scale.interval)
        for fault in itertools.islice(plan, scale.faults):
            saboteur.work(fault)
            sender.advance()
            tell(f"{fault.kind}; {len(sender.results)} of {len(canvases)} canvases sent")
        # For those who look into a run that failed; the notes and the store's file are kept beside
        # it.
        (directory / "faults").write_text("\n".join(map(json.dumps, saboteur.injected)))
        sender.finish(PATIENCE)
        sent = [
            (canvas, result)
            for canvas, result in zip(canvases, sender.results, strict=True)
            if result
        ]
        deadline = time.monotonic() + scale.patience
        got = [(canvas, result, _outcome(result, deadline)) for canvas, result in sent]
        problems = list(_unfinished(fleet, max(5.0, deadline - time.monotonic())))
        fleet.wait_until_ready()
        probed, idle = _probe(fleet, scale)
        problems += idle
        notes = ledger.read_notes(fleet.notes)
        problems += _left_over(fleet, refuses=scale.refuses)
        problems += _replay(fleet)
        problems += _left_over(fleet, refuses=scale.refuses)
        replayed = ledger.read_notes(fleet.notes)[len(notes) :]
        fleet.store.stop()
        everything = list(ledger.read_writes(fleet.store.directory, NAMESPACE))
    mark = everything.index(REPLAY)
    writes, replay_writes = everything[:mark], everything[mark + 1 :]
    refused = {dead.label: dead.retries for dead in writes if isinstance(dead, Dead)}
    ends = []
    for canvas, result, outcome in got:
        ends.append(end := expected(canvas, refused=refused))
        if wrong := audit.wrong_result(end.result, outcome):
            problems.append(f"{canvas} ({result.id}) {wrong}")
    ends += [expected(call, refused=refused) for call in probed]
    problems += audit.wrong_publications(ends, writes)
    problems += audit.wrong_endings(writes)
    problems += audit.wrong_runs(ends, notes, writes)
    problems += audit.wrong_kept(writes)
    kept = [write for write in writes if isinstance(write, Kept)]
    problems += audit.wrong_replays(kept, ends, replayed, replay_writes)
    return Record(
        scale,
        len(sent),
        sum(end.published.total() for end in ends),
        time.monotonic() - began,
        saboteur.injected,
        sender.acknowledged,
        len(sender.refused),
        notes,
        writes,
        problems,
    )


def _outcome(result: Any, deadline: float) -> Any:
    """Return what `get()` returns or raises."""
    try:
        return _get(result, deadline)
    except Exception as error:
        return error


def _get(result: Any, deadline: float) -> Any:
    while True:
        left = deadline - time.monotonic()
        try:
            return result.get(timeout=max(2.0, left), interval=0.05)
        except OperationalError as error:
            # Nothing refuses to read by now: it is what the task failed with.
            if left < 0 or isinstance(error, StoreRefused):
                raise


def _unfinished(fleet: Fleet, timeout: float) -> Iterator[str]:
    """Wait for callbacks and errbacks that nobody waits for; yield what is left."""
    engine = fleet.observer.engine
    counts: Mapping[str, Any] = {}

    def idle() -> bool:
        nonlocal counts
        with contextlib.suppress(OperationalError):
            counts = engine.queues()
            waiting = any(count.total for count in counts.values())
            return not waiting and not any(map(engine.held, engine.workers()))
        return False

    try:
        until(idle, "all queues to be empty", timeout)
    except AssertionError:
        yield f"messages are left: {counts}"
        for name in engine.workers():
            if held := engine.held(name):
                yield f"{name} still holds {held}"


def _probe(fleet: Fleet, scale: Scale) -> tuple[list[Call], list[str]]:
    """Have every worker process run something, after all that has happened; return what ran, and what is wrong.

    A process whose connection fell silent hears of it after some seconds, so there are several
    rounds.
    """
    probed: list[Call] = []
    deadline = time.monotonic() + PATIENCE
    size = 2 * scale.machines * scale.processes * scale.threads
    while True:
        first = len(probed)
        calls = [Call(f"probe{first + number}", seconds=0.2) for number in range(size)]
        probed += calls
        for result in [signature(fleet.caller, call).apply_async() for call in calls]:
            _get(result, deadline)
        idle = _idle_workers(fleet)
        if not idle or time.monotonic() > deadline:
            return probed, [f"worker process {name} does not work any more" for name in idle]


def _idle_workers(fleet: Fleet) -> list[str]:
    """Return each worker process that has taken nothing of the probe."""
    active = {
        note.process for note in ledger.read_notes(fleet.notes) if note.label.startswith("probe")
    }
    return [
        f"{worker.pid} of {machine.name}"
        for machine in fleet.machines
        if machine.queue == QUEUE
        for worker in machine.workers
        if worker.pid not in active
    ]


def _replay(fleet: Fleet) -> Iterator[str]:
    """Retry all tasks that have failed for good, and wait for them; yield what is wrong."""
    import redis

    history = fleet.observer.engine.history
    kept = history.failed(0, history.failed_count())
    with redis.Redis.from_url(fleet.store.url) as client:
        client.set(f"{MARK}{REPLAY.name}", "1")
    keys = [letter.key for letter in kept]
    retried = history.retry_failed(keys)
    if retried != keys:
        yield f"of {len(keys)} messages of failed tasks {len(retried)} were retried"
    yield from _unfinished(fleet, PATIENCE)


def _left_over(fleet: Fleet, *, refuses: bool) -> Iterator[str]:
    """Yield what is still stored though nothing runs.

    Where commands are refused there are dead letters, and a chord that is complete may be left to
    expire. Messages of failed tasks keep the chords whose results they need.
    """
    import redis

    kinds = ["messages", "delayed", "deliveries", "claims:*", "queue:*"]
    with redis.Redis.from_url(fleet.store.url) as client:
        prefix = f"{{{NAMESPACE}}}:"
        if not refuses:
            kinds.append("dead")
        for kind in kinds:
            for key in client.scan_iter(match=prefix + kind):
                yield f"{key.decode()} is left: {client.type(key).decode()}"
        needed = {f"{prefix}chord:{name}".encode() for name in _needed_chords(fleet)}
        for key in set(client.scan_iter(match=f"{prefix}chord:*")) - needed:
            size, done = client.hmget(key, "size", "done")
            if not refuses or size != done or client.pttl(key) < 0:
                yield f"{key.decode()} is left with {done} of {size} parts"


def _needed_chords(fleet: Fleet) -> Iterator[str]:
    """Yield the chords whose results messages of failed tasks need."""
    history = fleet.observer.engine.history
    for letter in history.failed(0, history.failed_count()):
        if letter.envelope is not None:
            chord = decode_body(letter.envelope.body)["options"].get("chord_results")
            if chord is not None:
                yield chord
