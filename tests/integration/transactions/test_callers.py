"""Calls in the caller's own transaction: written with its data or not at all, by every kind of connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from taskhub import chain, chord, group, signals
from taskhub.app.app import Celery
from taskhub.config.database_url import with_driver
from taskhub.exceptions import EncodeError, ImproperlyConfigured, TransactionError
from tests.integration.transactions.stage import (
    ON_POSTGRESQL,
    ON_SQLITE,
    application,
    claimed_ids,
    events,
    relay,
    stored_ids,
    stored_rows,
)

# -- sessions and connections of SQLAlchemy's


def test_a_call_is_sent_when_the_session_is_committed(app: Celery, sql: sqlalchemy.Engine) -> None:
    with Session(sql) as session:
        first = app.tasks["add"].delay_in(session, 1, 2)
        second = app.tasks["add"].apply_async((1, 2), connection=session)
        with app.transaction(session):
            third = app.tasks["add"].delay(1, second=2)
        assert stored_rows(sql) == []
        session.commit()
    sent = [first.id, second.id, third.id]

    assert stored_ids(sql) == sent
    assert claimed_ids(app) == [], "nobody has relayed it"
    assert relay(app) == 3
    assert claimed_ids(app) == sent
    assert stored_rows(sql) == []


def test_what_is_rolled_back_is_not_sent(app: Celery, sql: sqlalchemy.Engine) -> None:
    with Session(sql) as session, app.transaction(session):
        app.tasks["add"].delay(1, 1)
        session.rollback()
        with session.begin_nested() as savepoint:
            app.tasks["add"].delay(2, 2)
            savepoint.rollback()
        kept = app.tasks["add"].delay(3, 3)
        session.commit()
        app.tasks["add"].delay(4, 4)

    assert stored_ids(sql) == [kept.id]


def test_a_connection_writes_at_once(app: Celery, sql: sqlalchemy.Engine) -> None:
    with sql.begin() as connection:
        sent = [app.tasks["add"].delay_in(connection, 1, number).id for number in range(3)]
    with sql.connect() as connection:
        app.tasks["add"].delay_in(connection, 1, 1)

    assert stored_ids(sql) == sent


@ON_SQLITE
def test_what_outlives_the_block_is_refused(app: Celery, sql: sqlalchemy.Engine) -> None:
    with Session(sql) as session, app.transaction(session):
        inherited = copy_context()
        inherited.run(app.tasks["add"].delay, 1, 1)
    with pytest.raises(TransactionError, match="has ended"):
        inherited.run(app.tasks["add"].delay, 2, 2)


@ON_SQLITE
def test_a_scoped_session_is_the_session_of_its_thread(app: Celery, sql: sqlalchemy.Engine) -> None:
    session = scoped_session(sessionmaker(sql))
    sent = app.tasks["add"].delay_in(session, 1, 1)
    session.commit()
    session.remove()

    assert stored_ids(sql) == [sent.id]


def canvases(app: Celery) -> dict[str, Any]:
    add, total = app.tasks["add"], app.tasks["total"]
    return {
        "group": group(add.s(n, n) for n in range(20)),
        "list": group([add.s(n, n) for n in range(3)]),
        "chain": chain(add.s(1, 1), *(add.s(n) for n in range(40))),
        "chord": chord((add.s(n, n) for n in range(700)), total.s()),
        "chunks": add.chunks([(n, n) for n in range(10)], 3),
        "nested": chain(group(add.s(1, 1), add.s(2, 2)), total.s(), add.s(1)),
    }


@ON_SQLITE
@pytest.mark.parametrize("shape", ["group", "list", "chain", "chord", "chunks", "nested"])
@pytest.mark.parametrize("how", ["block", "delay_in", "option"])
def test_a_canvas_is_one_row(app: Celery, sql: sqlalchemy.Engine, shape: str, how: str) -> None:
    canvas = canvases(app)[shape]
    with Session(sql) as session:
        if how == "block":
            with app.transaction(session):
                canvas.delay()
        elif how == "delay_in":
            canvas.delay_in(session)
        else:
            canvas.apply_async(connection=session)
        assert claimed_ids(app) == []
        session.commit()

    (row,) = stored_rows(sql)
    messages = stored_ids(sql)
    assert row.messages == len(messages)
    assert relay(app) == 1
    assert claimed_ids(app) == messages


@ON_SQLITE
def test_a_call_of_another_app_is_sent_at_once(app: Celery, sql: sqlalchemy.Engine) -> None:
    other = application("sqlite://")
    with Session(sql) as session, app.transaction(session):
        sent = other.tasks["add"].delay(1, 1)
    assert claimed_ids(other) == [sent.id]
    other.close()


@ON_SQLITE
def test_a_connection_of_kombus_has_no_effect(app: Celery, sql: sqlalchemy.Engine) -> None:
    sent = app.tasks["add"].apply_async((1, 1), connection=object())

    assert claimed_ids(app) == [sent.id]


@ON_SQLITE
def test_signals_are_sent_with_the_call_and_events_by_the_relay(
    database: str, sql: sqlalchemy.Engine
) -> None:
    app = application(database, task_send_sent_event=True)
    heard = []

    def hear(sender: Any = None, headers: Any = None, **_: Any) -> None:
        heard.append(headers["id"])

    signals.after_task_publish.connect(hear)
    try:
        with Session(sql) as session:
            sent = app.tasks["add"].delay_in(session, 1, 1)
            session.commit()
    finally:
        signals.after_task_publish.disconnect(hear)
    assert heard == [sent.id]
    assert events(app) == []
    assert relay(app) == 1
    (event,) = events(app)
    assert (event["type"], event["uuid"]) == ("task-sent", sent.id)
    app.close()


# -- psycopg


@ON_POSTGRESQL
def test_a_connection_of_psycopgs(app: Celery, database: str, sql: sqlalchemy.Engine) -> None:
    with psycopg.connect(database) as connection:
        kept = app.tasks["add"].delay_in(connection, 1, 1)
    with psycopg.connect(database, autocommit=True) as connection:
        with connection.transaction(), app.transaction(connection):
            block = group(app.tasks["add"].s(1, 1) for _ in range(3)).delay()
        with pytest.raises(TransactionError, match="autocommit"):
            app.tasks["add"].delay_in(connection, 1, 1)
        with connection.transaction(force_rollback=True):
            app.tasks["add"].delay_in(connection, 1, 1)
    assert stored_ids(sql) == [kept.id, *(member.id for member in block)]
    with psycopg.connect(database) as connection:
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 1/0")
        with pytest.raises(TransactionError, match="has failed"):
            app.tasks["add"].delay_in(connection, 1, 1)
    with pytest.raises(TransactionError, match="closed"):
        app.tasks["add"].delay_in(connection, 1, 1)


# -- asynchronous ones


@ON_POSTGRESQL
def test_asynchronous_sessions_and_connections(
    app: Celery, database: str, sql: sqlalchemy.Engine
) -> None:
    add = app.tasks["add"]

    async def call() -> list[str]:
        engine = create_async_engine(with_driver(database))
        async with AsyncSession(engine) as session:
            sent = [add.delay_in(session, 1, 1).id]
            sent.append((await add.adelay_in(session, 1, 1)).id)
            sent.append((await add.aapply_async((1, 1), connection=session)).id)
            async with app.transaction(session):
                sent.append((await add.adelay(1, 1)).id)
                await session.commit()
            add.delay_in(session, 0, 0)
        async with engine.begin() as connection:
            async with app.transaction(connection):
                sent.append(add.delay(1, 1).id)
                sent.append((await add.aapply_async((1, 1), connection=connection)).id)
            sent.append((await add.s(1, 1).adelay_in(connection)).id)
            with pytest.raises(TransactionError, match="awaited"):
                add.delay_in(connection, 1, 1)
        async with engine.connect() as connection, app.transaction(connection):
            add.delay(0, 0)
        await engine.dispose()
        async with await psycopg.AsyncConnection.connect(database) as own:
            sent.append((await add.adelay_in(own, 1, 1)).id)
            with pytest.raises(ZeroDivisionError):
                await fail(own)
        return sent

    async def fail(own: Any) -> None:
        async with app.transaction(own):
            add.delay(0, 0)
            raise ZeroDivisionError

    sent = asyncio.run(call())
    # The one of the option is written before the block ends.
    assert sorted(stored_ids(sql)) == sorted(sent)
    assert relay(app) == len(sent)


# -- what goes wrong


def test_a_database_without_the_table(database: str, sql: sqlalchemy.Engine) -> None:
    app = application(database, outbox_table="missing")
    expected = pytest.raises(ImproperlyConfigured, match="has no table missing")
    with Session(sql) as session, expected:
        app.tasks["add"].delay_in(session, 1, 1)
    with sql.begin() as connection, expected:
        app.tasks["add"].delay_in(connection, 1, 1)
    with expected:
        relay(app)
    app.close()


@ON_POSTGRESQL
def test_a_database_without_the_table_asked_by_awaiting(database: str) -> None:
    app = application(database, outbox_table="missing")
    expected = pytest.raises(ImproperlyConfigured, match="has no table missing")

    async def call() -> None:
        engine = create_async_engine(with_driver(database))
        async with AsyncSession(engine) as session:
            with expected:
                await app.tasks["add"].adelay_in(session, 1, 1)
        async with engine.begin() as connection:
            with expected:
                await app.tasks["add"].adelay_in(connection, 1, 1)
        await engine.dispose()
        async with await psycopg.AsyncConnection.connect(database) as own:
            with expected:
                await app.tasks["add"].adelay_in(own, 1, 1)

    asyncio.run(call())
    with psycopg.connect(database) as connection, expected:
        app.tasks["add"].delay_in(connection, 1, 1)
    app.close()


@ON_SQLITE
def test_an_object_that_is_no_transaction(app: Celery) -> None:
    for wrong in (None, 1, "postgresql://", object(), sqlalchemy):
        with pytest.raises(TypeError, match=r"app.transaction\(\) takes a Session"):
            app.tasks["add"].delay_in(wrong, 1, 1)
        with pytest.raises(TypeError, match=r"app.transaction\(\) takes a Session"):
            app.transaction(wrong)


Wrong = Callable[[sqlalchemy.Engine], Any]


@ON_SQLITE
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda sql: Session(sql, autobegin=False), "not in a transaction"),
        (lambda sql: Session(sql.execution_options(isolation_level="AUTOCOMMIT")), "AUTOCOMMIT"),
        (lambda sql: Session(binds={sqlalchemy.orm.DeclarativeBase: sql}), "cannot be written"),
        (
            lambda sql: sql.connect().execution_options(isolation_level="AUTOCOMMIT"),
            "not in a transaction",
        ),
    ],
    ids=["not begun", "autocommit", "no bind", "connection"],
)
def test_a_session_that_is_not_in_a_transaction(
    app: Celery, sql: sqlalchemy.Engine, make: Wrong, reason: str
) -> None:
    connection = make(sql)
    try:
        with pytest.raises(TransactionError, match=reason):
            app.tasks["add"].delay_in(connection, 1, 1)
    finally:
        connection.close()
    assert stored_rows(sql) == []


@ON_SQLITE
def test_a_transaction_that_has_failed(app: Celery, sql: sqlalchemy.Engine) -> None:
    with Session(sql) as session:
        app.tasks["add"].delay_in(session, 1, 1)
        for mapped in session.new:
            mapped.messages = None
        with pytest.raises(sqlalchemy.exc.IntegrityError):
            session.flush()
        session.rollback()
    with sql.connect() as connection:
        connection.close()
        with pytest.raises(TransactionError, match="closed"):
            app.tasks["add"].delay_in(connection, 1, 1)


@ON_SQLITE
def test_wrong_arguments_write_nothing(app: Celery, sql: sqlalchemy.Engine) -> None:
    with Session(sql) as session:
        with pytest.raises(TypeError):
            app.tasks["add"].delay_in(session, 1, 2, 3)
        with pytest.raises(EncodeError):
            app.tasks["add"].apply_async((1, object()), connection=session)
        session.commit()
    assert stored_rows(sql) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"outbox_url": "shop.sqlite3"},
        {"outbox_url": ["sqlite://", 1]},
        {"outbox_table": "outbox; DROP TABLE users"},
        {"outbox_interval": 0},
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"Setting {next(iter(settings))} must be"):
        Celery("shop", set_as_current=False, **settings).conf.outbox_url  # noqa: B018


def test_a_url_without_its_driver() -> None:
    app = application("oracle://nobody:secret@nowhere/x")
    with pytest.raises(ImproperlyConfigured, match="outbox_url: oracle://") as raised:
        relay(app)
    assert "secret" not in str(raised.value)
    app.close()
