"""What is in the way on a server (rights, keys of another type, full memory) is found before a task needs it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from taskhub import Celery
from taskhub.cli.checks.stores import check_obstacles
from taskhub.cli.command_runner import CommandError
from taskhub.cli.scheduler import check_data_format
from taskhub.config.urls import parse_store_url
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.redis.engine import RedisEngine
from taskhub.exceptions import StoreRefused
from taskhub.result import ResultSet
from taskhub.version import __version__
from taskhub.worker.leases.lease import Lease
from tests.contract.stage import claim_one, completion, message
from tests.integration.engine.conftest import MakeEngine
from tests.support.servers import Server, start_valkey
from tests.support.workers import until


@pytest.fixture
def client(any_server: Server) -> Iterator[redis.Redis]:
    with redis.Redis(unix_socket_path=str(any_server.socket)) as client:
        yield client


def as_user(
    client: redis.Redis, server: Server, make_engine: MakeEngine, *rules: str
) -> RedisEngine:
    client.execute_command(
        "ACL", "SETUSER", "worker", "reset", "resetchannels", "on", ">secret", *rules
    )
    return make_engine(server.socket_url.replace("unix://", "unix://worker:secret@"))


ALL = ("+@all", "~{taskhub}*", "~celery-task*", "&celery-task*")


def test_all_that_is_needed_is_little(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine
) -> None:
    engine = as_user(client, any_server, make_engine, *ALL)

    assert engine.obstacles() == []
    assert client.keys("*") in ([], [b"{taskhub}:sequence"])
    assert MemoryEngine().obstacles() == []


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (("+@all", "~{taskhub}*", "~celery-task*", "resetchannels"), "PUBLISH celery-task-meta-"),
        (("+@all", "~{taskhub}*", "&*"), "DEL celery-task-meta-"),
        ((*ALL, "-zrem"), "ZREM {taskhub}:delayed"),
        ((*ALL, "-blpop"), "BLPOP {taskhub}:notifier:"),
        ((*ALL, "-subscribe"), "SUBSCRIBE celery-task-meta-"),
        ((*ALL, "-evalsha"), "EVALSHA"),
    ],
)
def test_what_is_missing_is_named_and_no_lease_is_taken(
    any_server: Server,
    client: redis.Redis,
    make_engine: MakeEngine,
    rules: tuple[str, ...],
    named: str,
) -> None:
    engine = as_user(client, any_server, make_engine, *rules)

    missing = [obstacle.detail for obstacle in engine.obstacles()]

    first, _, last = named.partition(" ")
    assert any(text.startswith(first) for text in missing), missing
    assert last.startswith("celery") or any(last in text for text in missing), missing
    assert "secret" not in "".join(missing)
    with pytest.raises(StoreRefused, match="ACL SETUSER worker "):
        Lease(engine, "w1").acquire()
    # Nothing is left of what was tried.
    assert set(client.keys("*")) <= {b"{taskhub}:sequence"}


@pytest.mark.parametrize(
    "rules",
    [
        (),
        ("+@all",),
        ("+@all", "~celery-task*", "&*"),
        ("+@all", "~{taskhub}*"),
        ("+@all", "~x*", "-info", "-evalsha", "&celery-task*"),
    ],
)
def test_the_line_that_is_given_gives_all_rights(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine, rules: tuple[str, ...]
) -> None:
    engine = as_user(client, any_server, make_engine, *rules)

    obstacles = engine.obstacles()

    assert {obstacle.kind for obstacle in obstacles} == {"rights"}
    (line,) = {obstacle.remedy for obstacle in obstacles}
    assert "secret" not in line
    client.execute_command(*line.split())
    assert engine.obstacles() == []


def test_each_of_two_servers_gets_its_own_line(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine, tmp_path: Path
) -> None:
    client.execute_command("ACL", "SETUSER", "worker", "reset", "on", ">secret")
    with start_valkey(tmp_path) as other, redis.Redis(unix_socket_path=str(other.socket)) as there:
        there.execute_command("ACL", "SETUSER", "reader", "reset", "on", ">secret")
        engine = RedisEngine(
            parse_store_url(any_server.socket_url.replace("unix://", "unix://worker:secret@")),
            parse_store_url(other.socket_url.replace("unix://", "unix://reader:secret@")),
        )
        lines = {obstacle.remedy for obstacle in engine.obstacles()}
        assert {line.split()[2] for line in lines} == {"worker", "reader"}
        for line in lines:
            (client if " worker " in line else there).execute_command(*line.split())
        assert engine.obstacles() == []
        engine.close()


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        *((f"{{taskhub}}:{name}", "key") for name in ("messages", "queues", "delayed", "dead")),
        ("{taskhub}:workers", "key"),
        ("{taskhub}:sequence", "key"),
        ("{taskhub}:queue:celery", "queue"),
        ("{taskhub}:queue:other", "queue"),
    ],
)
def test_a_key_of_another_type_is_named_with_what_to_do(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine, key: str, kind: str
) -> None:
    engine = make_engine(any_server.socket_url)
    engine.enqueue([message("a", "other")])
    client.delete(key)
    client.set(key, "x")

    (obstacle,) = engine.obstacles(["celery"])

    assert obstacle.kind == kind
    assert obstacle.detail.startswith(f"{key} ")
    assert f"DEL '{key}'" in obstacle.remedy
    assert "ACL" not in obstacle.remedy
    lease = Lease(engine, "w1")
    if kind == "key":
        with pytest.raises(StoreRefused, match=key):
            lease.acquire()
    else:
        # Other queues are served.
        lease.acquire()
        lease.release()
    client.delete(key)
    assert engine.obstacles(["celery"]) == []


def test_the_words_of_a_refusal_name_the_key_of_another_type(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine
) -> None:
    engine = make_engine(any_server.socket_url)
    client.set("{taskhub}:queue:mail", "x")
    client.sadd("{taskhub}:queues", "mail")

    with pytest.raises(StoreRefused, match=r"\{taskhub\}:queue:mail is a string, not a zset"):
        engine.enqueue([message("a", "mail")])
    with pytest.raises(StoreRefused, match=r"ZCARD \{taskhub\}:queue:mail: "):
        engine.queues()
    client.delete("{taskhub}:queue:mail")
    client.hset("{taskhub}:delayed", "a", "b")
    with pytest.raises(StoreRefused, match=r"\{taskhub\}:delayed is a hash, not a zset"):
        engine.claim("w1", ["mail"], 1)


def test_a_full_store_lacks_no_right_and_a_worker_starts(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine
) -> None:
    engine = make_engine(any_server.socket_url)
    engine.enqueue([message("a")])
    client.config_set("maxmemory", "1")
    try:
        (obstacle,) = engine.obstacles()
        lease = Lease(engine, "w1")
        lease.acquire()
        claim = claim_one(engine, "w1")
        assert engine.commit("w1", [completion(claim)]) == [True]
        lease.release()
    finally:
        client.config_set("maxmemory", "0")
    assert obstacle.kind == "full"
    assert obstacle.detail.startswith("the store is full")


def test_results_are_polled_where_nothing_may_be_followed(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine
) -> None:
    engine = as_user(client, any_server, make_engine, "+@all", "~*", "resetchannels")
    engine.enqueue([message("a")])
    heard: list[str] = []

    with engine.follow(["a"], lambda task_id, _: heard.append(task_id)):
        # Its worker's notification is refused, too; the outcome is written all the same.
        claim = claim_one(engine, "w1")
        assert engine.commit("w1", [completion(claim)]) == [True]
        until(lambda: heard, "the result")

    assert set(heard) == {"a"}


@pytest.mark.parametrize("channels", ["allchannels", "resetchannels"])
def test_who_may_read_no_result_does_not_wait_for_one(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine, channels: str
) -> None:
    as_user(client, any_server, make_engine, "+@all", "~{taskhub}*", channels)
    url = any_server.socket_url.replace("unix://", "unix://worker:secret@")
    with Celery("reader", broker=url, set_as_current=False) as app:
        task, other = app.AsyncResult("a"), app.AsyncResult("b")
        for wait in (
            task.get,
            lambda: asyncio.run(task.aget()),
            ResultSet([task, other], app=app).get,
            lambda: list(ResultSet([task, other], app=app).iterate()),
            lambda: task.get(timeout=0.1),
        ):
            with pytest.raises(StoreRefused) as caught:
                wait()
            assert caught.value.rights


def test_a_result_arrives_whose_notification_was_lost(
    tmp_path: Path, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskhub.engine.redis.results.READ_EVERY", 0.2)
    with start_valkey(tmp_path) as server:
        engine = RedisEngine(parse_store_url(server.socket_url))
        heard: list[str] = []
        with engine.follow(["a"], lambda task_id, _: heard.append(task_id)):
            until(lambda: engine._results._listener._line, "the listener")
            with redis.Redis(unix_socket_path=str(server.socket)) as client:
                client.set("celery-task-meta-a", '{"status": "SUCCESS"}')
            until(lambda: heard, "the result")
        engine.close()


def test_data_of_another_format_is_refused_with_one_line(
    any_server: Server, client: redis.Redis, make_engine: MakeEngine
) -> None:
    engine = make_engine(any_server.socket_url)
    client.set("{taskhub}:format", 1)
    assert engine.obstacles() == []
    assert engine.format_obstacle() is None
    client.set("{taskhub}:format", 2)
    (obstacle,) = engine.obstacles()
    assert engine.format_obstacle() == obstacle
    assert obstacle.kind == "format"
    line = (
        "{taskhub}:format is 2: another version of taskhub wrote the data, and taskhub "
        f"{__version__} reads format 1: run the version that wrote it or a later one"
    )
    assert f"{obstacle.detail}: {obstacle.remedy}".startswith(line)
    with pytest.raises(StoreRefused, match=re.escape(line)):
        Lease(engine, "w1").acquire()
    assert engine.workers() == {}
    with (
        Celery("tests", broker=any_server.socket_url, set_as_current=False) as app,
        pytest.raises(CommandError, match=re.escape(line)),
    ):
        check_data_format(app)
    findings = {finding.subject: finding for finding in check_obstacles(engine)}
    assert findings["data"].level == "fail"
    # It is a key like others: something else may have written it.
    client.delete("{taskhub}:format")
    client.rpush("{taskhub}:format", "2")
    assert {found.kind for found in engine.obstacles()} == {"key"}
