"""Calls the tasks of `program.py` and waits until each has ended."""

import datetime
import sys
import time

import program
from program import app

PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def ended(task_id, state):
    deadline = time.monotonic() + 20
    while app.AsyncResult(task_id).state != state:
        if time.monotonic() > deadline:
            sys.exit(f"{task_id} is {app.AsyncResult(task_id).state}, not {state}")
        time.sleep(0.02)


program.add.apply_async((1, 2), {}, task_id="add")
ended("add", "SUCCESS")
program.add.apply_async((1,), {"y": 2}, task_id="add_by_keyword", headers={"x-mine": 1}, priority=3)
ended("add_by_keyword", "SUCCESS")
got = program.header.apply_async(task_id="header").get(timeout=20)
if got != "by a receiver":
    sys.exit(f"the header that a receiver has added did not arrive: {got!r}")
program.fail.apply_async(task_id="fail")
ended("fail", "FAILURE")
program.again.apply_async(task_id="again")
ended("again", "SUCCESS")
program.exceed.apply_async(task_id="exceed")
ended("exceed", "FAILURE")
program.ignore.apply_async(task_id="ignore")
program.reject.apply_async(task_id="reject")
ended("reject", "FAILURE")
program.unstorable.apply_async(task_id="unstorable")
ended("unstorable", "FAILURE")
program.late.apply_async(task_id="late", expires=PAST)
ended("late", "REVOKED")
program.broken_start.apply_async(task_id="broken_start")
ended("broken_start", "FAILURE")
app.send_task("nowhere", task_id="nowhere")
ended("nowhere", "FAILURE")
program.add.apply_async((1, 1), task_id="linking", link=program.add.si(5, 5).set(task_id="linked"))
ended("linked", "SUCCESS")
program.add.apply((3, 4), task_id="eager")
program.fail.apply(task_id="eager_fail")
program.again.apply(task_id="eager_again")
program.add.apply_async((0, 0), task_id="last")
ended("last", "SUCCESS")
# The signals after the result is stored.
time.sleep(0.5)
