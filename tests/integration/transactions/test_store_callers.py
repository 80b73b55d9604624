"""Calls in transactions of the database that is the store: messages themselves, and no outbox."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from taskhub import chain, chord, group
from taskhub.app.app import Celery
from taskhub.exceptions import ImproperlyConfigured, TransactionError
from tests.contract.stage import claim_all, ids
from tests.integration.transactions.stage import application
from tests.support.postgres import Database

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def store() -> Iterator[Database]:
    """A database that is the store."""
    with Database("taskhub_calls") as database:
        yield database


@pytest.fixture
def app(store: Database) -> Iterator[Celery]:
    """An app whose store is empty."""
    made = application("sqlite://", broker=store.text, task_send_sent_event=True)
    made.engine.ping()
    made.engine.queues()
    yield made
    made.close()
    store.flush()


@pytest.fixture
def plain(store: Database) -> str:
    """The URL of the database, as others write it."""
    return store.text.partition("?")[0]


def in_psycopg(url: str, call: Callable[[Any], None], commits: bool, look: Any) -> None:
    with psycopg.connect(url) as connection:
        call(connection)
        look()
        connection.commit() if commits else connection.rollback()


def in_session(url: str, call: Callable[[Any], None], commits: bool, look: Any) -> None:
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with Session(engine) as session:
        call(session)
        session.flush()
        look()
        session.commit() if commits else session.rollback()
    engine.dispose()


def in_connection(url: str, call: Callable[[Any], None], commits: bool, look: Any) -> None:
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        call(connection)
        look()
        connection.commit() if commits else connection.rollback()
    engine.dispose()


def in_async_session(url: str, call: Callable[[Any], None], commits: bool, look: Any) -> None:
    async def main() -> None:
        engine = create_async_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        async with AsyncSession(engine) as session:
            # Nothing is awaited: the address says that this is the store.
            call(session)
            await session.flush()
            look()
            await (session.commit() if commits else session.rollback())
        await engine.dispose()

    asyncio.run(main())


@pytest.mark.parametrize("how", [in_psycopg, in_session, in_connection, in_async_session])
def test_a_call_is_part_of_the_transaction(app: Celery, plain: str, how: Any) -> None:
    add, total = app.tasks["add"], app.tasks["total"]

    def call(caller: Any) -> None:
        add.delay_in(caller, 1, 1)
        with app.transaction(caller):
            add.apply_async((2, 2), countdown=100)
            chord([add.si(3, 3), add.si(4, 4)], total.s()).delay()
            chain(*(add.si(n, n) for n in range(300))).delay()
            group(add.si(n, 5) for n in range(3)).delay()

    def look() -> None:
        assert app.engine.queues() == {}, "nobody sees it before"
        assert claim_all(app.engine, "w1", "celery") == []

    how(plain, call, False, look)
    assert app.engine.queues() == {}
    assert app.engine.transfer.inventory()[:2] == ([], [])
    how(plain, call, True, look)

    counts = app.engine.queues()["celery"]
    assert (counts.ready, counts.delayed) == (1 + 2 + 1 + 3, 1)
    inventory = app.engine.transfer.inventory()
    assert len(inventory.chords) == 1
    (chord_found,) = app.engine.transfer.chords(inventory.chords)
    assert (chord_found.size, len(chord_found.body)) == (2, 1)
    (chain_found,) = app.engine.transfer.chains(inventory.chains)
    assert len(chain_found.links) > 200
    claims = claim_all(app.engine, "w1", "celery")
    assert len(set(ids(claims))) == 7
    assert b'"args":[1,1]' in claims[0].body.replace(b" ", b"")
    events = app.engine.read_events("0")
    assert len(events.read(0.1)) >= 8


def test_awaited_connections(app: Celery, plain: str) -> None:
    add = app.tasks["add"]

    async def main() -> None:
        async with await psycopg.AsyncConnection.connect(plain) as connection:
            await add.adelay_in(connection, 1, 1)
            await connection.rollback()
            async with app.transaction(connection):
                add.delay(2, 2)
                add.delay(3, 3)
            await connection.commit()
        engine = create_async_engine(plain.replace("postgresql:", "postgresql+psycopg:"))
        async with engine.connect() as connected:
            await add.adelay_in(connected, 4, 4)
            await connected.commit()
        async with AsyncSession(engine) as session:
            await add.adelay_in(session, 5, 5)
            await session.commit()
        await engine.dispose()

    asyncio.run(main())
    assert app.engine.queues()["celery"].ready == 4


def test_a_savepoint_takes_its_calls_away(app: Celery, plain: str) -> None:
    add = app.tasks["add"]
    with psycopg.connect(plain) as connection:
        kept = add.delay_in(connection, 1, 1)
        with connection.transaction(force_rollback=True):
            add.delay_in(connection, 2, 2)
    assert ids(claim_all(app.engine, "w1", "celery")) == [kept.id]


def test_an_idle_thread_is_notified_at_the_commit(app: Celery, plain: str) -> None:
    notifier = app.engine.notifier(["celery"])
    woken: list[float] = []

    def wait() -> None:
        deadline = time.monotonic() + 20
        while not claim_all(app.engine, "w1", "celery") and time.monotonic() < deadline:
            notifier.wait(10)
        woken.append(time.monotonic())

    waits = []
    for _ in range(3):
        with psycopg.connect(plain) as connection:
            app.tasks["add"].delay_in(connection, 1, 1)
            thread = threading.Thread(target=wait)
            thread.start()
            # It looks, finds nothing, and begins to wait.
            while not store_waits(connection):
                time.sleep(0.01)
            connection.commit()
            committed = time.monotonic()
        thread.join()
        waits.append(woken.pop() - committed)
    # One that was not notified looks by itself after 2 s.
    assert min(waits) < 1.0
    notifier.close()


def store_waits(connection: psycopg.Connection[Any]) -> bool:
    found = connection.execute("SELECT count(*) FROM taskhub.waiters").fetchone()
    return found is not None and found[0] > 0


def test_an_open_transaction_holds_nobody_up(app: Celery, plain: str) -> None:
    add = app.tasks["add"]
    with psycopg.connect(plain) as connection:
        add.delay_in(connection, 1, 1)
        # The same queue, which is new for both.
        sent = add.delay(2, 2)
        assert ids(claim_all(app.engine, "w1", "celery")) == [sent.id]
    assert app.engine.queues()["celery"].ready == 1


def test_a_user_of_the_database_needs_few_rights(app: Celery, plain: str, store: Database) -> None:
    admin, role = store.connection(), f"{store.name}_caller"
    admin.execute(f'CREATE ROLE "{role}" LOGIN'.encode())
    url = plain.replace("//", f"//{role}:x@", 1) if "@" not in plain else _as(plain, role)
    try:
        # Without any right to the schema this is any other database.
        missing = pytest.raises(ImproperlyConfigured, match="has no table taskhub_outbox")
        with psycopg.connect(url) as connection, missing:
            app.tasks["add"].delay_in(connection, 1, 1)
        admin.execute(f'GRANT USAGE ON SCHEMA taskhub TO "{role}"'.encode())
        admin.execute(f'GRANT INSERT ON taskhub.calls TO "{role}"'.encode())
        with psycopg.connect(url) as connection:
            app.tasks["add"].delay_in(connection, 1, 1)
        assert app.engine.queues()["celery"].ready == 1
    finally:
        admin.execute(f'DROP OWNED BY "{role}"'.encode())
        admin.execute(f'DROP ROLE "{role}"'.encode())


def _as(url: str, role: str) -> str:
    scheme, _, behind = url.partition("//")
    return f"{scheme}//{role}@{behind.partition('@')[2]}"


def test_another_database_gets_a_row_of_its_outbox(app: Celery, tmp_path: Any) -> None:
    from tests.integration.transactions.stage import open_database, stored_rows

    engine = open_database(f"sqlite:///{tmp_path}/own.sqlite3")
    with Session(engine) as session:
        app.tasks["add"].delay_in(session, 1, 1)
        session.commit()
    assert len(stored_rows(engine)) == 1
    assert app.engine.queues() == {}
    engine.dispose()


def test_what_is_no_transaction_is_refused(app: Celery, plain: str) -> None:
    add = app.tasks["add"]
    engine = sqlalchemy.create_engine(plain.replace("postgresql:", "postgresql+psycopg:"))
    with psycopg.connect(plain) as connection, connection.cursor() as cursor:
        for wrong in (engine, cursor):
            with pytest.raises(TypeError, match="connection= takes a Session"):
                add.apply_async((1, 1), connection=wrong)
    with Session(engine) as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        with pytest.raises(TransactionError, match="AUTOCOMMIT"):
            add.delay_in(session, 1, 1)
    engine.dispose()
    assert app.engine.queues() == {}


DJANGO = """
import sys
import django
from django.conf import settings

