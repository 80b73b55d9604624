"""What users' tests get: apps, workers in the same process, and stores of their own."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from celery.contrib.testing.app import set_trap
from celery.contrib.testing.manager import Manager, Sentinel
from taskhub import Celery, current, current_app, shared_task
from taskhub.testing import InProcessWorker, TestApp, eager, private_store, start_worker


@shared_task
def add(x: int, y: int) -> int:
    return x + y


@shared_task(name="tests.failing")
def failing() -> None:
    raise ValueError("as asked")


@pytest.mark.celery(result_expires=77, task_default_queue="marked")
def test_marker_changes_the_settings_of_the_app(
    celery_app: Celery, celery_worker: InProcessWorker
) -> None:
    assert celery_app.conf.result_expires == 77

    @celery_app.task
    def times(x: int, y: int) -> int:
        return x * y

    celery_worker.reload()
    assert times.delay(4, 4).get(timeout=10) == 16
    assert add.delay(1, 2).get(timeout=10) == 3
    assert "marked" in celery_app.engine.queues()


@pytest.mark.usefixtures("depends_on_current_app")
def test_app_can_be_made_the_current_one(celery_app: Celery) -> None:
    assert current_app == celery_app


def test_session_worker_is_one_for_all_tests(
    celery_session_app: Celery, celery_session_worker: InProcessWorker
) -> None:
    assert celery_session_worker.app is celery_session_app
    assert celery_session_app.tasks[add.name].delay(1, 2).get(timeout=10) == 3


def test_own_fixtures(taskhub_app: Celery, taskhub_worker: InProcessWorker) -> None:
    manager = Manager(taskhub_app)
    assert manager.join(add.delay(2, 2)) == [4]
    with pytest.raises(ValueError, match="as asked"):
        failing.delay().get(timeout=10)
    with pytest.raises(Sentinel):
        manager.wait_for(lambda: manager.true_or_raise(bool), Sentinel, max_retries=0)
    manager.ensure_not_for_a_while(
        lambda: manager.true_or_raise(bool), Sentinel, max_retries=1, interval_start=0.01
    )
    names = taskhub_app.control.inspect(timeout=10).ping()
    assert list(names or ()) == [taskhub_worker.hostname]


def test_eager_app_runs_calls_here_and_now(taskhub_eager_app: Celery) -> None:
    assert add.delay(1, 2).get() == 3
    with pytest.raises(ValueError, match="as asked"):
        failing.delay()
    with eager(taskhub_eager_app, propagates=False):
        assert failing.delay().failed()


def test_apps_of_tests_leave_no_trace() -> None:
    before = current.current_app(), current.all_apps()
    with current.kept():
        app = TestApp(set_as_current=True)
        assert current_app == app
    assert (current.current_app(), current.all_apps()) == before


def test_trap_springs_when_the_current_app_is_used() -> None:
    with set_trap(), pytest.raises(RuntimeError, match="depends on current_app"):
        add.delay(1, 2)


def test_app_of_the_program_works_on_a_private_store(tmp_path: Path) -> None:
    app = Celery("mine", broker="redis://nowhere.invalid:1/0", set_as_current=False)

    @app.task(queue="reports")
    def one() -> int:
        logging.getLogger("taskhub.tests").info("ran")
        return 1

    log = tmp_path / "worker.log"
    with current.kept():
        with (
            private_store(app) as store,
            start_worker(app, queues="reports", loglevel="INFO", logfile=str(log)),
        ):
            assert one.delay().get(timeout=10) == 1
            assert app.engine is store
        assert app.broker._engine is not store
        with private_store(app, tmp_path / "store"), start_worker(app, concurrency=2) as worker:
            assert one.delay().get(timeout=30) == 1
            assert worker.concurrency == 2
    assert "ran" in log.read_text()


def test_worker_that_cannot_begin_says_so() -> None:
    from taskhub.exceptions import OperationalError

    app = Celery("mine", broker="redis://127.0.0.1:1/0", set_as_current=False)
    with current.kept(), pytest.raises(OperationalError), start_worker(app):
        pytest.fail("it began")
