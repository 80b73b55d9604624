"""The relay: rows in order, each once, wherever it is killed and whatever is out of reach."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.orm import Session

from taskhub.app.app import Celery
from taskhub.app.relays import RelayThreads, make_relays
from taskhub.engine.port.outbox_store import OutboxBatch, OutboxStore
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.transactions import outbox_table
from taskhub.transactions.relay import ROWS, Relay
from taskhub.transactions.source import OutboxSource, SourceError
from tests.integration.transactions.stage import (
    ON_POSTGRESQL,
    ON_SQLITE,
    application,
    claimed_ids,
    relay,
    stored_ids,
    stored_rows,
)
from tests.support.servers import start_valkey
from tests.support.workers import until

#: So that a store that is away is noticed soon.
IMPATIENT: dict[str, Any] = {"broker_transport_options": {"socket_timeout": 0.3}}


class KilledError(BaseException):
    """The relay's process is no more."""


class Steps:
    """Counts what a relay does, and kills it at one step, before or after that was done."""

    def __init__(self, killed_at: int | None) -> None:
        self.killed_at = killed_at
        self.count = 0

    def take(self, act: Callable[..., Any], *arguments: Any) -> Any:
        self.count += 1
        if self.count == self.killed_at:
            raise KilledError
        done = act(*arguments)
        self.count += 1
        if self.count == self.killed_at:
            raise KilledError
        return done


class Watched:
    """A source or a store whose every verb is a step."""

    def __init__(self, real: Any, steps: Steps) -> None:
        self._real, self._steps = real, steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found) or name in ("close", "resign"):
            return found
        return lambda *arguments: self._steps.take(found, *arguments)


def killable(app: Celery, steps: Steps) -> Relay:
    (made,) = make_relays(app)

    def store(outbox: str) -> Any:
        return Watched(app.engine.outbox_store(outbox), steps)

    source: Any = Watched(made.source, steps)
    killed = Relay(source, store, app.engine.append_events)
    # What is killed resigns from nothing.
    killed._end = lambda: None  # type: ignore[method-assign]
    return killed


def let_its_lease_end(app: Celery) -> None:
    real: Any = app.engine
    before = real._clock
    real._clock = lambda: before() + 60_000
    for store in real._outbox_stores.values():
        store._clock = real._clock


def write(app: Celery, sql: sqlalchemy.Engine, *counts: int) -> list[str]:
    """Commit transactions of so many calls each; return the ids."""
    sent = []
    for count in counts:
        with Session(sql) as session:
            sent += [app.tasks["add"].delay_in(session, 1, n).id for n in range(count)]
            session.commit()
    return sent


