"""What is found in Python."""

from __future__ import annotations

import pytest

from tests.unit.migration.conftest import Check

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
        ("from celery import security", ["unsupported celery.security @m.py:1"]),
        ("from celery.bin.graph import workers", ["unsupported celery.bin.graph @m.py:1"]),
        ("import celery.bin.graph as w", ["unsupported celery.bin.graph @m.py:1"]),
        ("import celery\nceleryX = celery.concurrency.prefork", [("unsupported celery.concurrency.prefork "
                                                                 "@m.py:2")]),
        ("from celery.result import Nothing", ["unsupported celery.result.Nothing @m.py:1"]),
        ("from celery.backends.rpc import RPCBackend", ["unsupported celery.backends.rpc @m.py:1"]),
        ("from kombu import Queue, Connection",
         ["unsupported kombu.Connection @m.py:1", "differs kombu.Queue @m.py:1"]),
        ("from kombu.serialization import register", []),
        ("from kombu.exceptions import OperationalError", []),
        ("from billiard.exceptions import SoftTimeLimitExceeded", []),
        ("from celery.beat import crontab", []),
        ("from celery.schedules import timedelta", []),
        ("from celery.beat import Process", []),
        ("from celery.beat import Nothing", ["unsupported celery.beat.Nothing @m.py:1"]),
        ("import billiard", ["unsupported billiard @m.py:1"]),
        ("from celery.utils.log import *", ["unverified from celery.utils.log import * @m.py:1"]),
        ("import importlib\nimportlib.import_module(name)", []),
        ("import celery\n__import__(name)", []),
        ("import celery\n__import__(f'shop.{name}')", []),
        ("import celery\n__import__(f'celery.{name}')", ["unverified imports at run time @m.py:2"]),
        ("for name in ['celery.app.trace', 'json']:\n    __import__(name)",
         ["unverified imports at run time @m.py:2"]),
        ("__import__('celery.app.trace')", [("unverified import of celery.app.trace at run time "
                                            "@m.py:1")]),
        ("__import__('json')", []),
        ("import celery\ngetattr(celery, name)", ["unverified getattr(celery, ...) @m.py:2"]),
        ("import celery\nexec(code)", []),
        ("exec('from celery import Celery')", ["unverified exec @m.py:1"]),
        ("exec(code)", []),
        ("celery = (", ["unverified a file @m.py:1"]),
        ("x = (", []),
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
        ("T = {'queue_order_strategy': 'priority'}\n\n@shared_task(priority=3)", []),
        ("@app.task(rate_limit='3/m', bind=True)", ["differs rate_limit= of a task @m.py:4"]),
        ("@app.task(link=other.s())", ["differs link= of a task @m.py:4"]),
        (
            "@app.task(reject_on_worker_lost=True)",
            ["differs reject_on_worker_lost= of a task @m.py:4"],
        ),
        ("@app.task(serializer='auth')", ["unsupported serializer='auth' @m.py:4"]),
        ("@app.task(**options)", ["unverified options of a task @m.py:4"]),
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


def test_a_request_stack_of_a_class_of_ones_own_is_its_own(check: Check) -> None:
    assert check("""
        from celery import Task
        from celery.utils.threads import LocalStack

        class Dummy(Task):
            request_stack = LocalStack()
            add_around = None
    """) == ["unsupported Task.add_around @m.py:7"]


def test_calls(check: Check) -> None:
    assert check("""
        from proj.tasks import add
        add.apply_async((1, 2), countdown=3, priority=9)
        add.apply_async((1, 2), eta=None, queue="mail", expires=30)
        add.apply_async((1, 2), eta=datetime.utcnow() + timedelta(seconds=5))
        app.send_task("add", compression="zlib")
    """) == [
        "differs priority= of a call @m.py:3",
        "differs compression= of a call @m.py:6",
    ]


