"""The engine on PostgreSQL behind PgBouncer: sessions are needed, and whoever gives none is refused."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.factory import make_engine
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.stores import EngineStores
from taskhub.exceptions import ImproperlyConfigured
from tests.contract.stage import claim_one, completion, message
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import Database

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database("taskhub_poolers") as made:
        yield made


def start(directory: Path, database: Database, mode: str) -> PgBouncer:
    info = database.connection().info
    return PgBouncer(directory, host=info.host, port=info.port, user=info.user, mode=mode)


def open_behind(pooler: PgBouncer, database: Database) -> Engine:
    user = database.connection().info.user
    text = f"postgresql://{user}@127.0.0.1:{pooler.port}/{database.name}?create_schema=true"
    url = parse_store_url(text)
    return make_engine(EngineStores(broker=url, results=url))


def test_a_pooler_in_session_mode_is_transparent(tmp_path: Path, database: Database) -> None:
    with (
        start(tmp_path, database, "session") as pooler,
        closing(open_behind(pooler, database)) as engine,
        closing(engine.notifier(["default"])) as notifier,
        closing(engine.control_bus.subscribe()) as subscription,
    ):
        assert not notifier.wait(0)
        stored: queue.Queue[tuple[str, bytes]] = queue.Queue()
        with closing(engine.follow(["id"], lambda *found: stored.put(found))):
            engine.enqueue([message("id")])
            assert notifier.wait(1.5)
            assert engine.commit("w1", [completion(claim_one(engine))]) == [True]
            assert stored.get(timeout=5)[0] == "id"
        engine.control_bus.publish_command("stop")
        assert [each.text for each in subscription.receive(5)] == [b"stop"]


def test_a_pooler_in_transaction_mode_is_refused_in_one_line(
    tmp_path: Path, database: Database
) -> None:
    with (
        start(tmp_path, database, "transaction") as pooler,
        closing(open_behind(pooler, database)) as engine,
    ):
        for verb in (engine.queues, lambda: engine.enqueue([message("id")])):
            with pytest.raises(
                ImproperlyConfigured, match=r"transaction mode.*pool_mode = session"
            ):
                verb()
