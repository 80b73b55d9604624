"""Clearing keys on real servers."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from taskhub.actors.cache import (
    CacheCleaner,
    CacheRefusedError,
    CacheSettings,
    CacheUnavailableError,
    InvalidKeyPrefixError,
    check_cache,
)
from taskhub.config.urls import StoreURL
from tests.support.environment import read
from tests.support.servers import Server, available_servers, find_free_port, start_server
from tests.support.tls import Certificates, TLSFront

PASSWORD = "p@ss/w:rd"

OURS = (
    "{taskhub}:messages",
    "{taskhub}:queue:default",
    "taskhub:mail:sent:1",
    "celery-task-meta-1",
    "celery-taskset-meta-1",
)


@pytest.fixture(scope="module", params=available_servers())
def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with start_server(request.param, tmp_path_factory.mktemp("cache")) as running:
        yield running


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """The server of a kind, empty for each test."""
    yield shared_server
    shared_server.flush()


@pytest.fixture
def client(server: Server) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as connected:
        yield connected


def fill(client: redis.Redis, *names: str) -> None:
    client.mset(dict.fromkeys(names, "x"))


def names(client: redis.Redis) -> set[str]:
    return {name.decode() for name in client.keys()}  # noqa: SIM118 - of a server


def place(url: str) -> StoreURL:
    found = read(CacheSettings, {"TASKHUB_CACHE_URL": url}).url
    assert found is not None
    return found


@pytest.mark.parametrize("prefix", ["user:", "user:*"])
@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_a_prefix_is_cleared(client: redis.Redis, prefix: str, batch_size: int) -> None:
    fill(client, *(f"user:{number}" for number in range(300)), "users", "other:user:1", *OURS)
    report = CacheCleaner(client).clear(prefix, batch_size=batch_size)
    assert names(client) == {"users", "other:user:1", *OURS}
    assert (report.pattern, report.deleted, report.protected) == ("user:*", 300, 0)
    assert report.matched >= 300
    assert not report.dry_run
    assert report.as_dict()["deleted"] == 300


def test_all_types_of_values_are_cleared(client: redis.Redis) -> None:
    client.hset("user:hash", "field", "value")
    client.rpush("user:list", *range(1000))
    client.zadd("user:set", {"a": 1})
    client.set("user:large", b"x" * 5_000_000)
    client.set(b"user:\xff\xfe", "not a text")
    assert CacheCleaner(client).clear("user:").deleted == 5
    assert client.dbsize() == 0


@pytest.mark.parametrize(
    ("pattern", "cleared"),
    [
        ("k:?", {"k:1", "k:2", "k:*", "k:]", "k:\\"}),
        ("k:[12]", {"k:1", "k:2"}),
        ("k:[^1]", {"k:2", "k:*", "k:]", "k:\\"}),
        ("k:[1-9]*", {"k:1", "k:2", "k:12"}),
        (r"k:\*", {"k:*", "k:*x"}),
        (r"k:[\]]", {"k:]"}),
        (r"k:\\", {"k:\\"}),
        (r"k:\[", {"k:[1]"}),
        ("k:*x", {"k:*x"}),
        ("none:", set()),
    ],
)
def test_patterns_mean_what_the_server_takes_them_for(
    client: redis.Redis, pattern: str, cleared: set[str]
) -> None:
    every = {"k:1", "k:2", "k:12", "k:*", "k:*x", "k:]", "k:[1]", "k:\\"}
    fill(client, *every)
    assert CacheCleaner(client).clear(pattern).deleted == len(cleared)
    assert names(client) == every - cleared


def test_our_own_keys_stay_whatever_matches_them(client: redis.Redis) -> None:
    fill(client, *OURS, "celery-cache", "taskhub-cache", "{task}:1")
    cleaner = CacheCleaner(client)
    reports = [cleaner.clear(prefix) for prefix in ("c*", "t*", "{*", "taskhub")]
    assert names(client) == set(OURS)
    assert [report.deleted for report in reports] == [1, 1, 1, 0]
    assert [report.protected for report in reports] == [2, 1, 2, 1]
    for own in ("{taskhub}:*", "celery-task-meta-", "taskhub:mail:*"):
        with pytest.raises(InvalidKeyPrefixError):
            cleaner.clear(own)
    assert names(client) == set(OURS)


def test_another_namespace_is_protected_where_it_is_named(client: redis.Redis) -> None:
    fill(client, "{shop}:messages", "{shopping}:1")
    cleaner = CacheCleaner(client, protected=("{shop}",))
    assert cleaner.clear("{shop*").deleted == 1
    assert names(client) == {"{shop}:messages"}


@pytest.mark.parametrize("prefix", ["", "*", "**", "?*", "[a-z]*"])
def test_everything_is_refused(client: redis.Redis, prefix: str) -> None:
    fill(client, "user:1")
    with pytest.raises(InvalidKeyPrefixError, match="could mean every key"):
        CacheCleaner(client).clear(prefix)
    assert names(client) == {"user:1"}


def test_a_dry_run_only_looks(client: redis.Redis) -> None:
    fill(client, *(f"user:{number}" for number in range(50)), "celery-task-meta-1")
    report = CacheCleaner(client).clear("user:", dry_run=True)
    assert (report.deleted, report.dry_run) == (0, True)
    assert report.matched >= 50
    assert client.dbsize() == 51


def test_a_client_that_decodes_will_do(server: Server, client: redis.Redis) -> None:
    fill(client, "用户:1", *OURS)
    with redis.Redis.from_url(server.url, decode_responses=True) as decoding:
        cleaner = CacheCleaner(decoding)
        assert cleaner.clear("用户:").deleted == 1
        assert cleaner.clear("c*").protected == 2


def test_only_the_named_database_is_cleared(server: Server, client: redis.Redis) -> None:
    fill(client, "user:1")
    with CacheCleaner.connect(place(f"redis://127.0.0.1:{server.port}/1")) as cleaner:
        assert cleaner.clear("user:").deleted == 0
    with CacheCleaner.connect(place(server.socket_url)) as cleaner:
        assert cleaner.clear("user:").deleted == 1


def test_memory_does_not_grow_with_the_number_of_keys(client: redis.Redis) -> None:
    for start in range(0, 100_000, 10_000):
        fill(client, *(f"user:{number}:{'x' * 50}" for number in range(start, start + 10_000)))
    cleaner = CacheCleaner(client)
    cleaner.clear("warm:")
    tracemalloc.start()
    try:
        assert cleaner.clear("user:").deleted == 100_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize("size", [0, -1, 10_001])
def test_batches_have_a_size(client: redis.Redis, size: int) -> None:
    with pytest.raises(ValueError, match="batch_size"):
        CacheCleaner(client).clear("user:", batch_size=size)


def test_tls(server: Server, client: redis.Redis, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    fill(client, "user:1")
    with TLSFront(server.port, certificates) as front:
        url = f"rediss://localhost:{front.port}"
        trusting = place(f"{url}?ssl_ca_certs={certificates.authority}")
        with CacheCleaner.connect(trusting) as cleaner:
            assert cleaner.clear("user:").deleted == 1
        check = check_cache(place(url))
    assert not check.ok
    assert "certificate" in check.detail


def test_health(server: Server) -> None:
    check = check_cache(place(server.url))
    assert check.ok
    assert check.detail == f"{server.url} answers"
    assert check.advice is None


def test_nobody_there() -> None:
    url = f"redis://:hunter2@127.0.0.1:{find_free_port()}/0"
    check = check_cache(place(url))
    assert not check.ok
    assert "can't be reached" in check.detail
    assert "TASKHUB_CACHE_URL" in (check.advice or "")
    with (
        CacheCleaner.connect(place(url)) as cleaner,
        pytest.raises(CacheUnavailableError, match="start the server there") as caught,
    ):
        cleaner.clear("user:")
    assert "hunter2" not in f"{caught.value}{check}"


def test_a_server_that_stands_still(server: Server) -> None:
    server.pause()
    try:
        check = check_cache(place(server.url), timeout=0.2)
    finally:
        server.resume()
    assert not check.ok
    assert "did not answer in time" in check.detail
    assert check.seconds < 5


def test_passwords_and_permissions(tmp_path: Path) -> None:
    reader = ["reader", "on", ">pw", "~*", "+ping", "+scan", "+info", "+select"]
    with start_server(
        "valkey", tmp_path, args=("--requirepass", PASSWORD, "--user", *reader)
    ) as locked:
        there = f"127.0.0.1:{locked.port}"
        assert check_cache(place(f"redis://:p%40ss%2Fw%3Ard@{there}")).ok
        assert "wants a password" in check_cache(place(f"redis://{there}")).detail
        wrong = check_cache(place(f"redis://:hunter2@{there}"))
        assert "did not accept the user or password" in wrong.detail
        with redis.Redis(port=locked.port, password=PASSWORD) as client:
            client.set("user:1", "x")
        with (
            CacheCleaner.connect(place(f"redis://reader:pw@{there}")) as cleaner,
            pytest.raises(CacheRefusedError, match="SCAN and UNLINK"),
        ):
            cleaner.clear("user:")


def test_a_replica_is_refused(tmp_path: Path) -> None:
    with start_server("valkey", tmp_path) as replica:
        with redis.Redis.from_url(replica.url) as client:
            client.set("user:1", "x")
            client.replicaof("127.0.0.1", str(find_free_port()))
        with (
            CacheCleaner.connect(place(replica.url)) as cleaner,
            pytest.raises(CacheRefusedError, match="is a replica"),
        ):
            cleaner.clear("user:")


def test_a_cluster_is_refused(tmp_path: Path) -> None:
    with (
        start_server("valkey", tmp_path, args=("--cluster-enabled", "yes")) as node,
        CacheCleaner.connect(place(node.url)) as cleaner,
        pytest.raises(CacheRefusedError, match="part of a cluster"),
    ):
        cleaner.clear("user:")