url = sys.argv[1]
database = {"ENGINE": "django.db.backends.postgresql", "NAME": sys.argv[2]}
database |= dict(zip(("HOST", "PORT", "USER", "PASSWORD"), sys.argv[3:]))
settings.configure(
    DATABASES={"default": database},
    INSTALLED_APPS=["taskhub.contrib.django"],
    TASKHUB={"BROKER_URL": url, "TASK_ENQUEUE_IN_TRANSACTION": True},
)
django.setup()
from django.db import transaction

from taskhub import group, shared_task
from taskhub.contrib.django import app


@shared_task(name="add")
def add(first, second):
    return first + second


class Undone(Exception):
    pass


for error in (None, Undone):
    try:
        with transaction.atomic():
            add.delay(1, 1)
            group(add.s(n, n) for n in range(2)).delay()
            add.delay_in(transaction, 2, 2)
            assert error or app.engine.queues() == {}
            if error:
                raise error
    except Undone:
        pass
add.delay(3, 3)
print(sum(counts.ready for counts in app.engine.queues().values()))
"""


def test_django_with_no_other_store(app: Celery, store: Database) -> None:
    info = store.connection().info
    arguments = (store.text, info.dbname, info.host, str(info.port), info.user, info.password)
    done = subprocess.run(
        [sys.executable, "-c", DJANGO, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "5\n", done.stderr
