"""The engine on PostgreSQL where the contract does not reach: lost connections, forks, its schema."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.factory import look_at_server, make_engine
from taskhub.engine.port.claims import Completion
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from taskhub.engine.postgres.engine import PostgresEngine
from taskhub.exceptions import ImproperlyConfigured, OperationalError, StoreRefused
from taskhub.outcome import Outcome
from tests.contract.stage import claim_all, claim_one, completion, ids, message, outcome, state_of
from tests.support.postgres import Database
from tests.support.workers import until

pytestmark = pytest.mark.postgres

Make = Callable[..., PostgresEngine]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database("taskhub_integration") as made:
        yield made


@pytest.fixture
def make(database: Database) -> Iterator[Make]:
    """Make engines on the database, which is emptied afterwards."""
    made: list[PostgresEngine] = []

    def make_one(query: str = "?create_schema=true", **rules: object) -> PostgresEngine:
        url = parse_store_url(database.text.partition("?")[0] + query)
        stores = EngineStores(broker=url, results=url, rules=EngineRules(**rules))  # type: ignore[arg-type]
        engine = make_engine(stores)
        assert isinstance(engine, PostgresEngine)
        made.append(engine)
        return engine

    yield make_one
    for engine in made:
        engine.close()
    database.flush()


@pytest.fixture
def engine(make: Make) -> Engine:
    return make()


def cut(database: Database) -> None:
    """End all connections but that of the test."""
    database.connection().execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


# -- lost connections


def test_a_call_that_was_served_is_not_served_again(
    engine: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the reply to the first try was lost."""
    monkeypatch.setattr(engine, "_next_call", lambda: ("producer", 7))

    for _ in range(2):
        engine.enqueue([message("a"), message("b")], retry=RetryPolicy())

    assert ids(claim_all(engine)) == ["a", "b"]


def test_connections_that_are_cut_lose_and_double_nothing(
    engine: Engine, database: Database
) -> None:
    engine.enqueue([message("first")])
    ended = threading.Event()

    def cut_again_and_again() -> None:
        with psycopg.connect(database.text.partition("?")[0], autocommit=True) as connection:
            while not ended.wait(0.01):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                    "current_database() AND pid <> pg_backend_pid() AND query LIKE '%enqueue%'"
                )

    cutting = threading.Thread(target=cut_again_and_again)
    cutting.start()
    policy = RetryPolicy(max_retries=100, interval_step=0.01)
    names = [f"id{number}" for number in range(150)]
    try:
        for name in names:
            engine.enqueue([message(name)], retry=policy)
    finally:
        ended.set()
        cutting.join()

    until(lambda: engine.count_queues() == {"default": 151}, "all are stored")
    assert ids(claim_all(engine)) == ["first", *names]


def test_a_cut_connection_is_an_error_and_the_next_call_works(
    engine: Engine, database: Database
) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    cut(database)

    with pytest.raises(OperationalError) as caught:
        engine.commit("w1", [completion(claim)])

    assert not isinstance(caught.value, StoreRefused)
    assert engine.commit("w1", [completion(claim)]) == [True]


def test_who_waits_for_work_hears_again_after_a_cut(engine: Engine, database: Database) -> None:
    with closing(engine.notifier(["default"])) as notifier:
        assert not notifier.wait(0.05)
        cut(database)
        until(lambda: notifier.wait(1), "a notification of the connection that was lost")
        # The connections for calls were cut, too: this finds out, and opens another.
        engine.queues()
        heard: list[bool] = []
        waiting = threading.Thread(target=lambda: heard.append(notifier.wait(1.9)))
        waiting.start()
        time.sleep(0.05)
        engine.enqueue([message("id")])
        waiting.join()

    assert heard == [True]


def test_who_follows_a_result_gets_it_after_a_cut(engine: Engine, database: Database) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    heard: list[bytes] = []

    with engine.follow(["id"], lambda task_id, document: heard.append(document)):
        cut(database)
        until(lambda: _commits(engine, completion(claim)), "it is committed")
        until(lambda: bool(heard), "the result is read")


def _commits(engine: Engine, done: Completion) -> bool:
    try:
        return engine.commit("w1", [done]) == [True]
    except OperationalError:
        return state_of(engine, done.claim.task_id) is not None


def test_a_notification_for_a_dead_process_goes_to_the_next(make: Make, database: Database) -> None:
    gone, living = make(), make()
    with closing(living.notifier(["default"])) as notifier:
        assert not gone.notifier(["default"]).wait(0.01)
        number = gone._store.listener._number
        pid = database.connection().execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' "
            "AND (classid::bigint << 32) | objid::bigint = %s",
            [number],
        )
        (found,) = pid.fetchone() or (None,)
        # It is ended for good.
        gone._store.listener._generation += 1
        database.connection().execute("SELECT pg_terminate_backend(%s)", [found])
        until(
            lambda: (
                database.connection()
                .execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [found])
                .fetchone()
                == (0,)
            ),
            "its connection is gone",
        )
        assert not notifier.wait(0.01)

        began = time.monotonic()
        living.enqueue([message("id")])
        assert notifier.wait(1.9)
        assert time.monotonic() - began < 1.5


# -- refusals


def test_an_outcome_that_cannot_be_stored_harms_no_other(engine: Engine) -> None:
    engine.enqueue([message("good"), message("bad")])
    good, bad = claim_all(engine)
    spoilt = Completion(bad, replace_document(bad.task_id, "a NUL: \0"))

    with pytest.raises(StoreRefused, match="NUL"):
        engine.commit("w1", [completion(good), spoilt])

    assert state_of(engine, "good") is None
    assert engine.commit("w1", [completion(good)]) == [True]
    assert engine.held("w1") == {"bad": bad.token}


