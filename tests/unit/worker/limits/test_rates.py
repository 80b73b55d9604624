"""Rate limits of tasks in Dramatiq's worker, on the store in memory."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.rate_limiter import PermitRequest, rate_of
from taskhub.exceptions import ImproperlyConfigured
from taskhub.rates import per_second, rate_text
from taskhub.worker.limits.run_time import RunTimeLimits, run_time_limits_of
from tests.support.workers import until


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (None, 0),
        ("", 0),
        (0, 0),
        ("0", 0),
        ("0/m", 0),
        (5, 5),
        (0.5, 0.5),
        ("10", 10),
        ("10/s", 10),
        ("0.5/s", 0.5),
        ("30/m", 0.5),
        ("36/h", 0.01),
    ],
)
def test_rates_are_read(rate: str | float | None, expected: float) -> None:
    assert per_second(rate) == pytest.approx(expected)


@pytest.mark.parametrize("rate", ["fast", "10/d", "10/", "/s", "1/s/s", -1, "-3/m", "inf", "nan"])
def test_what_is_no_rate_is_refused(rate: str | float) -> None:
    if rate == "10/":
        # As in Celery: no unit is seconds.
        assert per_second(rate) == 10
        return
    with pytest.raises(ValueError, match="is no rate: give a number"):
        per_second(rate)


def test_a_limited_task_begins_as_often_as_it_may(app: Celery, work: Callable[[], None]) -> None:
    began: list[float] = []

    @app.task(rate_limit="20/s")
    def limited() -> None:
        began.append(time.time())

    @app.task
    def other() -> str:
        return "done"

    results = [limited.delay() for _ in range(11)]
    unlimited = other.delay()
    work()
    # It was sent last and does not wait for the others.
    assert unlimited.get(timeout=10) == "done"
    assert len(began) < 11
    for result in results:
        result.get(timeout=10)
    # The first two may be together: the bucket holds a tenth of a second.
    assert began[-1] - began[0] >= 9 * 0.05 - 0.02


def test_tasks_that_wait_are_no_claims_and_take_no_threads(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    @app.task(rate_limit="1/h")
    def hourly() -> None:
        """Begins once."""

    results = [hourly.delay() for _ in range(20)]
    work()
    results[0].get(timeout=10)
    until(lambda: engine.rate_limiter.waiting() == {hourly.name: 19}, "the others to wait")
    exchange_loop = app.broker.exchange_loop
    assert exchange_loop is not None
    until(lambda: exchange_loop.held_count == 0, "nothing to be held")
    app.engine.revoke("tests", [results[5].id], 60_000)
    assert engine.rate_limiter.waiting() == {hourly.name: 18}


def test_a_rate_that_is_changed_applies_to_those_that_wait(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    @app.task(rate_limit="1/h")
    def limited() -> str:
        return "done"

    results = [limited.delay() for _ in range(5)]
    work()
    until(lambda: engine.rate_limiter.waiting() == {limited.name: 4}, "the others to wait")
    limits = run_time_limits_of(app.broker)
    limits.set_rate(app.broker, limited.name, "100/s")
    assert [result.get(timeout=10) for result in results] == ["done"] * 5
    limits.set_rate(app.broker, limited.name, 0)
    assert limited.name not in app.broker.rates


def started(app: Celery) -> RunTimeLimits:
    """Return the limits of a worker that starts now, and runs nothing."""
    app.finalize()
    limits = RunTimeLimits(app)
    limits.before_worker_boot(app.broker, None)
    return limits


def test_what_is_changed_holds_for_later_workers_until_the_code_declares_something_else(
    app: Celery, engine: MemoryEngine
) -> None:
    @app.task(rate_limit="10/m", time_limit=60, soft_time_limit=50)
    def limited() -> None:
        """Has limits."""

    first = started(app)
    first.set_rate(app.broker, limited.name, "20/m")
    first.set_time_limits(app.broker, limited.name, 30, None)

    limited.rate_limit, limited.time_limit, limited.soft_time_limit = "10/m", 60, 50
    started(app)
    assert (limited.rate_limit, limited.time_limit, limited.soft_time_limit) == ("20/m", 30, None)
    assert app.broker.rates[limited.name] == rate_of(1 / 3)

    limited.rate_limit, limited.time_limit, limited.soft_time_limit = "5/m", 60, 50
    again = started(app)
    assert (limited.rate_limit, limited.time_limit, limited.soft_time_limit) == ("5/m", 30, None)
    again.set_time_limits(app.broker, limited.name, 60, 50)
    assert engine.rate_limiter.stored_limits() == {}


def test_those_that_wait_go_by_what_a_later_worker_s_code_declares(
    app: Celery, engine: MemoryEngine
) -> None:
    @app.task
    def no_longer_limited() -> None:
        """Was limited when they were claimed."""

    name = no_longer_limited.name
    for _ in range(3):
        no_longer_limited.delay()
    claims = engine.claim("w", ["default"], 10).claims
    turns = [PermitRequest(claim.key, claim.token, name, rate_of(1 / 3600)) for claim in claims]
    engine.rate_limiter.acquire_permits("w", turns)
    assert engine.rate_limiter.waiting() == {name: 2}
    started(app)
    assert engine.rate_limiter.waiting() == {}
    assert engine.queues()["default"].ready == 2


def test_a_worker_may_disregard_rate_limits(app: Celery, work: Callable[[], None]) -> None:
    app.conf.worker_disable_rate_limits = True

    @app.task(rate_limit="1/h")
    def limited() -> str:
        return "done"

    results = [limited.delay() for _ in range(5)]
    work()
    assert [result.get(timeout=10) for result in results] == ["done"] * 5


def test_tasks_without_a_rate_have_the_setting_s(app: Celery) -> None:
    app.conf.task_default_rate_limit = "6/m"

    @app.task
    def plain() -> None:
        """Has the app's limit."""

    started(app)
    assert app.broker.rates[plain.name] == rate_of(0.1)


def test_a_worker_does_not_start_with_what_is_no_rate(app: Celery) -> None:
    # Not shared: another test's app would not start either while this one is not yet collected.
    @app.task(name="wrong", rate_limit="often", shared=False)
    def wrong() -> None:
        """Cannot be limited like that."""

    with pytest.raises(ImproperlyConfigured, match="rate_limit of task wrong: 'often' is no rate"):
        started(app)


@pytest.mark.parametrize("rate", ["1/s", "3/s", "20/s", "1000/s", "1/m", "100/m", "1/h", "7/h"])
def test_an_interval_is_written_as_the_rate_it_came_from(rate: str) -> None:
    assert rate_text(rate_of(per_second(rate)).interval) == rate
