"""What tests of transactions play with: an app in memory, and a database with the outbox table."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy

from taskhub.app.app import Celery
from taskhub.app.relays import make_relays
from taskhub.config.database_url import with_driver
from taskhub.engine.port.monitoring import FROM_BEGINNING
from taskhub.transactions import outbox_table
from taskhub.transactions.row import decode_calls
from tests.support.databases import available_databases

#: Where one kind of database is enough, or only one has it.
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize(
    "database", [kind for kind in available_databases() if kind == "postgresql"], indirect=True
)


def application(database: str, broker: str = "memory://", **settings: Any) -> Celery:
    """Return an app whose outbox is in a database."""
    app = Celery("shop", broker=broker, set_as_current=False, outbox_url=database, **settings)

    @app.task(name="add")
    def add(first: Any, second: Any) -> Any:
        return first + second

    @app.task(name="total")
    def total(numbers: Any) -> Any:
        return sum(numbers)

    return app


def open_database(url: str, **options: Any) -> sqlalchemy.Engine:
    """Return an engine of SQLAlchemy's on a database, which gets the outbox table."""
    engine = sqlalchemy.create_engine(with_driver(url), **options)
    metadata = sqlalchemy.MetaData()
    outbox_table(metadata)
    metadata.create_all(engine)
    return engine


def empty(engine: sqlalchemy.Engine) -> None:
    """Delete everything from the outbox."""
    with engine.begin() as connection:
        connection.execute(outbox_table(sqlalchemy.MetaData()).delete())


def stored_rows(engine: sqlalchemy.Engine) -> list[Any]:
    """Return the rows with messages that are in the outbox."""
    table = outbox_table(sqlalchemy.MetaData())
    wanted = sqlalchemy.select(table).where(table.c.messages > 0).order_by(table.c.sequence)
    with engine.connect() as connection:
        return list(connection.execute(wanted))


def stored_ids(engine: sqlalchemy.Engine) -> list[str]:
    """Return the ids of all messages in the outbox, in order."""
    return [
        message.task_id
        for row in stored_rows(engine)
        for message in decode_calls(row.payload).messages
    ]


def relay(app: Celery) -> int:
    """Move all that is in the outbox of an app; return how many rows that were."""
    return sum(one.drain() for one in make_relays(app))


def claimed_ids(app: Celery, queue: str = "celery") -> list[str]:
    """Take all messages from a queue; return their ids, in order."""
    from taskhub.message import decode_body

    app.engine.renew(["reader"], 60_000)
    found: list[str] = []
    while claims := app.engine.claim("reader", [queue], 500).claims:
        found += [decode_body(claim.body)["message_id"] for claim in claims]
    return found


def events(app: Celery) -> list[Any]:
    """Return the events that are stored."""
    with app.engine.read_events(FROM_BEGINNING) as reader:
        return [json.loads(event.text) for event in reader.read(0.01)]
