"""Whether a run kept the promises: pure functions from what was expected and what was recorded to sentences that say
what is wrong. No sentences: nothing was lost, and nothing was doubled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tests.chaos.ledger import ENDED, Dead, Kept, Note, Published, PutBack, Removed, Stored, Write
from tests.chaos.model import Expected, Failure


def wrong_result(expected: Any, got: Any) -> str | None:
    """Return how what `get()` returned or raised differs from what was expected."""
    if isinstance(expected, Failure):
        if not isinstance(got, BaseException):
            return f"returned {got!r} instead of raising {expected}"
        if type(got).__name__ not in expected.kinds or not names_one(str(got), expected.labels):
            return f"raised {got!r} instead of {expected}"
        return None
    return None if got == expected else f"came to {got!r} instead of {expected!r}"


def names_one(text: str, labels: Iterable[str]) -> bool:
    """Return whether a text has one of these labels as a word."""
    words = set("".join(sign if sign.isalnum() else " " for sign in text).split())
    return not words.isdisjoint(labels)


def wrong_publications(ends: Iterable[Expected], writes: Sequence[Write]) -> Iterator[str]:
    """Yield each call that was not published exactly as often as it should: once for each try.

    A second publication shows whatever id it has: as one more entry of its label and try.
    """
    wanted = Counter(
        (label, attempt)
        for end in ends
        for label, times in end.published.items()
        for attempt in range(times)
    )
    published = [write for write in writes if isinstance(write, Published)]
    # The library's own tasks have no label: their ids stand for them.
    found = Counter((write.label, write.retries) for write in published if write.label)
    for (label, attempt), times in (wanted - found).items():
        yield f"try {attempt} of {label} was never published ({times} missing)"
    for (label, attempt), times in (found - wanted).items():
        yield f"try {attempt} of {label} was published {times} times too often"
    unlabelled = Counter((write.task_id, write.retries) for write in published if not write.label)
    for (task_id, _), times in unlabelled.items():
        if times > 1:
            yield f"the library's own call {task_id} was published {times} times"


def wrong_endings(writes: Sequence[Write]) -> Iterator[str]:
    """Yield each message that did not end exactly once, and each task that did not get exactly one final result."""
    stored: set[str] = set()
    ended: Counter[str] = Counter()
    ids: set[str] = set()
    for write in writes:
        match write:
            case Published(key=key, task_id=task_id):
                if key in stored:
                    yield f"message {key!r} was stored while it was stored"
                stored.add(key)
                ids.add(task_id)
            case Removed(key=key):
                if key not in stored:
                    yield f"message {key!r} ended twice"
                stored.discard(key)
            case PutBack(key=key) if key not in stored:
                yield f"message {key!r} was put back after it had ended"
            case Stored(task_id=task_id, state=state) if state in ENDED:
                ended[task_id] += 1
    yield from (f"message {key!r} never ended" for key in stored)
    for task_id, times in ended.items():
        if times > 1:
            yield f"task {task_id} got {times} final results"
    yield from (f"task {task_id} got no final result" for task_id in ids - ended.keys())


def wrong_kept(writes: Sequence[Write]) -> Iterator[str]:
    """Yield each task that failed for good and whose message was not kept once, as it was last published; and each
    message that was kept though its task did not fail, or became a dead letter.
    """
    published: dict[str, Published] = {}
    failed: set[str] = set()
    dead: set[str] = set()
    kept: dict[str, list[Kept]] = {}
    for write in writes:
        match write:
            case Published(task_id=task_id):
                published[task_id] = write
            # Later links of a chain fail with the one before them; they have no message.
            case Stored(task_id=task_id, state="FAILURE") if task_id in published:
                failed.add(task_id)
            case Dead(task_id=task_id):
                dead.add(task_id)
            case Kept(task_id=task_id):
                kept.setdefault(task_id, []).append(write)
    yield from (
        f"the message of failed task {each} was not kept" for each in failed - dead - kept.keys()
    )
    for task_id, found in kept.items():
        if task_id not in failed - dead:
            yield f"the message of task {task_id} was kept, which did not fail, or is a dead letter"
        elif len(found) > 1:
            yield f"the message of failed task {task_id} was kept {len(found)} times"
        else:
            last = published[task_id]
            if (found[0].key, found[0].label, found[0].retries) != (
                last.key,
                last.label,
                last.retries,
            ):
                yield f"of failed task {task_id} another message was kept: {found[0]}, not {last}"


def wrong_replays(
    kept: Sequence[Kept], ends: Iterable[Expected], notes: Sequence[Note], writes: Sequence[Write]
) -> Iterator[str]:
    """Yield what is wrong after all kept messages were retried, once: each must run once, and fail again.

    Args:
        kept: The messages.
        ends: What was expected of the canvases that they belong to.
        notes: What ran since.
        writes: What was written since.
    """
    never_begun = frozenset().union(*(end.never_begun for end in ends))
    begun = Counter((note.label, note.retries) for note in notes if note.word == "begin")
    # Errbacks are called again, since the tasks fail again.
    published = Counter(
        (write.task_id, write.label, write.retries)
        for write in writes
        if isinstance(write, Published) and write.actor != "rescue"
    )
    ended = Counter(
        (write.task_id, write.state)
        for write in writes
        if isinstance(write, Stored) and write.state in ENDED
    )
    for message in kept:
        what = f"retried message {message.key!r} of {message.label or 'the library'}"
        times = published.pop((message.task_id, message.label, message.retries), 0)
        if times != 1:
            yield f"{what} was published {times} times"
        runs = begun[message.label, message.retries]
        if message.label and runs != (0 if message.label in never_begun else 1):
            yield f"{what} ran {runs} times"
        if ended[message.task_id, "FAILURE"] != 1:
            yield f"{what} failed {ended[message.task_id, 'FAILURE']} times"
    yield from (f"{call} was published when failed tasks were retried" for call in published)
    again = sorted(write.key for write in writes if isinstance(write, Kept))
    if again != sorted(message.key for message in kept):
        yield f"after a retry of {len(kept)} messages {len(again)} were kept, not the same"


def wrong_runs(
    ends: Iterable[Expected], notes: Sequence[Note], writes: Iterable[Write] = ()
) -> Iterator[str]:
    """Yield each call that was lost, or ran though it should not, or ran twice as one delivery.

    A body may run again, but only as a delivery with a higher number: the store must have noticed
    that a worker was lost; or because it was put back. A call that was published twice would run
    twice as its first delivery.
    """
    requeue_outcome = Counter(write.key for write in writes if isinstance(write, PutBack))
    wanted = {
        (label, attempt)
        for end in ends
        for label, times in end.published.items()
        if label not in end.never_begun
        for attempt in range(times)
    }
    begun = {(note.label, note.retries) for note in notes if note.word == "begin"}
    ended = {(note.label, note.retries) for note in notes if note.word == "end"}
    yield from (f"try {attempt} of {label} never ran" for label, attempt in wanted - begun)
    yield from (f"try {attempt} of {label} ran" for label, attempt in begun - wanted)
    yield from (f"try {attempt} of {label} ended in no run" for label, attempt in begun - ended)
    deliveries = Counter(
        (note.label, note.retries, note.key, note.delivery)
        for note in notes
        if note.word == "begin"
    )
    for (label, attempt, key, delivery), times in deliveries.items():
        if times > 1 + requeue_outcome[key]:
            yield f"delivery {delivery} of try {attempt} of {label} ran {times} times"
    for label, ids in _ids(notes).items():
        if len(ids) > 1:
            yield f"{label} ran under {len(ids)} ids"


def _ids(notes: Iterable[Note]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for note in notes:
        found.setdefault(note.label, set()).add(note.task_id)
    return found
