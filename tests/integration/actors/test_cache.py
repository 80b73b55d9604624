"""The cache task in a real worker."""

from __future__ import annotations

import pytest
import redis

from taskhub import states
from taskhub.actors.cache import InvalidKeyPrefixError
from tests.integration.actors.conftest import Call, StartWorker
from tests.support.servers import Server

CLEAR_CACHE = "Modules.admin.tasks.default_tasks.clear_cache"
USERS = 10_000


def fill(client: redis.Redis) -> None:
    with client.pipeline(transaction=False) as pipeline:
        for number in range(USERS):
            pipeline.set(f"user:{number}", "cached")
        pipeline.execute()
    client.set("session:1", "kept")
    client.set("users", "kept")


def test_clears_a_prefix_in_the_brokers_store(
    store: redis.Redis, start_worker: StartWorker, call: Call
) -> None:
    start_worker()
    fill(store)
    result = call(CLEAR_CACHE, "default", key_prefix="user:*")
    assert result.get(timeout=30) == USERS
    assert not list(store.scan_iter("user:*"))
    assert (store.get("session:1"), store.get("users")) == (b"kept", b"kept")


def test_clears_the_configured_cache_only(
    store: redis.Redis, server: Server, start_worker: StartWorker, call: Call
) -> None:
    start_worker(TASKHUB_CACHE_URL=server.url.replace("/0", "/5"))
    store.set("user:1", "kept")
    with redis.Redis.from_url(server.url.replace("/0", "/5")) as cache:
        cache.set("user:1", "cached")
        assert call(CLEAR_CACHE, "default", key_prefix="user:").get(timeout=20) == 1
        assert not cache.keys()
    assert store.get("user:1") == b"kept"


def test_refuses_everything_and_our_own(
    store: redis.Redis, start_worker: StartWorker, call: Call
) -> None:
    worker = start_worker()
    store.set("user:1", "kept")
    for key_prefix, why in {
        "*": "could mean every key",
        "": "could mean every key",
        "celery-task-meta-*": "hold tasks and results",
        "{taskhub}:": "hold tasks and results",
    }.items():
        result = call(CLEAR_CACHE, "default", key_prefix=key_prefix)
        with pytest.raises(InvalidKeyPrefixError, match=why):
            result.get(timeout=20)
        assert result.state == states.FAILURE
    assert store.get("user:1") == b"kept"
    # The caller's mistake is one line in the worker's log.
    assert "Traceback" not in worker.log


def test_what_a_pattern_catches_of_ours_stays(
    store: redis.Redis, start_worker: StartWorker, call: Call
) -> None:
    start_worker()
    store.set("celery-cache:1", "cached")
    first = call(CLEAR_CACHE, "default", key_prefix="nothing:")
    assert first.get(timeout=20) == 0
    assert call(CLEAR_CACHE, "default", key_prefix="celery-*").get(timeout=20) == 1
    assert first.state == states.SUCCESS
    assert store.exists(f"celery-task-meta-{first.id}")
