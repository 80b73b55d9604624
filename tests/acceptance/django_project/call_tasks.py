"""Calls tasks of a running worker."""

import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import functions

functions.set_up()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import override_settings
from django.utils import timezone
from orders import late, tasks
from orders.models import Order
from task_library import (
    InvalidTask,
    TaskResultDoesNotExist,
    TaskResultStatus,
    default_task_backend,
    task_backends,
    task_enqueued,
)

from taskhub import chain, chord, group
from taskhub.app.relays import make_relays
from taskhub.contrib.django import app
from taskhub.contrib.django.models import OutboxRow
from taskhub.exceptions import (
    ImproperlyConfigured,
    TaskRevokedError,
    TimeLimitExceeded,
    TransactionError,
)
from taskhub.result import EagerResult


def ended(result, timeout=20.0):
    """Return a result of `django.tasks` when it has ended."""
    deadline = time.monotonic() + timeout
    while not result.is_finished:
        assert time.monotonic() < deadline, result
        time.sleep(0.005)
        result.refresh()
    return result


def is_stored(task_id):
    return app.engine.stored([task_id])[0] is not None or app.AsyncResult(task_id).exists()


def relayed():
    return sum(relay.drain() for relay in make_relays(app))


def test_a_call_in_a_transaction():
    with transaction.atomic():
        sent = tasks.total.delay_in(transaction, 1, 2)
        with app.transaction(connection):
            summed = group(tasks.total.s(1, 1), tasks.total.s(2, 2)).delay()
        assert OutboxRow.objects.filter(messages__gt=0).count() == 2
    with transaction.atomic():
        tasks.total.delay_in(transaction, 1, 2)
        transaction.set_rollback(True)
    assert relayed() == 2
    assert sent.get(timeout=20) == 3
    assert summed.get(timeout=20) == [2, 4]
    assert relayed() == 0


def test_a_call_outside_of_a_transaction():
    try:
        tasks.total.delay_in(connections["default"], 1)
    except TransactionError as error:
        assert "'default' is not in a transaction" in str(error)
    else:
        raise AssertionError("it was written")


def test_a_call_in_a_database_without_the_table():
    try:
        with transaction.atomic("other"):
            tasks.total.delay_in(connections["other"], 1)
    except ImproperlyConfigured as error:
        assert "has no table taskhub_outbox" in str(error)
    else:
        raise AssertionError("it was written")


def test_what_cannot_be_read_from_the_outbox():
    OutboxRow.objects.create(
        row_id="x", namespace="taskhub", messages=1, payload="{}", created_at=timezone.now()
    )
    (relay,) = make_relays(app)
    assert relay.source.backlog()[0] == 1
    relay.drain()
    assert relay.source.backlog() == (0, None, 1)
    OutboxRow.objects.filter(row_id="x").delete()


def test_the_migration_is_complete():
    call_command("makemigrations", "taskhub", check=True, dry_run=True, verbosity=0)


def test_a_shared_task_belongs_to_the_app_made_of_the_settings():
    assert tasks.total.app is app
    assert app.main == "shop"
    assert tasks.total.delay(1, second=2).get(timeout=20) == 3


def test_settings_are_read_live():
    url = settings.TASKHUB["broker_url"]
    with override_settings(TASKHUB={"broker_url": url, "TASK_ALWAYS_EAGER": True}):
        assert isinstance(tasks.total.delay(1), EagerResult)
    assert not isinstance(tasks.total.delay(1), EagerResult)
    with override_settings(CELERY_TASK_DEFAULT_QUEUE="other"):
        assert app.conf.task_default_queue == "other"
    assert app.conf.task_default_queue == "celery"


def test_connections_are_closed_between_tasks():
    results = [tasks.is_connected.delay() for _ in range(6)]
    assert not any(result.get(timeout=20) for result in results)


def test_what_is_rolled_back_sends_nothing():
    with transaction.atomic():
        result = tasks.total_on_commit.delay(1)
        transaction.set_rollback(True)
    assert not is_stored(result.id)


