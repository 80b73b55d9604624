"""`taskhub relay`, and schedulers as relays."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy

from taskhub.app.relays import make_relays
from taskhub.cli.relay import _move_once
from taskhub.exceptions import StoreRefused
from taskhub_scheduler import Scheduler
from tests.integration.transactions.stage import (
    ON_SQLITE,
    application,
    claimed_ids,
    stored_rows,
)
from tests.support.workers import until

PROGRAM = """
import sys
from taskhub import Celery
app = Celery("shop", broker="memory://", outbox_url=URL)
app.task(name="add")(lambda first, second: None)
"""


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "taskhub", "-A", "program", "relay", *arguments]
    return subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_command(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/own.sqlite3"
    (tmp_path / "program.py").write_text(f"URL = {url!r}\n{PROGRAM}")

    missing = run(tmp_path, "--once")
    assert missing.returncode == 2, missing.stderr
    assert missing.stderr.startswith(f"error: {url} has no table taskhub_outbox, in which")
    assert run(tmp_path, "--create-table").stdout == f"{url}: taskhub_outbox was created\n"
    assert run(tmp_path, "--create-table").stdout == f"{url}: taskhub_outbox is there\n"
    engine = sqlalchemy.create_engine(url)
    app = application(url)
    with engine.begin() as connection:
        app.tasks["add"].delay_in(connection, 1, 1)
    status = json.loads(run(tmp_path, "--status", "--json").stdout)
    assert (status["database"], status["waiting"], status["refused"]) == (url, 1, 0)
    assert run(tmp_path, "--once").stdout == f"{url}: 1 moved\n"
    assert stored_rows(engine) == []
    both = run(tmp_path, "--once", "--status")
    assert both.stderr == "error: choose one of --once, --create-table and --status\n"
    engine.dispose()
    app.close()


def test_there_is_no_outbox(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(f"URL = None\n{PROGRAM}")
    done = run(tmp_path, "--once")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no outbox: set outbox_url to the database")


@ON_SQLITE
def test_a_scheduler_relays(database: str, sql: sqlalchemy.Engine) -> None:
    app = application(database, outbox_interval=0.01)
    scheduler = Scheduler(app)
    # Python 3.11 may fail where threads import, and pytest parses, at the same time.
    app.engine.ping()
    with sql.connect() as connection:
        app.transaction(connection)
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    with sql.begin() as connection:
        sent = app.tasks["add"].delay_in(connection, 1, 1)
    until(lambda: not stored_rows(sql), "the call is relayed")
    scheduler.stop()
    thread.join(20)
    assert claimed_ids(app) == [sent.id]
    app.close()


@ON_SQLITE
def test_once_says_what_was_not_moved(
    database: str,
    sql: sqlalchemy.Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = application(database)
    with sql.begin() as connection:
        sent = [app.tasks["add"].delay_in(connection, 1, n) for n in range(2)]
        first = "UPDATE taskhub_outbox SET payload = 'x' WHERE task_id = :id"
        connection.execute(sqlalchemy.text(first), {"id": sent[0].id})
    (leader,) = make_relays(app)
    monkeypatch.setattr(leader.source, "read", lambda limit: [])
    leader.turn()

    _move_once(app)
    leader._end()
    _move_once(app)

    stands_by, moved = capsys.readouterr().out.splitlines()
    assert stands_by.endswith(f": 0 moved; the relay {leader.name} leads, and moves what is there")
    assert moved.endswith(": 1 moved, 1 put aside (their column `error` says why)")
    assert claimed_ids(app) == [sent[1].id]
    app.close()


@ON_SQLITE
def test_nothing_is_put_aside_while_rights_are_missing(
    database: str, sql: sqlalchemy.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = application(database)
    with sql.begin() as connection:
        sent = app.tasks["add"].delay_in(connection, 1, 1)
    (relay,) = make_relays(app)
    store = app.engine.outbox_store(relay.source.outbox_id())

    def refuse(*_: object) -> None:
        raise StoreRefused("NOPERM", rights=True)

    with monkeypatch.context() as without_rights:
        without_rights.setattr(store, "store_batch", refuse)
        without_rights.setattr(relay, "_store", store)
        with pytest.raises(StoreRefused):
            relay.turn()
    assert relay.source.backlog().refused == 0

    assert relay.drain() == 1
    assert claimed_ids(app) == [sent.id]
    app.close()