def replace_document(task_id: str, text: str) -> Outcome:
    return outcome(task_id)._replace(document=text)


def test_what_is_committed_stays_when_the_claim_is_refused(
    engine: Engine, database: Database
) -> None:
    engine.enqueue([message("a"), message("b")])
    claim = claim_one(engine)
    database.connection().execute("ALTER TABLE taskhub.ready RENAME TO away")
    try:
        exchange = engine.exchange("w1", [completion(claim)], ["default"], 5)
    finally:
        database.connection().execute("ALTER TABLE taskhub.away RENAME TO ready")

    assert exchange.committed == [True]
    assert exchange.batch is None
    assert exchange.refused is not None
    assert "taskhub store upgrade" in str(exchange.refused)
    assert ids(claim_all(engine)) == ["b"]


def test_a_read_only_server_refuses_for_now(make: Make) -> None:
    make().enqueue([])
    make()._store.run("announce", ["a"])
    engine = make("?options=-c%20default_transaction_read_only%3Don")

    with pytest.raises(StoreRefused, match="read-only") as caught:
        engine.enqueue([message("id")])

    assert caught.value.passing


def test_threads_share_few_connections(make: Make) -> None:
    engine = make(idle_connections=2)
    failures: list[BaseException] = []

    def enqueue(number: int) -> None:
        try:
            for nth in range(10):
                engine.enqueue([message(f"{number}-{nth}")])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=enqueue, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert engine.count_queues() == {"default": 80}


def test_results_in_another_store_are_refused(database: Database) -> None:
    stores = EngineStores(broker=database.url, results=parse_store_url("redis://localhost/0"))

    with pytest.raises(ImproperlyConfigured, match="one database"):
        make_engine(stores)


# -- processes


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_opens_connections_of_its_own(engine: Engine) -> None:
    engine.enqueue([message("parent")])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            engine.enqueue([message("child")])
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0

    engine.enqueue([message("again")])
    assert ids(claim_all(engine)) == ["parent", "child", "again"]


# -- the schema


def test_a_database_without_the_schema_says_what_to_do(make: Make) -> None:
    engine = make("", namespace="missing")

    with pytest.raises(StoreRefused, match=r"create it \(`taskhub store upgrade`\)"):
        engine.queues()


def test_the_schema_is_upgraded_once_by_many(make: Make, database: Database) -> None:
    engines = [make("", namespace="Of another-name") for _ in range(4)]
    applied: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda each=each: applied.append(each.upgrade_schema()))
        for each in engines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(bool, applied)) == [False, False, False, True]
    engine = engines[0]
    assert engine.pending_upgrade() == []
    engine.enqueue([message("id")])
    assert engine.commit("w1", [completion(claim_one(engine))]) == [True]
    database.connection().execute('DROP SCHEMA "Of another-name" CASCADE')


def test_a_schema_of_a_newer_version_is_left_alone(make: Make, database: Database) -> None:
    make(namespace="newer").upgrade_schema()
    database.connection().execute("INSERT INTO newer.migrations VALUES (999, 'later')")
    engine = make("", namespace="newer")

    for verb in (engine.queues, engine.upgrade_schema):
        with pytest.raises(StoreRefused, match="version 999"):
            verb()
    database.connection().execute("DROP SCHEMA newer CASCADE")


def test_a_schema_of_an_older_version_says_what_to_do(make: Make, database: Database) -> None:
    make(namespace="older").upgrade_schema()
    database.connection().execute("DELETE FROM older.migrations WHERE version > 1")

    with pytest.raises(StoreRefused, match=r"upgrade it \(`taskhub store upgrade`\)"):
        make("", namespace="older").queues()
    database.connection().execute("DROP SCHEMA older CASCADE")


@pytest.mark.parametrize("namespace", ["pg_mine", "a'b", 'a"b', "x" * 64, ""])
def test_odd_names_of_schemas_are_refused(make: Make, namespace: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="taskhub_namespace"):
        make(namespace=namespace)


def test_an_unknown_database_says_what_to_do(database: Database) -> None:
    url = replace(database.url, database="nowhere")

    with pytest.raises(OperationalError, match="has no database 'nowhere': create it"):
        make_engine(EngineStores(broker=url, results=url)).queues()


def test_a_password_is_never_shown() -> None:
    url = parse_store_url("postgresql://me:s3cret@127.0.0.1:1/app")

    with pytest.raises(OperationalError) as caught:
        make_engine(EngineStores(broker=url, results=url)).queues()

    assert "s3cret" not in str(caught.value)
    assert "refused the connection" in str(caught.value)


def test_a_look_at_a_server_finds_what_it_says_of_itself(database: Database) -> None:
    look = look_at_server(parse_store_url(database.text), {}, client_name="tests")
    assert look.check.ok
    assert look.check.detail.startswith("PostgreSQL 1")
    assert look.fields["autovacuum"] in ("on", "off")
    assert int(look.fields["connections"]) >= 1


def test_a_look_at_a_server_that_is_away_says_what_to_do() -> None:
    url = parse_store_url("postgresql://user:secret@127.0.0.1:1/none")
    look = look_at_server(url, {}, client_name="tests")
    assert not look.check.ok
    assert look.check.advice
    assert "secret" not in f"{look.check.detail}{look.check.advice}"
