import time
from datetime import datetime, timedelta, timezone

from celery import Celery
from celery.exceptions import TaskRevokedError, TimeoutError
from tasks import LATER, VALUES, add, app, error_handler, hello, hello_status, kinds, no_luck, note, quiet, store, told

WAIT = 30


def poll(read):
    deadline = time.monotonic() + WAIT
    while not (value := read()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


# Basics
print(add.delay(2, 2).get(timeout=WAIT), add.apply_async(args=[1, 2]).get(timeout=WAIT))
print(hello.delay("you", punctuation="?").get(timeout=WAIT), hello.apply_async(kwargs={"name": "me"}).get())
for call in (lambda: add.delay(1), lambda: hello.apply_async((), {"nobody": 1})):
    try:
        call()
    except TypeError:
        print("TypeError")
print(add.apply((3, 4)).get(), add.apply((3, 4)).state, add.apply(("3", 4), throw=False).state)

# Linking
result = add.apply_async((2, 2), link=add.s(16))
print(result.get(timeout=WAIT), poll(lambda: result.children)[0].get(timeout=WAIT))
result = add.apply_async((2, 2), link=[note.s(), note.s()])
print(result.get(timeout=WAIT), poll(lambda: store.llen("notes") == 2))
failed = no_luck.apply_async(link_error=error_handler.s())
print(repr(failed.get(timeout=WAIT, propagate=False)), poll(lambda: store.lrange("errors", 0, -1)))

# On message
seen = []


def on_raw_message(body):
    seen.append(body["status"])
    if body["status"] == "PROGRESS":
        store.set("progress-seen", 1)


result = hello_status.delay(4)
print(result.get(timeout=WAIT, on_message=on_raw_message), {"PROGRESS", "SUCCESS"} <= set(seen))

# ETA, countdown and expiration
begin = time.monotonic()
print(add.apply_async((1, 1), countdown=0.4).get(timeout=WAIT), time.monotonic() - begin >= 0.4)
print(add.apply_async((2, 2), eta=datetime.now(timezone.utc) + LATER).get(timeout=WAIT))
expired = add.apply_async((3, 3), countdown=1, expires=0.2)
try:
    expired.get(timeout=WAIT)
except TaskRevokedError as error:
    print(error, expired.state)
print(add.apply_async((4, 4), expires=datetime.now(timezone.utc) + timedelta(days=1)).get(timeout=WAIT))
try:
    add.apply_async((5, 5), countdown=600).get(timeout=0.2)
except TimeoutError as error:
    print(type(error).__name__)

# Serializers
print(kinds.delay(*VALUES).get(timeout=WAIT))
print(kinds.apply_async(((1, 2), [3]), serializer="pickle").get(timeout=WAIT))
try:
    kinds.delay(object())
except Exception as error:
    print(type(error).__name__)

# Options
print(told.apply_async(headers={"trace": "abc"}, shadow="other", expires=60, soft_time_limit=50,
                       time_limit=60).get(timeout=WAIT))
print(add.apply_async((1, 1), task_id="my-own-id").id, app.AsyncResult("my-own-id").get(timeout=WAIT))
result = add.apply_async((20, 22), retry=True, retry_policy={"max_retries": 3, "interval_start": 0})
print(result.get(timeout=WAIT), result.name, result.args, result.kwargs, result.queue)
quiet.delay("key")
print(poll(lambda: store.get("key")))
ignored = add.apply_async((1, 1), ignore_result=True)
print(add.delay(1, 1).get(timeout=WAIT), app.AsyncResult(ignored.id).state)

# By name, from a program that has only the broker's address
other = Celery("other", broker=app.conf.broker_url, backend=app.conf.result_backend, set_as_current=False)
print(other.send_task("tasks.add", args=[1, 2], kwargs={}).get(timeout=WAIT))
print(other.signature("tasks.add", args=(3,)).apply_async((4,)).get(timeout=WAIT))

# Connections
with app.connection_for_write() as connection:
    connection.ensure_connection(max_retries=1)
    print(add.apply_async((5, 6), connection=connection).get(timeout=WAIT))
with app.producer_pool.acquire(block=True) as producer:
    print(add.apply_async((6, 6), producer=producer).get(timeout=WAIT))