@ON_SQLITE
def test_killed_at_any_step_nothing_is_lost_or_sent_twice(
    database: str, sql: sqlalchemy.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskhub.transactions.relay.ROWS", 2)
    killed_at = 0
    while True:
        killed_at += 1
        app = application(database)
        sent = write(app, sql, 2, 1)
        steps = Steps(killed_at)
        victim = killable(app, steps)
        try:
            victim.drain()
            survived = True
        except KilledError:
            survived = False
        sent += write(app, sql, 2)
        let_its_lease_end(app)
        assert relay(app) + steps.count > 0
        assert claimed_ids(app) == sent, f"killed at step {killed_at}"
        assert stored_ids(sql) == []
        app.close()
        if survived:
            break
    assert killed_at > 15


@ON_SQLITE
def test_a_relay_that_was_held_up_sends_nothing_more(database: str, sql: sqlalchemy.Engine) -> None:
    app = application(database)
    sent = write(app, sql, 3)
    (late,) = make_relays(app)
    read = late.source.read

    def read_and_sleep(limit: int) -> Any:
        rows = read(limit)
        let_its_lease_end(app)
        assert relay(app) == 3, "another one takes over meanwhile"
        return rows

    late.source.read = read_and_sleep  # type: ignore[method-assign]
    late.turn()

    assert not late.leads
    assert claimed_ids(app) == sent
    late.source.close()
    app.close()


@ON_SQLITE
def test_an_unknown_reply_is_found_out(database: str, sql: sqlalchemy.Engine) -> None:
    app = application(database)
    sent = write(app, sql, 2)
    (made,) = make_relays(app)

    class LosesReplies(OutboxStore):
        def __init__(self, real: OutboxStore) -> None:
            super().__init__(real.outbox)
            self._real, self.lost = real, 0
            self.lead, self.resign = real.lead, real.resign  # type: ignore[method-assign]

        def lead(self, *_: Any) -> Any: ...

        def resign(self, *_: Any) -> Any: ...

        def store_batch(self, number: int, batch_number: int, batch: OutboxBatch) -> Any:
            taken = self._real.store_batch(number, batch_number, batch)
            if not self.lost:
                self.lost += 1
                raise OperationalError("the reply was lost")
            return taken

    stores: dict[str, LosesReplies] = {}

    def store(outbox: str) -> OutboxStore:
        return stores.setdefault(outbox, LosesReplies(app.engine.outbox_store(outbox)))

    one = Relay(made.source, store, app.engine.append_events)
    with pytest.raises(OperationalError):
        one.turn()
    sent += write(app, sql, 1)
    assert one.drain() == 1

    assert claimed_ids(app) == sent
    app.close()


def test_rows_are_moved_in_order(app: Celery, sql: sqlalchemy.Engine) -> None:
    sent = write(app, sql, ROWS - 1, 2, 3)

    assert relay(app) == len(sent)
    assert claimed_ids(app) == sent
    assert stored_rows(sql) == []


@ON_SQLITE
def test_what_is_large_is_handed_over_in_portions(
    database: str, sql: sqlalchemy.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskhub.transactions.relay.BYTES", 1000)
    app = application(database)
    taken = []
    real = app.engine.outbox_store("x").__class__.store_batch

    def store_batch(self: Any, number: int, batch_number: int, batch: OutboxBatch) -> Any:
        taken.append(len(batch.rows))
        return real(self, number, batch_number, batch)

    monkeypatch.setattr(type(app.engine.outbox_store("x")), "store_batch", store_batch)
    sent = write(app, sql, 5)
    assert relay(app) == 5
    assert claimed_ids(app) == sent
    assert sum(taken) == 5
    assert len(taken) > 1
    app.close()


@ON_SQLITE
def test_a_row_that_cannot_be_sent_is_put_aside(
    database: str,
    sql: sqlalchemy.Engine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = application(database)
    sent = write(app, sql, 5)
    table = outbox_table(sqlalchemy.MetaData())
    with sql.begin() as connection:
        broken = table.update().where(table.c.task_id == sent[0])
        connection.execute(broken.values(payload="{}"))
    kind = type(app.engine.outbox_store("x"))
    real = kind.store_batch

    def store_batch(self: Any, number: int, batch_number: int, batch: OutboxBatch) -> Any:
        if any(message.task_id == sent[2] for message in batch.messages):
            raise StoreRefused("it is too large")
        return real(self, number, batch_number, batch)

    monkeypatch.setattr(kind, "store_batch", store_batch)
    relay(app)

    assert claimed_ids(app) == [sent[1], sent[3], sent[4]]
    errors = {row.task_id: row.error for row in stored_rows(sql)}
    assert errors == {sent[0]: "the row is no call: KeyError: 'format'", sent[2]: "it is too large"}
    assert "is not relayed, before its column `error` is NULL again" in caplog.text
    (one,) = make_relays(app)
    assert one.source.backlog() == (0, None, 2)
    monkeypatch.setattr(kind, "store_batch", real)
    with sql.begin() as connection:
        connection.execute(table.update().where(table.c.task_id == sent[2]).values(error=None))
    assert one.source.backlog()[0] == 1
    assert one.source.backlog()[1] is not None
    assert one.drain() == 1
    assert claimed_ids(app) == [sent[2]]
    app.close()


@ON_SQLITE
def test_namespaces_have_rows_of_their_own(database: str, sql: sqlalchemy.Engine) -> None:
    one, other = application(database), application(database, taskhub_namespace="other")
    mine = write(one, sql, 2)
    theirs = write(other, sql, 1)

    assert relay(one) == 2
    assert claimed_ids(one) == mine
    assert stored_ids(sql) == theirs
    assert relay(other) == 1
    one.close()
    other.close()


@ON_SQLITE
def test_everybody_finds_the_same_id(database: str, sql: sqlalchemy.Engine) -> None:
    app = application(database)
    sources: Sequence[OutboxSource] = [made.source for made in make_relays(app) * 2]
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda source=source: found.append(source.outbox_id()))
        for source in (*sources, make_relays(app)[0].source)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 3
    app.close()


@ON_POSTGRESQL
def test_the_database_and_the_store_go_away(
    database: str, sql: sqlalchemy.Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with start_valkey(tmp_path) as server:
        app = application(database, server.url, outbox_interval=0.02, **IMPATIENT)
        threads = RelayThreads(app)
        threads.start()
        sent = write(app, sql, 3)
        until(lambda: not stored_rows(sql), "the rows are relayed")
        with psycopg.connect(database, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        sql.dispose()
        sent += write(app, sql, 3)
        until(lambda: not stored_rows(sql), "the rows are relayed after connections broke")
        server.pause()
        sent += write(app, sql, 3)
        until(lambda: "is not relayed" in caplog.text, "the relay has noticed")
        server.resume()
        until(lambda: not stored_rows(sql), "the rows are relayed after the store was away")
        threads.stop(30)
        assert claimed_ids(app) == sent
        assert "is relayed again" in caplog.text
        app.close()


@ON_SQLITE
def test_a_database_out_of_reach(database: str) -> None:
    app = application("postgresql://nobody@127.0.0.1:1/x")
    with pytest.raises(SourceError, match="127"):
        relay(app)
    app.close()
