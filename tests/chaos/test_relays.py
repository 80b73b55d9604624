"""Relays are killed, two at a time, while callers commit and roll back: every call is sent once, in order."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from taskhub import group
from taskhub.app.app import Celery
from taskhub.message import decode_body
from tests.integration.transactions.stage import open_database, stored_rows
from tests.support.databases import available_databases, fresh_database
from tests.support.servers import start_valkey
from tests.support.workers import until

KILLS = 4
WRITERS = 2
#: Calls of one transaction.
CALLS = 4


class Writers:
    """Threads that write calls in transactions, and roll every third one back."""

    def __init__(self, app: Celery, engine: Any) -> None:
        self._app, self._engine = app, engine
        self._stopping = threading.Event()
        #: (writer, transaction) of those that were committed.
        self.committed: list[tuple[int, int]] = []
        self._threads = [
            threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)
        ]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        note, number = self._app.tasks["note"], 0
        while not self._stopping.wait(0.005):
            number += 1
            with Session(self._engine) as session, self._app.transaction(session):
                note.delay(writer, number, 0)
                group(note.s(writer, number, position) for position in range(1, CALLS - 1)).delay()
                note.delay(writer, number, CALLS - 1)
                if number % 3:
                    session.commit()
                    self.committed.append((writer, number))


class Relays:
    """Processes of `taskhub relay`, of which each one that is killed is replaced."""

    def __init__(self, store: str, database: str) -> None:
        self._environment = {**os.environ, "RELAYED_STORE": store, "RELAYED_DATABASE": database}
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Relays:
        for _ in range(2):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait()

    def _start(self) -> None:
        command = [sys.executable, "-m", "taskhub", "-A", "tests.chaos.relay_program", "relay"]
        self._running.append(subprocess.Popen(command, env=self._environment))

    def kill_one(self) -> None:
        victim = self._running.pop(random.randrange(2))
        victim.kill()
        victim.wait()
        self._start()


def count_sent(app: Celery) -> int:
    counts = app.engine.queues().get("celery")
    return 0 if counts is None else counts.ready


def read_calls(app: Celery) -> list[tuple[int, int, int]]:
    app.engine.renew(["reader"], 60_000)
    found: list[tuple[int, int, int]] = []
    while claims := app.engine.claim("reader", ["celery"], 500).claims:
        found += [tuple(decode_body(claim.body)["args"]) for claim in claims]
    return found


@pytest.mark.parametrize("kind", [kind for kind in available_databases() if kind != "sqlite"])
def test_every_committed_call_is_sent_once(kind: str, tmp_path: Path) -> None:
    with fresh_database(kind, tmp_path) as database, start_valkey(tmp_path) as server:
        app = Celery("relayed", broker=server.url, set_as_current=False)
        app.task(name="note")(lambda writer, transaction, position: None)
        engine = open_database(database)
        # Python 3.11 may fail where threads import, and pytest parses, at the same time.
        app.engine.ping()
        with Session(engine) as session:
            app.transaction(session)
        with Relays(server.url, database) as relays:
            with Writers(app, engine) as writers:
                for _ in range(KILLS):
                    before = count_sent(app)
                    until(lambda before=before: count_sent(app) > before, "calls are sent")  # type: ignore[misc]
                    time.sleep(random.uniform(0, 0.2))
                    relays.kill_one()
            until(lambda: not stored_rows(engine), "the outbox is empty")
        by_transaction: dict[tuple[int, int], list[int]] = defaultdict(list)
        for writer, transaction, position in read_calls(app):
            by_transaction[writer, transaction].append(position)
        assert sorted(by_transaction) == sorted(writers.committed)
        wrong = {one: found for one, found in by_transaction.items() if found != [*range(CALLS)]}
        assert wrong == {}
        assert len(writers.committed) > KILLS
        engine.dispose()
        app.close()
