"""Tasks in another order than that of their end: each state has its part of the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from taskhub import Celery
from taskhub.engine.port.claims import Completion
from taskhub.message import Envelope
from taskhub.outcome import HistoryPart, Outcome
from taskhub.web.filter_parser import parse_filter
from taskhub.web.queries import budget, tasks
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.tasks import list_tasks

#: Tasks that have ended: several pages of the history.
ENDED = 900


class Clock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class SlowBacklog(StoreView):
    """A view of a store in which reading a ready message takes 1 ms.

    Args:
        app: The app.
        clock: Moved by it.
    """

    def __init__(self, app: Celery, clock: Clock) -> None:
        super().__init__(app)
        self._clock = clock

    def waiting_record(self, envelope: Envelope, now: float) -> TaskRecord:
        self._clock.now += 0.001
        return super().waiting_record(envelope, now)


@pytest.fixture
def app() -> Iterator[Celery]:
    """An app whose store has ended tasks."""
    with Celery("sorted", broker="memory://", set_as_current=False) as made:
        for number in range(ENDED):
            made.send_task("shop.ended", task_id=f"ended-{number}")
        claims = made.engine.claim("w1", ["celery"], ENDED).claims
        part = HistoryPart("shop.ended", "SUCCESS", "{}")
        made.engine.commit(
            "w1",
            [
                Completion(claim, Outcome(claim.task_id, "SUCCESS", history=part))
                for claim in claims
            ],
        )
        yield made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (budget, tasks):
        monkeypatch.setattr(module, "time", made)
    return made


def test_a_backlog_leaves_time_for_the_other_states(app: Celery, clock: Clock) -> None:
    for _ in range(300):
        app.send_task("shop.waits")

    found = list_tasks(SlowBacklog(app, clock), parse_filter(""), sort="task", limit=2000)

    states = Counter(row["state"] for row in found["items"])
    assert states["succeeded"] == ENDED, "their time is their own"
    assert 0 < states["waiting"] < 300
    assert found["at_least"]
    assert not found["counts"]["at_least"], "they were counted without a look"


def test_all_that_was_read_in_time_is_exact(app: Celery, clock: Clock) -> None:
    for _ in range(5):
        app.send_task("shop.waits")

    found = list_tasks(SlowBacklog(app, clock), parse_filter(""), sort="task", limit=2000)

    assert Counter(row["state"] for row in found["items"]) == {"succeeded": ENDED, "waiting": 5}
    assert not found["at_least"]
    assert not list_tasks(SlowBacklog(app, clock), parse_filter(""))["at_least"]