def test_a_call_waits_for_the_outermost_transaction():
    with transaction.atomic():
        with transaction.atomic():
            kept = tasks.total_on_commit.delay(1, 2)
        try:
            with transaction.atomic():
                dropped = tasks.total_on_commit.delay(3)
                raise ValueError
        except ValueError:
            pass
        assert not is_stored(kept.id)
    assert kept.get(timeout=20) == 3
    assert not is_stored(dropped.id)


def test_a_call_may_decide_for_itself():
    with transaction.atomic():
        at_once = tasks.total_on_commit.apply_async((1,), enqueue_on_commit=False)
        later = tasks.total.apply_async((1,), enqueue_on_commit=True)
        elsewhere = tasks.total.apply_async((1,), enqueue_on_commit="other")
        assert [is_stored(each.id) for each in (at_once, later, elsewhere)] == [True, False, True]
    assert later.get(timeout=20) == 1


def test_arguments_are_those_of_the_call():
    given = [1]
    with transaction.atomic():
        result = tasks.sum_of.apply_async((given,), enqueue_on_commit=True)
        given.append(10)
    assert result.get(timeout=20) == 1


def test_all_calls_wait_with_the_setting_and_so_do_canvases():
    with override_settings(CELERY_TASK_ENQUEUE_ON_COMMIT=True):
        with transaction.atomic():
            Order.objects.create(number=1)
            seen = tasks.orders_seen.si().apply_async(enqueue_on_commit=True)
            waiting = [
                chain(tasks.total.s(1), tasks.total.s(2)).delay(),
                group(tasks.total.s(each) for each in range(3)).delay(),
                chord((tasks.total.s(each) for each in range(200)), tasks.sum_of.s()).delay(),
                app.send_task("orders.tasks.total", (7,)),
            ]
            ids = [waiting[0].parent.id, waiting[1][0].id, waiting[2].id, waiting[3].id]
            assert [is_stored(each) for each in ids] == [False] * 4
        assert [each.get(timeout=20) for each in waiting] == [3, [0, 1, 2], 19900, 7]
        assert seen.get(timeout=20) >= 1
        try:
            with transaction.atomic():
                gone = chain(tasks.total.s(1), tasks.total.s(2)).delay()
                raise ValueError
        except ValueError:
            assert not is_stored(gone.parent.id)


def test_one_task_of_a_canvas_makes_all_of_it_wait():
    with transaction.atomic():
        result = group(tasks.total.s(1), tasks.total_on_commit.s(2)).delay()
        assert not is_stored(result[0].id)
    assert result.get(timeout=20) == [1, 2]


def test_delay_on_commit_is_celerys():
    with transaction.atomic():
        assert tasks.total.delay_on_commit(1) is None


def test_a_wrong_database_is_refused_where_it_is_given():
    try:
        tasks.total.apply_async((1,), enqueue_on_commit="nowhere")
    except Exception as error:
        assert "nowhere" in str(error) and type(error).__name__ == "ImproperlyConfigured", error
    else:
        raise AssertionError


def test_the_result_of_a_django_task():
    sent = []
    receiver = lambda task_result, **_: sent.append(task_result.id)  # noqa: E731
    task_enqueued.connect(receiver)
    result = tasks.double.enqueue(4)
    task_enqueued.disconnect(receiver)
    assert sent == [result.id]
    assert result.status == TaskResultStatus.READY
    read = ended(tasks.double.get_result(result.id))
    assert (read.return_value, read.attempts, read.errors) == (8, 1, [])
    assert (read.args, read.kwargs, read.backend) == ([4], {}, "default")
    assert read.task == tasks.double
    assert read.enqueued_at == result.enqueued_at
    assert read.enqueued_at <= read.started_at == read.last_attempted_at <= read.finished_at
    assert [name.partition("@")[0] for name in read.worker_ids] == ["celery"]


def test_a_coroutine_its_queue_and_its_priority():
    result = ended(asyncio.run(tasks.echo.aenqueue({"a": [1]})))
    assert result.return_value == {"a": [1]}
    read = asyncio.run(default_task_backend.aget_result(result.id))
    assert (read.task.queue_name, read.task.priority) == ("mail", -7)


