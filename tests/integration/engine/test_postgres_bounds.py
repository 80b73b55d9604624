"""The engine on PostgreSQL within its bounds: time of calls, silent hosts, clean-up, versions of functions."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.factory import make_engine
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from taskhub.engine.postgres import schema
from taskhub.engine.postgres.connection import Call, Connection
from taskhub.engine.postgres.connector import Connector
from taskhub.engine.postgres.engine import PostgresEngine
from taskhub.engine.postgres.statements import Statement
from taskhub.exceptions import OperationalError, StoreRefused
from tests.contract.stage import LEASE, Clock, claim_all, ids, message
from tests.support.faulty_proxy import FaultyProxy
from tests.support.postgres import Database
from tests.support.workers import until

pytestmark = pytest.mark.postgres

Make = Callable[..., PostgresEngine]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database("taskhub_bounds") as made:
        yield made


@pytest.fixture
def make(database: Database) -> Iterator[Make]:
    """Make engines on the database, which is emptied afterwards."""
    made: list[PostgresEngine] = []

    def make_one(options: str = "", port: int = 0, clock: Clock | None = None) -> PostgresEngine:
        text = f"{database.text}{options}"
        if port:
            info = database.connection().info
            text = text.replace(f"{info.host}:{info.port}", f"127.0.0.1:{port}")
        url = parse_store_url(text)
        engine = make_engine(
            EngineStores(broker=url, results=url, rules=EngineRules()), clock=clock
        )
        assert isinstance(engine, PostgresEngine)
        made.append(engine)
        return engine

    yield make_one
    for engine in made:
        engine.close()
    database.flush()


@contextmanager
def locked(database: Database, table: str) -> Iterator[None]:
    """Let nobody else read or write a table, over a connection of its own."""
    with psycopg.connect(database.text.partition("?")[0]) as connection:
        connection.execute(f"LOCK TABLE taskhub.{table} IN ACCESS EXCLUSIVE MODE".encode())
        yield


def running(database: Database, words: str) -> int:
    """Return how many statements with these words run in the server, but for this one."""
    rows = database.connection().execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE %s",
        [f"%{words}%"],
    )
    ((count,),) = rows.fetchall()
    return int(count)


# -- time


def test_a_call_that_does_not_end_in_time_is_ended_in_the_server_and_did_nothing(
    make: Make, database: Database
) -> None:
    engine = make("&socket_timeout=0.5")
    engine.enqueue([message("first")])
    with locked(database, "ready"):
        began = time.monotonic()
        with pytest.raises(StoreRefused, match="did not finish enqueue") as caught:
            engine.enqueue([message("second")])
        assert caught.value.passing
        assert time.monotonic() - began < 0.5
        assert running(database, "taskhub.enqueue") == 0
    assert ids(claim_all(engine)) == ["first"]


def test_what_nobody_waits_for_any_longer_ends_in_the_server(
    make: Make, database: Database
) -> None:
    with FaultyProxy(database.connection().info.port) as proxy:
        engine = make("&socket_timeout=60", port=proxy.port)
        engine.enqueue([message("first")])
        with locked(database, "ready"):
            lost: list[BaseException] = []

            def call() -> None:
                try:
                    engine.enqueue([message("second")])
                except OperationalError as error:
                    lost.append(error)

            calling = threading.Thread(target=call)
            calling.start()
            until(lambda: running(database, "taskhub.enqueue"), "the call to wait", 5)
            proxy.cut()
            calling.join()
            until(lambda: not running(database, "taskhub.enqueue"), "the call to end", 5)
        assert not isinstance(lost[0], StoreRefused)
    assert ids(claim_all(make())) == ["first"]


def test_a_long_transaction_is_waited_for_statement_by_statement(database: Database) -> None:
    connector = Connector(parse_store_url(database.text), socket_timeout=0.5)
    sleep = Call(Statement("", b"SELECT 1 FROM pg_sleep(0.15)"))
    with closing(Connection(connector)) as connection:
        assert connection.request([sleep] * 5) == [[[(1,)]] * 5]


@pytest.mark.parametrize(("options", "bound"), [("", "4s"), ("100ms", "100ms"), ("9s", "4s")])
def test_a_shorter_bound_of_the_user_stays(database: Database, options: str, bound: str) -> None:
    option = f"&options=-c%20statement_timeout%3D{options}" if options else ""
    connector = Connector(parse_store_url(database.text + option))
    show = Call(Statement("", b"SHOW statement_timeout"))
    with closing(Connection(connector)) as connection:
        assert connection.request([show]) == [[[(bound,)]]]


def test_a_silent_host_is_passed_over(database: Database) -> None:
    info = database.connection().info
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts = f"127.0.0.1:{silent.getsockname()[1]},{info.host}:{info.port}"
        text = f"postgresql://{info.user}@{hosts}/{database.name}?socket_connect_timeout=0.3"
        url = parse_store_url(text)
        began = time.monotonic()
        Connector(url).connect().finish()
        assert 0.3 <= time.monotonic() - began < 2
        alone = parse_store_url(text.replace(f",{info.host}:{info.port}", ""))
        with pytest.raises(OperationalError, match=r"did not answer within 0\.3 s"):
            Connector(alone).connect()


# -- clean-up


def test_leases_are_renewed_when_clean_up_is_refused(
    make: Make, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    engine = make("&socket_timeout=0.3", clock=clock)
    engine.renew(["w1"], LEASE)
    clock.advance(LEASE + 1)
    with locked(database, "result_documents"):
        assert engine.renew(["w2"], LEASE) == ["w1"]
    assert "expired entries are removed later" in caplog.text
    assert engine.workers()["w2"] > 0


def test_expired_results_are_removed_faster_than_they_come(make: Make, database: Database) -> None:
    engine = make()
    engine.renew(["w1"], LEASE)
    database.connection().execute(
        "INSERT INTO taskhub.result_documents SELECT n::text, '{}', 1 FROM generate_series(1, 30000) n"
    )
    calls = 0
    while database.connection().execute("SELECT FROM taskhub.result_documents LIMIT 1").rowcount:
        engine.renew(["w1"], LEASE)
        calls += 1
    # A renewal is due each 3 s: this is at least 2,000 a second, on a machine that does other things.
    assert calls <= 5


# -- functions


def source(database: Database) -> str:
    rows = database.connection().execute(
        "SELECT prosrc FROM pg_proc WHERE oid = 'taskhub.renew(bigint, text[], bigint)'::regprocedure"
    )
    ((text,),) = rows.fetchall()
    return str(text)


def test_functions_of_a_newer_revision_are_left_alone(make: Make, database: Database) -> None:
    make().upgrade_schema()
    database.connection().execute(
        "UPDATE taskhub.functions SET revision = 999, digest = 'another' WHERE name = 'renew'"
    )
    try:
        engine = make()
        assert engine.pending_upgrade() == engine.upgrade_schema() == []
        assert engine.queues() == {}
        assert engine.obstacles() == []
    finally:
        database.connection().execute("UPDATE taskhub.functions SET revision = 0")
    applied = make().upgrade_schema()
    assert applied == ["function renew", "revision 1 of the functions"]
    assert "until <= present" in source(database)


def test_functions_of_an_older_revision_are_an_obstacle(make: Make, database: Database) -> None:
    make().upgrade_schema()
    database.connection().execute("UPDATE taskhub.functions SET revision = 0, digest = ''")
    plain = parse_store_url(database.text.partition("?")[0])
    engine = make_engine(EngineStores(broker=plain, results=plain))
    with closing(engine):
        with pytest.raises(StoreRefused, match=r"revision 0, and taskhub .* needs \d+: upgrade it"):
            engine.queues()
        (obstacle,) = engine.obstacles()
        assert "functions of revision 0" in obstacle.detail
    make().upgrade_schema()
    assert make().obstacles() == []


def test_changed_functions_have_a_revision_of_their_own() -> None:
    """When this fails: raise `FUNCTIONS_REVISION`, if it was released, and renew the digest."""
    assert schema.functions_digest() == schema.FUNCTIONS_DIGEST
