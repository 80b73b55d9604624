"""A program that runs a `dramatiq.Worker` of its own, beside other things."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.servers import start_valkey

PROGRAM = """
import logging, sys, threading, time
from dramatiq import Worker
from taskhub import Celery

logging.basicConfig(level=logging.ERROR)
app = Celery("program", broker=sys.argv[1], worker_stuck_after=2)
go = threading.Event()

@app.task(name="break")
def break_exchange_loop():
    loop = app.broker.exchange_loop
    # Once others have been claimed, too.
    while len(loop.claims) < 4:
        time.sleep(0.01)
    def die():
        raise SystemExit
    loop._step = die
    go.wait()

@app.task(name="work")
def work():
    pass

worker = Worker(app.broker, worker_threads=1)
worker.start()
# A worker that has seen quick tasks claims several at once.
for result in [app.tasks["work"].delay() for _ in range(200)]:
    result.get(timeout=60)
app.tasks["break"].delay()
for _ in range(3):
    app.tasks["work"].delay()
deadline = time.monotonic() + 60
while any(thread.name == "taskhub-watchdog" for thread in threading.enumerate()):
    assert time.monotonic() < deadline, "nothing was noticed"
    time.sleep(0.05)
engine = app.engine
print("held", sum(len(engine.held(name)) for name in engine.workers()))
print("ready", engine.queues()["celery"].ready)
print("left for the thread", worker.work_queue.qsize())
go.set()
print("goes on")
"""


def test_it_goes_on_when_its_worker_does_not_work_any_more(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as server:
        program = subprocess.run(
            [sys.executable, "-c", PROGRAM, server.url],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert program.stdout.splitlines() == [
        "held 0",
        "ready 4",
        "left for the thread 0",
        "goes on",
    ], program.stderr
    assert "runs no more of them: start the program again" in program.stderr
