"""`app.store`: what an application may know of the store behind its app."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskhub import Celery
from taskhub.exceptions import OperationalError
from taskhub.stores import open_client
from taskhub.testing import start_worker
from tests.support.workers import until


@pytest.fixture
def app(store_url: str) -> Celery:
    app = Celery("shop", broker=store_url, set_as_current=False, taskhub_namespace="shop")

    @app.task(name="shop.fail", acks_late=False)
    def fail() -> None:
        raise ValueError("no luck")

    app.finalize()
    return app


def test_what_waits_and_who_works(app: Celery) -> None:
    with app:
        assert (app.store.queues(), app.store.workers()) == ([], [])
        called = app.tasks["shop.fail"].delay()
        (queue,) = app.store.queues()
        assert (queue.name, queue.ready, queue.served_by) == ("celery", 1, [])
        assert 0 <= (queue.oldest or 0) < 60
        with start_worker(app, concurrency=1, perform_ping_check=False):
            called.get(timeout=10, propagate=False)
            # It may take the first call before it has told of itself.
            (worker,) = until(app.store.workers, "the worker to be known", 10)
            # Other apps of this process share their tasks, and so their queues.
            assert "celery" in worker.queues
        minute = app.engine.current_minute()
        assert any(
            "shop.fail" in field
            for each in app.store.counts([minute - 1, minute])
            for field in each
        )
        assert any(app.store.failures([minute - 1, minute]))
        assert app.schedule.leader() is None


def test_notes_are_kept_where_the_messages_are(app: Celery, store_url: str) -> None:
    with app:
        url = app.store.url
        assert url is not None
        with open_client(url, name="notes") as client:
            client.set(f"{app.store.key_prefix}:note", "1")
            assert client.keys("*note") == [b"{shop}:note"]
            assert client.client_getname() == "notes"
        assert app.store.key_prefixes[1:] == ("celery-task-meta-", "celery-taskset-meta-")


def test_a_lock_belongs_to_a_task(app: Celery) -> None:
    with app:
        first, second = (app.tasks["shop.fail"].delay().id for _ in range(2))
        assert app.store.locks.acquire_lock("till", first) == first
        assert app.store.locks.acquire_lock("till", second) == first
        assert app.store.locks.release_lock("till", first)
        assert app.store.locks.acquire_lock("till", second) == second


def test_servers_are_looked_at(app: Celery) -> None:
    with app:
        checks = {name: check() for name, check in app.store.checks().items()}
    assert {name: check.ok for name, check in checks.items()} == {"broker": True, "results": True}
    with Celery(broker="redis://127.0.0.1:1", set_as_current=False) as lost:
        assert not lost.store.checks()["broker"]().ok
        with pytest.raises(OperationalError):
            lost.store.queues()


def test_the_home_is_that_of_the_project(tmp_path: Path) -> None:
    app = Celery(broker="memory://", set_as_current=False, taskhub_project_directory=str(tmp_path))
    assert app.home == tmp_path / ".taskhub"
    assert (app.store.url, app.store.checks()) == (None, {})