def test_what_a_django_task_raises():
    failed = ended(tasks.fails.enqueue())
    assert failed.status == TaskResultStatus.FAILED
    (error,) = failed.errors
    assert error.exception_class is LookupError
    assert error.traceback.endswith("LookupError: no such order\n")
    (left,) = ended(tasks.leaves.enqueue()).errors
    assert left.exception_class is SystemExit
    (unsuited,) = ended(tasks.returns_a_set.enqueue()).errors
    assert unsuited.exception_class is TypeError


def test_a_task_over_its_limit():
    began = time.monotonic()
    (error,) = ended(tasks.sleeps.enqueue()).errors
    assert error.exception_class is TimeLimitExceeded
    assert time.monotonic() - began < 15


def test_a_task_lost_with_its_worker_is_attempted_again():
    with tempfile.TemporaryDirectory() as directory:
        result = ended(tasks.attempt_of.enqueue(str(Path(directory) / "killed")))
    assert result.return_value == [2, result.id]
    assert result.attempts == len(result.worker_ids) == 2
    assert result.started_at < result.last_attempted_at


def test_run_after():
    began = timezone.now()
    result = tasks.double.using(run_after=began + timedelta(seconds=0.5)).enqueue(1)
    assert result.task.run_after
    assert tasks.double.get_result(result.id).status == TaskResultStatus.READY
    assert ended(result).started_at >= began + timedelta(seconds=0.5)


def test_a_module_that_no_worker_has_imported():
    assert ended(late.triple.enqueue(2)).return_value == 6


def test_a_django_task_waits_for_the_commit():
    sent = []
    receiver = lambda task_result, **_: sent.append(task_result.id)  # noqa: E731
    task_enqueued.connect(receiver)
    try:
        with transaction.atomic():
            result = tasks.double_on_commit.enqueue(3)
            try:
                tasks.double_on_commit.get_result(result.id)
            except TaskResultDoesNotExist:
                pass
            else:
                raise AssertionError
            assert sent == []
        assert sent == [result.id]
        assert ended(result).return_value == 6
        with transaction.atomic():
            tasks.double_on_commit.enqueue(3)
            transaction.set_rollback(True)
        assert sent == [result.id]
    finally:
        task_enqueued.disconnect(receiver)


def test_what_a_django_task_refuses():
    for backend, wrong in (("default", ""), ("default", 123), ("on_commit", None)):
        task_id = tasks.double.enqueue(1).id if wrong is None else wrong
        try:
            task_backends[backend].get_result(task_id)
        except TaskResultDoesNotExist:
            continue
        raise AssertionError(wrong)
    for changes in ({"queue_name": "nowhere"}, {"priority": 101}):
        try:
            tasks.double.using(**changes)
        except InvalidTask:
            continue
        raise AssertionError(changes)
    celerys = tasks.total.delay(1)
    celerys.get(timeout=20)
    try:
        default_task_backend.get_result(celerys.id)
    except TaskResultDoesNotExist:
        pass
    else:
        raise AssertionError


def test_priorities_order_what_waits():
    app.engine.pause_queue("default", "test", "")
    try:
        ids = {
            tasks.double.using(priority=each).enqueue(each).id: each
            for each in (-100, 0, 1, 100, -1)
        }
        waiting = [ids[each.task_id] for each in app.engine.waiting("default", 0, 10)]
    finally:
        app.engine.resume_queue("default")
    assert waiting == [100, 1, 0, -1, -100]


def test_a_task_that_is_revoked_before_it_runs():
    app.engine.pause_queue("default", "test", "")
    try:
        result = tasks.double.enqueue(1)
        app.control.revoke(result.id)
    finally:
        app.engine.resume_queue("default")
    (error,) = ended(result).errors
    assert error.exception_class is TaskRevokedError
    assert result.started_at is None


def test_the_command_of_manage_py_can_be_called():
    call_command("taskhub", "status", "--json")


functions.run_all(dict(globals()))
