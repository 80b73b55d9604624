"""Tasks of both kinds."""

import os
import signal
import time

from django.db import connection
from orders.models import Order
from task_library import task

from taskhub import shared_task


@shared_task
def total(first, second=0):
    return first + second


@shared_task
def sum_of(values):
    return sum(values)


@shared_task(enqueue_on_commit=True)
def total_on_commit(first, second=0):
    return first + second


@shared_task
def orders_seen():
    return Order.objects.count()


@shared_task
def is_connected():
    """Return whether a connection was left open by the task before."""
    was_open = connection.connection is not None
    Order.objects.count()
    return was_open


@task()
def double(x):
    return 2 * x


@task(takes_context=True)
def attempt_of(context, path):
    """Kill the worker the first time."""
    try:
        with open(path, "x"):
            os.kill(os.getpid(), signal.SIGKILL)
    except FileExistsError:
        return [context.attempt, context.task_result.id]


@task(queue_name="mail", priority=-7)
async def echo(x):
    return x


@task()
def fails():
    raise LookupError("no such order")


@task()
def leaves():
    raise SystemExit("bye")


@task()
def sleeps():
    time.sleep(20)


@task()
def returns_a_set():
    return {1}


@task(backend="on_commit")
def double_on_commit(x):
    return 2 * x
