"""Which task runs next: priorities, ages, queues, and hands that are free."""

from __future__ import annotations

import time
from collections.abc import Callable

from taskhub.message import Envelope, encode_body
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import until


def test_priority_goes_over_the_whole_queue_and_age_within_it(
    stage: Stage, journal: Journal
) -> None:
    sent = [
        stage.send("mark", journal, priority, round_number, priority=priority)
        for round_number in range(4)
        for priority in range(10)
    ]
    stage.workers(threads=1)
    for result in sent:
        result.get(timeout=60)
    assert journal.words == [(priority, n) for priority in range(9, -1, -1) for n in range(4)]


def test_priority_holds_over_processes(stage: Stage, journal: Journal) -> None:
    each = 20
    sent = [
        stage.send("work", journal, 0.02, priority, priority=priority)
        for _ in range(each)
        for priority in (0, 9, 5)
    ]
    stage.workers(processes=2, threads=1)
    for result in sent:
        result.get(timeout=60)
    begun = [word[1] for word in journal.words if word[0] == "begin"]
    # A process that stands still for a moment begins late what it holds: its thread's, and some 50
    # ms of work. If each process ordered only what it has taken, every third of these would be a 9,
    # or a 0.
    assert begun[:each].count(9) >= each - 8
    assert begun[-each:].count(0) >= each - 8


def test_only_the_queues_that_were_named_are_served(stage: Stage, journal: Journal) -> None:
    stage.workers(queues=("first", "second"))
    other = stage.send("mark", journal, "other", queue="third")
    # No task here is declared on any of them.
    for queue in ("first", "second"):
        assert stage.send("mark", journal, queue, queue=queue).get(timeout=60) > 0
    assert sorted(journal.words) == ["first", "second"]
    assert not other.ready()
    assert stage.app.engine.queues()["third"].ready == 1


def test_one_slow_task_holds_no_quick_one_up(stage: Stage, journal: Journal) -> None:
    stage.workers(wait=False, threads=1)
    stage.workers(wait=False, threads=1)
    for workers in stage.sets:
        workers.wait_until_ready()
    # Both have found tasks to be quick, and take many at once.
    for result in [stage.send("add", number, 1) for number in range(400)]:
        result.get(timeout=60)
    go = journal.directory / "go"
    slow = _message("wait_for_file", [str(journal), str(go)])
    quick = [_message("mark", [str(journal), number]) for number in range(100)]
    stage.app.engine.enqueue([slow, *quick])
    # The slow one ends only when all quick ones have: whichever was behind it has gone to the other
    # worker.
    journal.wait_for(101)
    assert stage.app.AsyncResult(slow.task_id).state == "PENDING"
    assert sorted(word for word in journal.words if word != "begin") == list(range(100))
    go.touch()
    assert stage.app.AsyncResult(slow.task_id).get(timeout=60) > 0


def test_an_idle_worker_does_not_poll(stage: Stage) -> None:
    stage.workers(processes=2)
    assert stage.send("add", 1, 2).get(timeout=60) == 3
    before = _commands(stage)
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 4.0, "4 s of idleness")
    after = _commands(stage)
    idle = time.monotonic() - began
    waits, scripts = (after[name] - before.get(name, 0) for name in ("blpop", "evalsha"))
    print(f"in {idle:.1f} s two idle processes: {waits} waits, {scripts} scripts")  # noqa: T201
    # Per process, every 2 s: a wait for the notifier, a look, what it tells of itself; and the
    # renewals for both. A worker that polls as Dramatiq's does would have asked 25 times or more.
    assert waits <= 2 * (idle / 2 + 1) + 2
    assert scripts <= 4 * (idle / 2 + 1) + idle / 3 + 2


def test_results_of_many_quick_tasks_arrive(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.workers(processes=2, threads=2)
    messages = [_message("add", [number, number]) for number in range(2000)]
    stage.app.engine.enqueue(messages)
    engine = stage.app.engine
    ids = [message.task_id for message in messages]
    until(lambda: None not in engine.documents(ids), "2,000 results", 30)
    assert stage.held == {}


def _message(name: str, args: list[object]) -> Envelope:
    import uuid

    task_id = str(uuid.uuid4())
    fields = {
        "queue_name": "default",
        "actor_name": name,
        "args": args,
        "kwargs": {},
        "options": {},
        "message_id": task_id,
        "message_timestamp": 0,
    }
    return Envelope(task_id, "default", 5, encode_body(fields))


def _commands(stage: Stage) -> dict[str, int]:
    import redis

    url = stage.settings["broker"]
    with redis.Redis.from_url(url) as client:
        stats = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): entry["calls"] for name, entry in stats.items()}
