import time

from celery.exceptions import MaxRetriesExceededError
from celery.exceptions import TimeLimitExceeded

from tasks import (add, adder, app, auto, collect, divide, expected, process_rows, requeues, shared, slow,
                   some_failing_task, some_longrunning_task, some_task, store, twice)

WAIT = 30


def poll(read):
    deadline = time.monotonic() + WAIT
    while not (value := read()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


def told(key, count):
    """Return what was pushed to a list, when there is enough."""
    poll(lambda: store.llen(key) >= count)
    words = [word.decode() for word in store.lrange(key, 0, -1)]
    store.delete(key)
    return words


def came_to(result):
    try:
        return result.get(timeout=WAIT)
    except Exception as error:
        return type(error).__name__, str(error)


# Names, binding, options
print(add.name, add.max_retries, add.default_retry_delay, add.ignore_result, shared.name, adder.name)
print(add.delay(1).get(timeout=WAIT), add(3, 4)[:2], shared.delay(4).get(timeout=WAIT))
print(adder.delay(2, 3).get(timeout=WAIT), "adder" in app.tasks, app.tasks["adder"].name)

# Class-based tasks and their handlers
print(process_rows.delay().get(timeout=WAIT))
print(came_to(divide.delay(4, 2)), told("handlers", 3))
print(came_to(divide.delay(4, 0)), told("handlers", 3))
print(came_to(twice.delay(2)), sorted(told("handlers", 7)))
print(came_to(twice.delay(9))[0], sorted(told("handlers", 7))[:2])

# Retries
print(came_to(auto.delay(2)), came_to(auto.delay(9)))
retried = twice.apply_async((1,), countdown=0)
print(came_to(retried), sorted(told("handlers", 5))[0])
try:
    twice.apply((9,)).get()
except (ConnectionError, MaxRetriesExceededError) as error:
    print(type(error).__name__)
store.delete("handlers")

# States, ignoring, rejecting
custom = some_task.delay()
print(poll(lambda: custom.state == "FOO"), custom.info)
print(came_to(requeues.delay("rejected")))
print(came_to(expected.delay()), came_to(slow.delay()))

# Custom request classes
print(came_to(some_failing_task.delay()), told("requests", 1))
long = some_longrunning_task.delay()
try:
    long.get(timeout=WAIT)
except TimeLimitExceeded:
    print(long.state, sorted(told("requests", 2)))

# Tasks that call tasks
ids = collect.delay(["a", "bb"]).get(timeout=WAIT)
print([app.AsyncResult(one).get(timeout=WAIT)[0] for one in ids])
