"""What is found in Python."""

from __future__ import annotations

import pytest

from tests.unit.migrating.conftest import Check

#: Celery's first steps and next steps: nothing of it has to change.
PLAIN = """
    from celery import Celery, chain, chord, group, shared_task, signature
    from celery.exceptions import MaxRetriesExceededError, SoftTimeLimitExceeded
    from celery.result import AsyncResult
    from celery.schedules import crontab
    from celery.signals import task_failure
    from celery.utils.log import get_task_logger
    import celery.states

    logger = get_task_logger(__name__)
    app = Celery("proj", broker="redis://localhost:6379/0", backend="redis://localhost", include=["proj.tasks"])
    app.conf.update(result_expires=3600, task_acks_late=True)
    app.conf.timezone = "Asia/Shanghai"
    app.conf.beat_schedule = {"each": {"task": "proj.tasks.add", "schedule": crontab(minute=0), "args": (1, 2)}}

    class Base(app.Task):
        def on_failure(self, exc, task_id, args, kwargs, einfo):
            logger.error("no luck: %s", exc)

    @app.task(bind=True, base=Base, autoretry_for=(OSError,), retry_backoff=True, max_retries=3)
    def add(self, x, y):
        try:
            return x + y
        except SoftTimeLimitExceeded:
            raise self.retry(max_retries=5)

    @shared_task
    def mul(x, y):
        return x * y

    chain(add.s(1, 2) | mul.s(3)).apply_async()
    chord([add.s(1, 1)], mul.s(2))()
    app.control.inspect().active()
    print(AsyncResult("id").state == celery.states.SUCCESS)
"""


def test_nothing_is_found_in_a_plain_program(check: Check) -> None:
    assert check(PLAIN) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from celery import bootsteps", ["unsupported celery.bootsteps @m.py:1"]),
        ("from celery.bin.base import CeleryCommand", ["unsupported celery.bin @m.py:1"]),
        ("import celery.bin.worker as w", ["unsupported celery.bin @m.py:1"]),
        ("import celery\nceleryX = celery.concurrency.prefork", ["unsupported celery.concurrency @m.py:2"]),
        ("from celery.result import Nothing", ["unsupported celery.result.Nothing @m.py:1"]),
        ("from celery.backends.redis import RedisBackend", ["unsupported celery.backends.redis @m.py:1"]),
        ("from kombu import Queue, Connection",
         ["unsupported kombu.Connection @m.py:1", "differs kombu.Queue @m.py:1"]),
        ("from kombu.serialization import register", ["unsupported kombu.serialization @m.py:1"]),
        ("import billiard", ["unsupported billiard @m.py:1"]),
        ("from celery.utils.log import *", ["unseen from celery.utils.log import * @m.py:1"]),
        ("import importlib\nimportlib.import_module(name)", ["unseen imports at run time @m.py:2"]),
        ("__import__('celery.app.trace')", ["unseen import of celery.app.trace at run time @m.py:1"]),
        ("__import__('json')", []),
        ("import celery\ngetattr(celery, name)", ["unseen getattr(celery, ...) @m.py:2"]),
        ("import celery\nexec(code)", ["unseen exec @m.py:2"]),
        ("exec(code)", []),
        ("x = (", ["unseen a file @m.py:1"]),
        ("from celerymon import x\nimport celery_once", []),
    ],
)  # fmt: skip
def test_imports(check: Check, line: str, found: list[str]) -> None:
    assert check(line) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("@app.task(acks_late=True)", []),
        ("@app.task(acks_late=False)", ["differs acks_late= of a task @m.py:4"]),
        ("@shared_task(priority=3)", ["differs priority= of a task @m.py:4"]),
        ("@app.task(rate_limit='3/m', bind=True)", ["differs rate_limit= of a task @m.py:4"]),
        ("@app.task(link=other.s())", ["differs link= of a task @m.py:4"]),
        (
            "@app.task(reject_on_worker_lost=True)",
            ["differs reject_on_worker_lost= of a task @m.py:4"],
        ),
        ("@app.task(serializer='auth')", ["unsupported serializer='auth' @m.py:4"]),
        ("@app.task(**options)", ["unseen options of a task @m.py:4"]),
        ("@other.task(priority=3)", []),
    ],
)
def test_declarations(check: Check, line: str, found: list[str]) -> None:
    head = "from celery import Celery, shared_task\napp = Celery()\n\n"
    assert check(f"{head}{line}\ndef work(): pass") == found


def test_bodies(check: Check) -> None:
    assert check("""
        import signal
        from celery import shared_task

        @shared_task(bind=True)
        def work(self):
            global count
            signal.signal(signal.SIGALRM, handler)
            self.subtask_from_request()

        def elsewhere(self):
            global count
            self.subtask_from_request()
    """) == [
        "differs global names changed in a task @m.py:7",
        "differs signal.signal in a task @m.py:8",
        "unsupported Task.subtask_from_request @m.py:9",
    ]


def test_calls(check: Check) -> None:
    assert check("""
        from proj.tasks import add
        add.apply_async((1, 2), countdown=3, priority=9)
        add.apply_async((1, 2), eta=None, queue="mail", expires=30)
        app.send_task("add", compression="zlib")
    """) == [
        "differs countdown= of a call @m.py:3",
        "differs priority= of a call @m.py:3",
        "differs compression= of a call @m.py:5",
    ]


def test_classes(check: Check) -> None:
    assert check("""
        from celery import Celery, Task
        from celery.beat import Scheduler

        class Base(Task):
            abstract = True
            priority = 3
            rate_limit: str = "3/s"

            def add_around(self): pass

            def on_success(self, *args): pass

        class Mine(Scheduler):
            pass

        class App(Celery):
            loader_cls = "proj:Loader"

            def on_init(self): pass
    """) == [
        "differs priority= of a task @m.py:7",
        "differs rate_limit= of a task @m.py:8",
        "unsupported Task.add_around @m.py:10",
        "unsupported app.loader_cls @m.py:18",
    ]


def test_apps_are_followed_from_module_to_module(check: Check) -> None:
    found = check(
        {
            "shop/celery.py": "from celery import Celery\napp: object = Celery('shop')\n",
            "shop/__init__.py": "from .celery import app as celery_app\n",
            "shop/tasks.py": "from shop.celery import app\napp.steps['worker'].add(1)\n",
            "shop/other.py": "from . import celery_app\ncelery_app.loader.now()\nother.loader.now()\n",
            "shop/service.py": (
                "from celery import Celery, current_app\nclass S:\n"
                "    def __init__(self): self.app = Celery()\n    def f(self): return self.app.Worker()\n"
                "current_app.user_options\n"
            ),
        }
    )
    assert found == [
        "unsupported app.loader @shop/other.py:2",
        "unsupported app.Worker @shop/service.py:4",
        "without-effect app.user_options @shop/service.py:5",
        "without-effect app.steps @shop/tasks.py:2",
    ]


def test_what_every_app_meets_is_said_once_unless_it_is_decided() -> None:
    from taskhub.migrating.checking import check_sources
    from taskhub.migrating.reading import Source

    def subjects(text: str) -> list[str]:
        return [finding.subject for finding in check_sources([Source("m.py", text)], {}).findings]

    assert subjects("from celery import Celery\na = Celery()\nb = Celery()") == ["at least once"]
    assert subjects("from celery import Celery\na = Celery(task_acks_late=True)") == []
    assert subjects("import json") == []
