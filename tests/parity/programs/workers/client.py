import subprocess
import threading
import time

from celery.exceptions import TaskRevokedError
from tasks import app, held, limited, sleeptask, store

WAIT = 30


def poll(read):
    deadline = time.monotonic() + WAIT
    while not (value := read()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def only(replies):
    """Return the reply of the only worker."""
    [(name, reply)] = replies.items() if isinstance(replies, dict) else replies[0].items()
    assert name.startswith("main@"), name
    return reply


# One worker answers: there is no need to wait for others.
inspect = app.control.inspect(limit=1, timeout=WAIT)

# Ping, and what is registered
print(only(inspect.ping()), only(app.control.ping(timeout=WAIT, limit=1)))
names = [line.partition(" ")[0] for line in only(inspect.registered())]
print([name for name in names if name.startswith("tasks.")])
print([line for line in only(inspect.registered("rate_limit")) if line.startswith("tasks.limited")])
print(sorted(queue["name"] for queue in only(inspect.active_queues())))
stats = only(inspect.stats())
print(sorted(set(stats) & {"broker", "clock", "pid", "pool", "prefetch_count", "rusage", "total", "uptime"}))
print(only(inspect.clock())["clock"] > 0, only(inspect.report())["ok"].split()[0] != "")
print(only(inspect.conf(with_defaults=True))["task_default_queue"])

# What runs, and what is scheduled
running = held.delay("released")
[active] = poll(lambda: only(inspect.active()))
print(active["name"], active["id"] == running.id, active["args"], active["kwargs"], active["delivery_info"]["routing_key"])
later = sleeptask.apply_async((0,), countdown=600)
[scheduled] = poll(lambda: only(inspect.scheduled()))
print(scheduled["request"]["id"] == later.id, scheduled["request"]["name"], sorted(scheduled))
found = only(inspect.query_task(running.id, "nobody"))
print({name == running.id: state for name, (state, _) in found.items()})
print(only(inspect.reserved()))

# Revoking
later.revoke()
poll(lambda: later.id in only(inspect.revoked()))
print(later.id in only(inspect.revoked()))
app.control.revoke("not-sent-yet")
poll(lambda: "not-sent-yet" in only(inspect.revoked()))
other = sleeptask.apply_async((0,), task_id="not-sent-yet")
try:
    other.get(timeout=WAIT)
except TaskRevokedError as error:
    print(type(error).__name__, other.state)

# Limits
print(only(app.control.rate_limit("tasks.limited", "200/m", reply=True, limit=1, timeout=WAIT)))
print(only(app.control.time_limit("tasks.sleeptask", soft=60, hard=120, reply=True, limit=1, timeout=WAIT)))
print(only(app.control.rate_limit("nobody", "1/s", reply=True, limit=1, timeout=WAIT)))
print(limited.delay().get(timeout=WAIT))

# Queues
print(only(app.control.add_consumer("extra", reply=True, limit=1, timeout=WAIT)))
print(sleeptask.apply_async((0,), queue="extra").get(timeout=WAIT))
print(only(app.control.cancel_consumer("extra", reply=True, limit=1, timeout=WAIT)))
# The worker replies before it has done so.
poll(lambda: len(only(inspect.active_queues())) == 1)
print([queue["name"] for queue in only(inspect.active_queues())])

# Pools, events
print(only(app.control.enable_events(reply=True, limit=1, timeout=WAIT)))
print("ok" in only(app.control.disable_events(reply=True, limit=1, timeout=WAIT)))
print(app.control.heartbeat())

# Commands of one's own
print(only(app.control.broadcast("remember", arguments={"key": "k", "value": "v"}, reply=True, limit=1, timeout=WAIT)), store.get("k"))
print(only(app.control.broadcast("answer", reply=True, limit=1, timeout=WAIT)))
[me] = inspect.ping()
print(only(app.control.broadcast("answer", reply=True, destination=[me], timeout=WAIT)))
print(app.control.broadcast("answer", reply=True, destination=["nobody@nowhere"], timeout=0.5))
store.rpush("released", 1)
print(running.get(timeout=WAIT))

# From the command line
to_me = ["--timeout", str(WAIT), "--destination", me]
for words in (["inspect", *to_me, "--json", "ping"], ["control", *to_me, "remember", "k", "w"]):
    done = subprocess.run(["celery", "-A", "tasks", *words], capture_output=True, text=True, timeout=60)
    print(words[0], done.returncode, "main@" in done.stdout)
print(store.get("k"))


def lines(*words):
    """Return what a command prints, without the worker's name."""
    command = ["celery", "-A", "tasks", words[0], "--timeout", "3", "--destination", me, *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return [line.replace(me, "main@host") for line in done.stdout.splitlines()]


for line in (
    *lines("status"),
    *lines("inspect", "ping"),
    *lines("inspect", "active"),
    *lines("control", "rate_limit", "tasks.limited", "300/m"),
    *lines("control", "rate_limit", "nobody", "1/s"),
):
    print(line)
print([line for line in lines("inspect", "registered") if line.startswith("    * tasks.held")])
stats = lines("inspect", "stats")
print(stats[:2], "    }" in stats, [line for line in stats if '"max-concurrency"' in line])
print([line[:11] for line in lines("inspect", "active_queues") if "*" in line])

# Events
class Seen(Exception):
    pass


def stop(event):
    raise Seen(event["type"])


def keep_calling():
    while not ended.wait(0.2):
        sleeptask.delay(0)


app.control.enable_events()
ended = threading.Event()
caller = threading.Thread(target=keep_calling)
caller.start()
with app.connection() as connection:
    receiver = app.events.Receiver(connection, handlers={"task-succeeded": stop})
    try:
        receiver.capture(limit=None, timeout=40, wakeup=True)
    except Seen as seen:
        print(seen)
    finally:
        ended.set()
        caller.join()

# Shutting down
app.control.shutdown()
print(poll(lambda: not app.control.ping(timeout=0.5)))