def test_what_stands_around_celery(check: Check) -> None:
    program = """
        import logging
        from celery import Celery
        from celery.utils.log import get_task_logger
        from opentelemetry.instrumentation.celery import CeleryInstrumentor
        from celery_batches import Batches

        app = Celery(task_acks_late=True)
        LOGGING = {"loggers": {"celery": {"level": "INFO"}, "django": {}}}
        logging.getLogger("celery.app.trace").setLevel("ERROR")
        logging.getLogger("celery").info("as before")
        get_task_logger("celery.mine")
        client.llen("celery")
    """
    assert check(
        {"m.py": program, "check.sh": "redis-cli llen celery\nredis-cli llen letters\n"}
    ) == [
        "differs llen of a queue @check.sh:1",
        "unsupported import of celery_batches @m.py:6",
        "differs llen of a queue @m.py:13",
    ]
    assert check("client.llen('letters')") == []
    mine = "from celery import Celery\napp = Celery(task_acks_late=True)\n"
    assert check(f"{mine}client.lrange(name, 0, -1)") == []
    assert check(f"{mine}client().llen(name)\nclient().pipeline().lrem(name, 0, task)") == [
        "differs llen of a queue @m.py:3",
        "differs lrem beside counted queues @m.py:4",
    ]
    by_app = "client = app.connection().default_channel.client\nclient.llen('celery')"
    assert check(f"{mine}{by_app}") == []


def test_what_works_is_not_found(check: Check) -> None:
    program = """
        import asyncio
        from datetime import datetime
        import kombu.serialization
        from kombu import serialization
        from kombu.serialization import register, registry
        from kombu.utils.json import dumps, loads
        from celery import Celery, bootsteps, shared_task
        from celery.utils.serialization import jsonify

        register("mine", str, str, content_type="application/x-mine")
        serialization.register("other", str, str, content_type="application/x-other")
        kombu.serialization.registry.enable("pickle")
        app = Celery("proj", task_acks_late=True)
        app.conf.task_serializer = app.conf.result_accept_content = "mine"
        app.conf.accept_content = ["mine", "json"]
        app.conf.worker_concurrency = 4
        app.conf.beat_scheduler = "proj.schedulers:Mine"

        @app.task(serializer="mine")
        def one():
            asyncio.get_event_loop().run_until_complete(asyncio.sleep(0))

        one.apply_async(serializer="mine", eta=datetime.utcnow())
        app.worker_main(["worker", "-c", "4", "-P", "prefork"])
    """
    script = """
        celery -A proj worker -c 4 --autoscale=10,3
        celery -A proj worker --concurrency=1 -P gevent
        celery -A proj beat -S proj.schedulers:Mine
    """
    assert check({"m.py": program, "run.sh": script}) == []


def test_an_app_is_followed_through_modules_that_never_name_celery(check: Check) -> None:
    assert check(
        {
            "proj/work.py": "from celery import Celery\nqueue = Celery(task_acks_late=True)\n",
            "proj/__init__.py": "from .work import (\n    queue,\n)\n",
            "proj/jobs.py": "from proj import queue\n@queue.task(priority=3)\ndef job(): pass\n",
            "proj/other.py": "from proj.things import queue\n@queue.task(priority=3)\ndef job(): "
            "pass\n",
        }
    ) == ["differs priority= of a task @proj/jobs.py:2"]


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
            backend_cls = "proj:Backend"

            def on_init(self): pass
    """) == [
        "differs priority= of a task @m.py:7",
        "differs rate_limit= of a task @m.py:8",
        "unsupported Task.add_around @m.py:10",
        "unsupported app.backend_cls @m.py:18",
    ]


def test_apps_are_followed_from_module_to_module(check: Check) -> None:
    found = check(
        {
            "shop/celery.py": "from celery import Celery\napp: object = Celery('shop')\n",
            "shop/__init__.py": "from .celery import app as celery_app\n",
            "shop/tasks.py": "from shop.celery import app\napp.user_options['worker'].add(1)\n",
            "shop/other.py": "from . import "
            "celery_app\ncelery_app.fixups.now()\nother.fixups.now()\n",
            "shop/service.py": (
                "from celery import Celery, current_app\nclass S:\n"
                "    def __init__(self): self.app = Celery()\n    def f(self): return "
                "self.app.Pickler()\n"
                "current_app.user_options\n"
            ),
        }
    )
    assert found == [
        "unsupported app.fixups @shop/other.py:2",
        "unsupported app.Pickler @shop/service.py:4",
        "without-effect app.user_options @shop/service.py:5",
        "without-effect app.user_options @shop/tasks.py:2",
    ]


def test_what_every_app_meets_is_said_once_unless_it_is_decided() -> None:
    from taskhub_migration.checker import check_sources
    from taskhub_migration.source_files import Source

    def subjects(text: str) -> list[str]:
        return [finding.subject for finding in check_sources([Source("m.py", text)], {}).findings]

    assert subjects("from celery import Celery\na = Celery()\nb = Celery()") == ["at least once"]
    assert subjects("from celery import Celery\na = Celery(task_acks_late=True)") == []
    assert subjects("import json") == []
