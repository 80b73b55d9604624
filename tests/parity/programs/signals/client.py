import time

from celery import signals
from tasks import add, again, app, fail, ignored, store

WAIT = 30
sent = []


@signals.before_task_publish.connect
def before(sender=None, headers=None, body=None, routing_key=None, **kwargs):
    headers["my-header"] = "x"
    sent.append(f"before {sender} {headers['task']} {body[0]} {routing_key}")


@signals.after_task_publish.connect(sender="tasks.add")
def after(sender=None, headers=None, body=None, **kwargs):
    sent.append(f"after {sender} {headers['my-header']} {body[0]}")


def heard(count, word=""):
    """Return what receivers have noted since the last time, when there is enough of a kind."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        if sum(one.decode().startswith(word) for one in store.lrange("heard", 0, -1)) >= count:
            break
        time.sleep(0.02)
    words = [word.decode() for word in store.lrange("heard", 0, -1)]
    store.delete("heard")
    return sorted(words)


print(add.delay(1, 2).get(timeout=WAIT), heard(4))
fail.delay().get(timeout=WAIT, propagate=False)
print(heard(4))
print(again.delay().get(timeout=WAIT), heard(7))
ignored.delay()
print(heard(3))
late = add.apply_async((1, 1), countdown=0.5, expires=0.1)
late.get(timeout=WAIT, propagate=False)
print([word for word in heard(1, "revoked") if word.startswith("revoked")])
app.send_task("tasks.nobody")
print(heard(1))
print(sent)
print(add.apply((3, 4)).get(), sorted(word for word in heard(3) if not word.startswith("received")))

print(sorted(word.decode() for word in store.smembers("once")))
app.control.shutdown()
deadline = time.monotonic() + WAIT
while not store.sismember("once", "worker_shutdown") and time.monotonic() < deadline:
    time.sleep(0.05)
print(store.sismember("once", "worker_shutdown"))
