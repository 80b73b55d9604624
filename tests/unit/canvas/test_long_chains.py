"""Chains whose links are stored, on the store in memory: whatever happens to a link, what follows does so once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.canvas import chain, chord, group, signature
from taskhub.canvas.chain_continuation import CARRIED_LINKS
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.exceptions import BackendError, Ignore, OperationalError, Reject, TaskRevokedError
from taskhub.message import Envelope, decode_body
from tests.support.workers import until

LINKS = 50
#: Links at which something happens: the first, one of the next, the two to read links first, the
#: last.
PLACES = (0, 5, CARRIED_LINKS, CARRIED_LINKS + 1, LINKS - 1)

Work = Callable[[], None]


@pytest.fixture
def published(engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch) -> list[Envelope]:
    """All messages that the store was given."""
    seen: list[Envelope] = []
    publish = engine._state.publish

    def watch(envelope: Envelope, now: int) -> None:
        seen.append(envelope)
        publish(envelope, now)

    monkeypatch.setattr(engine._state, "publish", watch)
    return seen


@pytest.fixture
def tasks(app: Celery) -> Any:
    """A task that adds to what it is given, and one in whose place something happens."""

    @app.task(name="add")
    def add(value: int, more: int = 1) -> int:
        return value + more

    @app.task(name="total")
    def total(values: list[int]) -> int:
        return sum(values)

    @app.task(name="odd", bind=True, max_retries=3)
    def odd(self: Any, value: int, how: str) -> Any:
        return ODD[how](self, value)

    return SimpleNamespace(add=add, total=total, odd=odd)


def _retried(task: Any, value: int) -> int:
    if task.request.retries < 1:
        raise task.retry(countdown=0)
    return value + 1


def _delivered_twice(task: Any, value: int) -> int:
    """End a first time without holding the message any more."""
    engine = task.app.engine
    if task.request._execution.delivery.claim.delivery == 1:
        (holder,) = (name for name in engine.workers() if task.request.id in engine.held(name))
        engine.reclaim(holder)
    return value + 1


def _failed(task: Any, value: int) -> int:
    raise ValueError("odd")


def _requeued(task: Any, value: int) -> int:
    if (task.request.headers or {}).get("again") or task.app.seen:
        return value + 1
    task.app.seen.append(1)
    raise Reject("later", requeue=True)


def _rejected(task: Any, value: int) -> int:
    raise Reject("never", requeue=False)


def _ignored(task: Any, value: int) -> int:
    raise Ignore


def _stopped(task: Any, value: int) -> int:
    task.request.chain = None
    return value + 1


ODD: dict[str, Callable[[Any, int], Any]] = {
    "retried": _retried,
    "delivered twice": _delivered_twice,
    "requeued": _requeued,
    "replaced": lambda task, value: task.replace(signature("add", (value,), app=task.app)),
    "replaced by a chain": lambda task, value: task.replace(
        chain(*[signature("add", (value,) * (number == 0), app=task.app) for number in range(40)])
    ),
    "replaced by a chord": lambda task, value: task.replace(
        chord(
            [signature("add", (value,), app=task.app)],
            signature("total", app=task.app),
            app=task.app,
        )
    ),
    "failed": _failed,
    "rejected": _rejected,
    "ignored": _ignored,
    "stopped": _stopped,
}


@pytest.fixture(autouse=True)
def nothing_left(app: Celery, engine: MemoryEngine, work: Work) -> Iterator[None]:
    """At the end no links and no messages may be left."""
    app.seen = []  # type: ignore[attr-defined]
    yield
    state = engine._state
    until(lambda: not state.messages, "the end of all messages")
    if not state.dead and not engine.history.failed_count():
        assert engine._chains.stored == {}
        assert engine._chords.chords == {}


def numbers(tasks: Any, count: int = LINKS) -> list[Any]:
    """Return links that count from 0 to `count`."""
    return [tasks.add.s(0), *(tasks.add.s() for _ in range(count - 1))]


def with_odd(tasks: Any, how: str, *places: int, count: int = LINKS) -> Any:
    """Return a chain in which something happens in some places."""
    links = numbers(tasks, count)
    for place in places:
        links[place] = tasks.odd.s(*((0,) if place == 0 else ()), how)
    return chain(*links)


def row(result: Any) -> list[Any]:
    """Return the results of a chain in order."""
    found = [result]
    while found[-1].parent is not None:
        found.append(found[-1].parent)
    return found[::-1]


def carried(envelope: Envelope) -> int:
    """Return how many links a message carries."""
    return len(decode_body(envelope.body)["options"].get("chain") or ())


def test_every_link_runs_once(tasks: Any, work: Work, published: list[Envelope]) -> None:
    result = chain(*numbers(tasks)).apply_async()
    work()
    assert result.get(timeout=20) == LINKS
    assert [each.get(timeout=1) for each in row(result)] == list(range(1, LINKS + 1))
    assert [envelope.task_id for envelope in published] == [each.id for each in row(result)]
    assert max(map(carried, published)) == CARRIED_LINKS
    assert published[-1].chains == ()


@pytest.mark.parametrize("how", ["retried", "delivered twice", "requeued", "replaced"])
@pytest.mark.parametrize("place", PLACES)
def test_a_link_that_runs_again_goes_on_once(
    tasks: Any, work: Work, published: list[Envelope], how: str, place: int
) -> None:
    result = with_odd(tasks, how, place).apply_async()
    ids = [each.id for each in row(result)]
    work()
    assert result.get(timeout=20) == LINKS
    times = Counter(envelope.task_id for envelope in published)
    again = 1 if how == "delivered twice" else 2
    assert times == {task_id: again if index == place else 1 for index, task_id in enumerate(ids)}


@pytest.mark.parametrize("how", ["retried", "delivered twice", "replaced", "replaced by a chord"])
def test_every_link_may_run_again(tasks: Any, work: Work, how: str) -> None:
    result = with_odd(tasks, how, *range(LINKS)).apply_async()
    work()
    assert result.get(timeout=40) == LINKS


def test_long_chains_may_take_the_places_of_links(
    tasks: Any, work: Work, published: list[Envelope]
) -> None:
    result = with_odd(tasks, "replaced by a chain", 2, 20, 21).apply_async()
    work()
    assert result.get(timeout=20) == LINKS - 3 + 3 * 40
    assert max(map(carried, published)) <= CARRIED_LINKS


def test_replacements_are_counted_along_the_chain(app: Celery, tasks: Any, work: Work) -> None:
    nesting: list[int] = []

    @app.task(bind=True)
    def look(self: Any, value: int) -> int:
        nesting.append(self.request.replaced_task_nesting)
        return value

    links = [tasks.odd.s(0, "replaced"), *([look.s()] * 30), tasks.odd.s("replaced")]
    result = chain(*links, *([look.s()] * 30)).apply_async()
    work()
    assert result.get(timeout=20) == 2
    assert nesting == [1] * 30 + [2] * 30


@pytest.mark.parametrize("how", ["failed", "rejected"])
@pytest.mark.parametrize("place", PLACES)
def test_all_that_would_have_followed_fails(
    tasks: Any, work: Work, engine: MemoryEngine, how: str, place: int
) -> None:
    result = with_odd(tasks, how, place).apply_async()
    work()
    with pytest.raises((ValueError, Reject)):
        result.get(timeout=20)
    expected = [states.SUCCESS] * place + [states.FAILURE] * (LINKS - place)
    assert [each.state for each in row(result)] == expected


def test_a_header_learns_of_the_failure_of_a_long_chain(tasks: Any, work: Work) -> None:
    header = [with_odd(tasks, "failed", 3), chain(*numbers(tasks))]
    result = chord(header, tasks.total.s())()
    work()
    with pytest.raises(ValueError, match="odd"):
        result.get(timeout=20)


@pytest.mark.parametrize("how", ["ignored", "stopped"])
@pytest.mark.parametrize("place", PLACES[:-1])
def test_a_chain_that_goes_no_further_leaves_nothing(
    tasks: Any, work: Work, engine: MemoryEngine, how: str, place: int
) -> None:
    result = with_odd(tasks, how, place).apply_async()
    work()
    until(lambda: not engine._state.messages and not engine._chains.stored, "the end of the chain")
    assert row(result)[place + 1].state == states.PENDING


def test_long_chains_in_headers_and_behind_chords(tasks: Any, work: Work) -> None:
    links = [tasks.add.s() for _ in range(LINKS)]
    long = chain(*numbers(tasks))
    result = (long | group(chain(*links), tasks.add.s(5)) | chain(tasks.total.s(), *links)).delay()
    work()
    assert result.get(timeout=20) == (2 * LINKS) + (LINKS + 5) + LINKS


def test_tasks_see_what_follows(app: Celery, tasks: Any, work: Work) -> None:
    seen: list[int] = []

    @app.task(bind=True)
    def look(self: Any) -> None:
        following = self.request.chain or []
        seen.append(len(following))
        assert [link["args"] for link in following[-1:]] in ([], [[]])

    result = chain(*[look.si() for _ in range(LINKS)]).apply_async()
    work()
    result.get(timeout=20)
    assert all(0 < count <= CARRIED_LINKS for count in seen[:-1])
    assert seen[-1] == 0


@pytest.mark.parametrize("how", ["retried", "failed"])
def test_a_store_that_is_out_of_reach_is_waited_for(
    tasks: Any, work: Work, engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    read, faults = engine.chain_links, [1]

    def fail_once(chain_id: str, start: int, count: int) -> list[bytes]:
        if faults:
            faults.pop()
            raise OperationalError("out of reach")
        return read(chain_id, start, count)

    monkeypatch.setattr(engine, "chain_links", fail_once)
    result = with_odd(tasks, how, 30).apply_async()
    work()
    error = result.get(timeout=20, propagate=False)
    assert error == LINKS if how == "retried" else isinstance(error, ValueError)
    assert faults == []


def test_links_that_are_gone_fail_the_link_that_needs_them(
    tasks: Any, work: Work, engine: MemoryEngine
) -> None:
    result = chain(*numbers(tasks)).apply_async()
    engine._chains.stored.clear()
    work()
    reader = row(result)[CARRIED_LINKS]
    with pytest.raises(BackendError, match="are gone"):
        reader.get(timeout=20)


def test_a_task_that_no_worker_knows_ends_the_chain(
    app: Celery, tasks: Any, work: Work, engine: MemoryEngine
) -> None:
    links = numbers(tasks)
    links[30] = app.signature("unknown")
    result = chain(*links).apply_async()
    work()
    with pytest.raises(Exception, match="unknown"):
        result.get(timeout=20)
    assert row(result)[-1].state == states.FAILURE
    # Whoever registers the task may let the dead letter run.
    assert len(engine._chains.stored) == 1


def test_a_dead_letter_that_runs_again_finds_what_follows(
    app: Celery,
    tasks: Any,
    work: Work,
    engine: MemoryEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = with_odd(tasks, "rejected", 20).apply_async()
    work()
    assert isinstance(sent.get(timeout=20, propagate=False), Reject)
    monkeypatch.setitem(ODD, "rejected", lambda _task, value: value + 1)
    (letter,) = engine.dead_letters(0, 9)
    engine.retry_dead_letters([letter.key])
    # A result object keeps the end that it has seen.
    until(lambda: app.AsyncResult(sent.id).state == states.SUCCESS, "the rest of the chain")
    assert app.AsyncResult(sent.id).get(timeout=1) == LINKS
    assert engine._chains.stored == {}


def test_a_link_that_is_stored_can_be_revoked(tasks: Any, work: Work, engine: MemoryEngine) -> None:
    result = chain(*numbers(tasks)).apply_async()
    engine.revoke("revoker", [row(result)[30].id], 60_000)
    work()
    with pytest.raises(TaskRevokedError):
        result.get(timeout=20)
    expected = [states.SUCCESS] * 30 + [states.REVOKED] + [states.FAILURE] * (LINKS - 31)
    assert [each.state for each in row(result)] == expected
