"""A store as a busy service leaves it: a million tasks of history, a thousand queues.

What the history and the statistics hold is written by the engine's own script parts, with clocks of
the past; messages, failures and dead letters by the engine itself.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, islice
from typing import Any, Final, NamedTuple

import redis

from taskhub import Celery
from taskhub.engine.port.claims import Claim, Completion
from taskhub.engine.redis.scripts import compose
from taskhub.history import HistoryRecord
from taskhub.message import Envelope, new_task_id
from taskhub.outcome import HistoryPart, Outcome
from taskhub.statistics.tally import tally, with_error

#: What is in the store.
HISTORY: Final = 1_000_000
QUEUES: Final = 1_000
TASKS: Final = 100
WAITING: Final = 100_000
DELAYED: Final = 10_000
FAILED: Final = 10_000
DEAD: Final = 1_000
#: For how long the tasks have ended, minutes: as long as statistics are kept.
SPAN: Final = 72 * 60
#: Tasks that end together, by one commit.
TOGETHER: Final = 50
#: Commits that are sent together.
PIPELINED: Final = 50
#: Of so many tasks one has failed, or was revoked.
FAILURES: Final = 33
REVOCATIONS: Final = 200
ERRORS: Final = 300

#: Adds ended tasks to the history. ARGV[2] how many it keeps; then task id, subject and entry of
#: each.
_ADD_HISTORY: Final = """
redis.call('HDEL', MESSAGES, NONE)
answer = 1
local entries = {}
for first = 3, #ARGV, 3 do
  entries[#entries + 1] =
    { task_id = ARGV[first], subject = ARGV[first + 1], entry = ARGV[first + 2] }
end
add_history(entries, tonumber(ARGV[2]))
return 1
"""
#: Counts what has ended in a minute. ARGV[2] how long counts are kept, ms; then tallies, and how
#: often each came.
_COUNT: Final = """
redis.call('HDEL', MESSAGES, NONE)
answer = 1
local tallies = {}
for first = 3, #ARGV, 2 do
  tallies[ARGV[first]] = tonumber(ARGV[first + 1])
end
count_outcomes(math.floor(clock() / 60000), tallies, tonumber(ARGV[2]))
return 1
"""


class Sizes(NamedTuple):
    """How much is in the store."""

    history: int = HISTORY
    queues: int = QUEUES
    waiting: int = WAITING
    delayed: int = DELAYED
    failed: int = FAILED
    dead: int = DEAD


def dashboard_app(url: str) -> Celery:
    """Return the app whose dashboard is measured; its tasks are known by their names only."""
    return Celery(
        "benchmark",
        broker=url,
        history_limit=2 * HISTORY,
        set_as_current=False,
    )


def fill_store(app: Celery, client: redis.Redis, sizes: Sizes) -> None:
    """Fill the store of an app."""
    chosen = random.Random(14)
    _add_history(app, client, chosen, sizes)
    _add_failed(app, chosen, sizes)
    _add_messages(app, chosen, sizes)


def _add_history(app: Celery, client: redis.Redis, chosen: random.Random, sizes: Sizes) -> None:
    """Add tasks that have ended, from `SPAN` minutes ago until now."""
    rules = app.engine.rules
    add = compose(("shared", "history"), _ADD_HISTORY)
    count = compose(("shared", "statistics"), _COUNT)
    for script in (add, count):
        client.script_load(script.text)
    pipeline = client.pipeline(transaction=False)
    tasks = _ended_tasks(chosen, sizes)
    first = int(time.time() // 60) - SPAN
    for number in range(SPAN):
        share = (number + 1) * sizes.history // SPAN - number * sizes.history // SPAN
        minute = list(islice(tasks, share))
        begin, counted = (first + number) * 60_000, Counter[str]()
        for place in range(0, share, TOGETHER):
            ended_at = begin + place * 60_000 // share
            page: list[Any] = []
            for task in minute[place : place + TOGETHER]:
                task_id = new_task_id()
                page += (task_id, task.subject, task.entry(ended_at))
                counted[task.tally(task_id)] += 1
            pipeline.evalsha(add.sha, 1, rules.keys, ended_at, rules.history_limit, *page)
        counts = (part for pair in counted.items() for part in pair)
        pipeline.evalsha(count.sha, 1, rules.keys, begin, rules.statistics_ttl, *counts)
        if len(pipeline) >= PIPELINED:
            pipeline.execute()
    pipeline.execute()


class EndedTask(NamedTuple):
    """A task that has ended."""

    task: str
    queue: str
    state: str
    kind: str
    message: str
    ran: float
    waited: float
    user: int

    @property
    def subject(self) -> str:
        """What it is indexed by."""
        return f"{self.task}\n{self.state}"

    def tally(self, task_id: str) -> str:
        """Return how it is counted."""
        text = _tally(self.task, self.queue, _ENDS[self.state], self.ran, self.waited)
        return with_error(text, task_id, f"{self.kind}\n{self.message}") if self.kind else text

    def entry(self, ended_at: int) -> str:
        """Return what the history keeps of it."""
        return f"{self.subject}\n{self.record(ended_at)}"

    def record(self, ended_at: int) -> str:
        """Return its record."""
        started_at = ended_at - int(self.ran * 1000)
        return HistoryRecord(
            queue=self.queue,
            priority=5,
            arguments=f"user={self.user}, currency='EUR', amount={self.user % 97}.50",
            sent_at=started_at - int(self.waited * 1000),
            started_at=started_at,
            waited=self.waited,
            ran=self.ran,
            max_retries=3,
            worker=f"worker-{self.user % 8}@host",
            error=self.kind or None,
            message=self.message or None,
        ).encode()


_ENDS: Final = {"SUCCESS": "done", "FAILURE": "failed", "REVOKED": "revoked"}
_tally: Final = lru_cache(maxsize=None)(tally)


def task_name(number: int) -> str:
    """Return the name of a task."""
    return f"shop.area{number % 10}.task{number:02}"


def queue_name(number: int) -> str:
    """Return the name of a queue."""
    return f"queue-{number:04}"


def _ended_tasks(chosen: random.Random, sizes: Sizes) -> Iterator[EndedTask]:
    """Yield tasks that have ended: a few queues are busy, most are not."""
    weights = list(accumulate(1 / (rank + 1) for rank in range(sizes.queues)))
    numbers = range(sizes.queues)
    left = sizes.history
    while left > 0:
        page = chosen.choices(numbers, cum_weights=weights, k=min(left, 10_000))
        left -= len(page)
        for number in page:
            roll = chosen.random()
            state, kind = "SUCCESS", ""
            if roll < 1 / FAILURES:
                state, kind = "FAILURE", f"Error{(number * 7 + int(roll * 1e6) % 3) % ERRORS}"
            elif roll > 1 - 1 / REVOCATIONS:
                state = "REVOKED"
            user = int(chosen.random() * 5_000)
            message = f"user {user}: no answer from 10.0.{user % 9}.1" if kind else ""
            yield EndedTask(
                task_name(number % TASKS), queue_name(number), state, kind, message,
                0.002 * 1.5 ** (user % 20), 0.001 * 1.5 ** (user % 17), user,
            )  # fmt: skip


def _messages(
    app: Celery, chosen: random.Random, sizes: Sizes, count: int, **more: Any
) -> list[Envelope]:
    """Return messages as calls make them; `more` are options."""
    found = []
    for number in range(count):
        place = number % sizes.queues
        options = {"queue": queue_name(place), "priority": number % 3 + 4, **more}
        kwargs = {"user": int(chosen.random() * 5_000), "currency": "EUR"}
        name = task_name(place % TASKS)
        found.append(app.calls.envelope(name, (), kwargs, new_task_id(), options, None))
    return found


def _add_failed(app: Celery, chosen: random.Random, sizes: Sizes) -> None:
    """Add tasks that fail now: their messages are kept, or they are dead letters."""
    queues = [queue_name(number) for number in range(sizes.queues)]
    for page in _pages(_messages(app, chosen, sizes, sizes.failed + sizes.dead), 500):
        app.engine.enqueue(page)
    failed = (task for task in _ended_tasks(chosen, sizes._replace(history=10**9)) if task.kind)
    dead = sizes.dead
    while claims := app.engine.claim("filler", queues, 500).claims:
        completions = []
        for claim in claims:
            completions.append(_failure(claim, next(failed), is_dead=dead > 0))
            dead -= 1
        assert all(app.engine.commit("filler", completions))


def _failure(claim: Claim, task: EndedTask, *, is_dead: bool) -> Completion:
    """Return the completion of a message whose task has failed as another one."""
    task = task._replace(queue=claim.queue)
    reason = json.dumps({"reason": task.kind, "detail": task.message})
    record = task.record(int(time.time() * 1000))
    outcome = Outcome(
        claim.task_id,
        task.state,
        document=json.dumps({"status": task.state, "task_id": claim.task_id, "result": None}),
        ttl=86_400_000,
        dead=reason if is_dead else None,
        failed=None if is_dead else reason,
        history=HistoryPart(task.task, task.state, record),
    )
    return Completion(claim, outcome, task.tally(claim.task_id))


def _add_messages(app: Celery, chosen: random.Random, sizes: Sizes) -> None:
    """Add messages that wait; and some that are delayed, half of them for another try."""
    now, half = int(time.time() * 1000), sizes.delayed // 2
    late = [
        *_messages(app, chosen, sizes, half),
        *_messages(app, chosen, sizes, sizes.delayed - half, retries=1),
    ]
    delayed = [
        message._replace(eta=now + 3_600_000 + number * 1000) for number, message in enumerate(late)
    ]
    for page in _pages([*_messages(app, chosen, sizes, sizes.waiting), *delayed], 500):
        app.engine.enqueue(page)


def _pages(items: Sequence[Envelope], size: int) -> Iterator[Sequence[Envelope]]:
    return (items[first : first + size] for first in range(0, len(items), size))
