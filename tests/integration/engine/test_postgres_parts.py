"""Parts of the PostgreSQL engine where the contract does not reach: lost connections, many at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.factory import make_engine
from taskhub.engine.port.claims import Completion
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.monitoring import FROM_BEGINNING
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from taskhub.exceptions import StoreRefused
from taskhub.outcome import HistoryPart, Outcome
from taskhub.statistics.tally import tally, with_error
from tests.contract.stage import Clock, claim_all, completion, message
from tests.support.postgres import Database
from tests.support.workers import until

pytestmark = pytest.mark.postgres

RULES = EngineRules(history_limit=20, failed_limit=10, failed_max_bytes=700, events_kept=5000)
DONE = tally("add", "default", "done", 0.003)
FAILED = with_error(tally("add", "default", "failed", 0.003), "t", "OSError\nno space")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with Database("taskhub_parts") as made:
        yield made


def open_engine(database: Database, clock: Clock | None = None) -> Engine:
    stores = EngineStores(broker=database.url, results=database.url, rules=RULES)
    return make_engine(stores, clock=clock)


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    opened = open_engine(database)
    yield opened
    opened.close()
    database.flush()


def kill_backends(database: Database) -> None:
    database.connection().execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_a_subscription_misses_no_command_when_its_connections_are_killed(
    engine: Engine, database: Database
) -> None:
    subscription = engine.control_bus.subscribe()
    received: list[bytes] = []
    ended = threading.Event()

    def receive() -> None:
        while not ended.is_set():
            received.extend(each.text for each in subscription.receive(0.5))

    receiver = threading.Thread(target=receive)
    receiver.start()
    other = open_engine(database)
    for number in range(40):
        if number % 10 == 5:
            kill_backends(database)
        other.control_bus.publish_command(f"{number}")
    # Listening begins anew, or the subscription looks by itself.
    until(lambda: len(received) >= 40, "all commands to be received")
    ended.set()
    subscription.interrupt()
    receiver.join()
    subscription.close()
    other.close()
    assert received == [f"{number}".encode() for number in range(40)]


def end_tasks(database: Database, number: int) -> int:
    """Send tasks and end them from a process of their own; return how many."""
    engine, ended = open_engine(database), 0
    for turn in range(6):
        engine.enqueue([message(f"{number}-{turn}-{each}", f"q{number}") for each in range(4)])
        completions = [
            Completion(
                claim,
                Outcome(
                    claim.task_id,
                    "FAILURE",
                    events=(claim.task_id,),
                    history=HistoryPart("add", "FAILURE", "{}"),
                    failed="{}",
                ),
                FAILED if turn % 2 else DONE,
            )
            for claim in claim_all(engine, f"w{number}", f"q{number}")
        ]
        ended += sum(engine.commit(f"w{number}", completions))
    engine.close()
    return ended


def test_what_many_commit_at_once_is_counted_and_kept_within_its_limits(
    engine: Engine, database: Database
) -> None:
    minute = engine.current_minute()
    engine.append_events(["first"])
    with ThreadPoolExecutor(6) as threads, engine.read_events(FROM_BEGINNING) as events:
        ending = [threads.submit(end_tasks, database, number) for number in range(6)]
        texts: list[bytes] = []
        while len(texts) < 145 and (page := events.read(20)):
            texts += [event.text for event in page]
        assert sum(each.result() for each in ending) == 144
    assert len(set(texts)) == len(texts) == 145
    counted = engine.counts(range(minute, engine.current_minute() + 1))
    assert sum(each.get("add\ndefault\n=done", 0) for each in counted) == 72
    assert sum(each.get("add\ndefault\n=failed", 0) for each in counted) == 72
    # Those that ended together may each have left one more: the next to end clears up.
    engine.enqueue([message("last")])
    (claim,) = claim_all(engine)
    ended = completion(claim, "FAILURE")
    part = HistoryPart("add", "FAILURE", "{}")
    outcome = ended.outcome._replace(history=part, failed="{}")
    engine.commit("w1", [ended._replace(outcome=outcome)])
    assert engine.history.count() == 20
    assert engine.history.failed_count() == 10
    rows = database.connection().execute(
        "SELECT kind, sum(entries), sum(bytes) FROM taskhub.sizes GROUP BY kind ORDER BY kind"
    )
    kept = database.connection().execute("SELECT sum(bytes) FROM taskhub.failed_messages")
    ((held,),) = kept.fetchall()
    assert rows.fetchall() == [("failed", 10, held), ("history", 20, 0)]


def test_counts_of_a_minute_that_is_over_are_merged_by_the_next_renewal(
    engine: Engine, database: Database
) -> None:
    clock = Clock()
    engines = [open_engine(database, clock) for _ in range(3)]
    for number, each in enumerate(engines):
        each.enqueue([message(f"t{number}")])
        claims = claim_all(each)
        ended = [Completion(claim, Outcome(claim.task_id, "FAILURE"), FAILED) for claim in claims]
        assert each.commit("w1", ended) == [True]
    before = engines[0].counts([clock.now // 60_000]), engines[0].failures([clock.now // 60_000])
    minute = clock.now // 60_000
    clock.advance(180_000)
    engines[0].renew(["w1"], 10_000)
    after = engines[0].counts([minute]), engines[0].failures([minute])
    assert after == before
    assert before[0][0]["add\ndefault\n=failed"] == 3
    stripes = database.connection().execute("SELECT DISTINCT stripe FROM taskhub.counts").fetchall()
    assert stripes == [(0,)]
    for each in engines:
        each.close()


def test_a_queue_that_gets_a_message_at_this_moment_is_not_forgotten(
    engine: Engine, database: Database
) -> None:
    engine.enqueue([message("a", "late")])
    engine.purge("late")
    with database.connection().transaction():
        # As the caller's own transaction does that stores a message and is not over yet.
        database.connection().execute(
            "SELECT taskhub.publish(1, '{b}', '{late}', '{5}', ARRAY['x'::bytea], '{}', '{}')"
        )
        with pytest.raises(StoreRefused, match="did not finish forget_queue"):
            engine.forget_queue("late")
    assert engine.forget_queue("late") == "ready"
    assert list(engine.queues()) == ["late"]


def test_missing_rights_are_obstacles_with_their_remedy(engine: Engine, database: Database) -> None:
    engine.ping()
    admin, role = database.connection(), f"{database.name}_reader"

    def run(statement: str) -> None:
        admin.execute(statement.encode())

    run(f'CREATE ROLE "{role}" LOGIN')
    try:
        run(f'GRANT USAGE ON SCHEMA taskhub TO "{role}"')
        run(f'GRANT SELECT ON ALL TABLES IN SCHEMA taskhub TO "{role}"')
        info = admin.info
        url = parse_store_url(f"postgresql://{role}@{info.host}:{info.port}/{database.name}")
        limited = make_engine(EngineStores(broker=url, results=url))
        (obstacle,) = limited.obstacles()
        assert obstacle.kind == "rights"
        assert f"the user {role} lacks rights to audit_log: DELETE, INSERT" in obstacle.detail
        assert limited.queues() == {}
        with pytest.raises(StoreRefused) as refused:
            limited.pause_queue("mail")
        assert refused.value.rights
        for command in obstacle.remedy.split(";"):
            run(command)
        assert limited.obstacles() == []
        assert limited.pause_queue("mail")
        limited.close()
    finally:
        run(f'DROP OWNED BY "{role}"')
        run(f'DROP ROLE "{role}"')
