"""Simulation of canvases without a store and without a worker: outcomes are applied to dictionaries.

A message is opened, its task's body is called, the outcome is decided by the code that workers use,
and then applied. The caller chooses in which order messages run, and which runs are lost because
their worker is killed before its commit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from taskhub import states
from taskhub.app.app import Celery
from taskhub.canvas.outbox import Outbox, collecting
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.claims import Claim
from taskhub.execution.decision import decide_outcome, raised, returned
from taskhub.execution.execution import execution_of
from taskhub.execution.request import entered, request_of
from taskhub.message import Envelope, decode_body
from taskhub.outcome import ChordPart, ChordPlan, Outcome
from taskhub.serialization.json import loads
from taskhub.serialization.result_meta import decode_meta


@dataclass
class OpenChord:
    """A chord whose body has not ended."""

    body: tuple[Envelope, ...]
    parts: list[str | None]
    #: Places of parts that were added, by label.
    labels: dict[str, int] = field(default_factory=dict)
    #: How many messages of the body need its values.
    readers: int = 0

    def place(self, part: ChordPart) -> int:
        """Return where a part belongs."""
        return part.place if isinstance(part.place, int) else self.labels[part.place]


class Dicts(MemoryEngine):
    """All that is stored. Workers may look into it; to write is left to outcomes."""

    def __init__(self) -> None:
        super().__init__()
        self.ready: list[Envelope] = []
        self.open: dict[str, OpenChord] = {}
        self.links: dict[str, tuple[str, ...]] = {}
        self.documents: dict[str, Any] = {}

    def chord_parts(self, chord_id: str) -> list[bytes] | None:
        parts = self.open[chord_id].parts
        assert None not in parts
        return [part.encode() for part in parts if part is not None]

    def chain_links(self, chain_id: str, start: int, count: int) -> list[bytes]:
        return [link.encode() for link in self.links[chain_id][start : start + count]]

    def enqueue(self, *_: Any, **__: Any) -> None:
        raise AssertionError("written beside an outcome")

    exchange = enqueue  # type: ignore[assignment]


class Play:
    """One canvas on its way."""

    def __init__(self, app: Celery, store: Dicts, random: Random) -> None:
        self._app = app
        self._store = store
        self._random = random
        #: label -> how often the call was published.
        self.published: Counter[str] = Counter()
        #: The labels whose bodies ran.
        self.begun: set[str] = set()

    def send(self, canvas: Any) -> Any:
        """Send a canvas; return its result."""
        with collecting() as outbox:
            result = canvas.apply_async()
        self._take(outbox)
        return result

    def run(self, lost: float = 0.0) -> None:
        """Run messages in any order until there are none; a share of the runs is lost."""
        ready = self._store.ready
        while ready:
            message = ready.pop(self._random.randrange(len(ready)))
            outcome = self._run(message)
            if self._random.random() < lost:
                ready.append(message)
            else:
                self._apply(outcome)

    def came_to(self, result: Any) -> Any:
        """Return what `get()` would return or raise."""
        if hasattr(result, "results"):
            values = [self.came_to(member) for member in result.results]
            return next((value for value in values if isinstance(value, BaseException)), values)
        return decode_meta(self._store.documents[result.id])["result"]

    def left(self) -> list[Any]:
        """Return what is still stored besides documents."""
        return [*self._store.ready, *self._store.open, *self._store.links]

    def _run(self, message: Envelope) -> Outcome:
        task_id, queue, priority, body, *_ = message
        delivery = Delivery(Claim(task_id, "1:0", task_id, queue, priority, body))
        task = self._app.tasks[delivery.actor_name]
        request = request_of(delivery, task, "play")
        with entered(request):
            value, error = None, None
            try:
                self._app.participation.load(request)
                self.begun.add(request.kwargs.get("label", ""))
                value = task(*request.args, **request.kwargs)
            except Exception as problem:
                error = problem
            happened = returned(value) if error is None else raised(error)
            return decide_outcome(execution_of(request), happened)

    def _apply(self, outcome: Outcome) -> None:
        store = self._store
        for chord_id, label in outcome.extends:
            chord = store.open[chord_id]
            assert label not in chord.labels
            chord.labels[label] = len(chord.parts)
            chord.parts.append(None)
        self._take(Outbox(list(outcome.publish), list(outcome.chords), list(outcome.chains)))
        for part in outcome.parts:
            self._give(part)
        for task_id, text in ((outcome.task_id, outcome.document), *outcome.documents):
            before = store.documents.get(task_id)
            assert before is None or loads(before)["status"] not in states.READY_STATES
            if text is not None:
                store.documents[task_id] = text
        if outcome.consumed_chord is not None:
            store.open[outcome.consumed_chord].readers -= 1
            if store.open[outcome.consumed_chord].readers == 0:
                del store.open[outcome.consumed_chord]
        for chain_id in outcome.consumed_chains:
            del store.links[chain_id]

    def _give(self, part: ChordPart) -> None:
        chord = self._store.open.get(part.chord_id)
        if chord is None:
            # Of a chord that would have come later in a chain that has failed.
            return
        place = chord.place(part)
        assert chord.parts[place] is None, "a part was given twice"
        chord.parts[place] = part.value
        if None not in chord.parts:
            self._publish(chord.body)

    def _take(self, outbox: Outbox) -> None:
        for plan in outbox.chords:
            self._open(plan)
        for chain_id, links in outbox.chains:
            assert chain_id not in self._store.links
            self._store.links[chain_id] = links
        self._publish(tuple(outbox.messages))

    def _open(self, plan: ChordPlan) -> None:
        assert plan.chord_id not in self._store.open
        self._store.open[plan.chord_id] = OpenChord(
            plan.body, [None] * plan.size, readers=len(plan.body)
        )

    def _publish(self, messages: tuple[Envelope, ...]) -> None:
        self._store.ready += messages
        labels = (decode_body(message.body)["kwargs"].get("label") for message in messages)
        self.published.update(label for label in labels if label)
