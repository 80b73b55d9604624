"""Checked by mypy and pyright, never run: programs that import from `celery` and `Modules` have types."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, assert_type

import pytest

import celery
from celery import Celery, Task, chain, current_app, group, shared_task, signals, states
from celery.app.task import Context
from celery.beat import ScheduleEntry, Scheduler
from celery.contrib.abortable import AbortableAsyncResult, AbortableTask
from celery.contrib.testing.worker import start_worker
from celery.exceptions import MaxRetriesExceededError, Retry
from celery.result import AsyncResult, GroupResult
from celery.schedules import crontab
from celery.utils.log import get_task_logger
from celery.utils.time import maybe_make_aware
from celery.worker.control import control_command
from celery.worker.state import active_requests
from Modules.common.libs.celery.celery_service import celery_app, get_celery_service
from Modules.quant.tasks import sync_stock_data
from taskhub import Celery as OurCelery
from taskhub.testing import InProcessWorker

logger = get_task_logger(__name__)
app = Celery("typed", broker="redis://localhost", backend="redis://localhost")
app.conf.beat_schedule = {"nightly": {"task": "typed.add", "schedule": crontab(hour=3)}}
assert_type(app, OurCelery)
assert_type(celery.__version__, str)
assert_type(current_app.conf.task_serializer, Any)


@app.task
def add(x: int, y: int = 0) -> int:
    return x + y


@shared_task(bind=True, autoretry_for=(OSError,), max_retries=3)
def fetch(self: Task[..., Any], url: str) -> bytes:
    logger.info("%s", url)
    assert_type(self.request, Context)
    try:
        return url.encode()
    except ValueError as error:
        raise self.retry(exc=error, countdown=1) from error
    except (MaxRetriesExceededError, Retry):
        raise


@celery_app().task(bind=True, max_retries=3, default_retry_delay=60, autoretry_for=(OSError,))
def retry_task(self: Task[..., Any]) -> None: ...


@app.task(base=AbortableTask, bind=True)
def long(self: AbortableTask[..., Any]) -> bool:
    return self.is_aborted()


@signals.task_failure.connect(sender=add)
def on_failure(sender: Any = None, exception: Any = None, **kwargs: Any) -> None: ...


@control_command(args=[("n", int)])
def grow(state: Any, n: int = 1) -> dict[str, int]:
    return {"ok": n}


class Mine(Scheduler):
    def setup_schedule(self) -> None:
        self.schedule["x"] = ScheduleEntry("x", "typed.add", schedule=30, app=self.app)


def use() -> None:
    assert_type(add.delay(1, y=2), AsyncResult[int])
    assert_type(add.delay(1).get(timeout=1), int)
    assert_type(add(1), int)
    add.delay("one")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    result: GroupResult = group(add.s(n) for n in range(3)).apply_async()
    chain(add.s(1), add.s(2), retry_task.si()).apply_async(countdown=1)
    assert_type(AbortableAsyncResult("id").is_aborted(), bool)
    if result.ready() or add.delay(1).state in states.READY_STATES:
        get_celery_service().app.control.inspect().active()
        sync_stock_data.delay()
    for request in active_requests:
        assert_type(request.task_name, str | None)
    maybe_make_aware(app.now())
    _ = celery.no_such_name  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture(scope="session")
def worker() -> Generator[InProcessWorker]:
    with start_worker(app, concurrency=2, perform_ping_check=False) as started:
        yield started
