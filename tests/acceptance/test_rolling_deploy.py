"""A rolling deploy: workers of an old version are replaced one by one while calls go on.

The new version has one task more and one less. Each body has to run once, on a worker that knows it.
"""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from taskhub import Celery
from taskhub.result import AsyncResult
from tests.acceptance.command import Commands, Running, until
from tests.support.servers import Server

#: Both versions have `steady`; `leaving` is the old one's, `arriving` the new one's.
PROGRAM = """
import os, time
from taskhub import Celery

app = Celery("shop")
journal = os.open(os.environ["JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def note(word, task):
    line = f"{word} {task.request.id} {os.environ['WORKER']} {time.time()}\\n"
    os.write(journal, line.encode())

def run(task, seconds):
    note("begin", task)
    time.sleep(seconds)
    note("end", task)
    return os.environ["WORKER"]

@app.task(name="shop.steady", bind=True)
def steady(self, seconds):
    return run(self, seconds)

@app.task(name="shop.OWN", bind=True)
def own(self, seconds):
    return run(self, seconds)
"""
WORKERS = 2
#: Seconds between two calls, and how long bodies take: less work than the old workers can do.
PERIOD = 0.05
LONG = 0.8
BODIES = (0.0, 0.01, 0.05, 0.01, LONG)


class Note(NamedTuple):
    """What a body noted when it began or ended."""

    word: str
    task_id: str
    worker: str
    at: float


@dataclass
class Stream:
    """Sends calls in a thread, of the tasks that are in use at the time."""

    app: Celery
    tasks: tuple[str, ...]
    sent: dict[str, list[AsyncResult[str]]] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        for seconds in itertools.cycle(BODIES):
            for task in self.tasks:
                result = self.app.send_task(task, (seconds,))
                self.sent.setdefault(task, []).append(result)
            if self._over.wait(PERIOD):
                return

    def __enter__(self) -> Stream:
        self._thread = threading.Thread(target=self.run, name="stream")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def wait_for_more(self, task: str, number: int = 10) -> None:
        """Wait until more calls of a task were sent."""
        before = len(self.sent.get(task, ()))
        until(lambda: len(self.sent.get(task, ())) >= before + number, f"more calls of {task}")


class Stage:
    """Two versions of a program, and the workers that run them."""

    def __init__(self, store: Server, directory: Path) -> None:
        self.journal = directory / "journal"
        self.app = Celery("shop", broker=store.url, set_as_current=False)
        for version, own in (("old", "leaving"), ("new", "arriving")):
            (directory / version).mkdir()
            (directory / version / "shop.py").write_text(PROGRAM.replace("OWN", own))
        self.commands = Commands(
            directory, {"TASKHUB_BROKER_URL": store.url, "JOURNAL": str(self.journal)}
        )

    def start(self, version: str, number: int) -> Running:
        """Start a worker of a version."""
        name = f"{version}-{number}"
        command = ("-A", "shop", "worker", "-p", "1", "-t", "8", "-n", f"{name}@%h")
        directory = str(self.commands.directory / version)
        return self.commands.start(*command, "--workdir", directory, WORKER=name)

    def notes(self) -> list[Note]:
        """Return what the bodies noted."""
        lines = [line.split() for line in self.journal.read_text().splitlines()]
        return [Note(word, task_id, worker, float(at)) for word, task_id, worker, at in lines]

    def ended(self) -> set[str]:
        """Return the ids of the calls whose bodies have ended."""
        return {note.task_id for note in self.notes() if note.word == "end"}

    def runs_a_long_body(self, worker: str) -> bool:
        """Whether a worker is in the first half of a long body."""
        notes = [note for note in self.notes() if note.worker == worker]
        ended, now = self.ended(), time.time()
        return any(
            note.task_id not in ended and LONG / 8 < now - note.at < LONG / 2
            for note in notes
            if note.word == "begin"
        )


@pytest.fixture
def stage(store: Server, tmp_path: Path) -> Iterator[Stage]:
    found = Stage(store, tmp_path)
    yield found
    found.app.engine.close()
    found.commands.stop_all()


def test_each_call_runs_once_while_workers_are_replaced_one_by_one(stage: Stage) -> None:
    old = [stage.start("old", number) for number in range(WORKERS)]
    for worker in old:
        worker.wait_for("is ready")
    stopped: dict[str, float] = {}
    with Stream(stage.app, ("shop.steady", "shop.leaving")) as stream:
        stream.wait_for_more("shop.leaving")
        for number, worker in enumerate(old):
            stage.start("new", number).wait_for("is ready")
            if number == 0:
                # The callers are deployed, too: they send the new task, which two workers do not
                # know yet, and the old one no longer.
                stream.tasks = ("shop.steady", "shop.arriving")
            stream.wait_for_more("shop.arriving")
            if worker is old[-1]:
                # What nobody else knows must have ended before.
                left = {result.id for result in stream.sent["shop.leaving"]}
                until(lambda left=left: left <= stage.ended(), "the calls of the old task")
            name = f"old-{number}"
            until(lambda name=name: stage.runs_a_long_body(name), "a long body")
            stopped[name] = time.time()
            worker.send(signal.SIGTERM)
            assert worker.wait() == 0, worker.output
            # Nothing that ran; what it does not know it leaves to the new workers.
            assert " requeued, to run again" not in worker.output
        stream.wait_for_more("shop.steady")

    results = {
        result.id: result.get(timeout=60) for sent in stream.sent.values() for result in sent
    }
    notes = stage.notes()
    begun = {note.task_id: note for note in notes if note.word == "begin"}
    ended = {note.task_id: note for note in notes if note.word == "end"}
    assert Counter(note.task_id for note in notes) == dict.fromkeys(results, 2)
    assert results == {task_id: note.worker for task_id, note in begun.items()}
    assert results == {task_id: note.worker for task_id, note in ended.items()}
    assert stage.app.engine.dead_letters(0, 10) == []

    def versions(task: str) -> set[str]:
        return {results[result.id].partition("-")[0] for result in stream.sent[task]}

    assert versions("shop.steady") == {"old", "new"}
    assert versions("shop.leaving") == {"old"}
    assert versions("shop.arriving") == {"new"}
    assert "messages are requeued for new-" in "".join(worker.output for worker in old)
    # Each old worker had begun what it finished after the signal.
    outlived = {
        worker
        for task_id, worker in results.items()
        if worker in stopped and begun[task_id].at < stopped[worker] < ended[task_id].at
    }
    assert outlived == set(stopped)
