"""Uses the shop's actors, and prints what came of it."""

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
django.setup()

import dramatiq  # noqa: E402
import pendulum  # noqa: E402
from django_dramatiq.models import Task  # noqa: E402
from dramatiq_abort import abort  # noqa: E402
from dramatiq_workflow import Chain, Group, Workflow  # noqa: E402

from shop.orders.tasks import add, each_minute, fail, note, spin  # noqa: E402

broker = dramatiq.get_broker()


def words():
    try:
        with open(os.environ["JOURNAL"], encoding="utf-8") as journal:
            return journal.read().split("\n")[:-1]
    except FileNotFoundError:
        return []


def until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, words()
        time.sleep(0.02)


value = add.send(1, 2).get_result(block=True, timeout=60_000)

failed = fail.send()
until(lambda: Task.tasks.filter(id=failed.message_id, status="failed").exists())

spinning = spin.send()
until(lambda: "spins" in words())
abort(spinning.message_id)
until(lambda: "aborted" in words())

waiting = note.send_with_options(args=("never",), delay=1000)
abort(waiting.message_id)

Workflow(
    Chain(
        note.message("one"), Group(note.message("two"), note.message("two")), note.message("three")
    )
).run()
until(lambda: "three" in words())

# As periodiq's process sends it: on time, and too late.
now = pendulum.now()
for late in (0, 120):
    at = now.subtract(seconds=late)
    each_minute.send_with_options(scheduled_at=str(at))
broker.join("default", timeout=60_000)

found = {
    "result": value,
    "states": sorted(set(Task.tasks.values_list("actor_name", "status"))),
    "words": words(),
}
sys.stdout.write(json.dumps(found))
