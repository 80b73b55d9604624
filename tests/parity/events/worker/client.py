"""Calls the tasks of `program.py`, and prints the events that its worker sends, as JSON."""

import datetime
import json
import sys
import threading
import time

import program
from program import app

PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
CALLS = {
    "add": lambda: program.add.apply_async((1,), {"y": 4}, task_id="add"),
    "fail": lambda: program.fail.apply_async(task_id="fail"),
    "again": lambda: program.again.apply_async(task_id="again"),
    "ignore": lambda: program.ignore.apply_async(task_id="ignore"),
    "silent": lambda: program.silent.apply_async(task_id="silent"),
    "late": lambda: program.late.apply_async(task_id="late", expires=PAST),
    "nowhere": lambda: app.send_task("nowhere", task_id="nowhere"),
    "last": lambda: program.add.apply_async((0,), task_id="last"),
}
#: Types of events after which a call is over.
OVER = {"task-succeeded", "task-failed", "task-revoked"}
found = []
own = []


def note(event):
    found.append(event)


def note_own(event):
    own.append(event["word"])


def call():
    # The receiver listens by then.
    ready.wait(20)
    for make in CALLS.values():
        make()
    app.events.Dispatcher(app.connection()).send("own-event", word="mine")


ready = threading.Event()
with app.connection() as connection:
    receiver = app.events.Receiver(connection, handlers={"*": note, "own-event": note_own})
    deadline = time.monotonic() + 40
    threading.Thread(target=call, daemon=True).start()
    for _ in receiver.itercapture(limit=None, timeout=30):
        # The first heartbeat says that the worker and this connection are up.
        ready.set()
        over = {event["uuid"] for event in found if event["type"] in OVER}
        # Sent by the worker's own connection, so it may come after the events of the run that it
        # leads to.
        sent_again = any(event["type"] == "task-sent" and event["retries"] for event in found)
        if (own and sent_again and {"again", "last"} <= over) or time.monotonic() > deadline:
            break

json.dump({"events": found, "own": own}, sys.stdout)
